"""A folder replayed from its own files: whole ones agree, and no file can be changed unseen."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import cli, composition
from engine.backtest.workflow import run_backtest
from engine.diagnostics.verify.folder import read_finished, verify_finished
from engine.report.run.page import add_run_report, build_run_report
from tests.support.runs import sign as sign_again
from tests.support.sweeps import PLAN as PLAN_OF_SWEEP
from tests.support.sweeps import swept

PLAN = """
name: verified
data: {source: {kind: sample}}
window: {start: 2016-01-01, end: 2019-03-29}
account: {capital: 20000, cash: {rate: 2%}, contributions: {amount: 300, every: quarter}}
strategy: {kind: core_satellite, core: {QUAL: 80%}, satellites: {HD: 2.5%, UNH: 2.5%, PG: 2.5%}, cap: 3%, caps: always,
  rebalance: {kind: annual, month: january}}
costs: {kind: percent, rate: 0.1%, yearly: 0.2%}
compare: {risk_free: 1%, benchmarks: [SIZE]}
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with cash, flows, interest, costs and watched caps."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "plan.yaml").write_text(PLAN)
    run_backtest(composition.load_run(folder / "plan.yaml")).write(folder / "run")
    add_run_report(folder / "run")
    return folder / "run"


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def sign(folder: Path, name: str, content: bytes) -> None:
    """Replace a file and put its digest into the manifest."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    sign_again(folder, **({"trades_sha256": digest} if name == "trades.csv" else {}))


def change_column(name: str, column: str, change: Callable[[np.ndarray], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        table = pq.read_table(folder / name)
        values = table.column(column).to_numpy().copy()
        change(values)
        table = table.set_column(table.column_names.index(column), column, pa.array(values))
        pq.write_table(table, sink := pa.BufferOutputStream())
        sign(folder, name, sink.getvalue().to_pybytes())

    return apply


def change_trade(row: int, **factors: float) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        lines = [line.split(",") for line in (folder / "trades.csv").read_text().splitlines()]
        for name, factor in factors.items():
            at = lines[0].index(name)
            lines[row][at] = repr(float(lines[row][at]) * factor)
        sign(folder, "trades.csv", ("\n".join(map(",".join, lines)) + "\n").encode())

    return apply


def change_summary(*keys: str | int, to: object = None) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        summary = place = json.loads((folder / "summary.json").read_bytes())
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = place[keys[-1]] * 1.0001 if to is None else to
        sign(folder, "summary.json", json.dumps(summary).encode())

    return apply


def multiply(row: int, factor: float = 1.0001) -> Callable[[np.ndarray], None]:
    def apply(values: np.ndarray) -> None:
        values[row] *= factor

    return apply


def change_text(name: str, before: str, after: str) -> Callable[[Path], None]:
    return lambda folder: sign(folder, name, (folder / name).read_text().replace(before, after).encode())


CHANGES = {
    "an order of other shares at another price": ("holdings", change_trade(9, quantity=2.0, price=0.5)),
    "an order of another value": ("cash", change_trade(9, quantity=1.01, value=1.01)),
    "an order that is not its shares times its price": ("orders", change_trade(9, value=1.01)),
    "another cost": ("orders", change_trade(9, cost=1.01)),
    "a value of the plan": ("levels", change_column("equity.parquet", "strategy", multiply(400))),
    "a value of a benchmark": ("levels", change_column("equity.parquet", "SIZE", multiply(400))),
    "a level": ("levels", change_column("levels.parquet", "strategy", multiply(400))),
    "a level that is missing": ("levels", change_column("levels.parquet", "SIZE", multiply(400, np.nan))),
    "a weight": ("weights", change_column("weights.parquet", "HD", multiply(400))),
    "the cash": ("cash", change_column("weights.parquet", "cash", multiply(400))),
    "the config": ("config", change_text("config.resolved.yaml", "rate: 0.001", "rate: 0.002")),
    "a ratio": ("figures", change_summary("portfolios", "strategy", "sharpe")),
    "a figure that does not exist": ("figures", change_summary("portfolios", "SIZE", "calmar", to=False)),
    "the money-weighted return": ("figures", change_summary("portfolios", "strategy", "xirr")),
    "a month": ("months", change_column("months.parquet", "strategy", multiply(7))),
    "a year": ("months", change_summary("by_year", 1, "returns", "SIZE")),
    "a window": ("windows", change_column("rolling.parquet", "strategy/1y/cagr", multiply(7))),
    "a fall": ("falls", change_summary("falls", "deepest", 0, "depth")),
    "the end of a fall": ("falls", change_summary("falls", "deepest", 0, "recovery", to="2021-01-04")),
    "a difference": ("differences", change_summary("versus", "SIZE", "cagr_difference")),
    "the day of a highest weight": (
        "weights",
        change_summary("portfolios", "strategy", "max_weight", "HD", "date", to="2017-01-03"),
    ),
}


def test_the_files_of_a_run_come_out_of_each_other(whole: Path) -> None:
    """Every figure agrees, and what the files cannot show is said."""
    figures, unchecked = verify_finished(read_finished(whole), composition.prepare_sweep)
    assert [one for one in figures if not one.agrees] == []
    assert {one.group for one in figures} >= {
        "orders",
        "holdings",
        "cash",
        "weights",
        "levels",
        "figures",
        "differences",
    }
    assert max(one.difference for one in figures) < 1e-11
    assert any("SIZE" in line for line in unchecked)


@pytest.mark.parametrize(("group", "change"), CHANGES.values(), ids=list(CHANGES))
def test_what_is_changed_and_signed_again_does_not_come_out(
    folder: Path, group: str, change: Callable[[Path], None]
) -> None:
    """A file with a new digest in the manifest is found by what it says: a ten-thousandth is enough."""
    change(folder)
    assert group in {
        one.group for one in verify_finished(read_finished(folder), composition.prepare_sweep)[0] if not one.agrees
    }


def test_files_that_contradict_each_other_are_a_bug(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3, with the first figure, the log and the folder."""
    change_summary("portfolios", "strategy", "ulcer")(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["engine", "verify", str(folder)])
    assert cli.main() == 3
    said = capsys.readouterr()
    assert "1 of" in said.err
    assert "figures, strategy: ulcer" in said.err
    assert ".log and the folder" in said.err
    assert "What does not agree" in said.out


