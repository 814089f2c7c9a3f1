"""Marking eight variants to market, session after session, with every statistic in flight.

The state of a group is read into registers, the loop over sessions keeps it there, and it is written back when
something is to be traded. The figures are those of :mod:`engine.metrics`, from the sums of :mod:`engine.sums`:
highest weights are compared by products, ``m V* > m* V``, and drawdowns by the quotient that the Ulcer index needs.
"""

from __future__ import annotations

from engine.arrays import BoolArray, FloatArray
from engine.kernel.compiling import inner
from engine.kernel.lane_room import (
    ABSOLUTE,
    BROKE_BAND,
    BROKE_CAP,
    CAP,
    CASH,
    EXCESS,
    EXCESS_SHIFT,
    EXCESS_SQUARES,
    FALLS,
    HIGH,
    LAST,
    LONGEST,
    LOWEST,
    OVER_CAP,
    REFERENCE,
    REGISTERS,
    RELATIVE,
    RETURNS,
    SHIFT,
    SHORTFALLS,
    SINCE,
    SQUARES,
    TOP_MONEY,
    TOP_VALUE,
    UNITS,
    VALUES,
    spot,
)
from engine.kernel.measures import OVER
from engine.kernel.vectors import WIDTH, Lanes, every, load, size_of, some, spread, store, where


@inner
def mark(  # noqa: C901, PLR0915  (one loop; each statistic is two or three of its lines)
    t: int,
    stop: int,
    room: FloatArray,
    n: int,
    prices: FloatArray,
    growth: FloatArray,
    days: FloatArray,
    free: FloatArray,
    capped: FloatArray,
    look: BoolArray,
    watched: bool,
) -> int:
    """Mark sessions from ``t`` on to ``stop``, or until a close breaks a rule that is watched; return the row reached.

    Arrays as in ``LaneTape``, ``prices`` of ``n`` assets flat.
    """
    zero, one, over = every(0.0), every(1.0), every(1.0 + OVER)
    cash, last, shift = load(room, CASH), load(room, LAST), load(room, SHIFT)
    returns, squares, shortfalls = load(room, RETURNS), load(room, SQUARES), load(room, SHORTFALLS)
    values, high, lowest, falls = load(room, VALUES), load(room, HIGH), load(room, LOWEST), load(room, FALLS)
    since, longest = load(room, SINCE), load(room, LONGEST)
    top_money, top_value, over_cap = load(room, TOP_MONEY), load(room, TOP_VALUE), load(room, OVER_CAP)
    cap, caps = load(room, CAP), capped.size > 0
    while t < stop:
        V, top, at = zero, zero, t * n
        if caps:
            for a in range(0, n - 1, 2):  # two at a time: the loop itself costs as much as an asset
                units, more = load(room, REGISTERS + a * WIDTH), load(room, REGISTERS + a * WIDTH + WIDTH)
                V = V + units * spread(prices, at + a) + more * spread(prices, at + a + 1)
                money = units * spread(capped, at + a)
                top = where(money > top, money, top)
                money = more * spread(capped, at + a + 1)
                top = where(money > top, money, top)
            if n & 1:
                units = load(room, spot(UNITS, n - 1, n))
                V = V + units * spread(prices, at + n - 1)
                money = units * spread(capped, at + n - 1)
                top = where(money > top, money, top)
        else:
            for a in range(0, n - 1, 2):
                units, more = load(room, REGISTERS + a * WIDTH), load(room, REGISTERS + a * WIDTH + WIDTH)
                V = V + units * spread(prices, at + a) + more * spread(prices, at + a + 1)
            if n & 1:
                V = V + load(room, spot(UNITS, n - 1, n)) * spread(prices, at + n - 1)
        V = V + cash
        r = V / last - one
        last = V
        d = r - shift
        returns = returns + d
        squares = squares + d * d
        if free.size > 0:
            r = r - spread(free, t)
            d = r - load(room, EXCESS_SHIFT)
            store(room, EXCESS, load(room, EXCESS) + d)
            store(room, EXCESS_SQUARES, load(room, EXCESS_SQUARES) + d * d)
        below = where(r < zero, r, zero)
        shortfalls = shortfalls + below * below
        values = values + V
        day = spread(days, t)
        lasts = day - since
        longest = where(lasts > longest, lasts, longest)
        new = high <= V
        since = where(new, day, since)
        high = where(new, V, high)
        share = V / high
        lowest = where(share < lowest, share, lowest)
        fall = share - one
        falls = falls + fall * fall
        broken = False
        if caps:
            above = top > cap * V * over
            over_cap = where(above, over_cap + one, over_cap)
            higher = top * top_value > top_money * V
            top_money = where(higher, top, top_money)
            top_value = where(higher, V, top_value)
            if watched and some(above):
                store(room, BROKE_CAP, where(above, one, zero))
                broken = True
        if look.size > 0 and look[t] and _out_of_band(t, n, room, prices, V):
            broken = True
        cash = cash * spread(growth, t)
        t += 1
        if broken:
            break
    store(room, CASH, cash)
    store(room, LAST, last)
    store(room, RETURNS, returns)
    store(room, SQUARES, squares)
    store(room, SHORTFALLS, shortfalls)
    store(room, VALUES, values)
    store(room, HIGH, high)
    store(room, LOWEST, lowest)
    store(room, FALLS, falls)
    store(room, SINCE, since)
    store(room, LONGEST, longest)
    store(room, TOP_MONEY, top_money)
    store(room, TOP_VALUE, top_value)
    store(room, OVER_CAP, over_cap)
    return t


@inner
def first_return(n: int, room: FloatArray, prices: FloatArray, free: FloatArray) -> None:
    """Note the return of session 1, from which the others are counted."""
    V = every(0.0)
    for a in range(n):
        V = V + load(room, spot(UNITS, a, n)) * spread(prices, n + a)
    r = (V + load(room, CASH)) / load(room, LAST) - every(1.0)
    store(room, SHIFT, r)
    if free.size > 0:
        store(room, EXCESS_SHIFT, r - spread(free, 1))


@inner
def _out_of_band(t: int, n: int, room: FloatArray, prices: FloatArray, V: Lanes) -> bool:
    """Note which variants have an asset out of its band at a close, and return whether any has."""
    absolute, relative = load(room, ABSOLUTE), load(room, RELATIVE)
    over, broke = every(1.0 + OVER), every(0.0)
    for a in range(n):
        money = load(room, spot(UNITS, a, n)) * spread(prices, t * n + a)
        reference = load(room, spot(REFERENCE, a, n))
        width = relative * reference
        width = where(width < absolute, width, absolute)
        broke = where(size_of(money - reference * V) > width * V * over, every(1.0), broke)
    store(room, BROKE_BAND, broke)
    return bool(some(broke > every(0.0)))
