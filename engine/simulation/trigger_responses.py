"""Responses to what a close has broken: bands, caps and loss reviews are one mechanism.

``advance`` stops after a trigger that it does not respond to itself; what that asks for is scheduled and done at the
fill, one session later than a decision when fills are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.policy import Band, Decision, Policy
from engine.simulation.band_targets import flow_suffices
from engine.simulation.event_schedule import DriftTrigger, EventSchedule
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE
from engine.simulation.kernel.triggers import BAND_TRIGGER, CAP_TRIGGER, REVIEW_TRIGGER
from engine.simulation.loss_review_state import ReviewRecord
from engine.simulation.portfolio_state import PortfolioState


@dataclass(frozen=True)
class ReviewOutcome:
    """What reviews of one session decided: columns to sell and to top up, with the reason of each."""

    exits: list[int] = field(default_factory=list)
    top_ups: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


def schedule_response(
    state: PortfolioState, schedule: EventSchedule, trigger: int, row: int, band: Band, watched: FloatArray
) -> None:
    """Schedule the response to a ``trigger`` at the close before ``row``; ``watched`` (N,) are the caps that bind."""
    fill, history = row + state.account.fill_delay, state.history
    breaches = state.reviews.take_breaches(state.market.prices[row - 1]) if trigger & REVIEW_TRIGGER else []
    if fill >= schedule.end:
        return
    if breaches:
        schedule.reviews[fill] = breaches
        schedule.respond_at(fill)
    if not trigger & (CAP_TRIGGER | BAND_TRIGGER):
        return
    schedule.respond_at(fill)
    weights = state.weights_at_close(row - 1)
    if trigger & CAP_TRIGGER:
        schedule.trims[fill] = np.flatnonzero(weights > watched * (1.0 + LIMIT_TOLERANCE))
    if trigger & BAND_TRIGGER:
        value, cash, due = float(history.value[row - 1]), float(history.cash[row - 1]), schedule.flows.get(fill)
        flow = due.money(value) if due and band.flows_first else 0.0  # a share of this value: the next is not known
        if not (flow and flow_suffices(weights * value, cash, flow, state.drift_base, band, state.never_sold)):
            schedule.drifts[fill] = DriftTrigger(state.drift_reason(weights, band.absolute, band.relative), band)


def judge_reviews(state: PortfolioState, schedule: EventSchedule, policy: Policy, decision: Decision) -> ReviewOutcome:
    """Judge what broke its threshold and is due at the decision's row; what is to be sold is barred."""
    outcome, review, row = ReviewOutcome(), policy.review, decision.row
    if review is None:
        return outcome
    for breach in schedule.reviews.get(row, ()):
        j, ticker = breach.asset, state.market.assets[breach.asset]
        if state.units[j] == 0.0 or not state.market.listed[row, j]:  # sold or paid out meanwhile
            continue
        record = ReviewRecord(row, ticker, breach.loss, review.judge(decision, ticker))
        if record.verdict.action != "keep" and not state.fresh(row)[j]:
            state.reviews.watch.watching[j] = True  # it is asked about again at the next close
            continue
        state.reviews.records.append(record)
        if record.verdict.action == "exit":
            state.reviews.bar(j, row)
            outcome.exits.append(j)
        elif record.verdict.action == "top_up":
            outcome.top_ups.append(j)
        outcome.reasons[j] = record.describe()
    return outcome
