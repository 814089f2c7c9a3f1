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
from engine.portfolio.policy import Band, Decision, Policy, validate_weights
from engine.simulation import cash_flows as flows
from engine.simulation import kernel
from engine.simulation import partial_trades as orders
from engine.simulation.band_rebalance import plan_partial_rebalance
from engine.simulation.event_schedule import EventSchedule
from engine.simulation.kernel.records import ExecutionTerms, Thresholds
from engine.simulation.ledger import Ledger
from engine.simulation.portfolio_state import PortfolioState, StandingWeights
from engine.simulation.trade_events import LazyText, TradeReason
from engine.simulation.trigger_responses import judge_reviews, respond

PolicyVersion: TypeAlias = Literal["as_written", "bought_and_held", "caps_at_rebalance"]
"""A policy as it is, its opening portfolio never decided about again, or without watching caps in between."""


def simulate(
    market: Market,
    policy: Policy,
    account: Account,
    costs: CostTable,
    *,
    start: int = 0,
    version: PolicyVersion = "as_written",
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
    opening = market.first_close_row(policy.opening_tickers(), start)
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
        account = account.without_waiting_contributions()
    terms = ExecutionTerms(costs, caps, whole_shares=account.shares == "whole", spend_remainder=True)
    standing = _standing_weights(market, policy, caps)
    book = PortfolioState(market, account, terms, standing, review, opening)
    agenda = EventSchedule.build(market, calendar, account, opening, static=standing.static)
    watch = _build_thresholds(agenda, band, watched, standing, market)
    row, sessions = opening, len(market.dates)
    while row < sessions:
        if reason := agenda.rebalance_reason(row):
            _rebalance(book, agenda, policy, row, reason)
        else:
            _partial_trades(book, agenda, policy, row)
        stop = row + 1 if book.pending else agenda.next_stop(row)
        row, alarm = book.advance(row, stop, watch._replace(drift_base=book.drift_base, target=book.target), agenda)
        if alarm != kernel.NO_TRIGGER:
            respond(book, agenda, alarm, row, band, watched)
    return book.to_ledger()


def _build_decision(book: PortfolioState, row: int) -> Decision:
    """Return what may be known for a fill at ``row`` (S2)."""
    market, barred, terms = book.market, book.reviews.barred, (book.terms.costs, book.steps)
    if row == book.opening:
        eligible = market.listed[row]
        nothing = np.zeros(len(eligible))
        return Decision(market.history_before(row), nothing, book.account.capital, row, eligible, barred, *terms)
    seen = max(row - book.account.fill_delay, book.opening + 1)
    value = float(book.history.value[seen - 1])
    return Decision(
        market.history_before(seen), book.weights_at_close(seen - 1), value, row, market.eligible[row], barred, *terms
    )


def _rebalance(book: PortfolioState, agenda: EventSchedule, policy: Policy, row: int, reason: LazyText) -> None:
    """Decide anew and trade the whole portfolio, reviews first."""
    book.reviews.readmit(row)
    decision = _build_decision(book, row)
    reviewed = judge_reviews(book, agenda, policy, decision)
    if flow := agenda.flows.get(row):
        flows.apply_flow(book, row, flow)
    book.pay_out_delisted(row, agenda.delistings.get(row, ()), policy.haircut)
    target = validate_weights(policy.target_weights(decision), decision, book.terms.caps)
    book.rebalance(row, target, TradeReason(reason, reviewed.reasons, full_rebalance=True))
    agenda.clear_responses(row)


def _partial_trades(book: PortfolioState, agenda: EventSchedule, policy: Policy, row: int) -> None:
    """Do what a session without a rebalance asks for, in the order of docs/semantics.md."""
    flow, decision = agenda.flows.get(row, 0.0), _build_decision(book, row)
    if flow > 0.0:
        book.add_flow(row, flow)
    if row in agenda.delistings:
        gone = agenda.delistings[row]
        payout = book.pay_out_delisted(row, gone, policy.haircut)
        book.reinvest_payout(row, gone, policy.reallocation_weights(decision), payout)
    if book.pending:
        book.retry_pending(row)
    if row in agenda.reviews:
        _trade_on_reviews(book, agenda, policy, decision)
    if drift := agenda.drifts.get(row):
        able = decision.eligible & book.fresh(row)
        if part := plan_partial_rebalance(book.weights(row), book.drift_base, book.terms.caps, drift.band, able):
            orders.rebalance_partially(book, row, part, TradeReason(drift.reason, partial_rebalance=True))
    if row in agenda.trims:
        over, caps = agenda.trims[row], book.terms.caps * (1.0 + kernel.LIMIT_TOLERANCE)
        still = over[book.weights(row)[over] > caps[over]] if drift else over
        orders.trim_to_targets(book, row, still, decision.weights)
    if flow > 0.0:
        flows.invest_contribution(book, row, flow)
    elif flow < 0.0:
        flows.pay_withdrawal(book, row, -flow)


def _trade_on_reviews(book: PortfolioState, agenda: EventSchedule, policy: Policy, decision: Decision) -> None:
    """Sell and top up what loss reviews decided: all exits as one vector, all top-ups as another."""
    outcome, core = judge_reviews(book, agenda, policy, decision), book.core_recipients(decision)
    to_core = policy.review is not None and policy.review.to_core
    orders.sell_out(book, decision.row, outcome.exits, core if to_core else np.zeros_like(core), outcome.reasons)
    orders.top_up(book, decision.row, outcome.top_ups, core, outcome.reasons)


def _standing_weights(market: Market, policy: Policy, caps: FloatArray) -> StandingWeights:
    """Return the policy's core and, if it has them, its fixed targets in the market's order."""
    fixed = policy.fixed_targets()
    core = np.array([policy.core().get(ticker, 0.0) for ticker in market.assets])
    targets = np.array([(fixed or {}).get(ticker, 0.0) for ticker in market.assets])
    total = fsum(targets)
    static = fixed is not None and bool((targets <= caps).all())
    return StandingWeights(core, targets / total if total > 1.0 else targets, static)


def _build_thresholds(
    agenda: EventSchedule, band: Band | None, watched: FloatArray, standing: StandingWeights, market: Market
) -> Thresholds:
    """Return what is looked at between decisions; where drift begins is filled in before each stretch."""
    sessions = len(market.dates)
    calendar = np.zeros(sessions, dtype=np.bool_)
    if standing.static:
        calendar[list(agenda.rebalances)] = True
    nothing = np.zeros(len(market.assets))
    if band is None:
        blind = np.zeros(sessions, dtype=np.bool_)
        return Thresholds(nothing, blind, np.inf, np.inf, watched, nothing, False, calendar)  # noqa: FBT003
    return Thresholds(
        nothing, band.check_rows, band.absolute, band.relative, watched, nothing, band.is_full_rebalance, calendar
    )
