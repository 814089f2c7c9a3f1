"""``trade`` for eight variants at once: the accounting of :mod:`.trading`, :mod:`.fixpoint` and :mod:`.fees` in lanes.

The same operations in the same order, so that a lane has the bits of the scalar code; what a branch decides there, a
mask decides here. Repeating a step that has converged changes nothing, so lanes wait for each other.
"""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch.simd import Lanes, Mask, every, load, none_of, size_of, some, store, where
from engine.simulation.kernel.batch.state_layout import (
    ACTIVE,
    COSTS,
    FIXED,
    HEIRS,
    HOLDINGS,
    MAXIMUM,
    MAXIMUM_RATE,
    MINIMUM,
    MOVED,
    ORDERS,
    PER_SHARE,
    RATE,
    SPREAD,
    TARGET,
    TRADED,
    TRADES,
    UNITS,
    spot,
)
from engine.simulation.kernel.jit import inner
from engine.simulation.kernel.valuation import NOISE, SNAP


@inner
def lane_cost(x: Lanes, price: Lanes, room: FloatArray, simple: bool) -> Lanes:
    """Return the cost of orders of money ``x`` (either sign) in one asset [currency]; ``simple`` where all is rates."""
    x = size_of(x)
    fee = load(room, RATE) * x
    if not simple:
        zero, share = every(0.0), load(room, PER_SHARE)
        fee = load(room, FIXED) + fee
        fee = where(share > zero, fee + share * (x / price), fee)
        least, most = load(room, MINIMUM), load(room, MAXIMUM)
        fee = where(least > fee, least, fee)
        fee = where(most < fee, most, fee)
        most = load(room, MAXIMUM_RATE) * x
        fee = where(most < fee, most, fee)
        return where(x == zero, zero, fee + load(room, SPREAD) * x)
    return fee + load(room, SPREAD) * x


@inner
def _propose(
    V1: Lanes, V: Lanes, release: Lanes, room: FloatArray, prices: FloatArray, t: int, simple: bool, shared: bool
) -> Lanes:
    """Write down the trades that a value after costs of ``V1`` asks for, and return what they cost."""
    n = prices.shape[1]
    zero, one, noise = every(0.0), every(1.0), every(NOISE) * V
    free, fee = release - (V - V1), zero
    for a in range(n):
        goal = load(room, spot(TARGET, a, n)) * V1
        x = where(zero > goal, zero, goal) - load(room, spot(HOLDINGS, a, n))
        if shared:
            active = load(room, spot(ACTIVE, a, n)) == one
            x = where(active, x, zero)
            free = where(active, free - x, free)
            store(room, spot(TRADES, a, n), x)
        else:
            x = where(size_of(x) <= noise, zero, x)
            store(room, spot(TRADES, a, n), x)
            fee = fee + lane_cost(x, every(prices[t, a]), room, simple)
    if shared:
        for a in range(n):
            heir, least = load(room, spot(HEIRS, a, n)), zero - load(room, spot(HOLDINGS, a, n))
            gain = heir * free
            gain = where(least > gain, least, gain)
            inherits = none_of(load(room, spot(ACTIVE, a, n)) == one) & (heir > zero)
            x = where(inherits, gain, load(room, spot(TRADES, a, n)))
            x = where(size_of(x) <= noise, zero, x)
            store(room, spot(TRADES, a, n), x)
            fee = fee + lane_cost(x, every(prices[t, a]), room, simple)
    return fee


@inner
def _contract(
    V: Lanes, release: Lanes, room: FloatArray, prices: FloatArray, t: int, shared: bool
) -> tuple[Lanes, Lanes]:
    """Return V1 and costs where all costs are small rates: by iteration (S3)."""
    V1, fee = V, _propose(V, V, release, room, prices, t, True, shared)
    for _ in range(100):
        after = V - fee
        if not some(none_of(after == V1)):
            break
        V1 = after
        fee = _propose(V1, V, release, room, prices, t, True, shared)
    return V1, fee


