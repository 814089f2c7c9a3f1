"""Figures of a series of returns: all that one pass over it gives, and the tail of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np

from engine.analysis.summation import mean_from_sums, variance_from_sums
from engine.core.arrays import FloatArray
from engine.core.conventions import SESSIONS_PER_YEAR
from engine.core.powers import power
from engine.simulation.kernel.records import ReturnSums
from engine.simulation.kernel.series_sums import sum_returns
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE

PeriodRate: TypeAlias = float | FloatArray
"""A rate a period, the same for all or one for each."""

_TAIL_PARTS: Final = 20
"""Value at risk and expected shortfall look at one part in so many of all returns: 5 %."""


def quantile(ordered: FloatArray, share: float) -> float:
    """Return the quantile of ascending values (n,), between the two nearest to it as numpy has it.

    >>> quantile(np.array([1.0, 2.0, 4.0]), 0.75)
    3.0
    """
    place = (len(ordered) - 1) * share
    low, weight = int(place), place - int(place)
    below, above = float(ordered[low]), float(ordered[min(low + 1, len(ordered) - 1)])
    gap = above - below
    return above - gap * (1.0 - weight) if weight >= 0.5 else below + gap * weight


@dataclass(frozen=True)
class ReturnStatistics:
    """Figures of ``returns`` (n,), all of them finite; ``sums`` is what a pass over them gathered.

    One that does not exist is None. ``periods`` is how many returns there are in a year.

    >>> ReturnStatistics.from_series(np.array([1.0, 2.0, 3.0])).variance
    1.0
    """

    returns: FloatArray
    sums: ReturnSums

    @classmethod
    def from_series(cls, returns: FloatArray, risk_free: PeriodRate = 0.0) -> ReturnStatistics:
        """Return the statistics of what ``returns`` are above ``risk_free``; NaN is no return."""
        excess: FloatArray = returns - risk_free
        finite = np.isfinite(excess)
        excess = np.ascontiguousarray(excess if finite.all() else excess[finite])
        return cls(excess, sum_returns(excess))

    @property
    def count(self) -> int:
        """How many returns there are."""
        return self.sums.size

    @property
    def mean(self) -> float:
        """The mean of at least one return."""
        return mean_from_sums(self.count, self.sums.shift, self.sums.total)

    @property
    def variance(self) -> float:
        """The variance, n - 1; for two returns or more."""
        return variance_from_sums(self.count, self.sums.total, self.sums.total_squares)

    @property
    def deviation(self) -> float:
        """The standard deviation, n - 1; 0 of less than two returns."""
        return math.sqrt(self.variance) if self.count > 1 else 0.0

    def volatility(self, periods: float = SESSIONS_PER_YEAR) -> float | None:
        """Return the standard deviation (n - 1) a year."""
        return self.deviation * math.sqrt(periods) if self.count > 1 else None

    def downside_deviation(self, periods: float = SESSIONS_PER_YEAR) -> float | None:
        """Return the root mean square of what is below 0, a year."""
        if not self.count:
            return None
        return math.sqrt(self.sums.shortfalls / self.count) * math.sqrt(periods)

    def sharpe(self, periods: float = SESSIONS_PER_YEAR) -> float | None:
        """Return mean over standard deviation (n - 1)."""
        deviation = self.deviation
        return self.mean / deviation * math.sqrt(periods) if deviation > FIGURE_TOLERANCE else None

    def sortino(self, periods: float = SESSIONS_PER_YEAR) -> float | None:
        """Return mean over downside deviation."""
        below = self.downside_deviation(periods=1.0)
        return self.mean / below * math.sqrt(periods) if below and below > FIGURE_TOLERANCE else None

    @property
    def omega(self) -> float | None:
        """The sum of what is above 0 over the sum of what is below."""
        return self.sums.gains / self.sums.losses if self.sums.losses > FIGURE_TOLERANCE * self.count else None

    def annual_by_count(self, periods: float = SESSIONS_PER_YEAR) -> float | None:
        """Return the growth rate a year by count of returns."""
        return power(self.sums.growth, periods / self.count) - 1.0 if self.count else None

    @property
    def highest(self) -> float | None:
        """The highest return."""
        return self.sums.highest if self.count else None

    @property
    def lowest(self) -> float | None:
        """The lowest return."""
        return self.sums.lowest if self.count else None

    @property
    def skewness(self) -> float | None:
        """The third standardised moment (n)."""
        spread = math.sqrt(self.sums.second)
        return self.sums.third / (self.sums.second * spread) if spread > FIGURE_TOLERANCE else None

    @property
    def kurtosis(self) -> float | None:
        """The fourth standardised moment (n); 3 is normal."""
        spread = math.sqrt(self.sums.second)
        return self.sums.fourth / (self.sums.second * self.sums.second) if spread > FIGURE_TOLERANCE else None

    @cached_property
    def _ordered_tail(self) -> FloatArray:
        """(n,) the returns, in whose order the two that bound the worst 5 % have their places."""
        last = (self.count - 1) // _TAIL_PARTS
        return np.partition(self.returns, (last, min(last + 1, self.count - 1)))

    @cached_property
    def value_at_risk(self) -> float | None:
        """The 5 % quantile, between the two returns nearest to it."""
        if not self.count:
            return None
        return quantile(self._ordered_tail, 1 / _TAIL_PARTS)

    @property
    def expected_shortfall(self) -> float | None:
        """The mean of the worst 5 %: of returns whole, and of the last one that part which makes it just 5 %.

        The minimum over c of c + mean(max(loss - c, 0)) / 5 % (Rockafellar and Uryasev 2002,
        doi:10.1016/S0378-4266(02)00271-6).
        """
        if not self.count:
            return None
        whole, parts = divmod(self.count, _TAIL_PARTS)
        worst, last = self._ordered_tail[:whole], float(self._ordered_tail[whole])
        twenty_times = [*(16.0 * worst).tolist(), *(4.0 * worst).tolist()]  # exact, and a tenth as many to add
        return math.fsum([*twenty_times, *[last] * parts]) / self.count
