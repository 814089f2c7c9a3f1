"""Two portfolios over the sessions both have (S1): dates in common, or periods where one has a close for each only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.analysis.bootstrap import PairedReturns
from engine.analysis.performance import Performance
from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, PERIODS_PER_YEAR
from engine.data.portfolio_sessions import PERIODS
from engine.data.sessions import Period, period_numbers

_SAME_CLOSE: Final = np.timedelta64(5, "D")
"""How far apart two dates of one period may be that are both its end: the last session, and the calendar's."""


@dataclass(frozen=True)
class CommonSessions:
    """A portfolio's levels and returns beside another's: ``mine`` and ``theirs`` (K,) are the rows both have, in order.

    ``periods_per_year`` is the smaller A of the two.
    """

    performances: tuple[Performance, Performance]
    mine: IntArray
    theirs: IntArray

    @classmethod
    def of(cls, mine: Performance, theirs: Performance) -> CommonSessions:
        """Return what both have."""
        count = min(len(mine.dates), len(theirs.dates))
        if mine.periods_per_year == theirs.periods_per_year and np.array_equal(
            mine.dates[-count:], theirs.dates[-count:]
        ):
            own, other = (np.arange(len(one.dates) - count, len(one.dates)) for one in (mine, theirs))
            return cls((mine, theirs), own, other)
        lower = min(mine.periods_per_year, theirs.periods_per_year)
        period = next((PERIODS[one] for one, a in PERIODS_PER_YEAR.items() if a == lower and one in PERIODS), None)
        if period is None:
            _, own, other = np.intersect1d(mine.dates, theirs.dates, assume_unique=True, return_indices=True)
            return cls((mine, theirs), own, other)
        (numbers, ends), (their_numbers, their_ends) = (_period_ends(one.dates, period) for one in (mine, theirs))
        _, at, there = np.intersect1d(numbers, their_numbers, assume_unique=True, return_indices=True)
        own, other = ends[at], their_ends[there]
        near = np.abs(mine.dates[own] - theirs.dates[other]) <= _SAME_CLOSE
        return cls((mine, theirs), own[near], other[near])

    @property
    def dates(self) -> DateArray:
        """(K,) the first portfolio's dates of them."""
        return self.performances[0].dates[self.mine]

    @property
    def periods_per_year(self) -> float:
        """By which differences are annualised."""
        return min(one.periods_per_year for one in self.performances)

    @property
    def days(self) -> float:
        """Calendar days from the first to the last."""
        return float((self.dates[-1] - self.dates[0]) / np.timedelta64(1, "D")) if len(self.mine) else 0.0

    @property
    def returns(self) -> PairedReturns:
        """(K - 1,) the returns of both from one to the next."""
        pair = [_returns(one, rows) for one, rows in zip(self.performances, (self.mine, self.theirs), strict=True)]
        return PairedReturns(pair[0], pair[1], self.days / CALENDAR_DAYS_PER_YEAR, self._openings)

    @property
    def _openings(self) -> tuple[float, float]:
        """What the opening made of the capital of both, where the first of them is their opening."""
        first, second = (float(level[1] / level[0]) if self._open_together else 1.0 for level in self.levels)
        return first, second

    @property
    def _open_together(self) -> bool:
        return bool(len(self.mine)) and self.mine[0] == self.theirs[0] == 0

    @property
    def levels(self) -> tuple[FloatArray, FloatArray]:
        """The levels of both, from the capital on where both open at the first of them, else from its close on."""
        opening = self._open_together
        first, second = (
            one.level[np.concatenate([[0], rows + 1]) if opening else rows + 1]
            for one, rows in zip(self.performances, (self.mine, self.theirs), strict=True)
        )
        return first, second


def _period_ends(dates: DateArray, period: Period) -> tuple[IntArray, IntArray]:
    """Return the number and the last row of each period that ``dates`` (T,) have."""
    numbers = period_numbers(dates, period)
    rows: IntArray = np.flatnonzero(np.append(numbers[1:] != numbers[:-1], [True]))
    return numbers[rows], rows


def _returns(one: Performance, rows: IntArray) -> FloatArray:
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:  # nothing is skipped
        return one.returns[rows[0] : rows[-1]]
    level = one.level[rows + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = level[1:] / level[:-1] - 1.0
    return np.where(level[:-1] > 0.0, found, 0.0)  # a level that has reached 0 stays there (S12)
