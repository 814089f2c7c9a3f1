"""Returns by calendar month: a table of all portfolios, and how often and where in the year the strategy gained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce

import numpy as np

from engine.analysis.breakdown.series_table import SeriesTable
from engine.analysis.comparison import Comparison
from engine.analysis.metrics import period_returns
from engine.core.arrays import BoolArray, DateArray, FloatArray
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE

_MONTHS: int = 12


@dataclass(frozen=True)
class MonthFigures:
    """How the strategy's calendar months went, each whole or in part.

    ``count`` of them, ``positive_share`` of those above 0, ``rival_count`` of those that ``rival`` has too and
    ``ahead_share`` of these in which the strategy earned more. ``means`` and ``positive_shares`` are by month of the
    year, January first; None where the run has none.
    """

    count: int
    positive_share: float
    rival: str
    rival_count: int
    ahead_share: float | None
    means: tuple[float | None, ...]
    positive_shares: tuple[float | None, ...]


def month_table(comparison: Comparison) -> SeriesTable:
    """Return every portfolio's return by calendar month."""
    performances = {name: one.performance for name, one in comparison.portfolios.items()}
    return month_returns({name: (one.dates, one.level) for name, one in performances.items()})


def month_returns(levels: Mapping[str, tuple[DateArray, FloatArray]]) -> SeriesTable:
    """Return returns by calendar month, at the last session that any portfolio has in it.

    ``levels`` are (T,) sessions and (T+1,) values by portfolio, the capital first: the first month is from there on, so
    the opening's costs are in it, the last one to the end.
    """
    found = {name: period_returns(level, dates, "month") for name, (dates, level) in levels.items()}
    sessions: DateArray = reduce(np.union1d, (dates for dates, _ in levels.values()))
    numbers = sessions.astype("datetime64[M]").astype(np.int64)
    last: BoolArray = np.append(numbers[1:] != numbers[:-1], [True])
    columns = {}
    for name, (months, returns) in found.items():
        columns[name] = np.full(int(last.sum()), np.nan)
        columns[name][np.searchsorted(numbers[last], months)] = returns
    return SeriesTable(sessions[last], columns)


def measure_months(table: SeriesTable, rival: str = "") -> MonthFigures:
    """Return the figures of the strategy's months, beside those of a portfolio named ``rival``."""
    own = table.columns["strategy"]
    there = np.isfinite(own)
    returns, calendar = own[there], (table.dates[there].astype("datetime64[M]").astype(np.int64) % _MONTHS)
    other = table.columns[rival][there] if rival else np.full(len(returns), np.nan)
    both = np.isfinite(other)
    rises = returns > FIGURE_TOLERANCE
    groups = [calendar == month for month in range(_MONTHS)]
    return MonthFigures(
        count=len(returns),
        positive_share=float(rises.sum()) / len(returns),
        rival=rival,
        rival_count=int(both.sum()),
        ahead_share=float((returns[both] - other[both] > FIGURE_TOLERANCE).mean()) if both.any() else None,
        means=tuple(float(returns[one].mean()) if one.any() else None for one in groups),
        positive_shares=tuple(float(rises[one].mean()) if one.any() else None for one in groups),
    )
