"""Marking eight variants to market, session after session, with every statistic in flight.

The state of a group is read into registers, the loop over sessions keeps it there, and it is written back when
something is to be traded. The figures are those of :mod:`engine.analysis.metrics`, summed as
:mod:`engine.analysis.summation` does: highest weights are compared by products, ``m V* > m* V``. A session has one
division, 1 / V: it turns the next session's change into a return and, where V is a high, later falls into drawdowns.
"""

from __future__ import annotations

from typing import Final

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch.records import BatchMarket
from engine.simulation.kernel.batch.simd import Lanes, any_lane, broadcast_load, fabs, load, offset, splat, store, where
from engine.simulation.kernel.jit import njit_inline, njit_private
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE, LIMIT_TOLERANCE

GROWTH, DAY, NEXT_DAY, RISK_FREE, CHECK_BANDS = range(5)
PACKED_EXTRAS: Final = 5
"""What a session's row of ``packed`` has after its n prices: growth of cash into the session after, days since the
epoch, those of the session after (of the last one its own), risk-free return, 1 where bands are checked; where there
are caps, n prices of capped assets follow, 0 for others. A price is one number for all lanes (``width`` 1) or eight,
one for each (``width`` 8)."""


@njit_inline
def row_stride(n: int, caps: bool, width: int) -> int:
    """Return how long a session's row of ``packed`` is."""
    return capped_begin(n, width) + (n * width if caps else 0)


@njit_inline
def capped_begin(n: int, width: int) -> int:
    """Return where the prices of capped assets begin in a row; where prices are registers, on a line of the cache."""
    return n * width + (PACKED_EXTRAS if width == 1 else LANE_COUNT)


@njit_inline
def load_price(packed: FloatArray, at: int, a: int, width: int) -> Lanes:
    """Return the price of the ``a``-th asset of the row or part of a row that begins at ``at``."""
    return broadcast_load(packed, at + a) if width == 1 else load(packed, at + a * LANE_COUNT)


@njit_private
def mark_until_trigger_lanes(  # noqa: C901, PLR0915  (one loop; each statistic is two or three of its lines)
    t: int,
    stop: int,
    n: int,
    state: FloatArray,
    packed: FloatArray,
    width: int,
    caps: bool,
    watched: bool,
    excess: bool,
    bands: bool,
) -> int:
    """Mark rows from ``t`` on to ``stop``, or until a close breaks a rule that is watched; return the row reached.

    ``packed`` is that of ``BatchMarket``, ``state`` that of :mod:`.state_layout`.
    """
    zero, one, over, rounding = splat(0.0), splat(1.0), splat(1.0 + LIMIT_TOLERANCE), splat(-FIGURE_TOLERANCE)
    cash, last, shift = load(state, reg.CASH), load(state, reg.LAST), load(state, reg.SHIFT)
    per_last, per_high = load(state, reg.PER_LAST), load(state, reg.PER_HIGH)
    returns, squares, shortfalls = load(state, reg.RETURNS), load(state, reg.SQUARES), load(state, reg.SHORTFALLS)
    values, high, lowest = load(state, reg.VALUES), load(state, reg.HIGH), load(state, reg.LOWEST)
    falls, since, longest = load(state, reg.SQUARED_FALLS), load(state, reg.HIGH_DAY), load(state, reg.LONGEST)
    top_money, top_value, over_cap = load(state, reg.TOP_MONEY), load(state, reg.TOP_VALUE), load(state, reg.OVER_CAP)
    cap, stride, broken = load(state, reg.CAP), row_stride(n, caps, width), False
    while t < stop:
        at = t * stride
        facts, own = at + n * width, at + capped_begin(n, width)
        units = load(state, offset(reg.UNITS, 0, n))
        V, top = units * load_price(packed, at, 0, width), zero
        if caps:
            top = units * load_price(packed, own, 0, width)
        for a in range(1, n - 1, 2):  # two at a time: the loop itself costs as much as an asset
            units, next_units = load(state, offset(reg.UNITS, a, n)), load(state, offset(reg.UNITS, a + 1, n))
            V = V + units * load_price(packed, at, a, width) + next_units * load_price(packed, at, a + 1, width)
            if caps:
                money = units * load_price(packed, own, a, width)
                top = where(money > top, money, top)
                money = next_units * load_price(packed, own, a + 1, width)
                top = where(money > top, money, top)
        if not n & 1:
            units = load(state, offset(reg.UNITS, n - 1, n))
            V = V + units * load_price(packed, at, n - 1, width)
            if caps:
                money = units * load_price(packed, own, n - 1, width)
                top = where(money > top, money, top)
        V = V + cash
        r = (V - last) * per_last
        last, per_last = V, one / V
        d = r - shift
        returns = returns + d
        squares = squares + d * d
        if excess:
            r = r - broadcast_load(packed, facts + RISK_FREE)
            d = r - load(state, reg.EXCESS_SHIFT)
            store(state, reg.EXCESS, load(state, reg.EXCESS) + d)
            store(state, reg.EXCESS_SQUARES, load(state, reg.EXCESS_SQUARES) + d * d)
        below = where(r < zero, r, zero)
        shortfalls = shortfalls + below * below
        values = values + V
        high = where(high < V, V, high)
        per_high = where(per_last < per_high, per_last, per_high)
        fall = (V - high) * per_high
        under = fall < rounding
        lasts = where(under, broadcast_load(packed, facts + NEXT_DAY), since) - since
        longest = where(lasts > longest, lasts, longest)
        since = where(under, since, broadcast_load(packed, facts + DAY))
        lowest = where(fall < lowest, fall, lowest)
        falls = falls + fall * fall
        if caps:
            above = top > cap * V * over
            over_cap = where(above, over_cap + one, over_cap)
            higher = top * top_value > top_money * V
            top_money = where(higher, top, top_money)
            top_value = where(higher, V, top_value)
            if watched and any_lane(above):
                store(state, reg.BROKE_CAP, where(above, one, zero))
                broken = True
        if bands and packed[facts + CHECK_BANDS] > 0.0 and _check_bands(at, n, state, packed, width, V):
            broken = True
        cash = cash * broadcast_load(packed, facts + GROWTH)
        t += 1
        if broken:
            break
    store(state, reg.CASH, cash)
    store(state, reg.LAST, last)
    store(state, reg.PER_LAST, per_last)
    store(state, reg.PER_HIGH, per_high)
    store(state, reg.RETURNS, returns)
    store(state, reg.SQUARES, squares)
    store(state, reg.SHORTFALLS, shortfalls)
    store(state, reg.VALUES, values)
    store(state, reg.HIGH, high)
    store(state, reg.LOWEST, lowest)
    store(state, reg.SQUARED_FALLS, falls)
    store(state, reg.HIGH_DAY, since)
    store(state, reg.LONGEST, longest)
    store(state, reg.TOP_MONEY, top_money)
    store(state, reg.TOP_VALUE, top_value)
    store(state, reg.OVER_CAP, over_cap)
    return t


