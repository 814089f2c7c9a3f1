"""``advance``: mark to market until a decision is due or a rule breaks, and trade what needs no decision."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.simulation.kernel import triggers
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.records import NEVER_SOLD, Order, OrderFills, RunContext, Thresholds
from engine.simulation.kernel.tolerances import CASH_TOLERANCE, LIMIT_TOLERANCE
from engine.simulation.kernel.trade import FILLED, trade
from engine.simulation.kernel.triggers import BAND_TRIGGER, CAP_TRIGGER, NO_TRIGGER
from engine.simulation.kernel.valuation import account_value, normalise, portfolio_weights, quotes_at

CALLER_DECIDES: Final = -1
"""What a session is that ``advance`` leaves to its caller."""


@njit_cached
def trim_to_targets(
    row: int,
    over: BoolArray,
    units: FloatArray,
    cash: float,
    target: FloatArray,
    run: RunContext,
    fills: OrderFills,
) -> tuple[int, float]:
    """Sell assets that were ``over`` (N,) their caps down to ``target`` (N,); the core takes what that brings (S6).

    Returns the status of the trade and cash before any rounding; ``fills`` are zero where nothing was left to trim.
    """
    market, orders = run.market, run.orders
    price = market.prices[row]
    value = account_value(units, price, cash)
    active = np.zeros(units.size, dtype=np.bool_)
    able = np.zeros(units.size, dtype=np.bool_)
    found = False
    for a in range(units.size):
        if over[a] and market.fresh[row, a] and units[a] * price[a] > target[a] * value * (1.0 + LIMIT_TOLERANCE):
            active[a] = found = True
        else:
            able[a] = market.fresh[row, a] and market.eligible[row, a] and not orders.barred[a]
    fills.dq[:] = 0.0
    fills.fees[:] = 0.0
    fills.left_out[:] = 0
    if not found:
        return FILLED, cash
    order = Order(target, active, normalise(able, orders.core), 0.0, 0.0, False, 0.0)
    status, _, cash = trade(units, cash, quotes_at(market, row), order, orders.terms, fills)
    return status, cash


@njit_cached
def _can_hold_targets(t: int, units: FloatArray, run: RunContext) -> bool:
    """Return whether all fixed targets can be held at ``t``, all that is traded has a close, and nobody is barred."""
    market, orders = run.market, run.orders
    for a in range(units.size):
        if orders.barred[a]:
            return False
        if orders.fixed_targets[a] > 0.0 and not (market.eligible[t, a] and market.fresh[t, a]):
            return False
        if units[a] != 0.0 and not market.fresh[t, a]:
            return False
    return True


@njit_inline
def _trade_without_decision(
    t: int, kind: int, w: FloatArray, units: FloatArray, cash: float, run: RunContext, thresholds: Thresholds
) -> float:
    """Trim at ``t``, or rebalance to the fixed targets; write it down and return cash.

    ``w`` (N,) are the weights at the close before; a rebalance overwrites the weights in force and where drift begins.
    """
    target, drift_base = thresholds.target, thresholds.drift_base
    orders, reviews, buffer, price = run.orders, run.reviews, run.buffer, run.market.prices[t]
    n, k = units.size, buffer.filled[0]
    buffer.filled[0] = k + 1
    buffer.rows[k] = t
    buffer.kinds[k] = kind
    before = account_value(units, price, cash)
    chosen, fills = np.ones(n, dtype=np.bool_), OrderFills(buffer.dq[k], buffer.fees[k], buffer.left_out[k])
    for a in range(n):
        buffer.weights_before[k, a] = w[a]
        chosen[a] = kind != CAP_TRIGGER or w[a] > thresholds.caps[a] * (1.0 + LIMIT_TOLERANCE)
    if kind == CAP_TRIGGER:
        _, cash = trim_to_targets(t, chosen, units, cash, target, run, fills)
    else:
        order = Order(orders.fixed_targets, chosen, np.zeros(n), 0.0, 0.0, False, 0.0)
        quotes = quotes_at(run.market, t)  # only here: kept alive all through it makes bands half as slow again
        _, _, cash = trade(units, cash, quotes, order, orders.terms, fills)
    if -CASH_TOLERANCE * abs(before) <= cash < 0.0:
        cash = 0.0
    if reviews.enabled:
        triggers.record_purchase(reviews, buffer.dq[k], units, price)
    if kind != CAP_TRIGGER:
        reached = orders.fixed_targets
        if orders.terms.whole_shares or (fills.left_out == NEVER_SOLD).any():
            reached = portfolio_weights(units, price, account_value(units, price, cash))
        for a in range(n):
            target[a] = orders.fixed_targets[a]
            drift_base[a] = reached[a]
        if reviews.enabled:
            triggers.record_rebalance(reviews, units, price)
    for a in range(n):
        buffer.drift_base[k, a] = drift_base[a]
    return cash


@njit_inline
def _automatic_trade(
    t: int, found: int, units: FloatArray, run: RunContext, thresholds: Thresholds, armed: bool, at_once: bool
) -> int:
    """Return what ``advance`` trades at ``t`` on its own (a kind of ``TradeBuffer``), or CALLER_DECIDES.

    A rebalance of the calendar deals with what a cap or band asks for; a review, or a session with other business, is
    never its own.
    """
    if found >= triggers.REVIEW_TRIGGER:
        return CALLER_DECIDES
    if thresholds.calendar[t]:
        return NO_TRIGGER if armed and _can_hold_targets(t, units, run) else CALLER_DECIDES
    if found & BAND_TRIGGER:
        own = at_once and run.orders.static and thresholds.full_rebalance and _can_hold_targets(t, units, run)
        return BAND_TRIGGER if own else CALLER_DECIDES
    return CAP_TRIGGER if at_once else CALLER_DECIDES


@njit_cached
def advance(
    row: int,
    stop: int,
    units: FloatArray,
    cash: float,
    run: RunContext,
    thresholds: Thresholds,
    armed: bool,
    at_once: bool,
) -> tuple[int, float, int]:
    """Mark to market from ``row`` on, to ``stop`` or to the first session whose business is the caller's.

    Writes value, cash and units of every session passed into the history. What needs no decision is traded here and
    written into the buffer: a rebalance of the calendar to the fixed targets and, where triggers are answered
    ``at_once``, one for a band, or a trim. Returns the row reached (not marked yet), cash with interest and dividends
    of that row, and the trigger that stopped it or NO_TRIGGER. Rebalances overwrite ``target`` and ``drift_base`` of
    ``thresholds``.
    """
    t, trigger, history = row, NO_TRIGGER, run.history
    while t < stop:
        t, cash, trigger = triggers.mark_until_trigger(t, stop, units, cash, run, thresholds, armed)
        if t >= stop:
            break
        kind = _automatic_trade(t, trigger, units, run, thresholds, armed, at_once)
        if kind == CALLER_DECIDES or run.buffer.filled[0] >= run.buffer.rows.size:
            break
        w = portfolio_weights(history.units[t - 1], run.market.prices[t - 1], history.value[t - 1])
        cash = _trade_without_decision(t, kind, w, units, cash, run, thresholds)
    return t, cash, trigger
