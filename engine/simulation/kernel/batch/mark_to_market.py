"""Marking eight variants to market, session after session, with every statistic in flight.

The state of a group is read into registers, the loop over sessions keeps it there, and it is written back when
something is to be traded. The figures are those of :mod:`engine.metrics`, from the sums of :mod:`engine.sums`:
highest weights are compared by products, ``m V* > m* V``. A session has one division, 1 / V: it turns the next
session's change into a return and, where V is a high, later falls into drawdowns.
"""

from __future__ import annotations

from typing import Final

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch.simd import Lanes, any_lane, broadcast_load, fabs, load, splat, store, where
from engine.simulation.kernel.batch.state_layout import (
    ABSOLUTE,
    BROKE_BAND,
    BROKE_CAP,
    CAP,
    CASH,
    DRIFT_BASE,
    EXCESS,
    EXCESS_SHIFT,
    EXCESS_SQUARES,
    HIGH,
    HIGH_DAY,
    LAST,
    LONGEST,
    LOWEST,
    OVER_CAP,
    PER_HIGH,
    PER_LAST,
    RELATIVE,
    RETURNS,
    SHIFT,
    SHORTFALLS,
    SQUARED_FALLS,
    SQUARES,
    TOP_MONEY,
    TOP_VALUE,
    UNITS,
    VALUES,
    offset,
)
from engine.simulation.kernel.jit import njit_inline, njit_private
from engine.simulation.kernel.valuation import LIMIT_TOLERANCE

GROWTH, DAY, RISK_FREE, CHECK_BANDS = range(4)
PACKED_EXTRAS: Final = 4
"""What a session's row of a strip has after its n prices: growth of cash into the session after, days since the epoch,
risk-free return, 1 where bands are looked at; where there are caps, n prices of capped assets follow, 0 for others."""


@njit_inline
def row_stride(n: int, caps: bool) -> int:
    """Return how long a session's row of a strip is."""
    return n + PACKED_EXTRAS + (n if caps else 0)


