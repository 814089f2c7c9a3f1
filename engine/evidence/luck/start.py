"""Start luck: the same plan begun in each month, beside its own buy-and-hold from there on."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.backtest.manifest import FileRecord
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.core.errors import DataError, EngineError
from engine.core.waiting import WAITING
from engine.data.sessions import is_period_start
from engine.evidence.luck.measured_plan import MeasuredPlan

LEAST_YEARS: Final = 3.0
"""What a start must have before it."""
SAME_GROWTH: Final = 1e-12
"""Difference of growth up to which plan and buy-and-hold are equal."""


class StartDifference(FileRecord):
    """A start with the growth a year of the plan and of its buy-and-hold from there to the end."""

    start: str
    cagr: float
    held: float

    @property
    def difference(self) -> float:
        """Plan less buy-and-hold [fraction a year]."""
        return self.cagr - self.held


class StartLuck(FileRecord):
    """The plan begun in every month that has three years before it; ``ahead`` is how many beat their buy-and-hold.

    ``median`` is that of the differences [fraction a year]; ``left_out`` the starts that could not be run. All starts
    share their last years, so they are far fewer observations than their number: ``independent`` is how many windows of
    three years the sessions have that do not overlap. ``every`` one of them in order.
    """

    starts: int
    ahead: int
    share_ahead: float
    best: StartDifference
    worst: StartDifference
    median: float
    lower_quartile: float
    upper_quartile: float
    left_out: int
    independent: int
    every: tuple[StartDifference, ...] = ()


def measure_starts(plan: MeasuredPlan) -> StartLuck:
    """Return what the month of the opening was worth; raises DataError when no start has three years before it."""
    found, left_out = start_differences(plan)
    if not found:
        first, last = plan.ledger.dates[[0, -1]]
        message = f"{first} to {last} is shorter than the {LEAST_YEARS:.0f} years that a start needs"
        raise DataError(f"{message}; widen the window")
    differences = np.array([one.difference for one in found])
    ahead = int((differences > SAME_GROWTH).sum())
    order = np.argsort(differences, kind="stable")
    last = float((plan.ledger.dates[-1] - plan.ledger.dates[0]) / np.timedelta64(1, "D")) / CALENDAR_DAYS_PER_YEAR
    return StartLuck(
        starts=len(found),
        ahead=ahead,
        share_ahead=ahead / len(found),
        best=found[int(order[-1])],
        worst=found[int(order[0])],
        median=float(np.median(differences)),
        lower_quartile=_quantile(differences[order], 0.25),
        upper_quartile=_quantile(differences[order], 0.75),
        left_out=left_out,
        independent=int(last // LEAST_YEARS),
        every=tuple(found),
    )


def start_differences(plan: MeasuredPlan) -> tuple[list[StartDifference], int]:
    """Return every start with both growths, and how many starts could not be run or lost everything."""
    found, left_out = [], 0
    for row in start_rows(plan.sessions.market.dates, plan.opening):
        WAITING.tick()
        try:
            ledger = plan.ledger if row == plan.opening else plan.simulate(row)
            held = plan.held_from(row, ledger)
        except EngineError:
            left_out += 1
            continue
        mine, other = (plan.performance_of(one).cagr for one in (ledger, held))
        if mine is None or other is None or ledger.dates[0] != held.dates[0]:
            left_out += 1
            continue
        found.append(StartDifference(start=str(ledger.dates[0]), cagr=mine, held=other))
    return found, left_out


def start_rows(dates: DateArray, opening: int) -> list[int]:
    """Return the rows of the opening and of each later month's first session that has three years before it."""
    months = np.flatnonzero(is_period_start(dates, "month"))
    rows = np.concatenate([[opening], months[months > opening]])
    left = (dates[-1] - dates[rows]) / np.timedelta64(1, "D") / CALENDAR_DAYS_PER_YEAR
    chosen: list[int] = rows[left >= LEAST_YEARS].tolist()
    return chosen


def _quantile(ordered: FloatArray, share: float) -> float:
    """Return a quantile of ``ordered`` (S,) figures, between neighbours in proportion."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (at - low) * (ordered[high] - ordered[low]))
