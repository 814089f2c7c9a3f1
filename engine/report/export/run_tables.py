"""The tables of a finished run, made from its files: dates, fractions and money as they are, nothing rounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

import numpy as np

from engine.analysis.breakdown.calendar_months import month_returns
from engine.analysis.breakdown.falls import list_falls
from engine.backtest.finished_run import FinishedRun
from engine.backtest.tax_files import LotLine, TaxLine
from engine.core.arrays import DateArray, FloatArray
from engine.report.export.table import ColumnKind, ExportColumn, ExportTable


def returns_table(run: FinishedRun) -> ExportTable:
    """Return what every portfolio returned from one of its sessions to the next, from the second session on (S12)."""
    columns = {}
    for name, level in run.levels.columns.items():
        held = np.isfinite(level)
        before, after = level[held][:-1], level[held][1:]
        returns = np.full(len(level), np.nan)
        returns[np.flatnonzero(held)[1:]] = np.divide(after, before, out=np.ones_like(after), where=before > 0.0) - 1.0
        columns[name] = returns
    return _dated_table("returns", run.levels.dates, columns, from_row=1)


def levels_table(run: FinishedRun) -> ExportTable:
    """Return the level of every portfolio at each close: what the capital came to, flows taken out [currency]."""
    return _dated_table("levels", run.levels.dates, run.levels.columns)


def weights_table(run: FinishedRun) -> ExportTable:
    """Return the strategy's weights at each close, cash last [fraction]."""
    return _dated_table("weights", run.weights.dates, run.weights.columns)


def positions_table(run: FinishedRun) -> ExportTable:
    """Return the money the strategy has in each asset at each close, and its cash: what pyfolio calls positions."""
    value = run.equity.columns["strategy"][np.searchsorted(run.equity.dates, run.weights.dates)]
    return _dated_table(
        "positions", run.weights.dates, {name: weight * value for name, weight in run.weights.columns.items()}
    )


def trades_table(run: FinishedRun) -> ExportTable:
    """Return the strategy's orders as they stand in ``trades.csv``."""
    trades = run.trades
    return ExportTable(
        "trades",
        (
            ExportColumn.of_dates("date", np.array([trade.date for trade in trades], dtype="datetime64[D]")),
            ExportColumn("asset", "text", [trade.asset for trade in trades]),
            ExportColumn("quantity", "number", [trade.quantity for trade in trades]),
            ExportColumn("price", "number", [trade.price for trade in trades]),
            ExportColumn("value", "number", [trade.value for trade in trades]),
            ExportColumn("cost", "number", [trade.cost for trade in trades]),
            ExportColumn("reason", "text", [trade.reason for trade in trades]),
        ),
    )


def months_table(run: FinishedRun) -> ExportTable:
    """Return what every portfolio returned in each calendar month, the first from the capital on.

    A month is called by the last session in it; first and last month may be parts of one.
    """
    found = month_returns({name: run.own_level(name) for name in run.levels.columns})
    return _dated_table("months", found.dates, found.columns)


def falls_table(run: FinishedRun) -> ExportTable:
    """Return every fall of every portfolio from a high to its recovery, the deepest of each first."""
    falls = [(name, fall) for name in run.levels.columns for fall in list_falls(*run.own_level(name))]
    days: Mapping[str, list[int]] = {
        "days_down": [fall.days_down for _, fall in falls],
        "days_up": [fall.days - fall.days_down for _, fall in falls],
        "days": [fall.days for _, fall in falls],
    }
    return ExportTable(
        "falls",
        (
            ExportColumn("peak", "date", [date.fromisoformat(fall.peak) for _, fall in falls]),
            ExportColumn("trough", "date", [date.fromisoformat(fall.trough) for _, fall in falls]),
            ExportColumn(
                "recovery", "date", [fall.recovery and date.fromisoformat(fall.recovery) for _, fall in falls]
            ),
            ExportColumn("portfolio", "text", [name for name, _ in falls]),
            ExportColumn("depth", "number", [fall.depth for _, fall in falls]),
            *(ExportColumn(name, "count", cells) for name, cells in days.items()),
        ),
    )