@njit_inline
def mark_stretch(t: int, stop: int, state: FloatArray, packed: FloatArray, width: int, market: BatchMarket) -> int:
    """Mark rows as :func:`mark_until_trigger_lanes` does, compiled for what ``market`` watches.

    It is compiled for literals: a loop without bands, excess or caps has no branch for them.
    """
    n, caps = market.fresh.shape[1], market.capped.size > 0
    watched, excess, bands = market.watched, market.excess, market.bands
    if watched or excess or bands:
        t = mark_until_trigger_lanes(t, stop, n, state, packed, width, caps, watched, excess, bands)
    elif caps:
        t = mark_until_trigger_lanes(t, stop, n, state, packed, width, True, False, False, False)
    else:
        t = mark_until_trigger_lanes(t, stop, n, state, packed, width, False, False, False, False)
    return t


@njit_private
def store_first_return(n: int, state: FloatArray, packed: FloatArray, t: int, width: int, caps: bool) -> None:
    """Note the return of session 1, which is row ``t``: from it the others are counted."""
    V, at = splat(0.0), t * row_stride(n, caps, width)
    for a in range(n):
        V = V + load(state, offset(reg.UNITS, a, n)) * load_price(packed, at, a, width)
    r = (V + load(state, reg.CASH) - load(state, reg.LAST)) * load(state, reg.PER_LAST)
    store(state, reg.SHIFT, r)
    store(state, reg.EXCESS_SHIFT, r - broadcast_load(packed, at + n * width + RISK_FREE))


@njit_private
def _check_bands(at: int, n: int, state: FloatArray, packed: FloatArray, width: int, V: Lanes) -> bool:
    """Note which variants have an asset out of its band at a close, and return whether any has."""
    absolute, relative = load(state, reg.ABSOLUTE), load(state, reg.RELATIVE)
    over, broke = splat(1.0 + LIMIT_TOLERANCE), splat(0.0)
    for a in range(n):
        money = load(state, offset(reg.UNITS, a, n)) * load_price(packed, at, a, width)
        reference = load(state, offset(reg.DRIFT_BASE, a, n))
        allowed = relative * reference
        allowed = where(allowed < absolute, allowed, absolute)
        broke = where(fabs(money - reference * V) > allowed * V * over, splat(1.0), broke)
    store(state, reg.BROKE_BAND, broke)
    return bool(any_lane(broke > splat(0.0)))
