"""A run's tables as files: what other programs read from them is what the run left, to the last bit."""

from __future__ import annotations

import io
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from engine.analysis.breakdown.falls import list_falls
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.outputs import RunResult
from engine.core.errors import OutputError
from engine.report.export.csv_file import csv_bytes
from engine.report.export.outputs import export_run
from engine.report.export.run_tables import TABLES
from engine.report.export.table import ExportTable
from engine.report.export.xlsx_file import xlsx_bytes


def table_of(run: FinishedRun, name: str) -> ExportTable:
    """A table that the run has."""
    found = TABLES[name](run)
    assert found is not None
    return found


DAILY = ("returns", "levels", "weights", "positions", "months")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    from tests.support.runs import make_run

    folder = tmp_path_factory.mktemp("plan")
    make_run().write(folder)
    return read_run(folder)


def read_csv(run: FinishedRun, name: str) -> pd.DataFrame:
    content = io.BytesIO(csv_bytes(table_of(run, name)))
    return pd.read_csv(content, index_col=0, parse_dates=True)


@pytest.mark.parametrize("name", DAILY)
def test_pandas_reads_a_csv_with_its_dates_and_the_very_same_numbers(finished: FinishedRun, name: str) -> None:
    frame, table = read_csv(finished, name), table_of(finished, name)
    assert isinstance(frame.index, pd.DatetimeIndex)
    assert frame.index.name == "date"
    assert [stamp.date() for stamp in frame.index] == list(table.columns[0].cells)
    for column in table.columns[1:]:
        expected = np.array([np.nan if cell is None else cell for cell in column.cells], dtype=np.float64)
        np.testing.assert_array_equal(frame[column.name].to_numpy(), expected)


def test_returns_begin_at_the_second_session_and_are_the_changes_of_the_levels(finished: FinishedRun) -> None:
    levels, returns = read_csv(finished, "levels"), read_csv(finished, "returns")
    np.testing.assert_array_equal(levels["strategy"], finished.levels.columns["strategy"])
    assert list(returns.index) == list(levels.index[1:])
    expected = levels.pct_change(fill_method=None).iloc[1:]
    np.testing.assert_allclose(returns, expected, rtol=0, atol=1e-15)
    late = returns["LATE"].dropna()
    assert late.index[0] == levels["LATE"].dropna().index[1], "a portfolio has no return on its first session"


def test_positions_and_cash_are_the_money_of_each_day(finished: FinishedRun) -> None:
    positions = read_csv(finished, "positions")
    assert positions.columns[-1] == "cash"
    np.testing.assert_allclose(positions.sum(axis=1), finished.equity.columns["strategy"], rtol=1e-12)


def test_months_multiply_to_the_total_return_from_the_capital_on(finished: FinishedRun) -> None:
    months = read_csv(finished, "months")
    for name, portfolio in finished.summary.portfolios.items():
        total = float((1.0 + months[name].dropna()).prod()) - 1.0
        assert total == pytest.approx(portfolio.metrics["total_return"], abs=1e-12)
    assert [stamp.date() for stamp in months.index[:2]] == [date(2019, 1, 31), date(2019, 2, 28)]


def test_trades_are_those_of_the_run(finished: FinishedRun) -> None:
    trades = pd.read_csv(io.BytesIO(csv_bytes(table_of(finished, "trades"))))
    assert list(trades.itertuples(index=False, name=None)) == [tuple(trade) for trade in finished.trades]


def test_falls_are_those_that_a_walk_through_the_levels_finds() -> None:
    rng = np.random.default_rng(3)
    dates = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")
    for _ in range(20):
        level = np.concatenate([[100.0], np.round(100.0 + np.cumsum(rng.integers(-3, 4, len(dates))))])
        days = [dates[0].item(), *dates.tolist()]
        expected, high, at, low = [], level[0], days[0], None
        for day, value in zip(days[1:], level[1:], strict=True):
            if value >= high:
                if low:
                    expected.append((at, low[1], day, low[0] / high - 1.0))
                high, at, low = value, day, None
            elif low is None or value < low[0]:
                low = (value, day)
        if low:
            expected.append((at, low[1], None, low[0] / high - 1.0))
        found = list_falls(dates, level)
        assert sorted((f.peak, f.trough, f.recovery or "", round(f.depth, 12)) for f in found) == sorted(
            (str(peak), str(trough), str(recovery or ""), round(float(depth), 12))
            for peak, trough, recovery, depth in expected
        )
        assert all(one.depth <= other.depth for one, other in pairwise(found)), "the deepest comes first"
        assert all(
            f.days == (np.datetime64(f.recovery or dates[-1]) - np.datetime64(f.peak)).astype(int) for f in found
        )


