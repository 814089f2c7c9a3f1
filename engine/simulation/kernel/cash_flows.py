"""Flows between rebalances: spend cash on what is underweight, raise it from what is overweight (S11)."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.jit import njit_cached
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.records import Order, OrderTerms, Quotes
from engine.simulation.kernel.tolerances import TRADE_TOLERANCE
from engine.simulation.kernel.trade import execute_trades
from engine.simulation.kernel.valuation import fill_holdings


@njit_cached
def _largest_purchase(budget: float, a: int, quotes: Quotes, costs: CostTable) -> float:
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
    units: FloatArray, cash: float, quotes: Quotes, order: Order, terms: OrderTerms, dq: FloatArray, fees: FloatArray
) -> float:
    """Spend cash above its target on the most underweight asset first; buys only (S11). Return unrounded cash."""
    n = units.size
    h, x, tried = np.empty(n), np.empty(n), np.empty(n, dtype=np.bool_)
    V = fill_holdings(units, quotes.prices, h) + cash
    spare = max(1.0 - order.weights.sum(), 0.0)
    V1 = V
    for attempt in range(64):
        x[:] = 0.0
        tried[:] = False
        budget = cash - spare * V1
        fee = 0.0
        for _ in range(n):
            best, gap = _largest_gap(h, V1, order, tried, 1.0, TRADE_TOLERANCE * V)
            if best < 0 or budget <= TRADE_TOLERANCE * V:
                break
            tried[best] = True
            buy = gap
            if gap + order_cost(gap, best, quotes, terms.costs) > budget:
                buy = _largest_purchase(budget, best, quotes, terms.costs)
                if buy <= TRADE_TOLERANCE * V:  # its fee alone would eat the budget
                    continue
            x[best] = buy
            cost = order_cost(buy, best, quotes, terms.costs)
            budget = budget - buy - cost if buy == gap else 0.0
            fee += cost
        if _has_converged(V - fee, V1, attempt):
            break
        V1 = V - fee
    return execute_trades(units, cash, quotes, x, terms, dq, fees)


@njit_cached
def raise_cash(
    units: FloatArray,
    cash: float,
    due: float,
    spare: float,
    quotes: Quotes,
    order: Order,
    terms: OrderTerms,
    dq: FloatArray,
    fees: FloatArray,
) -> float:
    """Sell the most overweight asset first until ``due`` [currency] can be paid (S11).

    Cash above its target, ``spare`` [weight], is used first; when excesses do not suffice, cash below it must serve.
    Return cash before ``due`` is paid and before any rounding.
    """
    n = units.size
    h, x, tried = np.empty(n), np.empty(n), np.empty(n, dtype=np.bool_)
    V = fill_holdings(units, quotes.prices, h) + cash
    V1 = V - due
    for attempt in range(64):
        x[:] = 0.0
        tried[:] = False
        need = due - max(cash - spare * V1, 0.0)
        fee = 0.0
        for _ in range(n):
            best, excess = _largest_gap(h, V1, order, tried, -1.0, TRADE_TOLERANCE * V)
            if best < 0 or need <= TRADE_TOLERANCE * V:
                break
            tried[best] = True
            sale = _smallest_sale(need, excess, best, quotes, terms.costs)
            cost = order_cost(sale, best, quotes, terms.costs)
            if cost >= sale:  # it would bring nothing
                continue
            x[best] = -sale
            need -= sale - cost
            fee += cost
        if _has_converged(V - due - fee, V1, attempt):
            break
        V1 = V - due - fee
    return execute_trades(units, cash, quotes, x, terms, dq, fees)


@njit_cached
def _has_converged(after: float, V1: float, attempt: int) -> bool:
    """Return whether ``V1`` is the value after costs; where a fee jumps over it, the lower side is taken at last."""
    return abs(after - V1) <= 1e-15 * abs(V1) or (attempt >= 40 and after >= V1)


@njit_cached
def _largest_gap(
    h: FloatArray, V1: float, order: Order, tried: BoolArray, sign: float, least: float
) -> tuple[int, float]:
    """Return the untried asset furthest below (``sign`` 1) or above (-1) its target, and by how much; -1 if none."""
    best, gap = -1, least
    for a in range(h.size):
        if order.active[a] and not tried[a]:
            distance = sign * (order.weights[a] * max(V1, 0.0) - h[a])
            if distance > gap:
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
