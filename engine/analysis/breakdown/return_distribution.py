"""How single sessions and months went: percentiles, moments, a histogram, and the best and worst of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.analysis import metrics
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.performance import Performance
from engine.analysis.return_statistics import ReturnStatistics, quantile
from engine.core.arrays import DateArray, FloatArray, finite_or_none
from engine.core.powers import power
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE

PERCENTILES: Final = (1, 5, 25, 50, 75, 95, 99)
MAX_BINS: Final = 60
DAYS_SHOWN: Final = 5
"""Best and worst sessions that are told of one by one."""
DAYS_LEFT_OUT: Final = 10
"""Best sessions without which the total return is told, too."""


@dataclass(frozen=True)
class ReturnHistogram:
    """Counts of returns in bins of one ``width`` from ``start`` on.

    Each holds its lower edge. With ``open_below`` the first bin has all that is lower, too, with ``open_above`` the
    last all that is higher.
    """

    start: float
    width: float
    counts: tuple[int, ...]
    open_below: bool
    open_above: bool


@dataclass(frozen=True)
class ReturnDistribution:
    """``count`` returns: their mean and standard deviation (n - 1) each, percentiles by linear interpolation.

    Skewness and kurtosis are the population's, 3 is normal; value at risk and expected shortfall are those of the worst
    5 %; ``autocorrelation`` is of each with the one before. What does not exist is None.
    """

    count: int
    mean: float
    deviation: float
    percentiles: dict[str, float]
    skewness: float | None
    kurtosis: float | None
    value_at_risk: float | None
    expected_shortfall: float | None
    autocorrelation: float | None
    histogram: ReturnHistogram


@dataclass(frozen=True)
class SessionReturn:
    """What the strategy earned at one session, and what ``rival_return`` did."""

    date: str
    value: float
    rival_return: float | None


@dataclass(frozen=True)
class ReturnDistributions:
    """How ``sessions`` and calendar ``months`` went, with the ``best`` and ``worst`` sessions beside ``rival``.

    ``total_without_best``: the total return without the best ``left_out`` sessions. Of a run of one session None.
    """

    sessions: ReturnDistribution | None
    months: ReturnDistribution
    rival: str
    best: tuple[SessionReturn, ...]
    worst: tuple[SessionReturn, ...]
    left_out: int
    total_without_best: float | None


def measure_distribution(
    mine: Performance, months: FloatArray, rival: str = "", common: CommonSessions | None = None
) -> ReturnDistributions:
    """Return how a portfolio's returns are spread; ``months`` (M,) are those by calendar month.

    ``common`` has the sessions that it shares with its rival.
    """
    returns, dates = mine.returns, mine.dates[1:]
    downward = np.argsort(-returns, kind="stable")
    upward = np.argsort(returns, kind="stable")
    beside = _rival_returns(len(returns), common)
    kept = 1.0
    for one in returns[downward[:DAYS_LEFT_OUT]].tolist():
        kept *= 1.0 + one
    left_out = min(DAYS_LEFT_OUT, len(returns))
    whole = float(mine.level[-1] / mine.level[0])
    return ReturnDistributions(
        sessions=describe_returns(mine.statistics) if len(returns) else None,
        months=describe_returns(ReturnStatistics.from_series(months)),
        rival=rival,
        best=_sessions(downward[:DAYS_SHOWN], dates, returns, beside),
        worst=_sessions(upward[:DAYS_SHOWN], dates, returns, beside),
        left_out=left_out,
        total_without_best=finite_or_none(whole / kept - 1.0) if left_out and kept > 0.0 else None,
    )


def describe_returns(statistics: ReturnStatistics) -> ReturnDistribution:
    """Return the distribution of at least one return."""
    returns = statistics.returns
    ordered = np.sort(returns)
    return ReturnDistribution(
        count=statistics.count,
        mean=statistics.mean,
        deviation=statistics.deviation,
        percentiles={str(one): quantile(ordered, one / 100.0) for one in PERCENTILES},
        skewness=statistics.skewness,
        kurtosis=statistics.kurtosis,
        value_at_risk=statistics.value_at_risk,
        expected_shortfall=statistics.expected_shortfall,
        autocorrelation=metrics.correlation(returns[1:], returns[:-1]),
        histogram=make_histogram(ordered),
    )


def make_histogram(ordered: FloatArray) -> ReturnHistogram:
    """Return a histogram of ascending values (n,): the bins of Freedman and Diaconis, 60 of them at most, around 0.

    Edges are multiples of the width, so that no bin holds both gains and losses; where values reach beyond 60 bins, the
    ends are open. (D. Freedman and P. Diaconis 1981, doi:10.1007/BF01025868: twice the distance of the quartiles over
    the cube root of n.)
    """
    width = 2.0 * (quantile(ordered, 0.75) - quantile(ordered, 0.25)) / power(float(len(ordered)), 1.0 / 3.0)
    span = float(ordered[-1] - ordered[0])
    if width <= FIGURE_TOLERANCE:  # most are the same
        width = span / MAX_BINS if span > FIGURE_TOLERANCE else 1e-4
    first, last = math.floor(float(ordered[0]) / width), math.floor(float(ordered[-1]) / width)
    lowest, highest = first, last
    if last - first >= MAX_BINS:
        lowest = min(max(math.floor(quantile(ordered, 0.5) / width) - MAX_BINS // 2, first), last - MAX_BINS + 1)
        highest = lowest + MAX_BINS - 1
    bins = np.clip(np.floor(ordered / width), lowest, highest).astype(np.int64) - lowest
    counts = np.bincount(bins, minlength=highest - lowest + 1)
    return ReturnHistogram(lowest * width, width, tuple(counts.tolist()), first < lowest, last > highest)


def _sessions(
    rows: np.ndarray[tuple[int], np.dtype[np.int64]], dates: DateArray, returns: FloatArray, beside: FloatArray
) -> tuple[SessionReturn, ...]:
    return tuple(
        SessionReturn(str(dates[row]), float(returns[row]), finite_or_none(float(beside[row]))) for row in rows.tolist()
    )


def _rival_returns(count: int, common: CommonSessions | None) -> FloatArray:
    """Return (T-1,) the rival's returns at the first portfolio's sessions; NaN where it has no return of just that."""
    found = np.full(count, np.nan)
    if common is not None and len(common.mine) > 1:
        adjacent = common.mine[1:] - common.mine[:-1] == 1
        found[common.mine[1:][adjacent] - 1] = common.returns.other_returns[adjacent]
    return found