@inner
def _bisect(
    V: Lanes, release: Lanes, room: FloatArray, prices: FloatArray, t: int, shared: bool
) -> tuple[Lanes, Lanes]:
    """Return V1 and costs where fees have a fixed part or bounds: by bisection, or -1 when they exceed the value."""
    zero, half = every(0.0), every(0.5)
    V1, low, high = V, zero, V
    nothing = broke = V < V  # noqa: PLR0124  (in no lane)
    step, last = 0, -1
    while True:
        fee = _propose(V1, V, release, room, prices, t, False, shared)
        if step == last:
            break
        if step == 0:
            nothing, V1 = fee == zero, zero
        else:
            if step == 1:
                broke = fee > V
            else:
                fits = V1 + fee <= V
                wide = none_of((low >= V1) | (high <= V1))
                low, high = where(wide & fits, V1, low), where(wide & none_of(fits), V1, high)
            V1 = half * (low + high)
            if not some(none_of((low >= V1) | (high <= V1))):
                V1, last = where(nothing, V, low), step + 1
        step += 1
    return where(broke & none_of(nothing), every(-1.0), V1), fee


@inner
def _sound(
    V: Lanes, V1: Lanes, fee: Lanes, cash: Lanes, release: Lanes, room: FloatArray, n: int, shared: bool
) -> Mask:
    """Return where trades leave cash at zero or above, and heirs something after the costs of reaching them."""
    zero, one, snap = every(0.0), every(1.0), every(SNAP)
    free, left, heirs = release - (V - V1), cash - fee, zero
    for a in range(n):
        x = load(room, spot(TRADES, a, n))
        left = left - x
        if shared:
            heirs = heirs + load(room, spot(HEIRS, a, n))
            free = where(load(room, spot(ACTIVE, a, n)) == one, free - x, free)
    sound = (left >= where(cash < zero, cash, zero) - snap * size_of(V)) & (zero <= V1)
    return sound & none_of((heirs > zero) & (free <= snap * V)) if shared else sound


@inner
def lane_trade(
    on: Mask, cash: Lanes, release: Lanes, room: FloatArray, prices: FloatArray, t: int, simple: bool, shared: bool
) -> Lanes:
    """Fill the orders of the variants in ``on`` at the prices of row ``t``; return their cash, others stay as they are.

    All assets go to their weights or, where ``shared``, the active ones, and heirs get what they set free and
    ``release`` [currency]. Counts costs, orders and the money traded, and notes who traded anything.
    """
    zero, one, n = every(0.0), every(1.0), prices.shape[1]
    V = zero
    for a in range(n):
        h = load(room, spot(UNITS, a, n)) * every(prices[t, a])
        store(room, spot(HOLDINGS, a, n), h)
        V = V + h
    V = V + cash
    if simple:
        V1, fee = _contract(V, release, room, prices, t, shared)
    else:
        V1, fee = _bisect(V, release, room, prices, t, shared)
    on = on & _sound(V, V1, fee, cash, release, room, n, shared)
    paid, orders, money, any_ = load(room, COSTS), load(room, ORDERS), load(room, TRADED), zero
    for a in range(n):
        price, x = every(prices[t, a]), load(room, spot(TRADES, a, n))
        units, h = load(room, spot(UNITS, a, n)), load(room, spot(HOLDINGS, a, n))
        dq = where(x == zero - h, zero - units, x / price)  # a liquidation leaves no dust
        dq = where(on & none_of(x == zero), dq, zero)
        moved = none_of(dq == zero)
        value = dq * price
        fee = where(moved, lane_cost(value, price, room, simple), zero)
        store(room, spot(UNITS, a, n), units + dq)
        cash = where(moved, cash - (value + fee), cash)
        paid = paid + fee
        orders = where(moved, orders + one, orders)
        money = money + size_of(value)
        any_ = where(moved, one, any_)
    store(room, COSTS, paid)
    store(room, ORDERS, orders)
    store(room, TRADED, money)
    store(room, MOVED, any_)
    return where(on & (cash < zero), zero, cash)
