"""The functions return what the verbs write, and write it where they are told to."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import engine
from engine import cli
from engine.core.errors import ConfigError, EngineError
from tests.support.optimised_plan import OPTIMISED

PLAN = {
    "name": "plan",
    "data": {"source": {"kind": "sample"}},
    "window": {"start": "2018-01-02", "end": "2020-12-30"},
    "strategy": {
        "kind": "fixed_mix",
        "weights": {"QUAL": 0.6, "HD": 0.4},
        "rebalance": {"kind": "annual", "month": "january"},
    },
    "evidence": {"draws": 100},
}
SWEEP = {**PLAN, "sweep": {"axes": {"strategy.weights.HD": [0.1, 0.2, 0.3]}}}


def by_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """What a verb prints."""
    monkeypatch.setattr(sys, "argv", ["engine", *map(str, words)])
    capsys.readouterr()
    code, (out, err) = cli.main(), capsys.readouterr()
    assert code == 0, err
    return out


def written(tmp_path: Path, config: dict[str, object] | str) -> Path:
    path = tmp_path / "plan.yaml"
    path.write_text(config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def same_files(one: Path, other: Path) -> None:
    """Every file, byte for byte."""
    here, there = (
        {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (one, other)
    )
    assert here
    assert here == there


def test_run_writes_the_files_of_the_verb_from_a_mapping_a_path_and_a_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Byte for byte, and only where a folder is named."""
    monkeypatch.chdir(tmp_path)
    path = written(tmp_path, PLAN)
    engine.run(PLAN, "account.capital=5000")
    assert [one.name for one in tmp_path.iterdir()] == ["plan.yaml"]
    assert capsys.readouterr().out == ""
    by_verb(monkeypatch, capsys, "run", path, "--out", "verb", "--set", "account.capital=5000")
    config = engine.validate(path, "account.capital=5000").config
    for name, plan, more in (("a", PLAN, ("account.capital=5000",)), ("b", path, ("account.capital=5000",))):
        engine.run(plan, *more, out=tmp_path / name)
        same_files(tmp_path / name, tmp_path / "verb")
    engine.run(config, out=tmp_path / "c")
    same_files(tmp_path / "c", tmp_path / "verb")


@pytest.mark.slow
def test_sweep_returns_the_table_that_the_verb_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its rows are indexed as pandas reads the file, and a variant's config makes the variant's figures."""
    path = written(tmp_path, SWEEP)
    found = engine.sweep(path)
    by_verb(monkeypatch, capsys, "sweep", path, "--out", tmp_path / "verb")
    table = pd.read_parquet(tmp_path / "verb" / "plan.sweep" / "results.parquet")
    pd.testing.assert_frame_equal(found.results, table, check_exact=True)
    summary = json.loads((tmp_path / "verb" / "plan.sweep" / "summary.json").read_text())
    assert found.summary.to_plain() == summary
    assert found.verdict == summary["evidence"]["sentence"]
    assert list(found.best.index) == [one["id"] for one in summary["best"]]
    assert found.evidence["answer"].str.len().min() > 0
    point = int(found.best["point"].iloc[0])
    one = engine.run(found.config_of(found.best.index[0]))
    assert one.summary.loc["cagr", "strategy"] == pytest.approx(table.loc[point, "cagr"], abs=1e-12)
    assert engine.run(SWEEP, variant=point).result.config_sha256 == one.result.config_sha256
    engine.sweep(SWEEP, out=tmp_path / "own")
    same_files(tmp_path / "own", tmp_path / "verb")
    assert "ranked by Sharpe" in found._repr_html_()
    assert found.plot(found.charts[0]).svg.startswith("<svg")


@pytest.mark.slow
def test_optimise_returns_what_optimal_json_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Weights, certificate and frontier."""
    path = written(tmp_path, OPTIMISED)
    found = engine.optimise(path, as_of="2019-06-03", out=tmp_path / "own")
    said = json.loads(
        by_verb(monkeypatch, capsys, "optimise", path, "--as-of", "2019-06-03", "--out", tmp_path, "--json")
    )
    assert found.weights.to_dict() == {asset: one["weight"] for asset, one in said["weights"].items()}
    assert found.certificate["residual"] == said["solver"]["residual"]
    assert found.frontier["volatility"].tolist() == [one["volatility"] for one in said["frontier"]]
    assert json.loads((tmp_path / "own" / "small" / "optimal.json").read_text()) == said


