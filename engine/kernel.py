"""All compiled code: the one accounting of money, shares and costs.

``trade`` fills a netted vector of orders, ``invest`` and ``raise_cash`` handle flows between rebalances, ``hold`` marks
to market until the next decision or the first trigger before it. Arrays come in, results go out in arrays that are
overwritten; nothing is allocated per session. Strict IEEE: no ``fastmath``, sums run in column order, NaN never
multiplies a holding. Everything compiled lives in this file because numba's cache does not notice edits in others.

Symbols as in :mod:`engine.arrays`; the equations are those of ``docs/semantics.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, cast

import numba
import numpy as np

from engine.arrays import BoolArray, FloatArray
from engine.kernel_types import CostTable, Desk, Guard, Order, Slips, Tape, Terms, Track, Watch

NOISE: Final = 1e-12
"""Orders up to this share of the value are rounding, not orders."""

OVER: Final = 1e-9
"""A weight is above its cap, or out of its band, when it is so by more than this share of it; less is rounding (S6)."""

SNAP: Final = 1e-9
"""Cash below zero by at most this share of the value is rounding and becomes zero (S5)."""

GRACE: Final = 1e-9
"""Shares by which a whole-share target may fall short of an integer and still count as it (S10)."""

DONE: Final = 0
UNAFFORDABLE: Final = 1
"""Status of a trade that was not made: costs would eat the account, or all of the release."""

QUIET: Final = 0
CAP_ALARM: Final = 1
BAND_ALARM: Final = 2
REVIEW_ALARM: Final = 4
"""What a close can break; more than one is their sum. In ``Slips.kinds``, QUIET is a rebalance of the calendar."""

GIVE_BACK: Final = -1
"""What a session is that ``hold`` leaves to its caller."""


Function = TypeVar("Function", bound=Callable[..., object])


def jit(function: Function) -> Function:
    """Compile ``function``; keep the result on disk where there is a place for it."""
    try:
        return cast("Function", numba.njit(cache=True, error_model="numpy")(function))
    except RuntimeError:  # a read-only installation and home
        return cast("Function", numba.njit(error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """Compile ``function`` into its caller: what runs every session, or has one caller and need not be linked twice."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))


@jit
def value_of(units: FloatArray, price: FloatArray, cash: float) -> float:
    """Return what an account is worth; a price that is not known belongs to no holding [currency]."""
    total = 0.0
    for a in range(units.size):
        if units[a] != 0.0:
            total += units[a] * price[a]
    return total + cash


@jit
def weights_of(units: FloatArray, price: FloatArray, value: float) -> FloatArray:
    """Return (N,) the weights of holdings in ``value``; zeros for an account worth nothing."""
    w = np.zeros(units.size)
    if value > 0.0:
        for a in range(units.size):
            if units[a] != 0.0:
                w[a] = units[a] * price[a] / value
    return w


@jit
def shares_of(able: BoolArray, amounts: FloatArray) -> FloatArray:
    """Return (N,) ``amounts`` of those that are ``able``, scaled to a sum of 1, or all zero."""
    shares = np.zeros(amounts.size)
    total = 0.0
    for a in range(amounts.size):
        if able[a]:
            shares[a] = amounts[a]
            total += amounts[a]
    if total > 0.0:
        shares /= total
    return shares


@jit
def order_cost(x: float, price: float, a: int, costs: CostTable) -> float:
    """Return the cost of one order of money ``x`` (either sign) in asset ``a`` [currency]."""
    x = abs(x)
    if x == 0.0:
        return 0.0
    fee: float = costs.fixed[a] + costs.rate[a] * x
    if costs.per_share[a] > 0.0:
        fee += costs.per_share[a] * (x / price)
    fee = max(fee, costs.minimum[a])
    fee = min(fee, costs.maximum[a])
    fee = min(fee, costs.maximum_rate[a] * x)
    fee += costs.spread[a] * x
    return fee


