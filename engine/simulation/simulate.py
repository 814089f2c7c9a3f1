"""simulate(): the spine. A policy looks at the market up to yesterday; the account trades; the ledger remembers."""

from __future__ import annotations

from math import fsum
from typing import Literal, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import DataError
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Band, Decision, Policy, checked_weights
from engine.simulation import cash_flows as flows
from engine.simulation import kernel
from engine.simulation import partial_trades as orders
from engine.simulation.band_rebalance import part_rebalance
from engine.simulation.event_schedule import Agenda
from engine.simulation.kernel.records import Terms, Watch
from engine.simulation.ledger import Ledger
from engine.simulation.portfolio_state import Book, StandingWeights
from engine.simulation.trade_events import Why, Words
from engine.simulation.trigger_responses import answer, carry_out

Version: TypeAlias = Literal["as_written", "bought_and_held", "caps_at_rebalance"]
"""A policy as it is, its opening portfolio never decided about again, or without watching caps in between."""


def simulate(
    market: Market,
    policy: Policy,
    account: Account,
    costs: CostTable,
    *,
    start: int = 0,
    version: Version = "as_written",
) -> Ledger:
    """Run ``policy`` over ``market`` from the first session at or after row ``start`` that has a price for it.

    Parameters
    ----------
    market : closes up to the end of the run; rows before the opening are history
    policy : which weights, and when
    account : capital, flows, execution
    costs : per asset, (N,) each
    start : first row of the window
    version : ``bought_and_held`` still has flows and delistings

    Raises
    ------
    DataError
        When no asset with a positive target has a price in the window, or an order waits too long for one.
    AccountError
        When a withdrawal exceeds what can be raised.

    """
    opening = market.first_row(policy.opening_tickers(), start)
    if opening is None:
        names = ", ".join(policy.opening_tickers())
        raise DataError(f"{names}: no price from {market.dates[start]} on; move window.start or name other assets")
    caps = np.array([policy.caps().get(ticker, np.inf) for ticker in market.assets])
    decides = version != "bought_and_held"
    calendar = policy.schedule.calendar(market.dates) if decides else {}
    band = policy.schedule.band(market.dates) if decides else None
    review = policy.review if decides else None
    watched = caps if policy.watch_caps and version == "as_written" else np.full(len(caps), np.inf)
    if not (decides and policy.schedule.decides):
        account = account.investing_at_once()
    terms = Terms(costs, caps, whole=account.shares == "whole", spend_rest=True)
    standing = _standing(market, policy, caps)
    book = Book(market, account, terms, standing, review, opening)
    agenda = Agenda.of(market, calendar, account, opening, static=standing.static)
    watch = _watching(agenda, band, watched, standing, market)
    row, sessions = opening, len(market.dates)
    while row < sessions:
        if reason := agenda.rebalance(row):
            _rebalance(book, agenda, policy, row, reason)
        else:
            _partial_trades(book, agenda, policy, row)
        stop = row + 1 if book.waiting else agenda.after(row)
        row, alarm = book.hold(row, stop, watch._replace(reference=book.reference, target=book.target), agenda)
        if alarm != kernel.QUIET:
            answer(book, agenda, alarm, row, band, watched)
    return book.close()


def _decide(book: Book, row: int) -> Decision:
    """Return what may be known for a fill at ``row`` (S2)."""
    market, barred, terms = book.market, book.machines.barred, (book.terms.costs, book.steps)
    if row == book.opening:
        eligible = market.listed[row]
        nothing = np.zeros(len(eligible))
        return Decision(market.until(row), nothing, book.account.capital, row, eligible, barred, *terms)
    seen = max(row - book.account.delay, book.opening + 1)
    value = float(book.track.value[seen - 1])
    return Decision(market.until(seen), book.weights_at(seen - 1), value, row, market.eligible[row], barred, *terms)


def _rebalance(book: Book, agenda: Agenda, policy: Policy, row: int, reason: Words) -> None:
    """Decide anew and trade the whole portfolio, reviews first."""
    book.machines.lift(row)
    decision = _decide(book, row)
    reviewed = carry_out(book, agenda, policy, decision)
    if flow := agenda.flows.get(row):
        flows.settle(book, row, flow)
    book.pay_out(row, agenda.delistings.get(row, ()), policy.haircut)
    target = checked_weights(policy.target_weights(decision), decision, book.terms.caps)
    book.rebalance(row, target, Why(reason, reviewed.reasons, whole=True))
    agenda.settle(row)


def _partial_trades(book: Book, agenda: Agenda, policy: Policy, row: int) -> None:
    """Do what a session without a rebalance asks for, in the order of docs/semantics.md."""
    flow, decision = agenda.flows.get(row, 0.0), _decide(book, row)
    if flow > 0.0:
        book.receive(row, flow)
    if row in agenda.delistings:
        gone = agenda.delistings[row]
        payout = book.pay_out(row, gone, policy.haircut)
        book.reinvest(row, gone, policy.heir_weights(decision), payout)
    if book.waiting:
        book.retry(row)
    if row in agenda.reviews:
        _answer_reviews(book, agenda, policy, decision)
    if drift := agenda.drifts.get(row):
        able = decision.eligible & book.fresh(row)
        if part := part_rebalance(book.weights(row), book.reference, book.terms.caps, drift.band, able):
            orders.part(book, row, part, Why(drift.reason, part=True))
    if row in agenda.trims:
        over, caps = agenda.trims[row], book.terms.caps * (1.0 + kernel.OVER)
        still = over[book.weights(row)[over] > caps[over]] if drift else over
        orders.trim(book, row, still, decision.weights)
    if flow > 0.0:
        flows.contribute(book, row, flow)
    elif flow < 0.0:
        flows.withdraw(book, row, -flow)


def _answer_reviews(book: Book, agenda: Agenda, policy: Policy, decision: Decision) -> None:
    """Sell and top up what loss reviews decided: all exits as one vector, all top-ups as another."""
    outcome, core = carry_out(book, agenda, policy, decision), book.core_shares(decision)
    to_core = policy.review is not None and policy.review.to_core
    orders.sell_out(book, decision.row, outcome.exits, core if to_core else np.zeros_like(core), outcome.reasons)
    orders.top_up(book, decision.row, outcome.top_ups, core, outcome.reasons)


def _standing(market: Market, policy: Policy, caps: FloatArray) -> StandingWeights:
    """Return the policy's core and, if it has them, its fixed targets in the market's order."""
    fixed = policy.fixed_targets()
    core = np.array([policy.core().get(ticker, 0.0) for ticker in market.assets])
    targets = np.array([(fixed or {}).get(ticker, 0.0) for ticker in market.assets])
    total = fsum(targets)
    static = fixed is not None and bool((targets <= caps).all())
    return StandingWeights(core, targets / total if total > 1.0 else targets, static)


def _watching(
    agenda: Agenda, band: Band | None, watched: FloatArray, standing: StandingWeights, market: Market
) -> Watch:
    """Return what is looked at between decisions; where drift begins is filled in before each stretch."""
    sessions = len(market.dates)
    calendar = np.zeros(sessions, dtype=np.bool_)
    if standing.static:
        calendar[list(agenda.rebalances)] = True
    nothing = np.zeros(len(market.assets))
    if band is None:
        blind = np.zeros(sessions, dtype=np.bool_)
        return Watch(nothing, blind, np.inf, np.inf, watched, nothing, False, calendar)  # noqa: FBT003
    return Watch(nothing, band.look, band.absolute, band.relative, watched, nothing, band.whole, calendar)
