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

BAND_WIDTH: Final = 2.131
"""Student's 97.5 % quantile of 15 degrees of freedom: standard errors on each side of a band of 95 %."""
BANDED_METRICS: Final = frozenset({"sharpe", "volatility", "cagr"})
"""Metrics that are functions of block sums; the growth rate as that of their sum less half the squares."""

_ROUNDING: Final = 1e-12
"""A variance below this share of the mean square is rounding."""
_HALVINGS, _TERMS = 6, 11


@dataclass(frozen=True)
class BlockFigure:
    """A metric as a function of block sums.

    ``counts`` (16,) returns of each block, ``periods`` a year, ``risk_free`` a session, ``years`` from first to last.
    """

    metric: str
    counts: FloatArray
    periods: float
    risk_free: float
    years: float

    @classmethod
    def of(cls, metric: str, performance: Performance) -> BlockFigure | None:
        """Return ``metric`` over the sessions of a performance; None where it is no function of block sums."""
        free, count, years = performance.risk_free, len(performance.returns), performance.days / CALENDAR_DAYS_PER_YEAR
        if metric not in BANDED_METRICS or count < 2 * RETURN_BLOCKS or not isinstance(free, float):
            return None
        counts = np.diff([0, *block_ends(count)]).astype(np.float64)
        return cls(metric, counts, performance.periods_per_year, free, years)

    def without_each_block(self, sums: FloatArray, squares: FloatArray) -> FloatArray:
        """Return (16, S) the metric without each block in turn, of sums (16, S); NaN where it does not exist."""
        result = np.empty_like(sums)
        all_sums, all_squares, count = _add_up(sums), _add_up(squares), float(self.counts.sum())
        for block, left_out in enumerate(self.counts.tolist()):
            result[block] = self._value(all_sums - sums[block], all_squares - squares[block], count - left_out)
        return result

    def _value(self, sums: FloatArray, squares: FloatArray, count: float) -> FloatArray:
        if self.metric == "cagr":
            share = count / float(self.counts.sum())
            growth: FloatArray = exponential((sums - 0.5 * squares) / (self.years * share)) - 1.0
            return growth
        mean = sums / count
        variance = (squares - sums * mean) / (count - 1.0)
        variance[variance <= _ROUNDING * squares / count] = np.nan
        deviation, year = np.sqrt(variance), math.sqrt(self.periods)
        value: FloatArray = (
            deviation * year if self.metric == "volatility" else (mean - self.risk_free) / deviation * year
        )
        return value


def standard_error(without: FloatArray) -> FloatArray:
    """Return (...) the standard error of differences whose values without each block are ``without`` (16, ...)."""
    blocks = len(without)
    around = without - _add_up(without) / blocks
    error: FloatArray = np.sqrt((blocks - 1) / blocks * _add_up(around * around))
    return error


def exponential(x: FloatArray) -> FloatArray:
    """Return e ** x of moderate numbers by sums and products alone, which have the same bits on every processor (S14).

    >>> bool(abs(exponential(np.array([0.07, -0.5])) - np.exp([0.07, -0.5])).max() < 1e-14)
    True
    """
    small = x * 0.5**_HALVINGS
    result = np.ones_like(x)
    for term in range(_TERMS, 0, -1):
        result = 1.0 + result * small / term
    for _ in range(_HALVINGS):
        result = result * result
    return result


def _add_up(blocks: FloatArray) -> FloatArray:
    """Return the sum over the first axis, added in order."""
    total: FloatArray = blocks[0].copy()
    for block in blocks[1:]:
        total += block
    return total