@jit
def _proportional(costs: CostTable) -> bool:
    """Return whether all costs are small rates, so that the fixpoint is a contraction."""
    for a in range(costs.rate.size):
        if costs.fixed[a] > 0.0 or costs.per_share[a] > 0.0 or costs.minimum[a] > 0.0:
            return False
        if costs.maximum[a] < np.inf or costs.maximum_rate[a] < np.inf or costs.rate[a] + costs.spread[a] > 0.1:
            return False
    return True


@jit
def _holdings(units: FloatArray, price: FloatArray, h: FloatArray) -> float:
    """Overwrite ``h`` with the money in each asset and return their sum."""
    total = 0.0
    for a in range(units.size):
        h[a] = units[a] * price[a] if units[a] != 0.0 else 0.0
        total += h[a]
    return total


@jit
def _pay(need: float, h: FloatArray, order: Order, x: FloatArray) -> None:
    """Let heirs sell pro rata until ``need`` is met; one that has too little is sold whole and the others share."""
    for _ in range(h.size):
        shares = 0.0
        for a in range(h.size):
            if not order.active[a] and x[a] > -h[a]:
                shares += order.heirs[a]
        if shares == 0.0:
            return
        left = need
        for a in range(h.size):
            if not order.active[a] and x[a] > -h[a] and order.heirs[a] / shares * need >= h[a]:
                x[a] = -h[a]
                left -= h[a]
        if left == need:
            for a in range(h.size):
                if not order.active[a] and x[a] > -h[a]:
                    x[a] = -(order.heirs[a] / shares) * need
            return
        need = left


@jit
def _orders_at(V1: float, V: float, h: FloatArray, order: Order, x: FloatArray) -> None:
    """Overwrite ``x`` with the trades that a value after costs of ``V1`` asks for."""
    free = order.release - (V - V1)
    for a in range(h.size):
        x[a] = 0.0
        if order.active[a]:
            x[a] = max(order.weights[a] * (V1 - order.withheld), 0.0) - h[a]
            free -= x[a]
    if order.forced and free < 0.0:
        _pay(-free, h, order, x)
    else:
        for a in range(h.size):
            if not order.active[a] and order.heirs[a] > 0.0:
                x[a] = max(order.heirs[a] * free, -h[a])
    for a in range(h.size):
        if abs(x[a]) <= NOISE * V:
            x[a] = 0.0


@jit
def _cost_of(x: FloatArray, price: FloatArray, costs: CostTable) -> float:
    total = 0.0
    for a in range(x.size):
        if x[a] != 0.0:
            total += order_cost(x[a], price[a], a, costs)
    return total


@jit
def _fixpoint(V: float, h: FloatArray, price: FloatArray, order: Order, costs: CostTable, x: FloatArray) -> float:
    """Return V1 of ``V1 + C(V1) = V`` with its trades in ``x`` (S3), or -1 when costs exceed the value."""
    _orders_at(V, V, h, order, x)
    fee = _cost_of(x, price, costs)
    if fee == 0.0:
        return V
    if _proportional(costs):
        V1 = V
        for _ in range(100):
            after = V - fee
            if after == V1:
                break
            V1 = after
            _orders_at(V1, V, h, order, x)
            fee = _cost_of(x, price, costs)
        return V1
    low, high = 0.0, V
    _orders_at(low, V, h, order, x)
    if _cost_of(x, price, costs) > V:
        return -1.0
    while True:
        V1 = 0.5 * (low + high)
        if low >= V1 or high <= V1:
            break
        _orders_at(V1, V, h, order, x)
        if V1 + _cost_of(x, price, costs) <= V:
            low = V1
        else:
            high = V1
    _orders_at(low, V, h, order, x)
    return low


@inlined
def _whole(units: FloatArray, cash: float, price: FloatArray, x: FloatArray, terms: Terms, dq: FloatArray) -> None:
    """Overwrite ``dq`` with whole shares: floor, then one share each by largest remainder while cash and caps allow."""
    rest = np.empty(units.size)
    _floor(units, price, x, dq, rest)
    if terms.spend_rest:
        left = cash - _cost_of(x, price, terms.costs)
        for a in range(units.size):
            left -= x[a]
        _spend_rest(units, cash, max(left, 0.0), price, terms, dq, rest)
    _cut_to_caps(units, cash, price, x, terms, dq)


