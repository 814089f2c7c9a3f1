"""How far chance moves a figure: the jackknife over 16 blocks of sessions, whose sums every variant has.

A figure is one of sums of returns and of their squares over all blocks, or over all but block b. The standard error of
any difference ``D`` of such figures is ``sqrt(15/16 sum_b (D_b - mean)^2)``, its band ``D`` plus and minus Student's
quantile of 15 degrees of freedom times that (Kuensch 1989, doi:10.1214/aos/1176347265, for the jackknife of blocks).
Slow regimes, which last longer than a block, make it wider than this says; that one value of many was picked, too.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from engine.analysis.performance import Performance
from engine.analysis.summation import block_ends
from engine.core.arrays import FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.simulation.kernel.records import RETURN_BLOCKS

Band: TypeAlias = tuple[float, float]
"""A lower and an upper end."""

USUAL_LEVEL, USUAL_WIDTH = 0.95, 2.131
"""The level of most bands, and Student's 97.5 % quantile of 15 degrees of freedom."""
BANDED_METRICS: Final = frozenset({"sharpe", "volatility", "cagr"})
"""Metrics that are functions of block sums; the growth rate as that of their sum less half the squares."""

_ROUNDING: Final = 1e-12
"""A variance below this share of the mean square is rounding."""
_HALVINGS, _TERMS = 6, 11


@dataclass(frozen=True)
class BlockFigure:
    """A metric as a function of block sums.

    ``counts`` (16,) returns of each block, ``periods`` a year, ``risk_free`` a session, ``years`` from first to last;
    ``width`` is how many standard errors a band reaches to each side.
    """

    metric: str
    counts: FloatArray
    periods: float
    risk_free: float
    years: float
    width: float = USUAL_WIDTH

    @classmethod
    def of(cls, metric: str, performance: Performance, level: float = USUAL_LEVEL) -> BlockFigure | None:
        """Return ``metric`` over the sessions of a performance; None where it is no function of block sums."""
        free, count, years = performance.risk_free, len(performance.returns), performance.days / CALENDAR_DAYS_PER_YEAR
        if metric not in BANDED_METRICS or count < 2 * RETURN_BLOCKS or not isinstance(free, float):
            return None
        counts = np.diff([0, *block_ends(count)]).astype(np.float64)
        return cls(metric, counts, performance.periods_per_year, free, years, band_width(level))

    def without_each_block(self, sums: FloatArray, squares: FloatArray) -> FloatArray:
        """Return (16, S) the metric without each block in turn, of sums (16, S); NaN where it does not exist."""
        total, total_squares, all_counts = sums.sum(axis=0), squares.sum(axis=0), float(self.counts.sum())
        counts = (all_counts - self.counts)[:, None]
        means: FloatArray = total - sums
        spread: FloatArray = total_squares - squares
        if self.metric == "cagr":
            return exponential((means - 0.5 * spread) / (self.years * counts / all_counts)) - 1.0
        spread -= means * means / counts
        means /= counts
        spread /= counts - 1.0
        if (rounding := spread <= _ROUNDING * total_squares / all_counts).any():
            spread[rounding] = np.nan
        np.sqrt(spread, out=spread)
        if self.metric == "sharpe":
            spread = (means - self.risk_free) / spread
        spread *= math.sqrt(self.periods)
        return spread


def band_width(level: float) -> float:
    """Return Student's quantile of 15 degrees of freedom for a band of a level.

    >>> band_width(0.95), round(band_width(0.99), 3)
    (2.131, 2.947)
    """
    if level == USUAL_LEVEL:
        return USUAL_WIDTH
    from scipy.special import stdtrit  # noqa: PLC0415  (slow)

    return float(stdtrit(RETURN_BLOCKS - 1, (1.0 + level) / 2.0))


def standard_error(without: FloatArray) -> FloatArray:
    """Return (...) the standard error of differences whose values without each block are ``without`` (16, ...)."""
    blocks = len(without)
    around = without - without.sum(axis=0) / blocks
    around *= around
    error: FloatArray = np.sqrt((blocks - 1) / blocks * around.sum(axis=0))
    return error


def exponential(x: FloatArray) -> FloatArray:
    """Return e ** x of moderate numbers by sums and products alone, which have the same bits on every processor (S14).

    >>> bool(abs(exponential(np.array([0.07, -0.5])) - np.exp([0.07, -0.5])).max() < 1e-14)
    True
    """
    small = x * 0.5**_HALVINGS
    result: FloatArray = np.ones_like(x)
    for term in range(_TERMS, 0, -1):
        result = 1.0 + result * small / term
    for _ in range(_HALVINGS):
        result = result * result
    return result
