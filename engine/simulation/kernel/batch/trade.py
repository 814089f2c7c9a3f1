"""``trade`` for eight variants at once: the accounting of the scalar ``trade``, in lanes.

The same operations in the same order, so that a lane has the bits of the scalar code; what a branch decides there, a
mask decides here. Repeating a step that has converged changes nothing, so lanes wait for each other.
"""

from __future__ import annotations

from typing import Final

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch.simd import Lanes, Mask, any_lane, fabs, load, not_, offset, splat, store, where
from engine.simulation.kernel.batch.state_layout import traded_begin
from engine.simulation.kernel.jit import njit_private
from engine.simulation.kernel.tolerances import CASH_TOLERANCE, TRADE_TOLERANCE

ALL: Final = 0
SHARED: Final = 1
SOME: Final = 2
"""Which trades are solved for: of all assets to their weights; of the active, with recipients; of the active alone."""


@njit_private
def order_cost_lanes(x: Lanes, price: Lanes, state: FloatArray, proportional: bool) -> Lanes:
    """Return the cost of orders of money ``x`` (either sign) in one asset [currency]."""
    x = fabs(x)
    fee = load(state, reg.RATE) * x
    if not proportional:
        zero, share = splat(0.0), load(state, reg.PER_SHARE)
        fee = load(state, reg.FIXED) + fee
        fee = where(share > zero, fee + share * (x / price), fee)
        least, most = load(state, reg.MINIMUM), load(state, reg.MAXIMUM)
        fee = where(least > fee, least, fee)
        fee = where(most < fee, most, fee)
        most = load(state, reg.MAXIMUM_RATE) * x
        fee = where(most < fee, most, fee)
        return where(x == zero, zero, fee + load(state, reg.SPREAD) * x)
    return fee + load(state, reg.SPREAD) * x


@njit_private
def hold_at_prices(state: FloatArray, n: int) -> Lanes:
    """Write down the money in each asset at the prices in the state, and return what the accounts are worth."""
    V = splat(0.0)
    for a in range(n):
        h = load(state, offset(reg.UNITS, a, n)) * load(state, offset(reg.PRICE, a, n))
        store(state, offset(reg.HOLDINGS, a, n), h)
        V = V + h
    return V + load(state, reg.CASH)


@njit_private
def list_traded(state: FloatArray, n: int, shared: bool) -> int:
    """List the assets in which any variant may have an order, and return how many there are.

    Of the others nothing is bought or sold, and adding nothing leaves every sum as it is.
    """
    zero, begin, count = splat(0.0), traded_begin(n), 0
    for a in range(n):
        state[begin + count] = a
        orders = (load(state, offset(reg.ACTIVE, a, n)) > zero) | (load(state, offset(reg.RECIPIENTS, a, n)) > zero)
        count += 1 if not shared or any_lane(orders) else 0
    return count


@njit_private
def _compute_trades(
    V1: Lanes, V: Lanes, release: Lanes, state: FloatArray, n: int, count: int, proportional: bool, kind: int
) -> Lanes:
    """Write down the trades that a value after costs of ``V1`` asks for, and return what they cost."""
    zero, one, noise, begin = splat(0.0), splat(1.0), splat(TRADE_TOLERANCE) * V, traded_begin(n)
    if kind == SOME:
        return _compute_some_trades(V1, noise, state, n, proportional)
    shared = kind == SHARED
    free, fee = release - (V - V1), zero
    for k in range(count):
        a = int(state[begin + k])
        goal = load(state, offset(reg.TARGET, a, n)) * V1
        x = where(zero > goal, zero, goal) - load(state, offset(reg.HOLDINGS, a, n))
        if shared:
            active = load(state, offset(reg.ACTIVE, a, n)) == one
            x = where(active, x, zero)
            free = where(active, free - x, free)
            store(state, offset(reg.TRADES, a, n), x)
        else:
            x = where(fabs(x) <= noise, zero, x)
            store(state, offset(reg.TRADES, a, n), x)
            fee = fee + order_cost_lanes(x, load(state, offset(reg.PRICE, a, n)), state, proportional)
    if shared:
        for k in range(count):
            a = int(state[begin + k])
            recipient, least = load(state, offset(reg.RECIPIENTS, a, n)), zero - load(state, offset(reg.HOLDINGS, a, n))
            gain = recipient * free
            gain = where(least > gain, least, gain)
            inherits = not_(load(state, offset(reg.ACTIVE, a, n)) == one) & (recipient > zero)
            x = where(inherits, gain, load(state, offset(reg.TRADES, a, n)))
            x = where(fabs(x) <= noise, zero, x)
            store(state, offset(reg.TRADES, a, n), x)
            fee = fee + order_cost_lanes(x, load(state, offset(reg.PRICE, a, n)), state, proportional)
    return fee


