"""``trade`` for eight variants at once: the accounting of :mod:`.trading`, :mod:`.fixpoint` and :mod:`.fees` in lanes.

The same operations in the same order, so that a lane has the bits of the scalar code; what a branch decides there, a
mask decides here. Repeating a step that has converged changes nothing, so lanes wait for each other. Small arrays of a
group are flat, eight lanes an asset.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.arrays import FloatArray
from engine.kernel.compiling import inlined, jit
from engine.kernel.lane_records import LaneTerms
from engine.kernel.measures import NOISE, SNAP
from engine.kernel.vectors import WIDTH, Lanes, Mask, every, load, none_of, size_of, some, store, where


class Fees(NamedTuple):
    """What one order costs each of eight variants, as in ``CostTable``."""

    rate: Lanes
    fixed: Lanes
    per_share: Lanes
    minimum: Lanes
    maximum: Lanes
    maximum_rate: Lanes
    spread: Lanes


class Group(NamedTuple):
    """The account of eight variants and room to trade in; every field is flat.

    ``units``, ``target``, ``reference``, ``h``, ``x``, ``heirs`` (n * 8,), ``active`` (n * 8,) 1 where an order goes to
    its weight, ``state`` one register a row, named in :mod:`.marking`.
    """

    units: FloatArray
    target: FloatArray
    reference: FloatArray
    h: FloatArray
    x: FloatArray
    heirs: FloatArray
    active: FloatArray
    state: FloatArray


@inlined
def fees_of(terms: LaneTerms, at: int) -> Fees:
    """Return what orders cost the variants from ``at`` on."""
    return Fees(
        load(terms.rate, at),
        load(terms.fixed, at),
        load(terms.per_share, at),
        load(terms.minimum, at),
        load(terms.maximum, at),
        load(terms.maximum_rate, at),
        load(terms.spread, at),
    )


@jit
def lane_cost(x: Lanes, price: Lanes, fees: Fees) -> Lanes:
    """Return the cost of orders of money ``x`` (either sign) in one asset [currency]."""
    zero = every(0.0)
    x = size_of(x)
    fee = fees.fixed + fees.rate * x
    fee = where(fees.per_share > zero, fee + fees.per_share * (x / price), fee)
    fee = where(fees.minimum > fee, fees.minimum, fee)
    fee = where(fees.maximum < fee, fees.maximum, fee)
    most = fees.maximum_rate * x
    fee = where(most < fee, most, fee)
    fee = fee + fees.spread * x
    return where(x == zero, zero, fee)


@inlined
def _orders_at(V1: Lanes, V: Lanes, group: Group, release: Lanes, n: int, shared: bool) -> None:
    """Overwrite ``x`` with the trades that a value after costs of ``V1`` asks for."""
    zero, one, noise = every(0.0), every(1.0), every(NOISE) * V
    free = release - (V - V1)
    for a in range(n):
        at = a * WIDTH
        active = load(group.active, at) == one
        goal = load(group.target, at) * V1
        x = where(active, where(zero > goal, zero, goal) - load(group.h, at), zero)
        free = where(active, free - x, free)
        store(group.x, at, x)
    for a in range(n):
        at = a * WIDTH
        x = load(group.x, at)
        if shared:
            heir = load(group.heirs, at)
            least = zero - load(group.h, at)
            gain = heir * free
            gets = where(least > gain, least, gain)
            x = where(load(group.active, at) == one, x, where(heir > zero, gets, x))
        store(group.x, at, where(size_of(x) <= noise, zero, x))


@inlined
def _cost_of(group: Group, prices: FloatArray, fees: Fees) -> Lanes:
    """Return what the trades in ``x`` cost at ``prices`` (n,)."""
    total = every(0.0)
    for a in range(prices.size):
        total = total + lane_cost(load(group.x, a * WIDTH), every(prices[a]), fees)
    return total


@inlined
def _solve(
    V: Lanes, group: Group, prices: FloatArray, fees: Fees, release: Lanes, proportional: bool, shared: bool
) -> Lanes:
    """Return V1 of ``V1 + C(V1) = V`` with its trades in ``x`` (S3), or -1 where costs exceed the value.

    Where all costs are small rates by iteration, else by bisection after a look at both ends.
    """
    zero, half = every(0.0), every(0.5)
    V1, low, high = V, zero, V
    nothing = broke = V < V
    step, last = 0, 100
    while True:
        _orders_at(V1, V, group, release, prices.size, shared)
        fee = _cost_of(group, prices, fees)
        if step == last:
            break
        if proportional:
            after = V - fee
            if not some(none_of(after == V1)):
                break
            V1 = after
        elif step == 0:
            nothing = fee == zero
            V1, last = zero, -1
        else:
            if step == 1:
                broke = fee > V
            else:
                open_ = none_of((low >= V1) | (high <= V1))
                fits = V1 + fee <= V
                low = where(open_ & fits, V1, low)
                high = where(open_ & none_of(fits), V1, high)
            V1 = half * (low + high)
            if not some(none_of((low >= V1) | (high <= V1))):
                V1, last = where(nothing, V, low), step + 1
        step += 1
    return where(broke & none_of(nothing), every(-1.0), V1)


@inlined
def _sound(V: Lanes, V1: Lanes, cash: Lanes, group: Group, fee: Lanes, release: Lanes, n: int, shared: bool) -> Mask:
    """Return where trades leave cash at zero or above, and heirs something after the costs of reaching them."""
    zero, one, snap = every(0.0), every(1.0), every(SNAP)
    free, left, heirs = release - (V - V1), cash - fee, zero
    for a in range(n):
        at = a * WIDTH
        x = load(group.x, at)
        left = left - x
        heirs = heirs + load(group.heirs, at) if shared else heirs
        free = where(load(group.active, at) == one, free - x, free)
    starved = (heirs > zero) & (free <= snap * V)
    least = where(cash < zero, cash, zero) - snap * size_of(V)
    return none_of(starved) & (left >= least) & (V1 >= zero)


@jit
def lane_trade(
    on: Mask, cash: Lanes, release: Lanes, group: Group, prices: FloatArray, fees: Fees, tally: FloatArray,
    proportional: bool, shared: bool,
) -> Lanes:
    """Fill the orders of the variants in ``on`` at ``prices`` (n,), and return their cash; others stay as they are.

    ``target`` are weights of the ``active``, ``heirs`` share what is set free and ``release`` [currency] when
    ``shared``. ``tally`` counts: costs, orders, money traded, and 1 where anything was.
    """
    zero, one, n = every(0.0), every(1.0), prices.size
    V = zero
    for a in range(n):
        h = load(group.units, a * WIDTH) * every(prices[a])
        store(group.h, a * WIDTH, h)
        V = V + h
    V = V + cash
    V1 = _solve(V, group, prices, fees, release, proportional, shared)
    on = on & _sound(V, V1, cash, group, _cost_of(group, prices, fees), release, n, shared)
    paid, orders, money, any_ = load(tally, 0), load(tally, WIDTH), load(tally, 2 * WIDTH), zero
    for a in range(n):
        at, price = a * WIDTH, every(prices[a])
        x, units, h = load(group.x, at), load(group.units, at), load(group.h, at)
        moved = on & none_of(x == zero)
        dq = where(x == zero - h, zero - units, x / price)  # a liquidation leaves no dust
        dq = where(moved, dq, zero)
        moved = none_of(dq == zero)
        value = dq * price
        fee = lane_cost(value, price, fees)
        fee = where(moved, fee, zero)
        store(group.units, at, units + dq)
        cash = where(moved, cash - (value + fee), cash)
        paid = paid + fee
        orders = where(moved, orders + one, orders)
        money = where(moved, money + size_of(value), money)
        any_ = where(moved, one, any_)
    store(tally, 0, paid)
    store(tally, WIDTH, orders)
    store(tally, 2 * WIDTH, money)
    store(tally, 3 * WIDTH, any_)
    return where(on & (cash < zero), zero, cash)