@inlined
def _floor(units: FloatArray, price: FloatArray, x: FloatArray, dq: FloatArray, rest: FloatArray) -> None:
    """Round target quantities down; ``rest`` is what each lost, -1 where nothing is traded or all is sold.

    Cash suffices afterwards: a smaller purchase costs less and a larger sale brings more, fees included.
    """
    for a in range(units.size):
        dq[a] = 0.0
        rest[a] = -1.0
        if x[a] != 0.0:
            exact = units[a] + x[a] / price[a]
            dq[a] = max(0.0, np.floor(exact + GRACE)) - units[a]
            if exact > GRACE:
                rest[a] = exact - (units[a] + dq[a])


@jit
def _spent(dq: FloatArray, price: FloatArray, costs: CostTable) -> float:
    """Return what leaves cash for ``dq``, costs included."""
    total = 0.0
    for a in range(dq.size):
        if dq[a] != 0.0:
            total += dq[a] * price[a] + order_cost(dq[a] * price[a], price[a], a, costs)
    return total


@inlined
def _spend_rest(
    units: FloatArray,
    cash: float,
    reserve: float,
    price: FloatArray,
    terms: Terms,
    dq: FloatArray,
    rest: FloatArray,
) -> None:
    """Add one share an asset by largest remainder while cash stays at ``reserve`` and caps are kept."""
    for _ in range(dq.size):
        best = -1
        for a in range(dq.size):
            if rest[a] > GRACE and (best < 0 or rest[a] > rest[best]):
                best = a
        if best < 0:
            return
        rest[best] = -1.0
        before = _value_after(units, cash, price, terms.costs, dq)
        dq[best] += 1.0
        after = _value_after(units, cash, price, terms.costs, dq)
        fits = cash - _spent(dq, price, terms.costs) >= reserve - NOISE * before
        if not (fits and _caps_keep(units, dq, price, terms.caps, best, before, after)):
            dq[best] -= 1.0


@jit
def _value_after(units: FloatArray, cash: float, price: FloatArray, costs: CostTable, dq: FloatArray) -> float:
    """Return the account's value once ``dq`` is traded."""
    total = cash - _spent(dq, price, costs)
    for a in range(units.size):
        if units[a] + dq[a] != 0.0:
            total += (units[a] + dq[a]) * price[a]
    return total


@jit
def _caps_keep(
    units: FloatArray, dq: FloatArray, price: FloatArray, caps: FloatArray, one: int, before: float, after: float
) -> bool:
    """Return whether one more share of ``one`` keeps its cap and lifts nobody else over theirs through its cost."""
    for a in range(units.size):
        if caps[a] < np.inf:
            money = (units[a] + dq[a]) * price[a]
            if money > caps[a] * after and (a == one or money <= caps[a] * before):
                return False
    return True


@inlined
def _cut_to_caps(
    units: FloatArray, cash: float, price: FloatArray, x: FloatArray, terms: Terms, dq: FloatArray
) -> None:
    """Sell shares that rounding has lifted over a cap which the fractional trade keeps."""
    value = cash - _cost_of(x, price, terms.costs)
    for a in range(units.size):
        if units[a] != 0.0:
            value += units[a] * price[a]
    for a in range(units.size):
        if x[a] != 0.0 and units[a] * price[a] + x[a] <= terms.caps[a] * value * (1.0 + OVER):
            room = terms.caps[a] * (1.0 + OVER) * _value_after(units, cash, price, terms.costs, dq)
            while units[a] + dq[a] >= 1.0 and (units[a] + dq[a]) * price[a] > room:
                dq[a] -= 1.0


@jit
def _settle(
    units: FloatArray, cash: float, price: FloatArray, x: FloatArray, terms: Terms, dq: FloatArray, fees: FloatArray
) -> float:
    """Turn trades into shares, pay for them, update ``units`` in place; return cash before any snap."""
    n = units.size
    if terms.whole:
        _whole(units, cash, price, x, terms, dq)
    else:
        for a in range(n):
            dq[a] = x[a] / price[a] if x[a] != 0.0 else 0.0
            if x[a] != 0.0 and x[a] == -(units[a] * price[a]):
                dq[a] = -units[a]  # a liquidation leaves no dust
    for a in range(n):
        fees[a] = 0.0
        if dq[a] != 0.0:
            fees[a] = order_cost(dq[a] * price[a], price[a], a, terms.costs)
            units[a] += dq[a]
            cash -= dq[a] * price[a] + fees[a]
    return cash