def contribution_table(run: FinishedRun) -> ExportTable | None:
    """Return where the strategy's gain came from, and buy-and-hold's beside it; None for a run of an earlier version.

    The rows add up to the gain: ``linked`` to the total return after the opening, the rows in brackets among them.
    """
    found = run.summary.contribution
    if found is None:
        return None
    mine, held = found.strategy, found.buy_and_hold
    assets = list(dict.fromkeys([*mine.assets, *(held.assets if held else ())]))
    own, other = (
        [portfolio.assets.get(asset) if portfolio else None for asset in assets] for portfolio in (mine, held)
    )
    cash = {"(interest)": "interest", "(fees)": "fees"} | ({} if mine.taxes is None else {"(taxes)": "taxes"})
    gains, rival = (
        [*(part.gain if part else 0.0 for part in parts), *(getattr(whole, key) or 0.0 for key in cash.values())]
        for parts, whole in ((own, mine), (other, held or mine))
    )
    rival = rival if held else [None] * len(gains)
    both = zip(gains, rival, strict=True)
    none = [None] * len(cash)
    columns: Mapping[str, list[float | None]] = {
        "gain": [*gains],
        "share": [gain / run.summary.account.capital for gain in gains],
        "costs": [*(one.costs if one else 0.0 for one in own), *none],
        "linked": [*(one.linked if one else None for one in own), *none],
        "mean_weight": [*(one.mean_weight if one else 0.0 for one in own), *none],
        "buy_and_hold": [*rival],
        "difference": [None if theirs is None else gain - theirs for gain, theirs in both],
    }
    return ExportTable(
        "contribution",
        (
            ExportColumn("asset", "text", [*assets, *cash]),
            *(ExportColumn(name, "number", cells) for name, cells in columns.items()),
        ),
    )


def taxes_table(run: FinishedRun) -> ExportTable | None:
    """Return the strategy's bookings as they stand in ``taxes.csv``; None where nothing is taxed."""
    if run.taxes is None:
        return None
    kinds: Mapping[str, ColumnKind] = {"year": "count", "asset": "text", "kind": "text"}
    return _table_of_lines("taxes", TaxLine._fields, run.taxes, kinds)


def lots_table(run: FinishedRun) -> ExportTable | None:
    """Return what is left of the strategy's purchases as it stands in ``lots.csv``; None where nothing is taxed."""
    return None if run.lots is None else _table_of_lines("lots", LotLine._fields, run.lots, {"asset": "text"})


TABLES: Final[Mapping[str, Callable[[FinishedRun], ExportTable | None]]] = {
    "returns": returns_table,
    "levels": levels_table,
    "weights": weights_table,
    "positions": positions_table,
    "trades": trades_table,
    "months": months_table,
    "falls": falls_table,
    "contribution": contribution_table,
    "taxes": taxes_table,
    "lots": lots_table,
}
"""Every table of a run by its name; one place to add one."""


def _table_of_lines(
    name: str, fields: Sequence[str], lines: Sequence[tuple[str | float, ...]], kinds: Mapping[str, ColumnKind]
) -> ExportTable:
    """Return lines of a file as a table; what is no date and of none of the ``kinds`` is a number."""
    columns = []
    for at, field in enumerate(fields):
        cells: list[str | float] = [line[at] for line in lines]
        if field.endswith("date"):
            days = [date.fromisoformat(str(cell)) if cell else None for cell in cells]
            columns.append(ExportColumn(field, "date", days))
        else:
            columns.append(ExportColumn(field, kinds.get(field, "number"), cells))
    return ExportTable(name, tuple(columns))


def _dated_table(name: str, dates: DateArray, columns: Mapping[str, FloatArray], from_row: int = 0) -> ExportTable:
    numbers = (ExportColumn.of_numbers(column, values[from_row:]) for column, values in columns.items())
    return ExportTable(name, (ExportColumn.of_dates("date", dates[from_row:]), *numbers), index="date")