@pytest.mark.parametrize(
    "name",
    ["trades.csv", "equity.parquet", "levels.parquet", "weights.parquet", "summary.json", "config.resolved.yaml"],
)
def test_a_file_that_the_manifest_does_not_sign_is_named(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One byte more: exit code 1 and the file's name."""
    (folder / name).write_bytes((folder / name).read_bytes() + b"\n")
    monkeypatch.setattr(sys, "argv", ["engine", "verify", str(folder)])
    assert cli.main() == 1
    assert f"{folder / name}: damaged" in capsys.readouterr().err


def test_a_report_that_the_other_files_do_not_make_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page as it was built is fine; one byte more, a pipe in its place, or none: exit code 1 and its name."""
    page = build_run_report(folder)
    monkeypatch.setattr(sys, "argv", ["engine", "verify", str(folder)])
    assert cli.main() == 0
    page.write_bytes(page.read_bytes() + b"\n")
    assert cli.main() == 1
    assert f"{page}: damaged: it is not the page that manifest.json signs" in capsys.readouterr().err
    sign_again(folder)
    assert cli.main() == 1
    assert f"{page}: is not the page that the other files make" in capsys.readouterr().err
    page.unlink()
    assert cli.main() == 1
    os.mkfifo(page)
    assert cli.main() == 1
    assert f"{page}: cannot be read: a named pipe" in capsys.readouterr().err


def drop_column(name: str, column: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        pq.write_table(pq.read_table(folder / name).drop_columns([column]), sink := pa.BufferOutputStream())
        sign(folder, name, sink.getvalue().to_pybytes())

    return apply


def contradict_manifest(folder: Path) -> None:
    sign_again(folder, trades_sha256="0" * 64)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (contradict_manifest, "manifest.json: damaged: trades_sha256"),
        (drop_column("equity.parquet", "SIZE"), "equity.parquet: damaged: it has no column SIZE"),
        (drop_column("levels.parquet", "strategy"), "levels.parquet: damaged: it has no column strategy"),
        (drop_column("weights.parquet", "HD"), "weights.parquet: damaged: it has no column HD"),
        (drop_column("weights.parquet", "cash"), "weights.parquet: damaged: it has no column cash"),
        (change_text("trades.csv", "\n2016-01-04,", "\n2016-01-03,"), "trades.csv: damaged: an order of"),
        (change_text("summary.json", '"SIZE": {', '"OTHER": {'), "equity.parquet: damaged: it has no column OTHER"),
        (change_text("config.resolved.yaml", "account:", "account: 1\nrest:"), ""),
        (change_text("config.resolved.yaml", "name: verified", f"deep: {'[' * 100_000}"), "levels deep"),
        (change_text("config.resolved.yaml", "name: verified", "name: &own [*own]"), "anchors and aliases"),
        (change_text("config.resolved.yaml", "name: verified", "2016-01-04: verified"), "neither text nor a number"),
        (change_text("config.resolved.yaml", "risk_free: 0.01", "risk_free: -2"), "compare.risk_free is no rate"),
        (change_text("config.resolved.yaml", "every: quarter", "every: blue moon"), "config.resolved.yaml: damaged"),
    ],
)
def test_files_that_do_not_belong_together_are_named(
    folder: Path,
    change: Callable[[Path], None],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A signed folder that lacks what another of its files names is damaged, and no crash."""
    change(folder)
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.setattr(sys, "argv", ["engine", "verify", str(folder)])
    assert cli.main() == (1 if said else 3)
    assert said in capsys.readouterr().err


def test_a_folder_without_an_order_is_read(folder: Path) -> None:
    """There is nothing to add up, and what contradicts that is found."""
    header = (folder / "trades.csv").read_text().splitlines()[0]
    sign(folder, "trades.csv", f"{header}\n".encode())
    figures, _ = verify_finished(read_finished(folder), composition.prepare_sweep)
    assert {one.group for one in figures if not one.agrees} >= {"orders", "cash"}


SWEEP = """
  axes: {strategy.core.SIZE: [5%, 10%], strategy.rebalance.month: [january, june]}
"""


@pytest.fixture(scope="module")
def whole_sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep of four variants over prices of its own, in `prices.csv` beside it."""
    place = tmp_path_factory.mktemp("sweep")
    days = np.busday_offset("2018-01-01", np.arange(300), roll="forward")
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(5).normal(0.0, 0.01, (300, 5)), axis=0)
    rows = [f"{day},{','.join(f'{close:.4f}' for close in row)}" for day, row in zip(days, closes, strict=True)]
    prices = place / "prices.csv"
    prices.write_text("\n".join(["date,QUAL,SIZE,HD,JNJ,PG", *rows]) + "\n")
    source = f"{{kind: files, path: {prices}, closes: adjusted}}"
    plan = PLAN_OF_SWEEP.replace("{kind: sample}", source).replace("end: 2021-12-30", "end: 2019-01-31")
    swept(SWEEP, place / "small.sweep", plan)
    return place / "small.sweep"


@pytest.fixture
def sweep_folder(whole_sweep: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed; the prices stay where they are."""
    return Path(shutil.copytree(whole_sweep, tmp_path / "small.sweep"))


def test_the_files_of_a_sweep_and_its_variants_come_out(whole_sweep: Path) -> None:
    """Every variant of four is run again by itself, to the last bit of the lanes' figures."""
    figures, unchecked = verify_finished(read_finished(whole_sweep), composition.prepare_sweep)
    assert {one.group for one in figures} == {"lists", "variants"}
    assert [one for one in figures if one.difference] == []
    assert unchecked == ("the variants but 4 of 4 that were run again; effects",)


def test_a_changed_table_of_a_sweep_does_not_come_out(sweep_folder: Path) -> None:
    """One figure of one variant, signed again."""
    change_column("results.parquet", "volatility", multiply(2))(sweep_folder)
    figures, _ = verify_finished(read_finished(sweep_folder), composition.prepare_sweep)
    assert {one.group for one in figures if not one.agrees} == {"lists", "variants"}


def test_a_changed_list_of_a_sweep_does_not_come_out(sweep_folder: Path) -> None:
    """The best variant with another Sharpe ratio than its row has."""
    change_summary("best", 0, "figures", "sharpe")(sweep_folder)
    figures, _ = verify_finished(read_finished(sweep_folder), composition.prepare_sweep)
    wrong = [one.name for one in figures if not one.agrees]
    assert [name for name in wrong if name.endswith(": sharpe")]
    assert "best sharpe" in wrong


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("distribution", "cagr", "mean"), "mean of cagr"),
        (("distribution", "calmar", "missing"), "variants without calmar"),
        (("standings", "strategy", "sharpe", "rank"), "rank of strategy by sharpe"),
    ],
)
def test_what_a_sweep_s_summary_counts_is_counted_again(sweep_folder: Path, keys: tuple[str, ...], said: str) -> None:
    """Means, missing figures and ranks follow from the table."""
    change_summary(*keys, to=3)(sweep_folder)
    figures, _ = verify_finished(read_finished(sweep_folder), composition.prepare_sweep)
    assert [one.name for one in figures if not one.agrees] == [said]


