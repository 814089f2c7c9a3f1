"""A finished run's figures beside another tool's, on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from engine.analysis.dialects.comparison import DIALECTS, Dialect, DialectRow, compare_dialect
from engine.analysis.dialects.series import DialectSeries
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.output_folders import RUN_KIND, folder_kind, kind_words
from engine.backtest.signed_files import fit_together
from engine.core.arrays import FloatArray
from engine.core.conventions import PERIODS_PER_YEAR
from engine.core.did_you_mean import did_you_mean
from engine.core.errors import OutputError
from engine.core.json_files import Json
from engine.core.publication import lock_folder
from engine.report import number_format as fmt
from engine.report.console import console, print_paragraph, print_table
from engine.report.phrases import portfolio_label

_OF_A_RATE: Final = frozenset({"sharpe", "sharpe_annual_rate", "sortino", "upi"})
_SERIES: Final = (
    "Their formulas on this run's returns, from the second session on; where one takes prices, on its level with the "
    "capital before it."
)
_DATED: Final = "The risk-free rate is a dated series, which is not in the folder: ratios above it are left out."


def read_dialect(folder: Path, name: str) -> tuple[Dialect, FinishedRun, list[DialectRow]]:
    """Return a dialect, the run in ``folder``, and the rows of both.

    Raises
    ------
    OutputError
        When there is no such dialect, or ``folder`` has no run of daily closes.
    DataError
        When a file of the run is damaged.

    """
    if name not in DIALECTS:
        near = did_you_mean(name, DIALECTS, "")
        raise OutputError(f"--dialect: '{name}' is none of {', '.join(DIALECTS)}{'; ' if near else ''}{near}")
    found = folder_kind(folder)
    if found and found != RUN_KIND:
        raise OutputError(f"{folder}: holds {kind_words(found)}; --dialect takes a folder that `engine run` wrote")
    with lock_folder(folder):
        run = read_run(folder)
    frequency = run.summary.portfolios["strategy"].frequency or "daily"
    if frequency not in {"daily", "seven_day"}:
        raise OutputError(f"{folder}: its closes are {frequency}; --dialect compares figures of daily closes")
    with fit_together(folder):
        rows = compare_dialect(DIALECTS[name], _series(run), _figures(run))
    if _risk_free(run) is None:
        rows = [row for row in rows if row.figure not in _OF_A_RATE]
    return DIALECTS[name], run, rows


def dialect_json(dialect: Dialect, run: FinishedRun, rows: Sequence[DialectRow]) -> Json:
    """Return the table as JSON-ready data; a figure that does not exist is null."""
    return {
        "dialect": dialect.name,
        "version": dialect.version,
        "run": run.summary.name,
        "rival": _rival(run) or None,
        "figures": [
            {
                "figure": row.figure,
                "title": row.title,
                "here": row.here,
                "there": row.there,
                "because": row.reason.value,
            }
            for row in rows
        ],
    }


def print_dialect(dialect: Dialect, run: FinishedRun, rows: Sequence[DialectRow]) -> None:
    """Print the table, and above it what it is true for."""
    out = console()
    window = run.summary.window
    head = f"{run.summary.name}, {window.start} to {window.end}, beside {dialect.name} ({dialect.version})"
    print_paragraph(out, head, "bold")
    print_paragraph(out, _SERIES)
    if _risk_free(run) is None:
        print_paragraph(out, _DATED)
    rival = _rival(run)
    if rival:
        print_paragraph(out, f"The information ratio is to {portfolio_label(rival)}.")
    cells = [
        (row.title, fmt.metric(row.here, row.style), fmt.metric(row.there, row.style_there), row.reason.value)
        for row in rows
    ]
    print_table(out, ("figure", "here", "there", "because"), cells, left=(0, 3))


def _rival(run: FinishedRun) -> str:
    return next(iter(run.summary.versus), "")


def _risk_free(run: FinishedRun) -> float | None:
    """Return the annual risk-free rate; None where it is a dated series."""
    stated = run.section("compare").get("risk_free", 0.0)
    return float(stated) if isinstance(stated, float | int) else None


def _figures(run: FinishedRun) -> dict[str, float | int | None]:
    rival = _rival(run)
    ratio = run.summary.versus[rival].information_ratio if rival else None
    return {**run.summary.portfolios["strategy"].metrics, "information_ratio": ratio}


def _series(run: FinishedRun) -> DialectSeries:
    strategy = run.summary.portfolios["strategy"]
    dates, level = run.own_level("strategy")
    return DialectSeries(
        dates=dates,
        level=level,
        risk_free=_risk_free(run) or 0.0,
        pair=_pair(run),
        traded=_traded(run),
        periods=PERIODS_PER_YEAR[strategy.frequency or "daily"],
    )


def _pair(run: FinishedRun) -> FloatArray | None:
    """Return (2, K) returns of the strategy and its rival from one common session to the next."""
    rival = _rival(run)
    if not rival:
        return None
    levels = np.array([run.levels.columns["strategy"], run.levels.columns[rival]])
    both = levels[:, np.isfinite(levels).all(axis=0)]
    returns: FloatArray = both[:, 1:] / both[:, :-1] - 1.0
    return returns


def _traded(run: FinishedRun) -> FloatArray:
    """Return (T,) what was bought and sold at each close of the strategy, over its value then."""
    value = run.equity.columns["strategy"]
    held = np.isfinite(value)
    dates, money = run.equity.dates[held], np.zeros(int(held.sum()))
    if run.trades:
        rows = np.searchsorted(dates, np.array([trade.date for trade in run.trades], dtype="datetime64[D]"))
        np.add.at(money, rows, np.abs([trade.value for trade in run.trades]))
    return np.divide(money, value[held], out=np.zeros_like(money), where=value[held] > 0.0)