@njit_private
def _compute_some_trades(V1: Lanes, noise: Lanes, state: FloatArray, n: int, proportional: bool) -> Lanes:
    """Write down the trades of the active assets, whose weights may have been cut for the others (S9)."""
    zero, one, fee = splat(0.0), splat(1.0), splat(0.0)
    shares, base = load(state, reg.WANTED), V1 - load(state, reg.WITHHELD)
    for a in range(n):
        goal = load(state, offset(reg.TARGET, a, n)) / shares * base
        x = where(zero > goal, zero, goal) - load(state, offset(reg.HOLDINGS, a, n))
        x = where(load(state, offset(reg.ACTIVE, a, n)) == one, x, zero)
        x = where(fabs(x) <= noise, zero, x)
        store(state, offset(reg.TRADES, a, n), x)
        fee = fee + order_cost_lanes(x, load(state, offset(reg.PRICE, a, n)), state, proportional)
    return fee


@njit_private
def _iterate_fixpoint(
    V: Lanes, release: Lanes, state: FloatArray, n: int, count: int, kind: int
) -> tuple[Lanes, Lanes]:
    """Return V1 and costs where all costs are small rates: by iteration (S3)."""
    V1, fee = V, _compute_trades(V, V, release, state, n, count, True, kind)
    for _ in range(100):
        after = V - fee
        if not any_lane(not_(after == V1)):
            break
        V1 = after
        fee = _compute_trades(V1, V, release, state, n, count, True, kind)
    return V1, fee


@njit_private
def _bisect_fixpoint(V: Lanes, release: Lanes, state: FloatArray, n: int, count: int, kind: int) -> tuple[Lanes, Lanes]:
    """Return V1 and costs where fees have a fixed part or bounds: by bisection, or -1 when they exceed the value."""
    zero, half = splat(0.0), splat(0.5)
    V1, low, high = V, zero, V
    nothing = broke = V < V  # noqa: PLR0124  (in no lane)
    step, last = 0, -1
    while True:
        fee = _compute_trades(V1, V, release, state, n, count, False, kind)
        if step == last:
            break
        if step == 0:
            nothing, V1 = fee == zero, zero
        else:
            if step == 1:
                broke = fee > V
            else:
                fits = V1 + fee <= V
                wide = not_((low >= V1) | (high <= V1))
                low, high = where(wide & fits, V1, low), where(wide & not_(fits), V1, high)
            V1 = half * (low + high)
            if not any_lane(not_((low >= V1) | (high <= V1))):
                V1, last = where(nothing, V, low), step + 1
        step += 1
    return where(broke & not_(nothing), splat(-1.0), V1), fee


@njit_private
def affordable_lanes(
    V: Lanes, V1: Lanes, fee: Lanes, cash: Lanes, release: Lanes, state: FloatArray, n: int, count: int, shared: bool
) -> tuple[Mask, Mask]:
    """Return where trades leave cash at zero or above, and where their costs leave nothing for recipients."""
    zero, one, snap = splat(0.0), splat(1.0), splat(CASH_TOLERANCE)
    free, left, recipients, begin = release - (V - V1), cash - fee, zero, traded_begin(n)
    for k in range(count):
        a = int(state[begin + k])
        x = load(state, offset(reg.TRADES, a, n))
        left = left - x
        if shared:
            recipients = recipients + load(state, offset(reg.RECIPIENTS, a, n))
            free = where(load(state, offset(reg.ACTIVE, a, n)) == one, free - x, free)
    sound = (left >= where(cash < zero, cash, zero) - snap * fabs(V)) & (zero <= V1)
    return sound, (recipients > zero) & (free <= snap * V)


@njit_private
def solve_lanes(
    V: Lanes, release: Lanes, state: FloatArray, n: int, count: int, proportional: bool, kind: int
) -> tuple[Lanes, Lanes]:
    """Return V1 and costs, with the trades in the state (S3)."""
    if proportional:
        return _iterate_fixpoint(V, release, state, n, count, kind)
    return _bisect_fixpoint(V, release, state, n, count, kind)


@njit_private
def shares_of(a: int, x: Lanes, state: FloatArray, n: int) -> Lanes:
    """Return the shares that a trade of ``x`` [currency] in asset ``a`` is; a liquidation leaves no dust."""
    units, h = load(state, offset(reg.UNITS, a, n)), load(state, offset(reg.HOLDINGS, a, n))
    return where(x == splat(0.0) - h, splat(0.0) - units, x / load(state, offset(reg.PRICE, a, n)))


@njit_private
def _is_not_worth_placing(value: Lanes, fee: Lanes, state: FloatArray) -> Mask:
    """Return where costs eat orders of ``value`` [currency], or the account's least order is more (S3)."""
    return (fee >= fabs(value)) | (fabs(value) < load(state, reg.MIN_ORDER))


@njit_private
def _deactivate_left_out(on: Mask, state: FloatArray, n: int, proportional: bool) -> Mask:
    """Take what is not worth placing from the active orders; return who of ``on`` had any (S3)."""
    zero, had_any = splat(0.0), on & not_(on)
    for a in range(n):
        x, price = load(state, offset(reg.TRADES, a, n)), load(state, offset(reg.PRICE, a, n))
        value = where(x == zero, zero, shares_of(a, x, state, n) * price)
        fee = order_cost_lanes(value, price, state, proportional)
        out = on & not_(value == zero) & _is_not_worth_placing(value, fee, state)
        store(state, offset(reg.ACTIVE, a, n), where(out, zero, load(state, offset(reg.ACTIVE, a, n))))
        had_any = had_any | out
    return had_any


