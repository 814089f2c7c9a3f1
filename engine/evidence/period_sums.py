"""Sums of returns over periods of 21 sessions for every compared variant, recomputed by the lanes and never stored.

A month or so of returns is long enough for what one day does to the next to be inside a period, and short enough that
twenty years have 240 of them. Sums of simple returns, not growth: the mean of a variant is their mean.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Final, Generic

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.planner import clear_caches
from engine.sweep.computation import PreparedSweep
from engine.sweep.statistics import SweepResults
from engine.sweep.worker import ChunkEvaluator

PERIODS_PER_YEAR: Final = 12.0
"""Of 252 sessions, which makes a period 21 of them; of weekly closes 4, of monthly ones 1."""
SLAB_VARIANTS: Final = 4_096
"""Variants of a slab."""
MAX_SIMULATED: Final = 2_000
"""Variants that are run by ``simulate``, one after another; where there are more, no slab is made."""


class TooManyToSimulateError(Exception):
    """More variants than are run by ``simulate`` once more."""


def period_length(sessions_per_year: float) -> int:
    """Return the sessions of a period.

    >>> period_length(252.0), period_length(52.0), period_length(12.0), period_length(4.0)
    (21, 4, 1, 1)
    """
    return max(1, round(sessions_per_year / PERIODS_PER_YEAR))


def period_ends(count: int, length: int) -> list[int]:
    """Return how many of ``count`` returns there are up to the end of each period of ``length``.

    A last period of half the length or less belongs to the one before.

    >>> period_ends(53, 21), period_ends(52, 21), period_ends(5, 21)
    ([21, 42, 53], [21, 52], [5])
    """
    ends = list(range(length, count + 1, length))
    rest = count - (ends[-1] if ends else 0)
    if not ends or 2 * rest > length:
        return [*ends, count] if rest else ends
    return [*ends[:-1], count]


def sum_periods(returns: FloatArray, ends: list[int]) -> FloatArray:
    """Return (n,) the sums of returns over periods that end after so many of them."""
    return np.array([returns[begin:end].sum() for begin, end in zip([0, *ends], ends, strict=False)])


@dataclass(frozen=True)
class VariantPeriodSums(Generic[PolicyT]):
    """The sums of the variants of ``results``, all of which have ``returns_count`` returns at the same sessions.

    ``length`` sessions make a period; ``threads`` work at a time, and the bits do not depend on it. Variants that only
    ``simulate`` can run are run once and kept.
    """

    sweep: PreparedSweep[PolicyT]
    results: SweepResults
    returns_count: int
    length: int
    threads: int = 1
    slab: int = SLAB_VARIANTS
    _simulated: dict[int, FloatArray] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ends(self) -> list[int]:
        """How many returns there are up to the end of each period."""
        return period_ends(self.returns_count, self.length)

    @cached_property
    def evaluator(self) -> ChunkEvaluator[PolicyT]:
        """What runs the points."""
        return ChunkEvaluator(self.sweep.job)

    def slabs(self) -> Iterator[FloatArray]:
        """Yield (n, W) sums of W variants at a time over n periods, in the order of the table.

        Raises TooManyToSimulateError where lanes cannot run more than 2,000 of the variants.
        """
        numbers = self.results.point_numbers
        begins = iter(range(0, len(numbers), self.slab))
        if self.threads == 1:
            yield from map(self._compute, begins)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                under_way = deque(pool.submit(self._compute, begin) for begin in islice(begins, self.threads + 1))
                try:
                    while under_way:
                        slab = under_way.popleft().result()
                        under_way.extend(pool.submit(self._compute, begin) for begin in islice(begins, 1))
                        yield slab
                finally:
                    for future in under_way:
                        future.cancel()
        clear_caches()

    def _compute(self, begin: int) -> FloatArray:
        """Return the slab of the variants from ``begin`` on."""
        indices = self.results.points.indices(self.results.point_numbers[begin : begin + self.slab])
        result = np.empty((len(self.ends), len(indices)))
        for position in self.evaluator.period_sums(indices, self._ends_of, result).tolist():
            result[:, position] = self._simulate(begin + position, indices[position].tolist())
        return result

    def _ends_of(self, count: int) -> list[int]:
        return period_ends(count, self.length)

    def _simulate(self, row: int, indices: list[int]) -> FloatArray:
        if (known := self._simulated.get(row)) is not None:
            return known
        with self._lock:
            if len(self._simulated) >= MAX_SIMULATED:
                raise TooManyToSimulateError
            found = sum_periods(self.evaluator.performance(indices).returns, self.ends)
            self._simulated[row] = found
        return found