def test_a_workbook_has_typed_cells_the_very_same_numbers_and_a_frozen_head(finished: FinishedRun) -> None:
    names = [name for name, build in TABLES.items() if build(finished)]
    tables = [table_of(finished, name) for name in names]
    content = xlsx_bytes(tables)
    assert xlsx_bytes(tables) == content, "no clock is in the file"
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == names
    for table in tables:
        sheet = book[table.name]
        assert sheet.freeze_panes == "A2"
        rows = list(sheet.iter_rows())
        assert [cell.value for cell in rows[0]] == [column.name for column in table.columns]
        types = {"date": {"d", "n"}, "number": {"n"}, "count": {"n"}, "text": {"s"}}
        for cells, expected in zip(rows[1:], table.rows(), strict=True):
            found = [cell.value.date() if cell.is_date and cell.value else cell.value for cell in cells]
            assert found == list(expected)
            assert all(cell.data_type in types[column.kind] for cell, column in zip(cells, table.columns, strict=True))


def test_a_missing_library_is_named_with_the_way_to_install_it(
    finished: FinishedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(OutputError, match=r"run `pip install 'portfolio-engine\[excel\]'`, or export --to csv"):
        xlsx_bytes([table_of(finished, "months")])


@pytest.fixture
def plan(run: RunResult, tmp_path: Path) -> Path:
    run.write(tmp_path / "plan")
    return tmp_path / "plan"


def test_an_export_goes_beside_the_run_and_can_be_made_again(plan: Path) -> None:
    before = {path.name: path.read_bytes() for path in plan.iterdir()}
    written = (
        export_run(plan, "csv", "all") + export_run(plan, "parquet", "months") + export_run(plan, "markdown", "all")
    )
    assert {path.parent for path in written} == {plan.with_name("plan.export")}
    assert [path.name for path in written] == [
        *(f"{name}.csv" for name, build in TABLES.items() if build(read_run(plan))),
        "months.parquet",
        "run.md",
    ]
    again = {path: path.read_bytes() for path in written}
    export_run(plan, "csv", "all")
    assert {path: path.read_bytes() for path in written} == again
    assert {path.name: path.read_bytes() for path in plan.iterdir()} == before, "the run stays as it is"
    assert pd.read_parquet(written[-2])["strategy"].to_list() == list(
        table_of(read_run(plan), "months").columns[1].cells
    )


@pytest.mark.parametrize("edited", [False, True], ids=["of somebody else", "exported and then edited"])
def test_a_file_that_is_not_as_exported_is_never_replaced(plan: Path, *, edited: bool) -> None:
    target = plan.with_name("plan.export") / "levels.csv"
    if edited:
        export_run(plan, "csv", "levels")
    target.parent.mkdir(exist_ok=True)
    target.write_text("mine")
    with pytest.raises(OutputError, match=r"levels\.csv: is not as `engine export` left it"):
        export_run(plan, "csv", "all")
    assert target.read_text() == "mine"
    assert not (target.parent / "returns.csv").exists(), "all files or none"
    target.rename(target.with_suffix(".bak"))
    export_run(plan, "csv", "all")
    assert target.with_suffix(".bak").read_text() == "mine"


@pytest.mark.parametrize(
    ("to", "what", "words"),
    [
        ("cvs", "all", "'cvs' is none of csv, xlsx, parquet, markdown; did you mean 'csv'"),
        ("csv", "return", "'return' is none of returns, levels, .*did you mean 'returns'"),
        ("markdown", "trades", "leave --what away"),
    ],
)
def test_what_cannot_be_exported_is_said_in_one_line(plan: Path, to: str, what: str, words: str) -> None:
    with pytest.raises(OutputError, match=words):
        export_run(plan, to, what)


def test_contributions_add_up_to_what_was_gained(tmp_path: Path) -> None:
    from engine import composition
    from engine.backtest.workflow import run_backtest

    config = composition.load_run(Path(__file__).parents[3] / "configs" / "quickstart.yaml", ["account.cash.rate=2%"])
    run_backtest(config).write(tmp_path)
    done = read_run(tmp_path)
    frame = pd.read_csv(io.BytesIO(csv_bytes(table_of(done, "contribution"))), index_col=0)
    values = done.equity.columns
    gained = {name: values[name][-1] - done.summary.account.capital for name in ("strategy", "buy_and_hold")}
    assert frame["gain"].sum() == pytest.approx(gained["strategy"], rel=1e-9)
    assert frame["buy_and_hold"].sum() == pytest.approx(gained["buy_and_hold"], rel=1e-9)
    assert frame["difference"].sum() == pytest.approx(gained["strategy"] - gained["buy_and_hold"], rel=1e-9)
    assert frame["share"].sum() == pytest.approx(done.summary.portfolios["strategy"].metrics["total_return"], rel=1e-9)
    assert list(frame.index[-2:]) == ["(interest)", "(fees)"]


def test_a_run_of_an_earlier_version_has_the_other_tables(plan: Path) -> None:
    assert "contribution.csv" not in {path.name for path in export_run(plan, "csv", "all")}
    with pytest.raises(OutputError, match="has no contribution, so it is of an earlier version"):
        export_run(plan, "csv", "contribution")


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no such folder"):
        export_run(tmp_path / "nowhere", "csv", "all")
    (tmp_path / "luck").mkdir()
    (tmp_path / "luck" / "manifest.json").write_text('{"kind": "luck"}')
    with pytest.raises(OutputError, match="holds a luck; a folder that `engine run` wrote is expected"):
        export_run(tmp_path / "luck", "csv", "all")