def test_luck_returns_what_its_summary_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kind by kind; what cannot be told is among the warnings."""
    path = written(tmp_path, PLAN)
    found = engine.luck(path, out=tmp_path / "own")
    by_verb(monkeypatch, capsys, "luck", path, "--out", tmp_path / "verb")
    same_files(tmp_path / "own", tmp_path / "verb")
    summary = json.loads((tmp_path / "verb" / "plan.luck" / "summary.json").read_text())
    assert found.spreads.loc[("timing", "cagr"), "rank"] == summary["timing"]["spreads"]["cagr"]["rank"]
    assert found.timing.loc["march", 1] == summary["timing"]["growth"]["march"][0]
    assert found.paths.loc[("plan", "cagr"), "50"] == summary["path"]["plan"]["cagr"]["50"]
    assert found.chances["below_held"] == summary["path"]["below_held"]
    assert [one.partition(" luck: ")[0] for one in found.warnings] == list(summary["missing"])


def test_orders_are_those_of_the_verb_whatever_form_holdings_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file, a mapping, a Series and a frame of the same shares."""
    days = pd.bdate_range("2018-01-01", "2020-12-30")
    steps = np.random.default_rng(5).normal(0.0, 0.01, (len(days), 2)).cumsum(axis=0)
    wide = pd.DataFrame(50.0 * np.exp(steps), index=days, columns=["AAA", "BBB"]).rename_axis("date")
    long = wide.reset_index().melt("date", var_name="ticker", value_name="close").assign(dividend=0.0)
    long.to_parquet(tmp_path / "prices.parquet")
    plan = {
        "name": "own",
        "data": {"source": {"kind": "files", "path": str(tmp_path / "prices.parquet"), "closes": "raw"}},
        "account": {"shares": "whole"},
        "strategy": {"kind": "fixed_mix", "weights": {"AAA": 0.5, "BBB": 0.5}},
    }
    path, shares = written(tmp_path, plan), {"AAA": 20.0, "BBB": 3.0}
    (tmp_path / "held.csv").write_text("ticker,quantity\nAAA,20\nBBB,3\n", encoding="utf-8")
    words = ("orders", path, "--holdings", tmp_path / "held.csv", "--cash", 100, "--as-of", "2020-12-31", "--now")
    by_verb(monkeypatch, capsys, *words, "--out", tmp_path / "verb")
    folder = tmp_path / "verb" / "own" / "2020-12-31"
    frame = pd.DataFrame({"ticker": list(shares), "quantity": list(shares.values())})
    for holdings in (tmp_path / "held.csv", shares, pd.Series(shares), frame, frame.set_index("ticker")):
        found = engine.orders(plan, holdings=holdings, cash=100, as_of="2020-12-31", now=True, prices=None)
        assert dict(found.state) == json.loads((folder / "state.json").read_text())
        table = pd.read_csv(io.BytesIO((folder / "orders.csv").read_bytes()))
        assert found.orders["quantity"].tolist() == table["quantity"].tolist()
        assert found.orders["ticker"].tolist() == table["ticker"].tolist()
    assert len(found.orders)
    assert found.drift.loc["AAA", "units"] == 20.0
    with pytest.raises(EngineError, match="holdings: AAA: found 'many', expected a number of shares"):
        engine.orders(plan, holdings={"AAA": "many"}, as_of="2020-12-31")


def test_data_has_the_closes_and_what_is_wrong_with_them() -> None:
    """A fault that stops a run is told, not raised."""
    closes = engine.data(PLAN).closes
    assert engine.data(PLAN).usable
    torn = closes.copy()
    torn.iloc[-400:-200, 0] *= 1000.0
    found = engine.data(PLAN, prices=torn)
    assert (found.quality["severity"] != "note").any()
    assert set(found.quality.loc[found.quality["severity"] != "note", "ticker"]) >= {torn.columns[0]}
    assert found.fetched.empty


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (3, "config: found an int, expected a path, a mapping or a RunConfig"),
        ("nowhere.yaml", "nowhere.yaml: No such file"),
        (PLAN | {"costs": {"kind": "free"}}, "config: costs: unknown kind 'free'"),
        (PLAN | {"window": {"end": "2020-02-31"}}, "config: window.end: '2020-02-31' is not a date"),
        (PLAN | {"window": {"end": object()}}, "config: window.end: found an object, expected text"),
        (PLAN | {("a",): 1}, "config: found the key .'a',., a key must be text"),
    ],
    ids=["number", "no file", "kind", "date", "object", "key"],
)
def test_a_fault_of_a_config_without_a_file_names_its_key(config: object, message: str) -> None:
    """And no line of a file that nobody wrote."""
    with pytest.raises(ConfigError, match=message):
        engine.validate(config)


def test_points_that_are_no_valid_run_are_counted_where_a_sweep_is_shown_with_their_reason() -> None:
    found = engine.sweep({**PLAN, "sweep": {"axes": {"strategy.weights.HD": [0.3, 0.4, 0.5]}}}, evidence=False)
    said = "1 of 3 points is no valid run: "
    assert said in repr(found)
    assert said in found._repr_html_()
    assert "add up to 110" in repr(found)


def test_a_plan_without_a_sweep_is_told_what_a_sweep_looks_like() -> None:
    with pytest.raises(
        ConfigError, match=r"has no sweep; add one, as .axes: .strategy.rebalance.month: all.."
    ) as raised:
        engine.sweep(PLAN)
    assert "engine.run" in str(raised.value)


def test_values_of_python_are_what_yaml_would_have_of_them() -> None:
    """Dates, numbers of numpy, paths, switches; None is a key that is not there."""
    mixed = PLAN | {
        "window": {"start": pd.Timestamp("2018-01-02"), "end": None},
        "account": {"capital": np.float64(5e4)},
        "compare": {"buy_and_hold": False},
    }
    config = engine.validate(mixed).config
    assert (str(config.window.start), config.window.end, config.account.capital) == ("2018-01-02", None, 50_000.0)
    assert config.compare.buy_and_hold is False


def test_packages_called_as_functions_are_called_as_these_once_they_are_imported() -> None:
    """``engine.sweep`` and ``engine.data`` are packages of the engine, and are called."""
    import engine.data.market
    import engine.sweep.config as imported

    assert engine.data(PLAN).usable
    assert engine.sweep(SWEEP, evidence=False).name == "plan"
    assert imported.RANKING_SIGNS is engine.sweep.config.RANKING_SIGNS
