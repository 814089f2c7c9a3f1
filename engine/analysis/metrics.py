"""Figures of a value series: pure functions, nothing else (S13).

``level`` (T+1,) [currency or index] starts with the capital before the opening costs; ``returns`` (T-1,) [fraction] are
time-weighted, simple, one a session from the second on. A figure that does not exist is None, never 0 or NaN. Sums are
those of :mod:`.summation`, so that a sweep, which never holds a series, arrives at the same bits.
Conventions and where other tools differ: ``docs/semantics.md``.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

import numpy as np

from engine.analysis.summation import Moments1D, Number, block_sums, sum_sequential
from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, SESSIONS_PER_YEAR
from engine.data.sessions import Period, period_numbers

PeriodRate: TypeAlias = float | FloatArray
"""A rate a period, the same for all or one for each."""

_NEGLIGIBLE_SHARE: Final = 2.0**-53
"""The share of a value below which nothing of it is left: 1 less it is 1."""


def time_weighted_returns(value: FloatArray, *, at_start: FloatArray, at_end: FloatArray) -> FloatArray:
    """Return (T-1,) returns of ``value`` (T,) with flows taken out (S12).

    ``at_start`` (T,) flows take part in their session's return, ``at_end`` (T,) flows do not; both signed, in positive
    [currency]. This engine's flows arrive at the close: ``at_end``.
    """
    before = value[:-1] + at_start[1:]
    return np.where(before == 0.0, 0.0, _relative_change(value[1:] - at_end[1:], before))


def _relative_change(after: FloatArray, before: FloatArray) -> FloatArray:
    """Return ``after`` over ``before``, less 1.

    The difference first: it is exact where the two are close, so a small change keeps its digits, which ``a / b - 1``
    loses, and no change is 0. Times the reciprocal, as one of ``before`` serves returns and drawdowns in a sweep. It
    may miss -1 by a bit, which a level chained from returns does not forgive: where only rounding is left, it is -1.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(after) <= _NEGLIGIBLE_SHARE * before, -1.0, (after - before) * (1.0 / before))


def chain_level(capital: float, first_value: float, returns: FloatArray) -> FloatArray:
    """Return (T+1,) the capital, the value after the opening, and the returns chained onto it."""
    return np.concatenate([[capital], first_value * np.cumprod(np.concatenate([[1.0], 1.0 + returns]))])


def rate_per_session(annual: Number, periods: float = SESSIONS_PER_YEAR) -> Number:
    """Return what an annual effective rate, or each of several, earns in one of ``periods`` periods a year."""
    rate: Number = (1.0 + annual) ** (1.0 / periods) - 1.0
    return rate


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
    return annualise_growth(float(level[-1] / level[0]), days)


def annualise_growth(growth: float, days: float) -> float:
    """Return what ``growth`` (1 is none) over ``days`` calendar days is a year, less 1."""
    return float(growth ** (CALENDAR_DAYS_PER_YEAR / days)) - 1.0


