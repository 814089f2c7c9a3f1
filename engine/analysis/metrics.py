"""Figures of a value series: pure functions, nothing else (S13).

``level`` (T+1,) [currency or index] starts with the capital before the opening costs; ``returns`` (T-1,) [fraction] are
time-weighted, simple, one a session from the second on. A figure that does not exist is None, never 0 or NaN. Sums are
those of :mod:`.summation`, so that a sweep, which never holds a series, arrives at the same bits.
Conventions and where other tools differ: ``docs/semantics.md``.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from engine.analysis.return_statistics import PeriodRate, ReturnStatistics
from engine.analysis.summation import Number
from engine.core.arrays import DateArray, FloatArray, IntArray, finite_or_none
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, SESSIONS_PER_YEAR
from engine.core.powers import power, powers
from engine.simulation.kernel import series_sums as kernel
from engine.simulation.kernel.records import LevelSums
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE


def time_weighted_returns(value: FloatArray, flows: FloatArray, before_flows: FloatArray) -> FloatArray:
    """Return (T-1,) returns of ``value`` (T,), linked where there are ``flows`` (T,), paid in positive (S12).

    ``before_flows`` (T,) is the value just before a flow, read at sessions that have one: until then the session earns
    what came of the value before, and after it what comes of that and a contribution; a withdrawal leaves at the end
    [currency].

    >>> time_weighted_returns(np.array([100.0, 299.0]), np.array([0.0, 200.0]), np.array([0.0, 100.0])).round(12)
    array([-0.00333333])
    """
    returns = np.empty(len(value) - 1)
    kernel.fill_returns(value, flows, before_flows, returns)
    return returns


def rate_per_session(annual: Number, periods: float = SESSIONS_PER_YEAR) -> Number:
    """Return what an annual effective rate, or each of several, earns in one of ``periods`` periods a year."""
    if isinstance(annual, float):
        return power(1.0 + annual, 1.0 / periods) - 1.0
    return powers(1.0 + annual, 1.0 / periods) - 1.0


def total_return(level: FloatArray) -> float:
    """Return last level / capital - 1.

    >>> total_return(np.array([100.0, 80.0, 150.0]))
    0.5
    """
    return float(level[-1] / level[0] - 1.0)


def cagr(level: FloatArray, days: float) -> float | None:
    """Return the growth rate a year over ``days`` calendar days, a year being 365.25.

    >>> cagr(np.array([100.0, 121.0]), 2 * 365.25)
    0.10000000000000009
    """
    if days <= 0 or level[-1] < 0.0:
        return None
    return finite_or_none(annualise_growth(float(level[-1] / level[0]), days))


def annualise_growth(growth: float, days: float) -> float:
    """Return what ``growth`` (1 is none) over ``days`` calendar days is a year, less 1."""
    return power(growth, CALENDAR_DAYS_PER_YEAR / days) - 1.0


def annual_return_by_count(returns: FloatArray, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return the growth rate a year by count of returns; NaN before the first return does not count."""
    return ReturnStatistics.from_series(returns).annual_by_count(periods)


def volatility(returns: FloatArray, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return the standard deviation (n - 1) of returns a year."""
    return ReturnStatistics.from_series(returns).volatility(periods)


def downside_deviation(
    returns: FloatArray, risk_free: PeriodRate = 0.0, periods: float = SESSIONS_PER_YEAR
) -> float | None:
    """Return the root mean square of shortfalls below ``risk_free`` a period, a year."""
    return ReturnStatistics.from_series(returns, risk_free).downside_deviation(periods)


def sharpe(returns: FloatArray, risk_free: PeriodRate = 0.0, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return mean over standard deviation (n - 1) of returns above ``risk_free``."""
    return ReturnStatistics.from_series(returns, risk_free).sharpe(periods)


def sortino(returns: FloatArray, risk_free: PeriodRate = 0.0, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return mean over downside of returns above ``risk_free``."""
    return ReturnStatistics.from_series(returns, risk_free).sortino(periods)


def omega(returns: FloatArray, threshold: PeriodRate = 0.0) -> float | None:
    """Return the sum of returns above ``threshold`` over the sum of shortfalls below it."""
    return ReturnStatistics.from_series(returns, threshold).omega


def level_sums(level: FloatArray, dates: DateArray | None = None) -> LevelSums:
    """Return the drawdowns of ``level`` (T+1,), each over the highest so far; their days where ``dates`` (T,) are."""
    none = np.zeros(max(len(level) - 1, 1), dtype=np.int64)
    return kernel.sum_level(level, none if dates is None else day_numbers(dates))


def max_drawdown(level: FloatArray) -> float:
    """Return the deepest drawdown, a negative number.

    >>> max_drawdown(np.array([100.0, 120.0, 90.0, 130.0]))
    -0.25
    """
    return level_sums(level).deepest


def calmar(growth: float | None, deepest: float) -> float | None:
    """Return CAGR over the size of the deepest drawdown."""
    return growth / abs(deepest) if growth is not None and deepest < -FIGURE_TOLERANCE else None


def turnover(traded: float, mean_value: float, years: float) -> float | None:
    """Return one-way turnover a year: half the money traded over the mean value."""
    return traded / 2.0 / mean_value / years if years > 0.0 and mean_value > 0.0 else None


def tracking_error(returns: FloatArray, other: FloatArray, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return the standard deviation (n - 1) of return differences a year."""
    return volatility(returns - other, periods)


def information_ratio(returns: FloatArray, other: FloatArray, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return mean return difference over tracking error, both a year."""
    return sharpe(returns - other, 0.0, periods)


def beta(returns: FloatArray, other: FloatArray) -> float | None:
    """Return the slope of returns on ``other``."""
    _, squares, products = kernel.sum_products(returns, other)
    return products / squares if _varies(squares, len(other)) else None


def correlation(returns: FloatArray, other: FloatArray) -> float | None:
    """Return the correlation of returns with ``other``."""
    squares, other_squares, products = kernel.sum_products(returns, other)
    if not (_varies(squares, len(returns)) and _varies(other_squares, len(other))):
        return None
    return min(max(products / (math.sqrt(squares) * math.sqrt(other_squares)), -1.0), 1.0)


def _varies(squares: float, count: int) -> bool:
    """Return whether ``count`` returns, whose squares about their mean sum to ``squares``, differ by more than bits."""
    return count > 1 and math.sqrt(squares / (count - 1)) > FIGURE_TOLERANCE


def period_returns(
    level: FloatArray, dates: DateArray, period: Literal["month", "year"]
) -> tuple[IntArray, FloatArray]:
    """Return the number and the return of each calendar period, the first from the capital, the last to the end."""
    return kernel.period_returns(level, *kernel.month_ends(day_numbers(dates)), {"month": 1, "year": 12}[period])


def day_numbers(dates: DateArray) -> IntArray:
    """Return (T,) the days from 1970-01-01 to each date."""
    days: IntArray = dates.astype("datetime64[D]").view(np.int64)
    return days
