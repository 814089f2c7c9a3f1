"""Orders that answer what a close has broken: partial rebalances, exits, top-ups, trims."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.band_targets import PartialRebalance
from engine.simulation.kernel.advance import trim_to_targets
from engine.simulation.kernel.order_costs import cause_to_leave_out, order_cost, total_cost
from engine.simulation.kernel.records import NOTHING_TO_SELL, Order, OrderTerms
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE, TRADE_TOLERANCE
from engine.simulation.kernel.trade import FILLED, trade
from engine.simulation.kernel.valuation import account_value, normalise
from engine.simulation.order_execution import clear_cash_rounding, fill_order
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.sleeves_due import SleeveDue
from engine.simulation.tax_fixpoint import fill_after_tax, with_tax
from engine.simulation.trade_events import TradeReason


def rebalance_partially(state: PortfolioState, row: int, part: PartialRebalance, reason: TradeReason) -> None:
    """Bring weights back into their bands; the targets in force stay, and nothing waits."""
    goals = part.goal_weights
    if part.active.all():
        fill_order(state, row, Order(goals, ~state.untradable(row, goals), state.no_recipients), reason)
    elif part.active.any():
        trade_with_funding(state, row, goals, part.active, state.among_tradable(row, part.funding), reason)


def rebalance_sleeve(state: PortfolioState, row: int, sleeve: SleeveDue) -> None:
    """Trade the assets of a sleeve among themselves, as an account of their own without cash, towards their targets.

    Those without a close are left alone; what rounding or orders that are left out leave over is the account's cash.
    """
    able = state.mask(list(sleeve.columns)) & state.fresh(row) & state.market.eligible[row]
    shares, units = normalise(able, state.target), np.where(able, state.units, 0.0)
    before = account_value(units, state.market.prices[row], 0.0)
    if before <= 0.0 or not shares.any():
        return
    order = Order(shares, able, state.no_recipients)
    quotes = state.quotes(row)

    def attempt(kept: float, terms: OrderTerms) -> tuple[int, bool, float]:
        units[:] = np.where(able, state.units, 0.0)
        return trade(units, -kept, quotes, with_tax(order, kept), terms, state.fills)

    if state.tax is None:
        status, _, left = attempt(0.0, state.terms)
    else:
        status, _, left = fill_after_tax(state, row, quotes, state.terms, attempt)
    if status != FILLED:
        state.record_left_out(row)
    state.units[able] = units[able]
    cash = state.cash + clear_cash_rounding(left, before)
    state.record_order(row, cash, TradeReason(sleeve.reason, partial_rebalance=True))


def sell_out(
    state: PortfolioState, row: int, exits: list[int], recipients: FloatArray, reasons: Mapping[int, str]
) -> None:
    """Sell the assets ``exits`` wholly; ``recipients`` (N,) take proceeds and targets, or cash where they are zero.

    One whose sale is left out is kept, and not barred by it.
    """
    if not exits:
        return
    sold, holdings = [], state.holdings(row)
    for j in exits:
        if cause := _cause_to_leave_out(state, row, j, -float(holdings[j])):
            state.reviews.take_back(j, row)
            state.leave_out(row, j, cause)
        else:
            state.reallocate_target(j, recipients)
            state.pending.cancel(j)
            sold.append(j)
    if sold:
        order = Order(state.target, state.mask(sold), state.among_tradable(row, recipients))
        fill_order(state, row, order, TradeReason.for_assets(reasons, sold))


def top_up(state: PortfolioState, row: int, short: list[int], funding: FloatArray, reasons: Mapping[int, str]) -> None:
    """Buy the assets ``short`` up to their targets where they are below; ``funding`` (N,) sell for it pro rata."""
    if not short:
        return
    prices, value = state.market.prices[row], state.value(row)
    shares = state.among_tradable(row, sellable(state, funding))
    below = [j for j in short if state.target[j] * value - state.units[j] * prices[j] > TRADE_TOLERANCE * value]
    if below and not shares.any():
        state.leave_out(row, below, NOTHING_TO_SELL)
    elif below:
        trade_with_funding(state, row, state.target, state.mask(below), shares, TradeReason.for_assets(reasons, below))


def sellable(state: PortfolioState, funding: FloatArray) -> FloatArray:
    """Return ``funding`` (N,) of those that may be sold."""
    return np.where(state.never_sold, 0.0, funding) if state.never_sells else funding


def trim(state: PortfolioState, row: int, over: IntArray, weights: FloatArray) -> None:
    """Sell the assets ``over`` their caps at ``weights`` (N,) down to their targets (S6)."""
    before = state.value(row)
    if state.tax is not None:
        _trim_after_tax(state, row, over, weights)
        return
    status, cash = trim_to_targets(row, state.mask(over), state.units, state.cash, state.target, state.run, state.fills)
    state.record_order(row, clear_cash_rounding(cash, before), TradeReason(state.cap_reason(weights)))
    if status != FILLED:
        state.record_left_out(row)


def _trim_after_tax(state: PortfolioState, row: int, over: IntArray, weights: FloatArray) -> None:
    """Trim as the kernel does, with the tax of what is sold taken from what the core gets."""
    fresh, prices = state.fresh(row), state.market.prices[row]
    most = state.target * state.value(row) * (1.0 + LIMIT_TOLERANCE)
    active = state.mask(over) & fresh & (np.where(state.units == 0.0, 0.0, state.units * prices) > most)
    if active.any():
        able = ~active & fresh & state.market.eligible[row] & ~state.reviews.barred
        order = Order(state.target, active, normalise(able, state.orders.core))
        fill_order(state, row, order, TradeReason(state.cap_reason(weights)))


def trade_with_funding(
    state: PortfolioState, row: int, goals: FloatArray, active: BoolArray, funding: FloatArray, reason: TradeReason
) -> None:
    """Bring ``active`` assets to their ``goals`` (N,); ``funding`` sell what that needs or buy what it frees."""
    placed = len(state.left_out)
    fill_order(state, row, Order(goals, active, funding, recipients_sell=True), reason)
    if np.count_nonzero(state.fills.dq):
        return
    if _sales_fall_short(state, row, goals, active, funding > 0.0):  # sell them whole; cash pays the rest
        del state.left_out[placed:]
        goals, active = np.where(funding > 0.0, 0.0, goals), active | (funding > 0.0)
        fill_order(state, row, Order(goals, active, state.no_recipients), reason)


def _sales_fall_short(state: PortfolioState, row: int, goals: FloatArray, active: BoolArray, sold: BoolArray) -> bool:
    """Return whether what is ``sold`` whole brings less than purchases worth placing need, costs included."""
    holdings, quotes, costs = state.holdings(row), state.quotes(row), state.terms.costs
    gaps = np.where(active, goals * state.value(row) - holdings, 0.0)
    for j in np.flatnonzero(gaps > 0.0):
        if _cause_to_leave_out(state, row, int(j), float(gaps[j])):
            gaps[j] = 0.0
    sales = np.where(sold, holdings, 0.0)
    needed = float(gaps.sum()) + total_cost(gaps, quotes, costs)
    return bool((gaps > 0.0).any()) and needed > float(sales.sum()) - total_cost(sales, quotes, costs)


def _cause_to_leave_out(state: PortfolioState, row: int, j: int, money: float) -> int:
    """Return why an order of ``money``, signed, in asset ``j`` is not placed or not filled, 0 where it is (S3)."""
    quotes, terms = state.quotes(row), state.terms
    fee = order_cost(money, j, quotes, terms.costs)
    return cause_to_leave_out(money, abs(money), fee, int(quotes.unfilled[j]), terms.min_order)
