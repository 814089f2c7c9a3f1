"""Returns by month as coloured tables: of the strategy, of what it is set beside, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.analysis.breakdown.calendar_years import YearReturns
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.heat_table import HeatCell, HeatTable, heat_table
from engine.report.phrases import portfolio_label

MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def month_tables(run: FinishedRun, years: Sequence[YearReturns], rival: str | None) -> list[tuple[str, Markup]]:
    """Return (name, table): the strategy's months, its rival's, and the differences."""
    own = _returns(run, years, "strategy")
    found = [("Strategy", _table("months-own", "Strategy, %", own, _foot(run)))]
    if rival:
        other = _returns(run, years, rival)
        both = {year: [_minus(a, b) for a, b in zip(own[year], other[year], strict=True)] for year in own}
        label = portfolio_label(rival)
        found.append((label, _table("months-rival", f"{label}, %", other)))
        found.append(("Difference", _table("months-difference", f"Strategy minus {label}, percentage points", both)))
    return found


def _minus(own: float | None, other: float | None) -> float | None:
    return None if own is None or other is None else own - other


def _returns(run: FinishedRun, years: Sequence[YearReturns], name: str) -> dict[int, list[float | None]]:
    """Return twelve months and the year by year; None where a portfolio has none."""
    none: list[float | None] = [None] * len(MONTHS)
    found = {one.year: [*none, one.returns.get(name)] for one in years}
    table = run.months
    if table is not None and name in table.columns:
        months = table.dates.astype("datetime64[M]").astype(np.int64)
        for number, change in zip(months.tolist(), table.columns[name].tolist(), strict=True):
            if np.isfinite(change) and 1970 + number // 12 in found:
                found[1970 + number // 12][number % 12] = change
    return found


def _table(
    key: str, caption: str, rows: Mapping[int, list[float | None]], foot: Sequence[tuple[str, list[HeatCell]]] = ()
) -> Markup:
    cells = [(str(year), [_cell(one) for one in row]) for year, row in sorted(rows.items(), reverse=True)]
    return heat_table(HeatTable(key, caption, (*MONTHS, "Year"), cells, "Year", foot=foot))


def _cell(change: float | None) -> HeatCell:
    return HeatCell(change, _signed(change))


def _signed(change: float | None) -> str:
    """Return a fraction in per cent with its sign; an empty text where there is none."""
    return "" if change is None else fmt.typographic_minus(fmt.percentage_points(change, 1).removesuffix(" pp"))


def _foot(run: FinishedRun) -> list[tuple[str, list[HeatCell]]]:
    found = run.summary.months
    if found is None:
        return []
    shares = ["" if one is None else f"{fmt.percent(one, 0)}" for one in found.positive_shares]
    return [
        ("Mean", [*(_cell(one) for one in found.means), HeatCell(None, "")]),
        ("Above 0", [*(HeatCell(None, one) for one in shares), HeatCell(None, "")]),
    ]
