"""Flows between rebalances: spend cash on what is underweight, raise it from what is overweight (S11)."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.order_costs import order_cost, total_cost
from engine.simulation.kernel.records import EATEN_BY_COSTS, Order, OrderFills, OrderTerms, Quotes
from engine.simulation.kernel.tolerances import CASH_TOLERANCE, TRADE_TOLERANCE
from engine.simulation.kernel.trade import settle_orders, size_orders
from engine.simulation.kernel.valuation import fill_holdings


@njit_cached
def largest_purchase(budget: float, a: int, quotes: Quotes, costs: CostTable) -> float:
    """Return the most money that can be traded when it and its cost must fit ``budget``."""
    low, high = 0.0, budget
    if high + order_cost(high, a, quotes, costs) <= budget:
        return high
    while True:
        x = 0.5 * (low + high)
        if x <= low or x >= high:
            return low
        if x + order_cost(x, a, quotes, costs) <= budget:
            low = x
        else:
            high = x


@njit_cached
def invest_cash(
    units: FloatArray, cash: float, quotes: Quotes, order: Order, terms: OrderTerms, fills: OrderFills
) -> tuple[int, float]:
    """Spend cash above its target on the most underweight asset first; buys only (S11).

    Orders that are not worth placing are left out (S3). Return the status, as ``trade`` does, and unrounded cash.
    """
    h, x = np.empty(units.size), np.empty(units.size)
    V = fill_holdings(units, quotes.prices, h) + cash
    rest = Order(order.weights, order.active.copy(), order.recipients, 0.0, 0.0, False, 0.0)
    fills.left_out[:] = 0
    for _ in range(units.size + 1):
        _plan_purchases(V, cash, h, quotes, rest, terms.costs, x, fills.left_out)
        if size_orders(units, cash, quotes, x, terms, fills) == 0:
            break
        _exclude(rest, fills)
    return settle_orders(units, cash, quotes, x, terms, fills)


@njit_cached
def _plan_purchases(
    V: float,
    cash: float,
    h: FloatArray,
    quotes: Quotes,
    order: Order,
    costs: CostTable,
    x: FloatArray,
    left_out: IntArray,
) -> None:
    """Overwrite ``x`` (N,) with purchases of the most underweight asset first, until cash is at its target."""
    tried, eaten = np.empty(h.size, dtype=np.bool_), np.empty(h.size, dtype=np.bool_)
    spare = max(1.0 - order.weights.sum(), 0.0)
    V1 = V
    for attempt in range(64):
        x[:] = 0.0
        tried[:] = False
        eaten[:] = False
        budget = cash - spare * V1
        fee = 0.0
        for _ in range(h.size):
            best, gap = _largest_gap(h, V1, order, tried, 1.0, TRADE_TOLERANCE * V)
            if best < 0 or budget <= TRADE_TOLERANCE * V:
                break
            tried[best] = True
            buy = gap
            if gap + order_cost(gap, best, quotes, costs) > budget:
                buy = largest_purchase(budget, best, quotes, costs)
                if buy <= TRADE_TOLERANCE * V:  # its fee alone would eat the budget
                    eaten[best] = True
                    continue
            x[best] = buy
            cost = order_cost(buy, best, quotes, costs)
            budget = budget - buy - cost if buy == gap else 0.0
            fee += cost
        if _has_converged(V - fee, V1, attempt):
            break
        V1 = V - fee
    for a in range(h.size):
        if eaten[a]:
            left_out[a] = EATEN_BY_COSTS


@njit_cached
def raise_cash(
    units: FloatArray,
    cash: float,
    due: float,
    spare: float,
    quotes: Quotes,
    order: Order,
    terms: OrderTerms,
    fills: OrderFills,
) -> tuple[int, float]:
    """Sell the most overweight asset first until ``due`` [currency] can be paid (S11).

    Cash above its target, ``spare`` [weight], is used first; when excesses do not suffice, cash below it must serve,
    then all assets sell pro rata to what they would still hold: one netted order each. Orders that are not worth
    placing are left out (S3). Return the status and cash before ``due`` is paid and before any rounding.
    """
    h, x = np.empty(units.size), np.empty(units.size)
    V = fill_holdings(units, quotes.prices, h) + cash
    rest = Order(order.weights, order.active.copy(), order.recipients, 0.0, 0.0, False, 0.0)
    fills.left_out[:] = 0
    for _ in range(units.size + 1):
        _plan_sales(V, cash, due, spare, h, quotes, rest, terms.costs, x, fills.left_out)
        if size_orders(units, cash, quotes, x, terms, fills) == 0:
            break
        _exclude(rest, fills)
    return settle_orders(units, cash, quotes, x, terms, fills)


@njit_cached
def most_raised(units: FloatArray, cash: float, quotes: Quotes, fresh: BoolArray, costs: CostTable) -> float:
    """Return ``cash``, what sales bring, and what lacks a close to be sold at [currency].

    An asset whose sale costs what it brings, or more, brings nothing.
    """
    h = np.empty(units.size)
    fill_holdings(units, quotes.prices, h)
    for a in range(units.size):
        cash += max(h[a] - order_cost(h[a], a, quotes, costs), 0.0) if fresh[a] else h[a]
    return cash


@njit_cached
def _plan_sales(
    V: float,
    cash: float,
    due: float,
    spare: float,
    h: FloatArray,
    quotes: Quotes,
    order: Order,
    costs: CostTable,
    x: FloatArray,
    left_out: IntArray,
) -> None:
    """Overwrite ``x`` (N,) with sales of the most overweight asset first, then of all, until ``due`` can be paid."""
    eaten = np.zeros(h.size, dtype=np.bool_)
    if not _sell_overweight(False, V, cash, due, spare, h, quotes, order, costs, x, eaten):
        _sell_overweight(True, V, cash, due, spare, h, quotes, order, costs, x, eaten)
    for a in range(h.size):
        if eaten[a] and x[a] == 0.0:
            left_out[a] = EATEN_BY_COSTS


@njit_cached
def _sell_overweight(
    then_all: bool,
    V: float,
    cash: float,
    due: float,
    spare: float,
    h: FloatArray,
    quotes: Quotes,
    order: Order,
    costs: CostTable,
    x: FloatArray,
    eaten: BoolArray,
) -> bool:
    """Overwrite ``x`` (N,) with sales of the most overweight asset first, and return whether they suffice for ``due``.

    With ``then_all`` what they lack is raised from all assets. ``eaten`` (N,) are those whose excess brings nothing.
    """
    tried = np.empty(h.size, dtype=np.bool_)
    V1 = V - due
    enough = False
    for attempt in range(64):
        x[:] = 0.0
        tried[:] = False
        eaten[:] = False
        need = due - max(cash - spare * V1, 0.0)
        fee = 0.0
        for _ in range(h.size):
            best, excess = _largest_gap(h, V1, order, tried, -1.0, TRADE_TOLERANCE * V)
            if best < 0 or need <= TRADE_TOLERANCE * V:
                break
            tried[best] = True
            sale = _smallest_sale(need, excess, best, quotes, costs)
            cost = order_cost(sale, best, quotes, costs)
            if cost >= sale:  # it would bring nothing
                eaten[best] = True
                continue
            x[best] = -sale
            need -= sale - cost
            fee += cost
        enough = cash - x.sum() - fee >= due * (1.0 - CASH_TOLERANCE)
        if then_all and not enough:
            fee = _sell_all_pro_rata(due - cash, h, quotes, order, costs, x)
        if _has_converged(V - due - fee, V1, attempt):
            break
        V1 = V - due - fee
    return enough


@njit_cached
def _sell_all_pro_rata(
    need: float, h: FloatArray, quotes: Quotes, order: Order, costs: CostTable, x: FloatArray
) -> float:
    """Add to the sales ``x`` (N,) the same share of all that is left, for ``need`` after all costs; return these."""
    sales = x.copy()
    low, high = 0.0, 1.0
    while True:
        share = 0.5 * (low + high)
        if share <= low or share >= high:
            break
        _add_share(share, h, order, sales, x)
        if -x.sum() - total_cost(x, quotes, costs) >= need:
            high = share
        else:
            low = share
    _add_share(high, h, order, sales, x)
    return total_cost(x, quotes, costs)


@njit_cached
def _add_share(share: float, h: FloatArray, order: Order, sales: FloatArray, x: FloatArray) -> None:
    """Overwrite ``x`` (N,) with ``sales`` (N,) and a ``share`` of what they leave; all of it sells an asset whole."""
    for a in range(h.size):
        x[a] = sales[a]
        if order.active[a]:
            x[a] = -h[a] if share == 1.0 else sales[a] - share * (h[a] + sales[a])


@njit_inline
def _exclude(order: Order, fills: OrderFills) -> None:
    """Take the orders that are left out from ``order``."""
    for a in range(fills.left_out.size):
        if fills.left_out[a] != 0:
            order.active[a] = False


@njit_cached
def _has_converged(after: float, V1: float, attempt: int) -> bool:
    """Return whether ``V1`` is the value after costs; where a fee jumps over it, the lower side is taken at last."""
    return abs(after - V1) <= 1e-15 * abs(V1) or (attempt >= 40 and after >= V1)


@njit_cached
def _largest_gap(
    h: FloatArray, V1: float, order: Order, tried: BoolArray, sign: float, least: float
) -> tuple[int, float]:
    """Return the untried asset furthest below (``sign`` 1) or above (-1) its target, and by how much; -1 if none.

    Of those that are as far but for rounding it is the first, so that the last bit of a price decides nothing.
    """
    best, gap = -1, least
    for a in range(h.size):
        if order.active[a] and not tried[a]:
            distance = sign * (order.weights[a] * max(V1, 0.0) - h[a])
            if distance > gap + (least if best >= 0 else 0.0):
                best, gap = a, distance
    return best, gap


@njit_cached
def _smallest_sale(need: float, most: float, a: int, quotes: Quotes, costs: CostTable) -> float:
    """Return the smallest sale up to ``most`` that brings ``need`` after its cost."""
    if most - order_cost(most, a, quotes, costs) <= need:
        return most
    low, high = 0.0, most
    while True:
        x = 0.5 * (low + high)
        if x <= low or x >= high:
            return high
        if x - order_cost(x, a, quotes, costs) >= need:
            high = x
        else:
            low = x
