"""Two runs taken apart: each cause switched alone gives what a run of its own gives, and the parts add up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from engine import cli, composition
from engine.analysis.metrics_table import METRICS
from engine.backtest.finished_run import read_run
from engine.backtest.output_folders import SUMMARY_FILE
from engine.backtest.workflow import run_backtest
from engine.core.errors import DataError
from engine.diagnostics.replay.attribution import Attribution, attribute_difference
from engine.diagnostics.replay.config_keys import differing_keys, mix, switchable_keys
from tests.support.kept_runs import PLAN, make_folder, write_inputs
from tests.support.runs import sign

COSTS = "costs.rate=2%"
OFTEN = "strategy.rebalance={kind: every, period: month}"
SHORTER = "window.end=2020-12-31"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inputs, the plan, and its run as it stands."""
    place = tmp_path_factory.mktemp("diff")
    write_inputs(place / "inputs")
    make_folder(PLAN.format(place=place / "inputs"), place / "plain")
    return place


def made(place: Path, name: str, *overrides: str, keep: bool = True) -> Path:
    return make_folder(PLAN.format(place=place / "inputs"), place / name, *overrides, keep=keep)


def taken_apart(one: Path, other: Path) -> Attribution:
    return attribute_difference(read_run(one), read_run(other), composition.validate_plain)


def cagr_of(place: Path, *overrides: str) -> float:
    """The figure of a run of its own, which nothing was switched in."""
    config = composition.load_run(place / "plain.yaml", overrides)
    return run_backtest(config, intervals=False, parts=False).comparison.strategy.metrics["cagr"]


def require_sum(found: Attribution) -> None:
    """Every metric: parts, remainder and interaction are the whole."""
    for name in METRICS:
        whole = found.whole(name)
        if whole is not None:
            parts = [found.part(one, name) for one in found.parts]
            total = sum([*parts, found.remainder(name), found.interaction(name)])
            assert total == pytest.approx(whole, abs=1e-12 * max(1.0, abs(found.ends[name]))), name


def test_one_key_is_the_whole_difference(place: Path) -> None:
    found = taken_apart(place / "plain", made(place, "dear", COSTS))
    assert [(one.kind, one.label) for one in found.parts] == [("key", "costs.rate")]
    assert found.part(found.parts[0], "cagr") == found.whole("cagr") == cagr_of(place, COSTS) - cagr_of(place)
    assert found.remainder("cagr") == found.interaction("cagr") == 0.0
    require_sum(found)


def test_two_keys_that_interact_are_each_what_a_run_with_it_alone_says(place: Path) -> None:
    found = taken_apart(place / "plain", made(place, "often", COSTS, OFTEN))
    assert [one.label for one in found.parts] == ["strategy.rebalance", "costs.rate"]
    begin, both = cagr_of(place), cagr_of(place, COSTS, OFTEN)
    alone = {"strategy.rebalance": cagr_of(place, OFTEN), "costs.rate": cagr_of(place, COSTS)}
    for one in found.parts:
        other = next(label for label in alone if label != one.label)
        assert found.part(one, "cagr") == alone[one.label] - begin
        assert found.part_last(one, "cagr") == both - alone[other]
    assert found.interaction("cagr") == pytest.approx(both - sum(alone.values()) + begin, abs=1e-15)
    assert abs(found.interaction("cagr")) > 1e-4
    require_sum(found)


def test_a_revised_price_is_a_part_of_its_own_with_ticker_and_day(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "inputs", tmp_path / "inputs")
    prices = tmp_path / "inputs" / "prices.csv"
    lines = prices.read_text().splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("2020-01-01,AAA"))
    cells = lines[at].split(",")
    cells[2] = f"{float(cells[2]) * 1.05:.4f}"
    prices.write_text("\n".join([*lines[:at], ",".join(cells), *lines[at + 1 :]]) + "\n")
    revised = f"data.source.path={prices}"
    found = taken_apart(place / "plain", made(place, "revised", COSTS, revised))
    assert [(one.name, one.first) for one in found.revised] == [("AAA", "2020-01-01")]
    assert [one.label for one in found.parts] == ["costs.rate", "data"]
    data = found.parts[1]
    assert found.part(data, "cagr") == cagr_of(place, revised) - cagr_of(place) != 0.0
    assert found.part_last(data, "cagr") == cagr_of(place, revised, COSTS) - cagr_of(place, COSTS)
    assert found.remainder("cagr") == 0.0
    require_sum(found)
    later = taken_apart(place / "plain", made(place, "revised-shorter", COSTS, SHORTER, revised))
    assert [one.label for one in later.parts] == ["costs.rate", "data, with the window that they end with"]
    require_sum(later)