def annual_return_by_count(returns: FloatArray, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return the growth rate a year by count of returns; NaN before the first return does not count."""
    r = returns[np.isfinite(returns)]
    return float(np.prod(1.0 + r) ** (periods / len(r)) - 1.0) if len(r) else None


def volatility(returns: FloatArray, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return the standard deviation (n - 1) of returns a year."""
    r = returns[np.isfinite(returns)]
    return math.sqrt(Moments1D.from_series(r).variance) * math.sqrt(periods) if len(r) > 1 else None


def downside_deviation(
    returns: FloatArray, risk_free: PeriodRate = 0.0, periods: float = SESSIONS_PER_YEAR
) -> float | None:
    """Return the root mean square of shortfalls below ``risk_free`` a period, a year."""
    excess = _excess_returns(returns, risk_free)
    below = np.minimum(excess, 0.0)
    return (
        math.sqrt(sum_sequential(block_sums(below * below)) / len(excess)) * math.sqrt(periods) if len(excess) else None
    )


def sharpe(returns: FloatArray, risk_free: PeriodRate = 0.0, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return mean over standard deviation (n - 1) of returns above ``risk_free``."""
    excess = _excess_returns(returns, risk_free)
    if not len(excess):
        return None
    moments = Moments1D.from_series(excess)
    return None if moments.is_constant else moments.mean / math.sqrt(moments.variance) * math.sqrt(periods)


def sortino(returns: FloatArray, risk_free: PeriodRate = 0.0, periods: float = SESSIONS_PER_YEAR) -> float | None:
    """Return mean over downside of returns above ``risk_free``."""
    excess = _excess_returns(returns, risk_free)
    below = downside_deviation(returns, risk_free, periods=1.0)
    return Moments1D.from_series(excess).mean / below * math.sqrt(periods) if below else None


def omega(returns: FloatArray, threshold: PeriodRate = 0.0) -> float | None:
    """Return the sum of returns above ``threshold`` over the sum of shortfalls below it."""
    excess = _excess_returns(returns, threshold)
    losses = float(-np.minimum(excess, 0.0).sum())
    return float(np.maximum(excess, 0.0).sum() / losses) if losses > 0.0 else None


def drawdown_series(level: FloatArray) -> FloatArray:
    """Return each level over the highest so far, less 1; never positive."""
    return _relative_change(level, np.maximum.accumulate(level))


def max_drawdown(level: FloatArray) -> float:
    """Return the deepest drawdown, a negative number.

    >>> max_drawdown(np.array([100.0, 120.0, 90.0, 130.0]))
    -0.25
    """
    return float(drawdown_series(level).min())


def ulcer_index(level: FloatArray) -> float:
    """Return the root mean square drawdown."""
    below = drawdown_series(level)
    return math.sqrt(sum_sequential(below * below) / len(level))


def calmar(growth: float | None, deepest: float) -> float | None:
    """Return CAGR over the size of the deepest drawdown."""
    return growth / abs(deepest) if growth is not None and deepest < 0.0 else None


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
    if not len(other) or np.ptp(other) == 0.0:
        return None
    return float(np.cov(returns, other, ddof=1)[0, 1] / np.var(other, ddof=1))


def correlation(returns: FloatArray, other: FloatArray) -> float | None:
    """Return the correlation of returns with ``other``."""
    if not len(other) or np.ptp(returns) == 0.0 or np.ptp(other) == 0.0:
        return None
    return float(np.corrcoef(returns, other)[0, 1])


def standardised_moment(returns: FloatArray, order: int) -> float | None:
    """Return the mean of the ``order``-th powers of returns less their mean, over that power of their spread (n)."""
    centred = returns - returns.mean() if returns.size else returns
    spread = float(np.sqrt(np.mean(centred**2))) if returns.size else 0.0
    return float(np.mean(centred**order) / spread**order) if spread > 0.0 else None


def value_at_risk(returns: FloatArray) -> float | None:
    """Return the 5 % quantile of returns."""
    return float(np.quantile(returns, 0.05)) if returns.size else None


def expected_shortfall(returns: FloatArray) -> float | None:
    """Return the mean of the returns at or below the value at risk."""
    return float(returns[returns <= np.quantile(returns, 0.05)].mean()) if returns.size else None


def longest_drawdown_days(level: FloatArray, dates: DateArray) -> int:
    """Return the most calendar days from a high to its recovery, or to the end while there is none.

    ``level`` (T+1,) has the capital before the level of ``dates`` (T,); both count as the first day.
    """
    days = np.concatenate([dates[:1], dates]).astype("datetime64[D]").astype(np.int64)
    high = np.maximum.accumulate(level)
    since = np.maximum.accumulate(np.where(level >= high, days, days[0]))
    before = np.concatenate([since[:1], since[:-1]])
    return int((days - before).max())


def period_returns(level: FloatArray, dates: DateArray, period: Period) -> tuple[IntArray, FloatArray]:
    """Return the number and the return of each calendar period, the first from the capital, the last to the end."""
    number = period_numbers(dates, period)
    last: BoolArray = np.concatenate([number[1:] != number[:-1], [True]])
    ends = level[1:][last]
    begins = np.concatenate([level[:1], ends[:-1]])
    return number[last], np.divide(ends, begins, out=np.ones_like(ends), where=begins != 0.0) - 1.0


def _excess_returns(returns: FloatArray, risk_free: PeriodRate) -> FloatArray:
    excess: FloatArray = returns - risk_free
    return excess[np.isfinite(excess)]
