"""``advance``: mark to market until the next decision or the first alarm before it, and trade what needs no decision."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.records import (
    MarketArrays,
    Order,
    ReviewWatch,
    StandingOrders,
    StateHistory,
    Thresholds,
    TradeBuffer,
)
from engine.simulation.kernel.trade import FILLED, UNAFFORDABLE, trade
from engine.simulation.kernel.triggers import (
    BAND_TRIGGER,
    CAP_TRIGGER,
    NO_TRIGGER,
    REVIEW_TRIGGER,
    mark_until_trigger,
    update_references_on_purchase,
    update_references_on_rebalance,
)
from engine.simulation.kernel.valuation import (
    CASH_TOLERANCE,
    LIMIT_TOLERANCE,
    account_value,
    normalise_among,
    portfolio_weights,
)

CALLER_DECIDES: Final = -1
"""What a session is that ``advance`` leaves to its caller."""


@njit_cached
def trim_to_targets(
    row: int,
    over: BoolArray,
    units: FloatArray,
    cash: float,
    target: FloatArray,
    tape: MarketArrays,
    desk: StandingOrders,
    dq: FloatArray,
    fees: FloatArray,
) -> tuple[int, float]:
    """Sell assets that were ``over`` (N,) their caps down to ``target`` (N,); the core takes what that brings (S6).

    Returns the status of the trade and cash before any snap; ``dq`` is all zero where nothing was left to trim.
    """
    price = tape.prices[row]
    value = account_value(units, price, cash)
    active = np.zeros(units.size, dtype=np.bool_)
    able = np.zeros(units.size, dtype=np.bool_)
    found = False
    for a in range(units.size):
        if over[a] and tape.fresh[row, a] and units[a] * price[a] > target[a] * value * (1.0 + LIMIT_TOLERANCE):
            active[a] = found = True
        else:
            able[a] = tape.fresh[row, a] and tape.eligible[row, a] and not desk.barred[a]
    dq[:] = 0.0
    fees[:] = 0.0
    if not found:
        return FILLED, cash
    order = Order(target, active, normalise_among(able, desk.core), 0.0, 0.0, False)
    status, _, cash = trade(units, cash, price, order, desk.terms, dq, fees)
    return status, cash


@njit_cached
def _can_hold_targets(t: int, units: FloatArray, tape: MarketArrays, desk: StandingOrders) -> bool:
    """Return whether all fixed targets can be held at ``t``, all that is traded has a close, and nobody is barred."""
    for a in range(units.size):
        if desk.barred[a]:
            return False
        if desk.fixed_targets[a] > 0.0 and not (tape.eligible[t, a] and tape.fresh[t, a]):
            return False
        if units[a] != 0.0 and not tape.fresh[t, a]:
            return False
    return True


@njit_inline
def _trade_without_decision(
    t: int,
    kind: int,
    w: FloatArray,
    units: FloatArray,
    cash: float,
    tape: MarketArrays,
    watch: Thresholds,
    guard: ReviewWatch,
    desk: StandingOrders,
    slips: TradeBuffer,
    force: FloatArray,
    reference: FloatArray,
) -> float:
    """Trim at ``t``, or rebalance to the fixed targets; write it down and return cash.

    ``w`` (N,) are the weights at the close before; ``force`` and ``reference`` (N,), the weights in force and where
    drift begins, are overwritten by a rebalance.
    """
    n, k, price = units.size, slips.filled[0], tape.prices[t]
    slips.filled[0] = k + 1
    slips.rows[k] = t
    slips.kinds[k] = kind
    before = account_value(units, price, cash)
    chosen = np.ones(n, dtype=np.bool_)
    for a in range(n):
        slips.weights_before[k, a] = w[a]
        chosen[a] = kind != CAP_TRIGGER or w[a] > watch.caps[a] * (1.0 + LIMIT_TOLERANCE)
    if kind == CAP_TRIGGER:
        status, cash = trim_to_targets(t, chosen, units, cash, force, tape, desk, slips.dq[k], slips.fees[k])
    else:
        order = Order(desk.fixed_targets, chosen, np.zeros(n), 0.0, 0.0, False)
        status, _, cash = trade(units, cash, price, order, desk.terms, slips.dq[k], slips.fees[k])
    slips.unaffordable[k] = status == UNAFFORDABLE
    if -CASH_TOLERANCE * abs(before) <= cash < 0.0:
        cash = 0.0
    if guard.enabled:
        update_references_on_purchase(guard, slips.dq[k], units, price)
    if kind != CAP_TRIGGER:
        reached = (
            portfolio_weights(units, price, account_value(units, price, cash))
            if desk.terms.whole_shares
            else desk.fixed_targets
        )
        for a in range(n):
            force[a] = desk.fixed_targets[a]
            reference[a] = reached[a]
        if guard.enabled:
            update_references_on_rebalance(guard, units, price)
    for a in range(n):
        slips.drift_base[k, a] = reference[a]
    return cash


@njit_inline
def _automatic_trade(
    t: int,
    stop: int,
    alarm: int,
    units: FloatArray,
    tape: MarketArrays,
    watch: Thresholds,
    desk: StandingOrders,
    armed: bool,
    at_once: bool,
) -> int:
    """Return what ``advance`` trades at ``t`` on its own (a kind of ``TradeBuffer``), or GIVE_BACK to who called.

    A rebalance of the calendar deals with what a cap or band asks for; a review, or a session with other business, is
    never its own.
    """
    if t >= stop or alarm >= REVIEW_TRIGGER:
        return CALLER_DECIDES
    if watch.calendar[t]:
        return NO_TRIGGER if armed and _can_hold_targets(t, units, tape, desk) else CALLER_DECIDES
    if alarm & BAND_TRIGGER:
        own = at_once and desk.static and watch.full_rebalance and _can_hold_targets(t, units, tape, desk)
        return BAND_TRIGGER if own else CALLER_DECIDES
    return CAP_TRIGGER if at_once else CALLER_DECIDES


@njit_cached
def advance(
    row: int,
    stop: int,
    units: FloatArray,
    cash: float,
    tape: MarketArrays,
    watch: Thresholds,
    guard: ReviewWatch,
    desk: StandingOrders,
    armed: bool,
    track: StateHistory,
    slips: TradeBuffer,
    at_once: bool,
) -> tuple[int, float, int]:
    """Mark to market from ``row`` on, to ``stop`` or to the first session whose business is the caller's.

    Writes value, cash and units of every session passed into ``track``. What needs no decision is traded here and
    written into ``slips``: a rebalance of the calendar to the fixed targets and, where alarms are answered ``at_once``,
    one for a band, or a trim. Returns the row reached (not marked yet), cash with interest into that row, and the alarm
    that ended the stretch or QUIET.
    """
    force, reference = watch.target.copy(), watch.drift_base.copy()
    t, alarm = row, NO_TRIGGER
    while t < stop:
        t, cash, alarm = mark_until_trigger(t, stop, units, cash, tape, watch, reference, guard, armed, track)
        if t >= stop and alarm == NO_TRIGGER:
            break
        kind = _automatic_trade(t, stop, alarm, units, tape, watch, desk, armed, at_once)
        if kind == CALLER_DECIDES or slips.filled[0] >= slips.rows.size:
            break
        w = portfolio_weights(track.units[t - 1], tape.prices[t - 1], track.value[t - 1])
        cash = _trade_without_decision(t, kind, w, units, cash, tape, watch, guard, desk, slips, force, reference)
    return t, cash, alarm
