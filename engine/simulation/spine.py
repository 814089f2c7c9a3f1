"""A run decision by decision: at each session with something due the account trades, and is marked to the next."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.policy import Band, Decision, Policy, validate_weights
from engine.simulation import cash_flows, partial_trades, yearly_fees
from engine.simulation.advance import advance
from engine.simulation.band_targets import plan_partial_rebalance
from engine.simulation.corporate_actions import invest_dividends, pay_split_fractions
from engine.simulation.delisting import move_targets, pay_out_delisted, reinvest_payout
from engine.simulation.event_schedule import EventSchedule
from engine.simulation.kernel.records import StandingOrders, Thresholds
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE
from engine.simulation.kernel.triggers import NO_TRIGGER
from engine.simulation.kernel.valuation import normalise
from engine.simulation.late_purchases import buy_late_names
from engine.simulation.loss_review_state import LossReviewState
from engine.simulation.opening import known_at_opening
from engine.simulation.order_execution import rebalance, retry_pending
from engine.simulation.placement import PLACEMENT
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.run_setup import RunSetup
from engine.simulation.tax_account import TaxAccount
from engine.simulation.tax_events import settle_taxes
from engine.simulation.trade_events import LazyText, TradeReason
from engine.simulation.trigger_responses import judge_reviews, schedule_response
from engine.simulation.year_end_sales import renew_lots


class Spine(NamedTuple):
    """A run that is made decision by decision: what is known before it, where it is, what is due, what is watched."""

    setup: RunSetup
    state: PortfolioState
    schedule: EventSchedule
    thresholds: Thresholds
    band: Band
    watched: FloatArray

    @classmethod
    def open(cls, setup: RunSetup) -> Spine:
        """Return the run of ``setup`` before its opening."""
        row, count = setup.opening, len(setup.market.assets)
        band = setup.band or Band(np.inf, np.inf, np.zeros(len(setup.market.dates), dtype=np.bool_))
        watched = setup.terms.caps if setup.watches_caps else np.full(count, np.inf)
        reviews = LossReviewState.build(setup.review, setup.market)
        orders = _standing_orders(setup, reviews)
        state = PortfolioState(setup.market, setup.arrays, setup.account, row, orders, reviews)
        state.contribution_terms = setup.contribution_terms
        if setup.taxation is not None:
            state.tax = TaxAccount(setup.taxation, setup.market, row)
        schedule = EventSchedule.build(setup)
        thresholds = _build_thresholds(schedule, band, watched, static=orders.static)
        return cls(setup, state, schedule, thresholds, band, watched)

    def trade(self, row: int) -> None:
        """Do all that is due at ``row``, before its close is marked."""
        setup, state, schedule = self.setup, self.state, self.schedule
        if row in setup.taxes.rows:
            settle_taxes(state, setup.taxes, row)
        if row in schedule.splits:
            pay_split_fractions(state, row)
        if reason := schedule.rebalance_reason(row):
            _rebalance(state, schedule, setup.policy, row, reason)
        else:
            _partial_trades(state, schedule, setup.policy, row)
        if row in setup.taxes.ends and state.last_withdrawal is None:
            renew_lots(state, row)

    def advance(self, row: int, until: int) -> int:
        """Mark to market from ``row`` to the next session at which something is due, or ``until``; return it."""
        state, schedule = self.state, self.schedule
        if state.last_withdrawal is not None:
            return advance(state, schedule, self.thresholds, row, row + 1)[0]
        stop = row + 1 if state.pending else schedule.next_stop(row)
        row, trigger = advance(state, schedule, self.thresholds, row, min(stop, until))
        if trigger != NO_TRIGGER:
            schedule_response(state, schedule, trigger, row, self.band, self.watched)
        return row


def _build_decision(state: PortfolioState, row: int) -> Decision:
    """Return what may be known for a fill at ``row`` (S2)."""
    market, account, opens_on = state.market, state.account, None
    if row == state.opening:
        known, opens_on = known_at_opening(market, account.capital, row), market.dates[row]
    else:
        seen = max(row - account.fill_delay, state.opening + 1)
        value, weights = float(state.history.value[seen - 1]), state.weights_at_close(seen - 1)
        known = market.history_before(seen), weights, value, row, market.eligible[row], state.reviews.barred
    written = state.steps, PLACEMENT, state.shortfalls, state.departures, opens_on, state.findings
    return Decision(*known, state.terms.costs, *written)


def _rebalance(state: PortfolioState, schedule: EventSchedule, policy: Policy, row: int, reason: LazyText) -> None:
    """Decide anew and trade the whole portfolio, reviews first."""
    state.reviews.readmit(row)
    decision = _build_decision(state, row)
    reviewed = judge_reviews(state, schedule, policy, decision)
    pay_out_delisted(state, row, schedule.delistings.get(row, ()), policy.haircut)
    flow, share = _flow_due(state, schedule, row), schedule.fees.get(row)
    if share:
        yearly_fees.take_fee(state, row, share * state.value(row))
    if cash_flows.is_last(state, row, flow):
        cash_flows.pay_last_withdrawal(state, row, -flow)
        return
    if flow:
        cash_flows.apply_flow(state, row, flow)
    target = validate_weights(policy.target_weights(decision), decision.buyable, state.terms.caps, row)
    rebalance(state, row, target, TradeReason(reason, reviewed.reasons, full_rebalance=True))
    if state.cash < 0.0:
        yearly_fees.raise_shortfall(state, row)
    schedule.clear_responses(row)


def _partial_trades(state: PortfolioState, schedule: EventSchedule, policy: Policy, row: int) -> None:
    """Do what a session without a rebalance asks for, in the order of docs/semantics.md."""
    flow = _settle_cash(state, schedule, policy, row)
    if state.pending:
        retry_pending(state, row)
    if row in schedule.late_purchases:
        buy_late_names(state, row, schedule.late_purchases[row], policy)
    if row in schedule.reviews:
        _trade_on_reviews(state, schedule, policy, _build_decision(state, row))
    for sleeve in schedule.sleeves.get(row, ()):
        partial_trades.rebalance_sleeve(state, row, sleeve)
    if drift := schedule.drifts.get(row):
        able = state.market.eligible[row] & state.fresh(row)
        if part := plan_partial_rebalance(state.weights(row), state.drift_base, state.terms.caps, drift.band, able):
            partial_trades.rebalance_partially(state, row, part, TradeReason(drift.reason, partial_rebalance=True))
    if row in schedule.trims:
        over, caps = schedule.trims[row], state.terms.caps * (1.0 + LIMIT_TOLERANCE)
        still = over[state.weights(row)[over] > caps[over]] if drift else over
        partial_trades.trim(state, row, still, _build_decision(state, row).weights)
    _trade_on_money(state, schedule, row, flow)


def _settle_cash(state: PortfolioState, schedule: EventSchedule, policy: Policy, row: int) -> float:
    """Pay out what was delisted, take a contribution in, pay the yearly fee, reinvest what is left of the payout.

    Returns the flow of the session [currency].
    """
    gone, share = schedule.delistings.get(row, ()), schedule.fees.get(row, 0.0)
    payout, recipients = pay_out_delisted(state, row, gone, policy.haircut), state.no_recipients
    fee, flow = share * state.value(row) if share else 0.0, _flow_due(state, schedule, row)
    if flow > 0.0:
        state.add_flow(row, flow)
    if gone:
        recipients = policy.reallocation_weights(_build_decision(state, row))
        move_targets(state, gone, recipients)
    if fee > 0.0:
        yearly_fees.pay_fee(state, row, fee)
        payout = min(payout, state.cash)
    if payout > 0.0:
        reinvest_payout(state, row, recipients, payout)
    return flow


def _flow_due(state: PortfolioState, schedule: EventSchedule, row: int) -> float:
    """Return what is paid in or out at ``row``, of the value that is there before [currency]; 0 where nothing is."""
    flow = schedule.flows.get(row)
    if flow is None:
        return 0.0
    value = state.before_flows[row] = state.value(row)
    return flow.money(value)


def _trade_on_money(state: PortfolioState, schedule: EventSchedule, row: int, flow: float) -> None:
    """Invest a contribution, raise and pay a withdrawal, invest dividends."""
    if flow > 0.0:
        cash_flows.invest_contribution(state, row, flow)
    elif cash_flows.is_last(state, row, flow):
        cash_flows.pay_last_withdrawal(state, row, -flow)
        return
    elif flow < 0.0:
        cash_flows.pay_withdrawal(state, row, -flow)
    if row in schedule.dividends:
        invest_dividends(state, row)


def _trade_on_reviews(state: PortfolioState, schedule: EventSchedule, policy: Policy, decision: Decision) -> None:
    """Sell and top up what loss reviews decided: all exits as one vector, all top-ups as another."""
    outcome = judge_reviews(state, schedule, policy, decision)
    core = normalise(decision.buyable, state.orders.core)
    to_core = policy.review is not None and policy.review.to_core
    partial_trades.sell_out(
        state, decision.row, outcome.exits, core if to_core else np.zeros_like(core), outcome.reasons
    )
    partial_trades.top_up(state, decision.row, outcome.top_ups, core, outcome.reasons)


def _standing_orders(setup: RunSetup, reviews: LossReviewState) -> StandingOrders:
    """Return the policy's core and, if it has them, its fixed targets in the market's order."""
    assets, shares, fixed = setup.market.assets, setup.policy.core(), setup.fixed_targets
    core = np.array([shares.get(ticker, 0.0) for ticker in assets])
    targets = np.zeros(len(assets)) if fixed is None else fixed
    static = fixed is not None and setup.taxation is None
    return StandingOrders(setup.terms, core, reviews.barred, targets, static=static)


def _build_thresholds(schedule: EventSchedule, band: Band, watched: FloatArray, *, static: bool) -> Thresholds:
    """Return what is watched between decisions; target and drift base are filled in before each call of ``advance``."""
    calendar, (drift_base, target) = np.zeros(len(band.check_rows), dtype=np.bool_), np.zeros((2, len(watched)))
    if static:
        calendar[list(schedule.rebalances)] = True
    limits = (band.check_rows, band.absolute, band.relative, watched)
    return Thresholds(drift_base, *limits, target, band.is_full_rebalance, calendar)
