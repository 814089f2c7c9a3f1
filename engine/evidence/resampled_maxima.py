"""How far the best of many variants gets by chance: resampled maxima of differences that stream by, slab by slab.

Slabs (n, W) hold for each of W variants what it made more than the benchmark in each of n periods. They are read once
for the moments and the maxima together, and never kept; a space of any size needs the memory of one slab.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from engine.simulation.kernel.bootstrap_maxima import RowArray

Slabs: TypeAlias = Callable[[], Iterable[FloatArray]]
"""What yields the slabs (n, W) of a space, in order; it can be called again, and yields the same again."""

_ROUNDING: Final = 1e-12
"""Deviation of returns that is only rounding (S13), and share of a deviation that is."""


@dataclass(frozen=True)
class Draws:
    """Draws of the stationary bootstrap (Politis and Romano 1994, doi:10.1080/01621459.1994.10476870).

    Draw b is a function of (``periods``, ``mean_block``, ``seed``, b) alone, of no variant and of no other draw.
    """

    count: int
    seed: int
    mean_block: float
    periods: int

    @property
    def restart(self) -> np.uint64:
        """A number of 64 bits up to this begins a new block."""
        return np.uint64(int(2.0**64 / self.mean_block) - 1)

    def weights(self) -> FloatArray:
        """Return (n - 1,) kappa_i, the weights of autocovariances in the variance of a drawn mean."""
        kept = np.multiply.accumulate(np.full(self.periods - 1, 1.0 - 1.0 / self.mean_block))
        near = 1.0 - np.arange(1, self.periods) / self.periods
        return near * kept + (1.0 - near) * kept[::-1]

    def rows(self, draw: int) -> IntArray:
        """Return (n,) which periods a draw consists of."""
        from engine.simulation.kernel.batch.resampled_closes import fill_history  # noqa: PLC0415  (compiles)

        rows = np.empty(self.periods, dtype=np.int64)
        with np.errstate(over="ignore"):  # whole numbers of 64 bits wrap around where nothing is compiled
            fill_history(rows, draw, np.uint64(self.seed), self.restart, self.periods)
        return rows

    def swaps(self) -> Swaps:
        """Return what every draw adds and removes."""
        from engine.simulation.kernel.bootstrap_maxima import count_swaps, fill_swaps  # noqa: PLC0415  (compiles)

        seed = np.uint64(self.seed)
        with np.errstate(over="ignore"):
            by_period, by_edge = count_swaps(self.count, self.periods, seed, self.restart)
            added, removed = np.empty((2, min(by_period, by_edge)), dtype=np.uint32)
            ends, edges = np.empty(self.count, dtype=np.int64), by_edge < by_period
            fill_swaps(added, removed, ends, edges, self.periods, seed, self.restart)
        return Swaps(added, removed, ends, edges)


@dataclass(frozen=True)
class Swaps:
    """Rows ``added`` to and ``removed`` from the sums of variants by draws, which end before ``ends`` (draws,).

    They are periods, or where it takes fewer of them edges of blocks (``by_edge``).
    """

    added: RowArray
    removed: RowArray
    ends: IntArray
    by_edge: bool


@dataclass(frozen=True)
class DifferenceMoments:
    """(S,) each, of the differences of S variants: ``mean``, ``variance`` of a period, ``long_run`` variance omega^2.

    omega^2 = gamma_0 + 2 sum_i kappa_i gamma_i, kappa_i = (n - i)/n (1 - p)^i + i/n (1 - p)^(n - i), p = 1/mean block,
    is n times the variance of the mean of a draw (Hansen 2005, doi:10.1198/073500105000000063).
    """

    mean: FloatArray
    variance: FloatArray
    long_run: FloatArray

    @classmethod
    def join(cls, parts: Sequence[DifferenceMoments]) -> DifferenceMoments:
        """Return the moments of slabs beside each other."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))

    @property
    def usable(self) -> BoolArray:
        """(S,) whether a variant can be studentised: it has figures, and its difference is more than rounding."""
        with np.errstate(invalid="ignore", over="ignore"):
            noise = np.maximum(1.0, np.abs(self.mean)) * _ROUNDING
            result: BoolArray = (self.variance > noise * noise) & (self.long_run > _ROUNDING * self.variance)
            return result

    def studentised(self, periods: int) -> FloatArray:
        """Return (S,) the means in their standard errors, sqrt(n) mean / omega; NaN where there is none."""
        result = np.full(len(self.mean), np.nan)
        root = math.sqrt(periods)
        np.divide(self.mean * root, np.sqrt(np.maximum(self.long_run, 0.0)), out=result, where=self.usable)
        return result

    def recentrings(self, periods: int) -> FloatArray:
        """Return (S, 3) the factor of a sum, and what the lower and the consistent recentring add to its product.

        A mean d is taken from the draws in full by the upper recentring, as max(d, 0) by the lower, and by the
        consistent as d where it is not below -sqrt(omega^2 / n 2 ln ln n), else not at all (Hansen 2005).
        """
        usable = self.usable
        omega = np.sqrt(np.where(usable, self.long_run, 1.0))
        root = math.sqrt(periods)
        t = self.mean * root / omega
        below = t < -math.sqrt(2.0 * math.log(math.log(periods)))
        return np.column_stack((1.0 / (root * omega), np.minimum(t, 0.0), np.where(below, t, 0.0)))