def test_variants_of_other_prices_are_not_run_again(sweep_folder: Path, whole_sweep: Path) -> None:
    """Prices that changed since, or went away, are no contradiction: it is said that nothing was run."""
    prices = whole_sweep.parent / "prices.csv"
    before = prices.read_text()
    try:
        prices.write_text(before.replace("2018-01-02,", "2018-01-02,1"))
        figures, (said,) = verify_finished(read_finished(sweep_folder), composition.prepare_sweep)
        assert {one.group for one in figures} == {"lists"}
        assert "not those of the sweep" in said
        prices.unlink()
        figures, (said,) = verify_finished(read_finished(sweep_folder), composition.prepare_sweep)
        assert {one.group for one in figures} == {"lists"}
        assert "cannot be run again here" in said
        assert "prices.csv" in said
    finally:
        prices.write_text(before)


def test_a_table_that_the_manifest_does_not_sign_is_named(
    sweep_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No table, or one byte more: exit code 1 and the file's name; so with a folder that holds neither."""
    sign(sweep_folder, "results.parquet", b"no table")
    monkeypatch.setattr(sys, "argv", ["engine", "verify", str(sweep_folder)])
    assert cli.main() == 1
    assert "results.parquet: damaged: Parquet" in capsys.readouterr().err
    with (sweep_folder / "results.parquet").open("ab") as file:
        file.write(b"x")
    for place, said in ((sweep_folder, "results.parquet: damaged"), (sweep_folder.parent, "no folder of a finished")):
        monkeypatch.setattr(sys, "argv", ["engine", "verify", str(place)])
        assert cli.main() == 1
        assert said in capsys.readouterr().err
