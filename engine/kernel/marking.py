"""Marking eight variants to market, session after session, with every statistic in flight.

The state of a group is read into registers, the loop over sessions keeps it there, and it is written back when
something is to be traded. The figures are those of :mod:`engine.metrics`, from the sums of :mod:`engine.sums`:
highest weights are compared by products, ``m V* > m* V``, and drawdowns by the quotient that the Ulcer index needs.
"""

from __future__ import annotations

from typing import Final

from engine.arrays import FloatArray
from engine.kernel.compiling import inlined, jit
from engine.kernel.lane_records import LaneTape
from engine.kernel.lane_trading import Group
from engine.kernel.measures import OVER
from engine.kernel.vectors import WIDTH, every, load, size_of, some, store, where

CASH, LAST, SHIFT, RETURNS, SQUARES, SHORTFALLS, VALUES, HIGH, LOWEST, FALLS, SINCE, LONGEST = range(0, 12 * WIDTH, WIDTH)
TOP_MONEY, TOP_VALUE, OVER_CAP, CAP, BROKE_CAP, BROKE_BAND = range(12 * WIDTH, 18 * WIDTH, WIDTH)
EXCESS_SHIFT, EXCESS, EXCESS_SQUARES, ABSOLUTE, RELATIVE, YEAR, BEST, WORST = range(18 * WIDTH, 26 * WIDTH, WIDTH)
COSTS, ORDERS, TRADED, MOVED, REBALANCES, ODD, DUE = range(26 * WIDTH, 33 * WIDTH, WIDTH)
STATE: Final = 33 * WIDTH
"""Where each register of a group's state begins, and how long all of it is."""


@jit
def mark(t: int, stop: int, group: Group, tape: LaneTape) -> int:
    """Mark sessions from ``t`` on to ``stop``, or until a close breaks a rule that is watched; return the row reached.

    Session 0 has no return; session 1 sets what returns are counted from.
    """
    state, units, prices, n = group.state, group.units, tape.prices, tape.prices.shape[1]
    zero, one, over = every(0.0), every(1.0), every(1.0 + OVER)
    cash, last, shift = load(state, CASH), load(state, LAST), load(state, SHIFT)
    returns, squares, shortfalls = load(state, RETURNS), load(state, SQUARES), load(state, SHORTFALLS)
    values, high, lowest, falls = load(state, VALUES), load(state, HIGH), load(state, LOWEST), load(state, FALLS)
    since, longest = load(state, SINCE), load(state, LONGEST)
    top_money, top_value, over_cap = load(state, TOP_MONEY), load(state, TOP_VALUE), load(state, OVER_CAP)
    cap = load(state, CAP)
    while t < stop:
        V = zero
        for a in range(n):
            V = V + load(units, a * WIDTH) * every(prices[t, a])
        V = V + cash
        r = V / last - one
        last = V
        if t == 1:
            shift = r
        if t > 0:
            d = r - shift
            returns = returns + d
            squares = squares + d * d
            if tape.free.size > 0:
                e = r - every(tape.free[t])
                if t == 1:
                    store(state, EXCESS_SHIFT, e)
                d = e - load(state, EXCESS_SHIFT)
                store(state, EXCESS, load(state, EXCESS) + d)
                store(state, EXCESS_SQUARES, load(state, EXCESS_SQUARES) + d * d)
                r = e
            below = where(r < zero, r, zero)
            shortfalls = shortfalls + below * below
        values = values + V
        day = every(tape.days[t])
        lasts = day - since
        longest = where(lasts > longest, lasts, longest)
        new = V >= high
        since = where(new, day, since)
        high = where(new, V, high)
        share = V / high
        lowest = where(share < lowest, share, lowest)
        fall = share - one
        falls = falls + fall * fall
        broken = False
        if tape.capped.size > 0:
            top = zero
            for k in range(tape.capped.size):
                a = tape.capped[k]
                money = load(units, a * WIDTH) * every(prices[t, a])
                top = where(money > top, money, top)
            above = top > cap * V * over
            over_cap = where(above, over_cap + one, over_cap)
            higher = top * top_value > top_money * V
            top_money = where(higher, top, top_money)
            top_value = where(higher, V, top_value)
            if tape.watched and some(above):
                store(state, BROKE_CAP, where(above, one, zero))
                broken = True
        if tape.look.size > 0 and tape.look[t] and _out_of_band(t, group, tape, V):
            broken = True
        cash = cash * every(tape.growth[t])
        t += 1
        if broken:
            break
    store(state, CASH, cash)
    store(state, LAST, last)
    store(state, SHIFT, shift)
    store(state, RETURNS, returns)
    store(state, SQUARES, squares)
    store(state, SHORTFALLS, shortfalls)
    store(state, VALUES, values)
    store(state, HIGH, high)
    store(state, LOWEST, lowest)
    store(state, FALLS, falls)
    store(state, SINCE, since)
    store(state, LONGEST, longest)
    store(state, TOP_MONEY, top_money)
    store(state, TOP_VALUE, top_value)
    store(state, OVER_CAP, over_cap)
    return t


@inlined
def _out_of_band(t: int, group: Group, tape: LaneTape, V: FloatArray) -> bool:
    """Note which variants have an asset out of its band at a close, and return whether any has."""
    absolute, relative = load(group.state, ABSOLUTE), load(group.state, RELATIVE)
    over, broke = every(1.0 + OVER), every(0.0)
    for a in range(tape.prices.shape[1]):
        money = load(group.units, a * WIDTH) * every(tape.prices[t, a])
        reference = load(group.reference, a * WIDTH)
        width = relative * reference
        width = where(width < absolute, width, absolute)
        broke = where(size_of(money - reference * V) > width * V * over, every(1.0), broke)
    store(group.state, BROKE_BAND, broke)
    return bool(some(broke > every(0.0)))