@jit
def _scaled(V1: float, h: FloatArray, order: Order) -> tuple[bool, Order]:
    """Return the order cut to what the assets that do not trade leave, and whether that was needed (S9)."""
    waiting, wanted = 0.0, 0.0
    for a in range(h.size):
        if order.active[a]:
            wanted += order.weights[a]
        else:
            waiting += h[a]
    if waiting + wanted * V1 <= V1 * (1.0 + NOISE) or wanted == 0.0:
        return False, order
    return True, Order(order.weights / wanted, order.active, order.heirs, 0.0, waiting, False)


@inlined
def _fixpoint_scaled(
    V: float, V1: float, h: FloatArray, price: FloatArray, order: Order, costs: CostTable, x: FloatArray
) -> tuple[float, bool]:
    """Solve again with targets cut for waiting assets; an asset that wants more is never sold for it (S9)."""
    active = order.active.copy()
    cut = False
    for _ in range(h.size):
        scaled, less = _scaled(V1, h, Order(order.weights, active, order.heirs, 0.0, 0.0, False))
        if not scaled:
            break
        cut = True
        after = _fixpoint(V, h, price, less, costs, x)
        turned = False
        for a in range(h.size):
            if active[a] and x[a] < 0.0 and order.weights[a] * V1 > h[a]:
                active[a] = False
                turned = True
        if not turned:
            return after, True
    if cut and not active.any():
        x[:] = 0.0
        return V, True
    if cut:
        return _fixpoint(V, h, price, Order(order.weights, active, order.heirs, 0.0, 0.0, False), costs, x), True
    return V1, False


@jit
def trade(
    units: FloatArray, cash: float, price: FloatArray, order: Order, terms: Terms, dq: FloatArray, fees: FloatArray
) -> tuple[int, bool, float]:
    """Fill ``order`` as one netted vector at ``price`` (N,), paying costs (S3, S4, S10).

    ``units`` (N,) is updated in place; ``dq`` (N,) signed shares and ``fees`` (N,) [currency] are overwritten.
    Returns the status, whether targets had to be scaled for waiting assets, and cash before any snap.
    """
    h = np.empty(units.size)
    x = np.empty(units.size)
    V = _holdings(units, price, h) + cash
    V1 = _fixpoint(V, h, price, order, terms.costs, x)
    scaled = False
    heirs = order.heirs.sum() > 0.0
    if V1 >= 0.0 and not heirs and not order.active.all():
        V1, scaled = _fixpoint_scaled(V, V1, h, price, order, terms.costs, x)
    if V1 < 0.0 or not _sound(V, V1, cash, h, price, order, terms.costs, x):
        dq[:] = 0.0
        fees[:] = 0.0
        return UNAFFORDABLE, False, cash
    return DONE, scaled, _settle(units, cash, price, x, terms, dq, fees)


@inlined
def _sound(
    V: float, V1: float, cash: float, h: FloatArray, price: FloatArray, order: Order, costs: CostTable, x: FloatArray
) -> bool:
    """Return whether trades leave cash at zero or above, and heirs something after the costs of reaching them."""
    free, left = order.release - (V - V1), cash - _cost_of(x, price, costs)
    heirs = 0.0
    for a in range(h.size):
        left -= x[a]
        heirs += order.heirs[a]
        if order.active[a]:
            free -= x[a]
    if heirs > 0.0 and not order.forced and order.release >= 0.0 and free <= SNAP * V:
        return False
    return left >= min(cash, 0.0) - SNAP * abs(V)


@jit
def _affordable(budget: float, price: float, a: int, costs: CostTable) -> float:
    """Return the most money that can be traded when it and its cost must fit ``budget``."""
    low, high = 0.0, budget
    if high + order_cost(high, price, a, costs) <= budget:
        return high
    while True:
        x = 0.5 * (low + high)
        if x <= low or x >= high:
            return low
        if x + order_cost(x, price, a, costs) <= budget:
            low = x
        else:
            high = x


