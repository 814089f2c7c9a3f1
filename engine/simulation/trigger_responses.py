"""Answers to what a close has broken: bands, caps and loss reviews are one mechanism.

``hold`` stops after an alarm that it does not answer itself; what it asks for is written into the agenda and done at
the fill, one session later than a decision when fills are.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.policy import Band, Decision, Policy
from engine.simulation import kernel
from engine.simulation.band_rebalance import flow_suffices
from engine.simulation.event_schedule import Agenda, Drift
from engine.simulation.loss_review_state import Reviewed
from engine.simulation.portfolio_state import Book


@dataclass(frozen=True)
class Outcome:
    """What reviews of one session decided: columns to sell and to top up, with the reason of each."""

    exits: list[int] = field(default_factory=list)
    top_ups: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)


def answer(book: Book, agenda: Agenda, alarm: int, row: int, band: Band | None, watched: FloatArray) -> None:
    """Write the answer to an alarm at the close before ``row`` into the agenda."""
    fill = row + book.account.delay
    breaches = book.machines.breaches(book.market.prices[row - 1]) if alarm & kernel.REVIEW_ALARM else []
    if fill >= agenda.end:
        return
    if breaches:
        agenda.answer_review(fill, breaches)
    if not alarm & (kernel.CAP_ALARM | kernel.BAND_ALARM):
        return
    weights = book.weights_at(row - 1)
    if alarm & kernel.CAP_ALARM:
        agenda.answer_cap(fill, np.flatnonzero(weights > watched * (1.0 + kernel.OVER)))
    if alarm & kernel.BAND_ALARM and band is not None:
        flow = agenda.flows.get(fill, 0.0)
        if band.flows_first and flow and _flow_does(book, band, flow, row - 1):
            agenda.answer_flow(fill)
        else:
            agenda.answer_band(fill, Drift(book.drift_reason(weights, band.absolute, band.relative), band))


def _flow_does(book: Book, band: Band, flow: float, row: int) -> bool:
    money = book.weights_at(row) * book.track.value[row]
    return flow_suffices(money, float(book.track.cash[row]), flow, book.reference, band)


def carry_out(book: Book, agenda: Agenda, policy: Policy, decision: Decision) -> Outcome:
    """Judge what broke its threshold and is due at the decision's row; what is to be sold is barred."""
    outcome, review = Outcome(), policy.review
    row, machines, tickers = decision.row, book.machines, book.market.assets
    if review is None:
        return outcome
    for breach in agenda.reviews.get(row, ()):
        j = breach.asset
        if book.units[j] == 0.0 or not book.market.listed[row, j]:  # sold or paid out meanwhile
            continue
        found = Reviewed(row, tickers[j], breach.loss, review.judge(decision, tickers[j]))
        if found.verdict.action != "keep" and not book.fresh(row)[j]:
            machines.again(j)
            continue
        machines.found.append(found)
        if found.verdict.action == "exit":
            machines.bar(j, row)
            outcome.exits.append(j)
        elif found.verdict.action == "top_up":
            outcome.top_ups.append(j)
        outcome.reasons[j] = found.words
    return outcome
