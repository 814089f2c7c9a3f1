"""Whether another start would have said the same: a new account in every calendar year, beside its own buy-and-hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.analysis.bootstrap import Evidence, cagr_difference_interval
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.difference_parts import Plan
from engine.analysis.metrics import cagr
from engine.analysis.performance import Performance
from engine.core.arrays import DateArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.core.errors import EngineError
from engine.simulation.ledger import Ledger

LEAST_YEARS: Final = 1.0
"""What a start must have before it."""
_SAME: Final = 1e-12
"""Difference of growth up to which plan and buy-and-hold are equal."""


@dataclass(frozen=True)
class StartYear:
    """A new account opened at the first session of a calendar ``year``, or of the window, and run to the end.

    ``cagr`` and ``held`` [fraction a year] are the growth of the plan and of its own buy-and-hold from there;
    ``interval`` that of their ``difference``, None where there is none.
    """

    year: int
    start: str
    years: float
    cagr: float
    held: float
    difference: float
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class StartYears:
    """Every start that leaves a year: how many are ``ahead`` of their buy-and-hold, and the ``median`` difference.

    ``left_out`` is how many could not be run, opened in no session of their year or lost everything; ``missing`` says
    why there are none.
    """

    starts: tuple[StartYear, ...]
    ahead: int
    median: float | None
    left_out: int
    missing: str = ""


def start_years(
    plan: Plan,
    held: Ledger,
    evidence: Evidence | None,
    *,
    late: bool = True,
    known: tuple[float, float] | None = None,
) -> StartYears:
    """Return what each start came to; the first is the run itself, beside what it ``held``.

    No run is cut: what is bought and held is bought at each start anew. ``late``: whether that buys names that list
    late, once (S18). Without ``evidence`` no intervals are drawn; that of the run itself may be ``known``.
    A plan that a solver decides is not run again: every start would take as long as the run.
    """
    found, left_out = [], 0
    if plan.ledger.steps:
        return StartYears((), 0, None, 0, "an optimised plan is begun anew in each month by engine luck, not by a run")
    for row in year_start_rows(plan.sessions.market.dates, plan.opening):
        own = row == plan.opening
        pair = (plan.ledger, held) if own else _open_at(plan, row, late=late)
        one = None if pair is None else _compare(pair, plan, row, evidence, known if own else None)
        found += [] if one is None else [one]
        left_out += one is None
    differences = [one.difference for one in found]
    return StartYears(
        starts=tuple(found),
        ahead=sum(one > _SAME for one in differences),
        median=float(np.median(differences)) if differences else None,
        left_out=left_out,
    )


def year_start_rows(dates: DateArray, opening: int) -> list[int]:
    """Return the rows of the opening and of the first session of each later year that leaves a year of the market."""
    years = dates[opening:].astype("datetime64[Y]")
    rows = opening + np.concatenate([[0], 1 + np.flatnonzero(years[1:] != years[:-1])])
    left = (dates[-1] - dates[rows]) / np.timedelta64(1, "D") / CALENDAR_DAYS_PER_YEAR
    chosen: list[int] = rows[left >= LEAST_YEARS].tolist()
    return chosen


def _open_at(plan: Plan, row: int, *, late: bool) -> tuple[Ledger, Ledger] | None:
    """Return the runs of a new account at ``row``, the plan's and what it holds, None where one cannot be run."""
    try:
        return plan.opened_at(row, late=late)
    except EngineError:
        return None


def _compare(
    pair: tuple[Ledger, Ledger],
    plan: Plan,
    row: int,
    evidence: Evidence | None,
    known: tuple[float, float] | None,
) -> StartYear | None:
    """Return what the two runs from ``row`` on came to, None where they opened in another year or have no growth."""
    market, first = plan.sessions.market, pair[0].dates[0]
    year = first.astype("datetime64[Y]")
    if first != pair[1].dates[0] or year != market.dates[row].astype("datetime64[Y]"):
        return None
    both = CommonSessions.of(*(Performance.from_ledger(one, 0.0, market.periods_per_year) for one in pair))
    growth, held_growth = (cagr(level, both.days) for level in both.levels)
    if growth is None or held_growth is None:
        return None
    difference, interval = growth - held_growth, known
    if evidence and interval is None:
        interval = cagr_difference_interval(both.returns, difference, evidence).bounds
    years = both.days / CALENDAR_DAYS_PER_YEAR
    return StartYear(int(str(year)), str(first), years, growth, held_growth, difference, interval)