def test_what_another_version_did_is_the_remainder(place: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(made(place, "dear-too", COSTS), tmp_path / "older"))
    summary = json.loads((folder / SUMMARY_FILE).read_text())
    summary["portfolios"]["strategy"]["cagr"] += 0.001
    (folder / SUMMARY_FILE).write_text(json.dumps(summary))
    versions = json.loads((folder / "manifest.json").read_text())["versions"]
    sign(folder, versions={**versions, "numpy": "1.0.0"})
    found = taken_apart(place / "plain", folder)
    assert found.remainder("cagr") == pytest.approx(0.001, abs=1e-15)
    assert found.part(found.parts[0], "cagr") == cagr_of(place, COSTS) - cagr_of(place)
    assert [(name, other) for name, _, other in found.versions] == [("numpy", "1.0.0")]
    require_sum(found)


def test_a_window_that_ends_later_continues_on_the_prices_of_the_run_that_has_them(place: Path) -> None:
    found = taken_apart(made(place, "shorter", SHORTER), made(place, "longer", COSTS))
    assert [one.label for one in found.parts] == ["window.end", "costs.rate"]
    assert not found.revised
    assert found.part(found.parts[0], "cagr") == cagr_of(place) - cagr_of(place, SHORTER)
    require_sum(found)


def test_prices_of_one_run_are_enough_and_what_the_other_saw_is_in_the_remainder(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "inputs", tmp_path / "inputs")
    prices = tmp_path / "inputs" / "prices.csv"
    gone = make_folder(PLAN.format(place=tmp_path / "inputs"), tmp_path / "gone", COSTS, keep=False)
    prices.write_text(prices.read_text().replace("2020-05-05,BBB,", "2020-05-05,BBB,1"))
    found = taken_apart(place / "plain", gone)
    assert [one.label for one in found.parts] == ["costs.rate"]  # not where the same files lie
    assert found.unsaid == ""  # the same prices, as the first run kept them
    assert found.part(found.parts[0], "cagr") == cagr_of(place, COSTS) - cagr_of(place)
    other = make_folder(PLAN.format(place=tmp_path / "inputs"), tmp_path / "other", COSTS, keep=False)
    prices.unlink()
    found = taken_apart(place / "plain", other)
    assert "prices.csv" in found.unsaid
    require_sum(found)
    with pytest.raises(DataError, match=r"(?s)gone: .*other: "):
        taken_apart(gone, other)


def test_keys_that_need_each_other_are_switched_together() -> None:
    one = {"name": "a", "s": {"kind": "x", "w": {"A": 60, "B": 40}, "n": 1}, "d": {"kind": "p", "v": 1}}
    other = {"name": "b", "s": {"kind": "x", "w": {"A": 50, "B": 30, "C": 20}, "n": 2}, "d": {"kind": "q"}}
    keys = differing_keys(one, other)
    assert keys == (("s", "w", "A"), ("s", "w", "B"), ("s", "w", "C"), ("s", "n"), ("d",))
    assert mix(one, other, keys) == {**other, "name": "a"}
    found = switchable_keys(one, other, keys, lambda plain: sum(plain["s"]["w"].values()) == 100)
    assert found == (("s", "w"), ("s", "n"), ("d",))
    assert switchable_keys(one, other, keys, lambda plain: plain in (one, other)) == ((),)


def test_the_command_prints_rows_and_json(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [str(place / "plain"), str(made(place, "dear {again}", COSTS))]
    monkeypatch.setattr("sys.argv", ["engine", "diff", *folders])
    assert cli.main() == 0
    rows = capsys.readouterr().out
    assert "dear {again}" in " ".join(rows.split())
    assert rows.index("costs.rate") < rows.index("engine and packages") < rows.index("together")
    monkeypatch.setattr("sys.argv", ["engine", "diff", *folders, "--json"])
    assert cli.main() == 0
    plain = json.loads(capsys.readouterr().out)
    assert plain["parts"][0]["first"]["cagr"] == plain["together"]["cagr"]
    monkeypatch.setattr("sys.argv", ["engine", "diff", *folders, "--figure", "cagrr"])
    assert cli.main() == 1
    assert "did you mean" in capsys.readouterr().err.lower()