@dataclass(frozen=True)
class Maxima:
    """(draws,) each: the greatest of all variants by recentring, ``plain`` not studentised; -inf where there is none.

    In units of standard errors, ``plain`` in those of sqrt(n) times a difference.
    """

    lower: FloatArray
    consistent: FloatArray
    upper: FloatArray
    plain: FloatArray

    def as_students(self, draws: Draws) -> Maxima:
        """Return maxima as far out as those of statistics whose standard errors are estimated from as few periods.

        All draws of a variant share one standard error; the best of many is one whose own came out too small, and no
        draw knows of that. So quantiles of the normal distribution become those of Student's t (Hesterberg 2015,
        doi:10.1080/00031305.2015.1089789, section 5.3, does so for intervals), by its expansion in 1 / freedom
        (Abramowitz and Stegun 1964, 26.7.5). Of white noise the variance with weights kappa is on average a share
        (n - s) / n of what it estimates, s = 1 + sum kappa_i, and has (n - s)^2 / (n (1 + sum kappa_i^2) - s^2) degrees
        of freedom (Satterthwaite 1946, doi:10.2307/3002019): n - 1 where blocks are single periods. ``plain`` stays.
        """
        weights, n = draws.weights(), draws.periods
        total, squares = 1.0 + float(weights.sum()), 1.0 + float((weights * weights).sum())
        left = max(n - total, _ROUNDING * n)
        freedom = max(left * left / max(n * squares - total * total, _ROUNDING * n), 1.0)
        root = math.sqrt(left / n)
        lower, consistent, upper = (_widen(of, freedom) / root for of in (self.lower, self.consistent, self.upper))
        return Maxima(lower, consistent, upper, self.plain)


def _widen(quantiles: FloatArray, freedom: float) -> FloatArray:
    """Return for (draws,) quantiles of the normal distribution those of Student's t; below 0 they stay."""
    z = np.maximum(quantiles, 0.0)
    square = z * z
    first = z * (square + 1.0) / 4.0
    second = z * ((5.0 * square + 16.0) * square + 3.0) / 96.0
    third = z * (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0
    wide: FloatArray = z + (first + (second + third / freedom) / freedom) / freedom
    return np.where(quantiles > 0.0, wide, quantiles)


class MaximaStream:
    """Raises maxima by slabs, on the threads of a pool.

    A variant's draws depend on no other variant and the greatest is the greatest in any order: the bits depend neither
    on the threads nor on how wide a slab is.
    """

    def __init__(self, draws: Draws, pool: ThreadPoolExecutor, threads: int = 1) -> None:
        """Keep the draws; nothing has been seen."""
        from engine.simulation.kernel.records import LANE_COUNT  # noqa: PLC0415  (a config needs no compiler)

        self.draws = draws
        self._pool, self._threads, self._swaps = pool, threads, draws.swaps()
        self._maxima = np.full((threads, draws.count, 4, LANE_COUNT), -np.inf)

    def moments(self, slab: FloatArray) -> DifferenceMoments:
        """Return the moments of the variants of a slab (n, W)."""
        from engine.simulation.kernel.bootstrap_maxima import fill_moments  # noqa: PLC0415  (a config needs no compiler)

        moments, kept = np.empty((3, slab.shape[1])), 1.0 - 1.0 / self.draws.mean_block
        slab = np.ascontiguousarray(slab, dtype=np.float64)

        def run(columns: IntArray) -> None:
            with np.errstate(all="ignore"):  # a variant without figures
                fill_moments(moments, slab, columns, kept)

        list(self._pool.map(run, np.array_split(np.arange(slab.shape[1]), self._threads)))
        return DifferenceMoments(*moments)

    def add(self, slab: FloatArray, chosen: BoolArray, recentrings: FloatArray) -> None:
        """Raise the maxima by the ``chosen`` (W,) variants of a slab (n, W), whose ``recentrings`` are (W, 3)."""
        from engine.simulation.kernel.bootstrap_maxima import raise_maxima  # noqa: PLC0415  (a config needs no compiler)

        swaps, slab = self._swaps, np.ascontiguousarray(slab, dtype=np.float64)
        lists = swaps.added, swaps.removed, swaps.ends, swaps.by_edge

        def run(maxima: FloatArray, columns: IntArray) -> None:
            raise_maxima(maxima, slab, columns, recentrings, *lists)

        list(self._pool.map(run, self._maxima, np.array_split(np.flatnonzero(chosen), self._threads)))

    @property
    def maxima(self) -> Maxima:
        """Those of all that were added."""
        return Maxima(*np.ascontiguousarray(self._maxima.max(axis=(0, 3)).T))
