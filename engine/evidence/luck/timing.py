"""Timing luck: the same plan rebalanced in another month, or on another session of it.

Hoffstein, Sibears and Faber, "Rebalance Timing Luck: The Difference between Hired and Fired", Journal of Index
Investing 10 (2019), doi:10.3905/jii.2019.1.070.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final

import numpy as np
from pydantic import Field

from engine.backtest.manifest import FileRecord
from engine.core.arrays import DateArray, FloatArray
from engine.core.waiting import WAITING
from engine.data.sessions import MONTH_NAMES, period_numbers
from engine.evidence.luck.measured_plan import MeasuredPlan
from engine.evidence.luck.spread import FigureSpread, figure_spreads, metric_column, plan_figures
from engine.portfolio.policy import Policy
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import TradingTerms, Variant, group_policies
from engine.sweep.batch.run_batch import batch_metric_table, reference_metrics

FIRST_SESSIONS: Final = 21
"""How many sessions of each month are tried."""
FEW_SESSIONS: Final = (1, 11, 21)
"""Those that are tried of a plan that decides anew at each rebalance, which takes too long for all."""


class TimingCell(FileRecord):
    """One month and session with its growth a year."""

    month: str
    session: int
    cagr: float


class TimingLuck(FileRecord):
    """The plan rebalanced in each of 12 months on each of some ``sessions`` (from 1).

    ``spreads`` by figure; ``growth``: the CAGRs by month, one a session; ``month_medians`` and ``session_medians``
    their medians; ``best`` and ``worst`` by CAGR, the earliest of equals.
    """

    variants: int
    sessions: tuple[int, ...]
    spreads: dict[str, FigureSpread]
    month_medians: dict[str, float | None]
    session_medians: dict[str, float | None]
    best: TimingCell | None
    worst: TimingCell | None
    growth: dict[str, tuple[float | None, ...]] = Field(default_factory=dict)


def measure_timing(plan: MeasuredPlan, move: Callable[[Policy, str, int], Policy], threads: int = 1) -> TimingLuck:
    """Return what the date of the yearly rebalance was worth.

    ``move`` returns a policy with another month and session, the last where a month has fewer; it raises ScheduleError
    for a plan without such a date.
    """
    sessions = _sessions_tried(plan)
    cells = [(month, session) for month in MONTH_NAMES for session in sessions]
    table = timing_table(plan, [move(plan.policy, *cell) for cell in cells], threads)
    cagr = metric_column(table, "cagr").reshape(len(MONTH_NAMES), len(sessions))
    flat = cagr.ravel()
    known = np.flatnonzero(~np.isnan(flat))
    order = known[np.argsort(-flat[known], kind="stable")]
    best, worst = (int(order[0]), int(order[flat[order] == flat[order[-1]]][0])) if len(order) else (None, None)
    return TimingLuck(
        variants=len(cells),
        sessions=sessions,
        spreads=figure_spreads(plan_figures(plan.performance), table),
        month_medians={month: _median(row) for month, row in zip(MONTH_NAMES, cagr, strict=True)},
        session_medians={str(session): _median(row) for session, row in zip(sessions, cagr.T, strict=True)},
        best=_cell(cells, flat, best),
        worst=_cell(cells, flat, worst),
        growth={
            month: tuple(None if np.isnan(one) else float(one) for one in row)
            for month, row in zip(MONTH_NAMES, cagr, strict=True)
        },
    )


def timing_table(plan: MeasuredPlan, policies: list[Policy], threads: int = 1) -> FloatArray:
    """Return (S, len(SWEEP_METRICS)) the metrics of a plan with each of some policies that differ in their dates."""
    market, variants = plan.sessions.market, plan.variants(policies)
    table = np.full((len(variants), len(SWEEP_METRICS)), np.nan)
    if (columns := _columns(plan, variants)) is not None:
        table = batch_metric_table(planner_for(market), columns, plan.risk_free, threads)
    for number in np.flatnonzero(np.isnan(table[:, 0])).tolist():
        WAITING.tick()
        table[number] = reference_metrics(market, variants[number], plan.risk_free)
    return table


def _columns(plan: MeasuredPlan, variants: list[Variant]) -> VariantColumns | None:
    """Return variants that differ in their schedules only, in columns; None when only ``simulate`` can run them."""
    planner, first, numbers = planner_for(plan.sessions.market), variants[0], np.arange(len(variants))
    if (group := group_policies(planner.market.assets, [plan.policy])) is None:
        return None
    terms, schedules = TradingTerms(plan.account, plan.costs), [variant.policy.schedule for variant in variants]
    if (key := planner.batch_key(group, 0, terms, schedules[0], first.start, first.end)) is None:
        return None
    same = np.zeros_like(numbers)
    return VariantColumns(key, group, [terms], schedules, same, same, numbers)


def _sessions_tried(plan: MeasuredPlan) -> tuple[int, ...]:
    """Return the sessions of a month that are tried, as many as its longest month has."""
    most = min(FIRST_SESSIONS, _longest_month(plan.ledger.dates))
    if plan.policy.fixed_targets() is None and most == FIRST_SESSIONS:
        return FEW_SESSIONS
    return tuple(range(1, most + 1))


def _longest_month(dates: DateArray) -> int:
    """Return the most sessions that a month has."""
    numbers = period_numbers(dates, "month")
    begins = np.flatnonzero(np.concatenate([[True], numbers[1:] != numbers[:-1], [True]])).tolist()
    return max(after - begin for begin, after in pairwise(begins))


def _median(figures: FloatArray) -> float | None:
    known = figures[~np.isnan(figures)]
    return float(np.median(known)) if len(known) else None


def _cell(cells: list[tuple[str, int]], cagr: FloatArray, at: int | None) -> TimingCell | None:
    return None if at is None else TimingCell(month=cells[at][0], session=cells[at][1], cagr=float(cagr[at]))