@jit
def invest(
    units: FloatArray, cash: float, price: FloatArray, order: Order, terms: Terms, dq: FloatArray, fees: FloatArray
) -> float:
    """Spend cash above its target on the most underweight asset first; buys only (S11). Return cash before any snap."""
    n = units.size
    h = np.empty(n)
    x = np.empty(n)
    tried = np.empty(n, dtype=np.bool_)
    V = _holdings(units, price, h) + cash
    spare = max(1.0 - order.weights.sum(), 0.0)
    V1 = V
    for attempt in range(64):
        x[:] = 0.0
        tried[:] = False
        budget = cash - spare * V1
        fee = 0.0
        for _ in range(n):
            best, gap = _widest(h, V1, order, tried, 1.0, NOISE * V)
            if best < 0 or budget <= NOISE * V:
                break
            tried[best] = True
            buy = gap
            if gap + order_cost(gap, price[best], best, terms.costs) > budget:
                buy = _affordable(budget, price[best], best, terms.costs)
                if buy <= NOISE * V:  # its fee alone would eat the budget
                    continue
            x[best] = buy
            cost = order_cost(buy, price[best], best, terms.costs)
            budget = budget - buy - cost if buy == gap else 0.0
            fee += cost
        if _settled(V - fee, V1, attempt):
            break
        V1 = V - fee
    return _settle(units, cash, price, x, terms, dq, fees)


@jit
def raise_cash(
    units: FloatArray,
    cash: float,
    due: float,
    spare: float,
    price: FloatArray,
    order: Order,
    terms: Terms,
    dq: FloatArray,
    fees: FloatArray,
) -> float:
    """Sell the most overweight asset first until ``due`` [currency] can be paid (S11).

    Cash above its target, ``spare`` [weight], is used first; when excesses do not suffice, cash below it must serve.
    Return cash before ``due`` is paid and before any snap.
    """
    n = units.size
    h = np.empty(n)
    x = np.empty(n)
    tried = np.empty(n, dtype=np.bool_)
    V = _holdings(units, price, h) + cash
    V1 = V - due
    for attempt in range(64):
        x[:] = 0.0
        tried[:] = False
        need = due - max(cash - spare * V1, 0.0)
        fee = 0.0
        for _ in range(n):
            best, excess = _widest(h, V1, order, tried, -1.0, NOISE * V)
            if best < 0 or need <= NOISE * V:
                break
            tried[best] = True
            sale = _sale_for(need, excess, price[best], best, terms.costs)
            cost = order_cost(sale, price[best], best, terms.costs)
            if cost >= sale:  # it would bring nothing
                continue
            x[best] = -sale
            need -= sale - cost
            fee += cost
        if _settled(V - due - fee, V1, attempt):
            break
        V1 = V - due - fee
    return _settle(units, cash, price, x, terms, dq, fees)


@jit
def _settled(after: float, V1: float, attempt: int) -> bool:
    """Return whether ``V1`` is the value after costs; where a fee jumps over it, the lower side is taken at last."""
    return abs(after - V1) <= 1e-15 * abs(V1) or (attempt >= 40 and after >= V1)


@jit
def _widest(h: FloatArray, V1: float, order: Order, tried: BoolArray, sign: float, least: float) -> tuple[int, float]:
    """Return the untried asset furthest below (``sign`` 1) or above (-1) its target, and by how much; -1 if none."""
    best, gap = -1, least
    for a in range(h.size):
        if order.active[a] and not tried[a]:
            distance = sign * (order.weights[a] * max(V1, 0.0) - h[a])
            if distance > gap:
                best, gap = a, distance
    return best, gap


@jit
def _sale_for(need: float, most: float, price: float, a: int, costs: CostTable) -> float:
    """Return the smallest sale up to ``most`` that brings ``need`` after its cost."""
    if most - order_cost(most, price, a, costs) <= need:
        return most
    low, high = 0.0, most
    while True:
        x = 0.5 * (low + high)
        if x <= low or x >= high:
            return high
        if x - order_cost(x, price, a, costs) >= need:
            high = x
        else:
            low = x


