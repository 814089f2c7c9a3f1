"""``hold``: mark to market until the next decision or the first alarm before it, and trade what needs no decision."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.simulation.kernel.jit import inlined, jit
from engine.simulation.kernel.records import Desk, Guard, Order, Slips, Tape, Track, Watch
from engine.simulation.kernel.trade import DONE, UNAFFORDABLE, trade
from engine.simulation.kernel.triggers import BAND_ALARM, CAP_ALARM, QUIET, REVIEW_ALARM, bought, march, rebalanced
from engine.simulation.kernel.valuation import OVER, SNAP, shares_of, value_of, weights_of

GIVE_BACK: Final = -1
"""What a session is that ``hold`` leaves to its caller."""


@jit
def trim(
    row: int,
    over: BoolArray,
    units: FloatArray,
    cash: float,
    target: FloatArray,
    tape: Tape,
    desk: Desk,
    dq: FloatArray,
    fees: FloatArray,
) -> tuple[int, float]:
    """Sell assets that were ``over`` (N,) their caps down to ``target`` (N,); the core takes what that brings (S6).

    Returns the status of the trade and cash before any snap; ``dq`` is all zero where nothing was left to trim.
    """
    price = tape.prices[row]
    value = value_of(units, price, cash)
    active = np.zeros(units.size, dtype=np.bool_)
    able = np.zeros(units.size, dtype=np.bool_)
    found = False
    for a in range(units.size):
        if over[a] and tape.fresh[row, a] and units[a] * price[a] > target[a] * value * (1.0 + OVER):
            active[a] = found = True
        else:
            able[a] = tape.fresh[row, a] and tape.eligible[row, a] and not desk.barred[a]
    dq[:] = 0.0
    fees[:] = 0.0
    if not found:
        return DONE, cash
    order = Order(target, active, shares_of(able, desk.core), 0.0, 0.0, False)
    status, _, cash = trade(units, cash, price, order, desk.terms, dq, fees)
    return status, cash


@jit
def _can_hold(t: int, units: FloatArray, tape: Tape, desk: Desk) -> bool:
    """Return whether all fixed targets can be held at ``t``, all that is traded has a close, and nobody is barred."""
    for a in range(units.size):
        if desk.barred[a]:
            return False
        if desk.fixed[a] > 0.0 and not (tape.eligible[t, a] and tape.fresh[t, a]):
            return False
        if units[a] != 0.0 and not tape.fresh[t, a]:
            return False
    return True


@inlined
def _on_the_way(
    t: int,
    kind: int,
    w: FloatArray,
    units: FloatArray,
    cash: float,
    tape: Tape,
    watch: Watch,
    guard: Guard,
    desk: Desk,
    slips: Slips,
    force: FloatArray,
    reference: FloatArray,
) -> float:
    """Trim at ``t``, or rebalance to the fixed targets; write it down and return cash.

    ``w`` (N,) are the weights at the close before; ``force`` and ``reference`` (N,), the weights in force and where
    drift begins, are overwritten by a rebalance.
    """
    n, k, price = units.size, slips.made[0], tape.prices[t]
    slips.made[0] = k + 1
    slips.rows[k] = t
    slips.kinds[k] = kind
    before = value_of(units, price, cash)
    chosen = np.ones(n, dtype=np.bool_)
    for a in range(n):
        slips.seen[k, a] = w[a]
        chosen[a] = kind != CAP_ALARM or w[a] > watch.caps[a] * (1.0 + OVER)
    if kind == CAP_ALARM:
        status, cash = trim(t, chosen, units, cash, force, tape, desk, slips.dq[k], slips.fees[k])
    else:
        order = Order(desk.fixed, chosen, np.zeros(n), 0.0, 0.0, False)
        status, _, cash = trade(units, cash, price, order, desk.terms, slips.dq[k], slips.fees[k])
    slips.refused[k] = status == UNAFFORDABLE
    if -SNAP * abs(before) <= cash < 0.0:
        cash = 0.0
    if guard.on:
        bought(guard, slips.dq[k], units, price)
    if kind != CAP_ALARM:
        reached = weights_of(units, price, value_of(units, price, cash)) if desk.terms.whole else desk.fixed
        for a in range(n):
            force[a] = desk.fixed[a]
            reference[a] = reached[a]
        if guard.on:
            rebalanced(guard, units, price)
    for a in range(n):
        slips.reached[k, a] = reference[a]
    return cash


@inlined
def _own_business(
    t: int,
    stop: int,
    alarm: int,
    units: FloatArray,
    tape: Tape,
    watch: Watch,
    desk: Desk,
    armed: bool,
    at_once: bool,
) -> int:
    """Return what ``hold`` trades at ``t`` on its own (a kind of ``Slips``), or GIVE_BACK to who called.

    A rebalance of the calendar deals with what a cap or band asks for; a review, or a session with other business, is
    never its own.
    """
    if t >= stop or alarm >= REVIEW_ALARM:
        return GIVE_BACK
    if watch.calendar[t]:
        return QUIET if armed and _can_hold(t, units, tape, desk) else GIVE_BACK
    if alarm & BAND_ALARM:
        own = at_once and desk.static and watch.whole and _can_hold(t, units, tape, desk)
        return BAND_ALARM if own else GIVE_BACK
    return CAP_ALARM if at_once else GIVE_BACK


@jit
def hold(
    row: int,
    stop: int,
    units: FloatArray,
    cash: float,
    tape: Tape,
    watch: Watch,
    guard: Guard,
    desk: Desk,
    armed: bool,
    track: Track,
    slips: Slips,
    at_once: bool,
) -> tuple[int, float, int]:
    """Mark to market from ``row`` on, to ``stop`` or to the first session whose business is the caller's.

    Writes value, cash and units of every session passed into ``track``. What needs no decision is traded here and
    written into ``slips``: a rebalance of the calendar to the fixed targets and, where alarms are answered ``at_once``,
    one for a band, or a trim. Returns the row reached (not marked yet), cash with interest into that row, and the alarm
    that ended the stretch or QUIET.
    """
    force, reference = watch.target.copy(), watch.reference.copy()
    t, alarm = row, QUIET
    while t < stop:
        t, cash, alarm = march(t, stop, units, cash, tape, watch, reference, guard, armed, track)
        if t >= stop and alarm == QUIET:
            break
        kind = _own_business(t, stop, alarm, units, tape, watch, desk, armed, at_once)
        if kind == GIVE_BACK or slips.made[0] >= slips.rows.size:
            break
        w = weights_of(track.units[t - 1], tape.prices[t - 1], track.value[t - 1])
        cash = _on_the_way(t, kind, w, units, cash, tape, watch, guard, desk, slips, force, reference)
    return t, cash, alarm