@njit_private
def _solve_without_left_out(
    on: Mask, V: Lanes, release: Lanes, state: FloatArray, n: int, count: int, proportional: bool
) -> tuple[Lanes, Lanes]:
    """Leave out what is not worth placing and solve the rest again until there is none; return V1 and costs (S3).

    As the scalar code does: weights are cut where what does not trade leaves too little for them (S9). Where that would
    sell an asset that wants more, only the scalar code goes on.
    """
    zero, one = splat(0.0), splat(1.0)
    V1 = fee = zero
    for _ in range(n + 1):
        store(state, reg.WANTED, one)
        store(state, reg.WITHHELD, zero)
        V1, fee = solve_lanes(V, release, state, n, count, proportional, SOME)
        waiting = wanted = zero
        for a in range(n):
            active = load(state, offset(reg.ACTIVE, a, n)) == one
            wanted = where(active, wanted + load(state, offset(reg.TARGET, a, n)), wanted)
            waiting = where(active, waiting, waiting + load(state, offset(reg.HOLDINGS, a, n)))
        fits = (waiting + wanted * V1 <= V1 * splat(1.0 + TRADE_TOLERANCE)) | (wanted == zero)
        cut = on & (zero <= V1) & not_(fits)
        if any_lane(cut):
            before = V1
            store(state, reg.WANTED, where(cut, wanted, one))
            store(state, reg.WITHHELD, where(cut, waiting, zero))
            V1, fee = solve_lanes(V, release, state, n, count, proportional, SOME)
            for a in range(n):
                more = load(state, offset(reg.TARGET, a, n)) * before > load(state, offset(reg.HOLDINGS, a, n))
                turned = cut & (load(state, offset(reg.TRADES, a, n)) < zero) & more
                store(state, reg.NEEDS_FALLBACK, where(turned, one, load(state, reg.NEEDS_FALLBACK)))
        if not any_lane(_deactivate_left_out(on, state, n, proportional)):
            break
    return V1, fee


@njit_private
def trade_lanes(
    on: Mask, V: Lanes, release: Lanes, state: FloatArray, n: int, proportional: bool, judges: bool, shared: bool
) -> None:
    """Fill the orders of the variants in ``on`` at the prices in the state, where they are worth ``V``; others stay.

    All assets go to their weights or, where ``shared``, the active ones, and recipients get what they set free and
    ``release`` [currency]. Counts costs, orders and the money traded, and notes who traded anything. Orders that are
    not worth placing, which ``judges`` looks for, are left out; where ``shared``, only the scalar code goes on (S3).
    """
    zero, one, cash = splat(0.0), splat(1.0), load(state, reg.CASH)
    begin, count = traded_begin(n), list_traded(state, n, shared)
    V1, fee = solve_lanes(V, release, state, n, count, proportional, SHARED if shared else ALL)
    if judges and not shared:
        for a in range(n):
            store(state, offset(reg.ACTIVE, a, n), one)
        solved, _ = affordable_lanes(V, V1, fee, cash, release, state, n, count, False)
        if any_lane(_deactivate_left_out(on & solved, state, n, proportional)):
            V1, fee = _solve_without_left_out(on & solved, V, release, state, n, count, proportional)
    sound, eaten = affordable_lanes(V, V1, fee, cash, release, state, n, count, shared)
    fallback = load(state, reg.NEEDS_FALLBACK)
    if shared:
        fallback = where(on & (eaten | not_(sound)), one, fallback)
    on = on & sound
    paid, orders, money, any_ = load(state, reg.COSTS), load(state, reg.ORDERS), load(state, reg.TRADED), zero
    for k in range(count):
        a = int(state[begin + k])
        price, x = load(state, offset(reg.PRICE, a, n)), load(state, offset(reg.TRADES, a, n))
        dq = where(on & not_(x == zero), shares_of(a, x, state, n), zero)
        moved = not_(dq == zero)
        value = dq * price
        fee = where(moved, order_cost_lanes(value, price, state, proportional), zero)
        store(state, offset(reg.UNITS, a, n), load(state, offset(reg.UNITS, a, n)) + dq)
        cash = where(moved, cash - (value + fee), cash)
        paid = paid + fee
        orders = where(moved, orders + one, orders)
        money = money + fabs(value)
        any_ = where(moved, one, any_)
        if judges and shared:
            fallback = where(moved & _is_not_worth_placing(value, fee, state), one, fallback)
    store(state, reg.COSTS, paid)
    store(state, reg.ORDERS, orders)
    store(state, reg.TRADED, money)
    store(state, reg.HAS_TRADED, any_)
    store(state, reg.NEEDS_FALLBACK, fallback)
    store(state, reg.CASH, where(on & (cash < zero), zero, cash))