@inlined
def _alarm(t: int, units: FloatArray, prices: FloatArray, value: float, watch: Watch, reference: FloatArray) -> int:
    """Return which rules a close breaks, by products, not quotients; a whole rebalance answers caps too."""
    alarm = QUIET
    look = watch.look[t]
    for a in range(units.size):
        money = units[a] * prices[t, a] if units[a] != 0.0 else 0.0
        if look and (money != 0.0 or reference[a] != 0.0):
            width = min(watch.absolute, watch.relative * reference[a])
            if abs(money - reference[a] * value) > width * value * (1.0 + OVER):
                alarm |= BAND_ALARM
        if money > watch.caps[a] * value * (1.0 + OVER):
            alarm |= CAP_ALARM
    return BAND_ALARM if watch.whole and alarm & BAND_ALARM else alarm


@inlined
def _breach(t: int, units: FloatArray, prices: FloatArray, guard: Guard, armed: bool) -> int:
    """Move every reviewed asset's machine by one close; return REVIEW_ALARM when one of them broke its threshold."""
    alarm = QUIET
    for a in range(units.size):
        if guard.names[a]:
            if units[a] == 0.0:
                guard.watching[a] = True
                guard.reference[a] = 0.0
            else:
                price = prices[t, a]
                if guard.peak and price > guard.reference[a]:
                    guard.reference[a] = price
                if price > guard.reference[a] * guard.keep * (1.0 + NOISE):
                    guard.watching[a] = True
                elif armed and guard.watching[a]:
                    guard.watching[a] = False
                    guard.breached[a] = True
                    alarm = REVIEW_ALARM
    return alarm


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
def bought(guard: Guard, dq: FloatArray, units: FloatArray, price: FloatArray) -> None:
    """Set the references of what was bought: ``dq`` (N,) signed shares at ``price`` that led to ``units`` (N,)."""
    for a in range(units.size):
        if guard.names[a] and dq[a] > 0.0:
            before = units[a] - dq[a]
            if before <= 0.0:
                guard.watching[a] = True
                guard.reference[a] = 0.0 if guard.peak else price[a]
            elif guard.averages:
                guard.reference[a] = (guard.reference[a] * before + price[a] * dq[a]) / units[a]


@jit
def rebalanced(guard: Guard, units: FloatArray, price: FloatArray) -> None:
    """Set the references that begin anew at a rebalance of the whole portfolio."""
    for a in range(units.size):
        if guard.resets and guard.names[a] and units[a] != 0.0:
            guard.reference[a] = price[a]


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
    n = units.size
    force, reference = watch.target.copy(), watch.reference.copy()
    t = row
    while t < stop:
        value = 0.0
        for a in range(n):
            if units[a] != 0.0:
                value += units[a] * tape.prices[t, a]
            track.units[t, a] = units[a]
        value += cash
        track.value[t] = value
        track.cash[t] = cash
        alarm = _alarm(t, units, tape.prices, value, watch, reference) if armed else QUIET
        if guard.on:
            alarm |= _breach(t, units, tape.prices, guard, armed)
        t += 1
        if t < tape.growth.size:
            cash *= tape.growth[t]
        if alarm == QUIET and (t >= stop or not watch.calendar[t]):
            continue
        kind = _own_business(t, stop, alarm, units, tape, watch, desk, armed, at_once)
        if kind == GIVE_BACK or slips.made[0] >= slips.rows.size:
            return t, cash, alarm
        w = weights_of(track.units[t - 1], tape.prices[t - 1], value)
        cash = _on_the_way(t, kind, w, units, cash, tape, watch, guard, desk, slips, force, reference)
    return t, cash, QUIET


def compiled() -> bool:
    """Return whether an earlier process left these kernels on disk; False means the first call compiles."""
    cache = getattr(hold, "_cache", None)  # absent under NUMBA_DISABLE_JIT
    if cache is None:
        return True
    source = Path(__file__).stat().st_mtime
    return any(index.stat().st_mtime >= source for index in Path(cache.cache_path).glob("kernel.hold-*.nbi"))
