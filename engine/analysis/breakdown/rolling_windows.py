"""Figures of every 1, 3 and 5 years that end with a month: whether what holds over the whole holds over its parts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from engine.analysis import metrics
from engine.analysis.breakdown.series_table import SeriesTable
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.performance import Performance
from engine.analysis.return_statistics import ReturnStatistics
from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, PERIODS_PER_YEAR
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE

WINDOW_YEARS: Final = (1, 3, 5)
_MONTHLY_VOLATILITY_YEARS: Final = 3
"""Years of monthly returns whose volatility is wanted by the GIPS standards."""
_STAMPED_PERIODS: Final = PERIODS_PER_YEAR["monthly"]
"""Closes of so many a year or fewer stand for their periods, whatever day of the month they are of."""


@dataclass(frozen=True)
class RollingFigures:
    """The growth a year of the strategy over all windows of so many ``years`` that end with a month.

    ``disjoint``: how many such windows the run is long; ``ahead_share``: in how many of the ``rival_windows``, those
    that ``rival`` has too, the strategy grew more. Windows share sessions, so no interval is claimed.
    """

    years: int
    windows: int
    disjoint: float
    best: float
    best_date: str
    worst: float
    worst_date: str
    rival: str
    rival_windows: int
    ahead_share: float | None


class Windows(NamedTuple):
    """Windows (W,) by the rows of their base and of their last session; a start is -1 where there is none."""

    starts: IntArray
    ends: IntArray


def month_end_rows(dates: DateArray) -> IntArray:
    """Return the row of the last session of each month that ``dates`` (T,) have."""
    months = dates.astype("datetime64[M]")
    rows: IntArray = np.flatnonzero(np.append(months[1:] != months[:-1], [True]))
    return rows


def find_windows(dates: DateArray, ends: IntArray, years: int, periods_per_year: float) -> Windows:
    """Return the windows of so many ``years`` to ``ends`` (W,): from the last session by the same day of that year.

    The same day as 29 February is 28 February. Monthly and quarterly closes go by the month instead.
    """
    months = dates[ends].astype("datetime64[M]")
    earlier = months - 12 * years
    following = (earlier + 1).astype("datetime64[D]")
    day = np.minimum(earlier.astype("datetime64[D]") + (dates[ends] - months.astype("datetime64[D]")), following - 1)
    latest = following - 1 if periods_per_year <= _STAMPED_PERIODS else day
    starts: IntArray = np.searchsorted(dates, latest, side="right") - 1
    if periods_per_year <= _STAMPED_PERIODS:  # the period itself, not one before it
        starts = np.where(dates[starts].astype("datetime64[M]") == earlier, starts, -1)
    return Windows(starts, ends)


def growth_rates(one: Performance, windows: Windows) -> FloatArray:
    """Return (W,) the growth a year over each window; NaN where there is none."""
    found = np.full(len(windows.ends), np.nan)
    for k, (start, end) in enumerate(zip(*(rows.tolist() for rows in windows), strict=True)):
        before = float(one.level[start + 1])
        if start >= 0 and before > 0.0:
            days = float((one.dates[end] - one.dates[start]) / np.timedelta64(1, "D"))
            found[k] = metrics.annualise_growth(float(one.level[end + 1]) / before, days)
    return found


def volatilities(one: Performance, windows: Windows) -> tuple[FloatArray, FloatArray]:
    """Return (W,) volatility and (W,) Sharpe ratio of the returns in each window, a year; NaN where there is none."""
    found = np.full((2, len(windows.ends)), np.nan)
    no_rate = isinstance(one.risk_free, float) and one.risk_free == 0.0
    for k, (start, end) in enumerate(zip(*(rows.tolist() for rows in windows), strict=True)):
        if start < 0:
            continue
        returns = one.returns[start:end]
        rate = one.risk_free if isinstance(one.risk_free, float) else one.risk_free[start:end]
        plain = ReturnStatistics.from_series(returns)
        excess = plain if no_rate else ReturnStatistics.from_series(returns, rate)
        figures = plain.volatility(one.periods_per_year), excess.sharpe(one.periods_per_year)
        found[:, k] = [math.nan if figure is None else figure for figure in figures]
    return found[0], found[1]


def betas(common: CommonSessions, windows: Windows) -> FloatArray:
    """Return (W,) the slope of the first's returns on the second's in each window; NaN where one lacks its begin."""
    found = np.full(len(windows.ends), np.nan)
    places = np.searchsorted(common.mine, np.maximum(np.stack(windows), 0))
    there = (windows.starts >= 0) & (places < len(common.mine)).all(axis=0)
    pair = common.returns
    for k in np.flatnonzero(there).tolist():
        begin, end = places[:, k].tolist()
        if common.mine[begin] == windows.starts[k] and common.mine[end] == windows.ends[k]:
            slope = metrics.beta(pair.returns[begin:end], pair.other_returns[begin:end])
            found[k] = math.nan if slope is None else slope
    return found


def monthly_volatility(months: FloatArray, years: int = _MONTHLY_VOLATILITY_YEARS) -> FloatArray:
    """Return (M,) the volatility a year of so many ``years`` of ``months`` (M,), calendar months' returns in a row.

    The first month is only a part of one, so the first window begins after it (GIPS 2020, 4.A.1: three years of
    monthly returns, annualised).
    """
    size = 12 * years
    found = np.full(len(months), np.nan)
    for k in range(size, len(months)):
        spread = metrics.volatility(months[k + 1 - size : k + 1], PERIODS_PER_YEAR["monthly"])
        found[k] = math.nan if spread is None else spread
    return found


def rolling_table(
    mine: Performance, rival: tuple[str, CommonSessions] | None, fund: CommonSessions | None
) -> SeriesTable | None:
    """Return the figures of all windows by the last session of their month; None where the run is under a year.

    A column is called ``strategy/5y/cagr``, that of the rival's growth by its name instead.
    """
    ends = month_end_rows(mine.dates)
    columns: dict[str, FloatArray] = {}
    for years in WINDOW_YEARS:
        windows = find_windows(mine.dates, ends, years, mine.periods_per_year)
        head = f"strategy/{years}y"
        columns[f"{head}/cagr"] = growth_rates(mine, windows)
        if rival:
            columns[f"{rival[0]}/{years}y/cagr"] = growth_rates(rival[1].performances[1], _theirs(rival[1], windows))
        columns[f"{head}/volatility"], columns[f"{head}/sharpe"] = volatilities(mine, windows)
        if fund:
            columns[f"{head}/beta"] = betas(fund, windows)
    there = np.isfinite(columns["strategy/1y/cagr"])
    if not there.any():
        return None
    months = metrics.period_returns(mine.level, mine.dates, "month")[1]
    columns[f"strategy/{_MONTHLY_VOLATILITY_YEARS}y/monthly_volatility"] = monthly_volatility(months)
    found = {name: column[there] for name, column in columns.items() if np.isfinite(column[there]).any()}
    return SeriesTable(mine.dates[ends[there]], found)


def _theirs(common: CommonSessions, windows: Windows) -> Windows:
    """Return windows of the first portfolio's rows as those of the second's; -1 where one of the ends is not there."""
    places = np.searchsorted(common.mine, np.stack(windows))
    there: BoolArray = (windows.starts >= 0) & (places < len(common.mine)).all(axis=0)
    if not there.any():
        return Windows(np.full_like(windows.starts, -1), np.zeros_like(windows.ends))
    places = np.where(there, places, 0)
    there &= (common.mine[places] == np.stack(windows)).all(axis=0)
    starts, ends = common.theirs[places]
    return Windows(np.where(there, starts, -1), ends)


def measure_rolling(table: SeriesTable | None, rival: str, years: float) -> tuple[RollingFigures, ...]:
    """Return best, worst and share ahead of the windows in a ``table``; ``years`` is how long the run is."""
    columns: Mapping[str, FloatArray] = table.columns if table else {}
    found = []
    for length in WINDOW_YEARS:
        own = columns.get(f"strategy/{length}y/cagr")
        if own is None or table is None:
            continue
        other = columns.get(f"{rival}/{length}y/cagr", np.full(len(own), np.nan))
        there, both = np.isfinite(own), np.isfinite(own) & np.isfinite(other)
        high, low = int(np.nanargmax(own)), int(np.nanargmin(own))
        ahead = own[both] - other[both] > FIGURE_TOLERANCE
        found.append(
            RollingFigures(
                years=length,
                windows=int(there.sum()),
                disjoint=years / length,
                best=float(own[high]),
                best_date=str(table.dates[high]),
                worst=float(own[low]),
                worst_date=str(table.dates[low]),
                rival=rival,
                rival_windows=int(both.sum()),
                ahead_share=float(ahead.mean()) if both.any() else None,
            )
        )
    return tuple(found)


def run_years(mine: Performance) -> float:
    """Return how long a portfolio's run is [years]."""
    return mine.days / CALENDAR_DAYS_PER_YEAR