@njit_inline
def mark_until_trigger_lanes(  # noqa: C901, PLR0915  (one loop; each statistic is two or three of its lines)
    t: int,
    stop: int,
    n: int,
    room: FloatArray,
    strip: FloatArray,
    caps: bool,
    watched: bool,
    excess: bool,
    bands: bool,
) -> int:
    """Mark sessions from ``t`` on to ``stop``, or until a close breaks a rule that is watched; return the row reached.

    ``strip`` is that of ``BatchMarket``, ``room`` that of :mod:`.lane_room`.
    """
    zero, one, over = splat(0.0), splat(1.0), splat(1.0 + LIMIT_TOLERANCE)
    cash, last, shift = load(room, CASH), load(room, LAST), load(room, SHIFT)
    per_last, per_high = load(room, PER_LAST), load(room, PER_HIGH)
    returns, squares, shortfalls = load(room, RETURNS), load(room, SQUARES), load(room, SHORTFALLS)
    values, high, lowest, falls = load(room, VALUES), load(room, HIGH), load(room, LOWEST), load(room, SQUARED_FALLS)
    since, longest = load(room, HIGH_DAY), load(room, LONGEST)
    top_money, top_value, over_cap = load(room, TOP_MONEY), load(room, TOP_VALUE), load(room, OVER_CAP)
    cap, stride, broken = load(room, CAP), row_stride(n, caps), False
    while t < stop:
        at = t * stride
        own = at + n + PACKED_EXTRAS
        units = load(room, offset(UNITS, 0, n))
        V, top = units * broadcast_load(strip, at), zero
        if caps:
            top = units * broadcast_load(strip, own)
            for a in range(1, n - 1, 2):  # two at a time: the loop itself costs as much as an asset
                units, next_units = load(room, offset(UNITS, a, n)), load(room, offset(UNITS, a + 1, n))
                V = V + units * broadcast_load(strip, at + a) + next_units * broadcast_load(strip, at + a + 1)
                money = units * broadcast_load(strip, own + a)
                top = where(money > top, money, top)
                money = next_units * broadcast_load(strip, own + a + 1)
                top = where(money > top, money, top)
            if not n & 1:
                units = load(room, offset(UNITS, n - 1, n))
                V = V + units * broadcast_load(strip, at + n - 1)
                money = units * broadcast_load(strip, own + n - 1)
                top = where(money > top, money, top)
        else:
            for a in range(1, n - 1, 2):
                units, next_units = load(room, offset(UNITS, a, n)), load(room, offset(UNITS, a + 1, n))
                V = V + units * broadcast_load(strip, at + a) + next_units * broadcast_load(strip, at + a + 1)
            if not n & 1:
                V = V + load(room, offset(UNITS, n - 1, n)) * broadcast_load(strip, at + n - 1)
        V = V + cash
        r = (V - last) * per_last
        last, per_last = V, one / V
        d = r - shift
        returns = returns + d
        squares = squares + d * d
        if excess:
            r = r - broadcast_load(strip, at + n + RISK_FREE)
            d = r - load(room, EXCESS_SHIFT)
            store(room, EXCESS, load(room, EXCESS) + d)
            store(room, EXCESS_SQUARES, load(room, EXCESS_SQUARES) + d * d)
        below = where(r < zero, r, zero)
        shortfalls = shortfalls + below * below
        values = values + V
        high = where(high < V, V, high)
        per_high = where(per_last < per_high, per_last, per_high)
        new = high <= V
        day = broadcast_load(strip, at + n + DAY)
        lasts = day - since
        longest = where(lasts > longest, lasts, longest)
        since = where(new, day, since)
        fall = (V - high) * per_high
        lowest = where(fall < lowest, fall, lowest)
        falls = falls + fall * fall
        if caps:
            above = top > cap * V * over
            over_cap = where(above, over_cap + one, over_cap)
            higher = top * top_value > top_money * V
            top_money = where(higher, top, top_money)
            top_value = where(higher, V, top_value)
            if watched and any_lane(above):
                store(room, BROKE_CAP, where(above, one, zero))
                broken = True
        if bands and strip[at + n + CHECK_BANDS] > 0.0 and _check_bands(at, n, room, strip, V):
            broken = True
        cash = cash * broadcast_load(strip, at + n + GROWTH)
        t += 1
        if broken:
            break
    store(room, CASH, cash)
    store(room, LAST, last)
    store(room, PER_LAST, per_last)
    store(room, PER_HIGH, per_high)
    store(room, RETURNS, returns)
    store(room, SQUARES, squares)
    store(room, SHORTFALLS, shortfalls)
    store(room, VALUES, values)
    store(room, HIGH, high)
    store(room, LOWEST, lowest)
    store(room, SQUARED_FALLS, falls)
    store(room, HIGH_DAY, since)
    store(room, LONGEST, longest)
    store(room, TOP_MONEY, top_money)
    store(room, TOP_VALUE, top_value)
    store(room, OVER_CAP, over_cap)
    return t


@njit_private
def store_first_return(n: int, room: FloatArray, strip: FloatArray, caps: bool) -> None:
    """Note the return of session 1, from which the others are counted."""
    V, at = splat(0.0), row_stride(n, caps)
    for a in range(n):
        V = V + load(room, offset(UNITS, a, n)) * broadcast_load(strip, at + a)
    r = (V + load(room, CASH) - load(room, LAST)) * load(room, PER_LAST)
    store(room, SHIFT, r)
    store(room, EXCESS_SHIFT, r - broadcast_load(strip, at + n + RISK_FREE))


@njit_private
def _check_bands(at: int, n: int, room: FloatArray, strip: FloatArray, V: Lanes) -> bool:
    """Note which variants have an asset out of its band at a close, and return whether any has."""
    absolute, relative = load(room, ABSOLUTE), load(room, RELATIVE)
    over, broke = splat(1.0 + LIMIT_TOLERANCE), splat(0.0)
    for a in range(n):
        money = load(room, offset(UNITS, a, n)) * broadcast_load(strip, at + a)
        reference = load(room, offset(DRIFT_BASE, a, n))
        width = relative * reference
        width = where(width < absolute, width, absolute)
        broke = where(fabs(money - reference * V) > width * V * over, splat(1.0), broke)
    store(room, BROKE_BAND, broke)
    return bool(any_lane(broke > splat(0.0)))
