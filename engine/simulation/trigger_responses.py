"""Answers to what a close has broken: bands, caps and loss reviews are one mechanism.

``advance`` stops after an alarm that it does not answer itself; what it asks for is written into the agenda and done at
the fill, one session later than a decision when fills are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.policy import Band, Decision, Policy
from engine.simulation import kernel
from engine.simulation.band_rebalance import flow_suffices
from engine.simulation.event_schedule import DriftTrigger, EventSchedule
from engine.simulation.loss_review_state import ReviewRecord
from engine.simulation.portfolio_state import PortfolioState


@dataclass(frozen=True)
class ReviewOutcome:
    """What reviews of one session decided: columns to sell and to top up, with the reason of each."""

    exits: list[int] = field(default_factory=list)
    top_ups: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


def respond(
    book: PortfolioState, agenda: EventSchedule, alarm: int, row: int, band: Band | None, watched: FloatArray
) -> None:
    """Write the answer to an alarm at the close before ``row`` into the agenda."""
    fill = row + book.account.fill_delay
    breaches = book.reviews.take_breaches(book.market.prices[row - 1]) if alarm & kernel.REVIEW_TRIGGER else []
    if fill >= agenda.end:
        return
    if breaches:
        agenda.schedule_review(fill, breaches)
    if not alarm & (kernel.CAP_TRIGGER | kernel.BAND_TRIGGER):
        return
    weights = book.weights_at_close(row - 1)
    if alarm & kernel.CAP_TRIGGER:
        agenda.schedule_trim(fill, np.flatnonzero(weights > watched * (1.0 + kernel.LIMIT_TOLERANCE)))
    if alarm & kernel.BAND_TRIGGER and band is not None:
        flow = agenda.flows.get(fill, 0.0)
        if band.flows_first and flow and _flow_restores_bands(book, band, flow, row - 1):
            agenda.schedule_flow_only(fill)
        else:
            agenda.schedule_drift_rebalance(
                fill, DriftTrigger(book.drift_reason(weights, band.absolute, band.relative), band)
            )


def _flow_restores_bands(book: PortfolioState, band: Band, flow: float, row: int) -> bool:
    money = book.weights_at_close(row) * book.history.value[row]
    return flow_suffices(money, float(book.history.cash[row]), flow, book.drift_base, band)


def judge_reviews(book: PortfolioState, agenda: EventSchedule, policy: Policy, decision: Decision) -> ReviewOutcome:
    """Judge what broke its threshold and is due at the decision's row; what is to be sold is barred."""
    outcome, review = ReviewOutcome(), policy.review
    row, machines, tickers = decision.row, book.reviews, book.market.assets
    if review is None:
        return outcome
    for breach in agenda.reviews.get(row, ()):
        j = breach.asset
        if book.units[j] == 0.0 or not book.market.listed[row, j]:  # sold or paid out meanwhile
            continue
        found = ReviewRecord(row, tickers[j], breach.loss, review.judge(decision, tickers[j]))
        if found.verdict.action != "keep" and not book.fresh(row)[j]:
            machines.ask_again(j)
            continue
        machines.records.append(found)
        if found.verdict.action == "exit":
            machines.bar(j, row)
            outcome.exits.append(j)
        elif found.verdict.action == "top_up":
            outcome.top_ups.append(j)
        outcome.reasons[j] = found.describe
    return outcome
