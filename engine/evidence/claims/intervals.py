"""Intervals around figures of claims: the stationary bootstrap of joint returns (Politis and Romano 1994)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import numpy as np

from engine.analysis.bootstrap import (
    Evidence,
    PairedReturns,
    block_lengths,
    cagr_difference_interval,
    optimal_block_length,
    tail_rank,
    usual_lag,
)
from engine.core.arrays import FloatArray, IntArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.evidence.claims.claim_prices import PriceSeries
from engine.evidence.claims.computation import Interval

Statistic: TypeAlias = Callable[[FloatArray, float], FloatArray]
"""From (funds, draws, n) returns and how many there are a year to (draws,) figures."""

_LEAST_RETURNS: Final = 60
"""Returns below which no interval is drawn."""
_RETURNS_AT_ONCE: Final = 2_000_000
"""Resampled returns of a fund that are in memory together."""


def growth_interval(series: PriceSeries, terms: Evidence) -> Interval | None:
    """Return the interval of a fund's growth a year: that of the difference to money that earns nothing."""
    returns = series.returns
    pair = PairedReturns(returns, np.zeros(len(returns)), series.days / CALENDAR_DAYS_PER_YEAR)
    return cagr_difference_interval(pair, pair.growth[0] - 1.0, terms).bounds


def difference_interval(series: PriceSeries, other: PriceSeries, difference: float, terms: Evidence) -> Interval | None:
    """Return the interval of a difference of growth a year, over the sessions that both have."""
    mine, theirs = align([series, other])
    pair = PairedReturns(mine.returns, theirs.returns, mine.days / CALENDAR_DAYS_PER_YEAR)
    return cagr_difference_interval(pair, difference, terms).bounds


def align(series: Sequence[PriceSeries]) -> list[PriceSeries]:
    """Return closes of several funds at the dates that all of them have."""
    dates = series[0].dates
    for one in series[1:]:
        dates = np.intersect1d(dates, one.dates, assume_unique=True)
    return [one.at(dates) for one in series]


def statistic_interval(series: Sequence[PriceSeries], statistic: Statistic, terms: Evidence) -> Interval | None:
    """Return the interval of a figure of funds over the sessions that all have; None of fewer than 60 returns.

    None, too, where a draw has no such figure.

    Sessions are drawn together in blocks of random length, as long as Politis and White (2004),
    doi:10.1081/ETC-120028836, find for the returns and the squares of them, whichever need longer ones, and never
    shorter than the usual lag; bounds are percentiles taken further out, as those of differences of growth are.
    """
    from engine.simulation.kernel.resampled_rows import fill_resampled_rows  # noqa: PLC0415  (compiled)

    aligned = align(series)
    returns = np.stack([one.returns for one in aligned])
    count = returns.shape[1]
    if count < _LEAST_RETURNS:
        return None
    best = max(round(optimal_block_length(one)) for row in returns for one in (row, row * row))
    mean = float(max(best, usual_lag(count)))
    lengths, step = block_lengths(mean), max(_RETURNS_AT_ONCE // count, 1)
    drawn = np.empty(terms.draws)
    for first in range(0, terms.draws, step):
        rows: IntArray = np.empty((min(step, terms.draws - first), count), dtype=np.int64)
        fill_resampled_rows(rows, first, count, lengths, terms.seed)
        with np.errstate(divide="ignore", invalid="ignore"):
            drawn[first : first + len(rows)] = statistic(returns[:, rows], aligned[0].periods_per_year)
    if not np.isfinite(drawn).all():
        return None
    drawn.sort()
    rank = tail_rank(1.0 - terms.level, count / mean, terms.draws)
    return float(drawn[rank - 1]), float(drawn[-rank])
