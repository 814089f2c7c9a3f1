"""``trade``: fill one netted vector of orders and pay for it (S3, S4, S10)."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.cost_fixpoint import fill_trades_at_value, solve_order
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.order_costs import cause_to_leave_out, charge, order_cost
from engine.simulation.kernel.records import (
    EATEN_BY_COSTS,
    NEVER_SOLD,
    NO_WHOLE_SHARE,
    Order,
    OrderFills,
    OrderTerms,
    Quotes,
)
from engine.simulation.kernel.tolerances import TRADE_TOLERANCE
from engine.simulation.kernel.valuation import fill_holdings
from engine.simulation.kernel.whole_shares import fill_whole_shares

FILLED: Final = 0
UNAFFORDABLE: Final = 1
ORDERS_LEFT_OUT: Final = 2
"""Status of a vector of orders: all are filled; none, as costs would eat the account; all but those left out."""

_cause_to_leave_out = njit_inline(cause_to_leave_out)


@njit_cached
def size_orders(
    units: FloatArray, cash: float, quotes: Quotes, x: FloatArray, terms: OrderTerms, fills: OrderFills
) -> int:
    """Overwrite ``fills`` with the shares that trades ``x`` (N,) [currency] are, and their costs; nothing moves yet.

    Marks the orders that are not worth placing, as costs eat them or they are too small, and those that the session
    does not fill (S3), and returns how many; sales of what is never sold alone where there are any.
    """
    n, price, shares, dq, fees = units.size, quotes.prices, quotes.shares, fills.dq, fills.fees
    unfilled = quotes.unfilled
    if terms.whole_shares:
        fill_whole_shares(units, cash, quotes, x, terms, dq)
    else:
        for a in range(n):
            dq[a] = x[a] / price[a] if x[a] != 0.0 else 0.0
            if x[a] != 0.0 and x[a] == -(units[a] * price[a]):
                dq[a] = -units[a]  # a liquidation leaves no dust
    count, kept = 0, 0
    for a in range(n):
        fees[a] = 0.0
        if dq[a] != 0.0:
            money = abs(dq[a] * price[a])
            fees[a] = charge(money, a, price[a], shares[a], quotes.tariff_rate, terms.costs)
            cause = _cause_to_leave_out(dq[a], money, fees[a], unfilled[a], terms.min_order)
            if cause != 0:
                fills.left_out[a] = cause
                count += 1
                kept += cause == NEVER_SOLD
    if kept == 0:
        return count
    for a in range(n):
        if dq[a] != 0.0 and fills.left_out[a] != NEVER_SOLD:
            fills.left_out[a] = 0  # without what is kept it is another order
    return kept


@njit_inline
def _size_and_judge(
    units: FloatArray,
    cash: float,
    V: float,
    quotes: Quotes,
    order: Order,
    x: FloatArray,
    terms: OrderTerms,
    fills: OrderFills,
) -> int:
    """Size the orders of a vector and return how many are not worth placing, those of recipients included."""
    count = size_orders(units, cash, quotes, x, terms, fills)
    if not order.recipients_sell and order.released_cash >= 0.0 and order.recipients.any():
        count += _mark_recipients(V, count == 0, quotes, order, x, terms.costs, fills)
    return count


@njit_cached
def _mark_recipients(
    V: float, others_placed: bool, quotes: Quotes, order: Order, x: FloatArray, costs: CostTable, fills: OrderFills
) -> int:
    """Mark recipients where costs leave nothing of what is set free; return how many.

    Each is judged, as any order is, by what would have to move; where that rules out none, all are. A sale that brings
    less than it costs is itself marked, unless it is more in whole shares (``others_placed``).
    """
    offered, left, stuck, count = order.released_cash - order.tax, 0.0, False, 0
    for a in range(x.size):
        if order.active[a]:
            offered -= x[a] + order_cost(x[a], a, quotes, costs)  # before rounding to shares
    left = offered
    for a in range(x.size):
        money = order.recipients[a] * offered
        if not order.active[a] and (money > TRADE_TOLERANCE * V or (others_placed and x[a] < 0.0)):
            left -= order_cost(money, a, quotes, costs)
            stuck = stuck or x[a] <= 0.0
    if not stuck:
        return 0
    for a in range(x.size):
        money = abs(order.recipients[a] * left)
        if not order.active[a] and money > 0.0 and order_cost(money, a, quotes, costs) >= money:
            fills.left_out[a] = EATEN_BY_COSTS
            count += 1
    for a in range(x.size):
        if count == 0 and not order.active[a] and order.recipients[a] > 0.0:
            fills.left_out[a] = EATEN_BY_COSTS
    return max(count, 1)


@njit_inline
def settle_orders(
    units: FloatArray, cash: float, quotes: Quotes, x: FloatArray, terms: OrderTerms, fills: OrderFills
) -> tuple[int, float]:
    """Move shares and money of ``fills``; return the status and cash before any rounding."""
    price, dq, fees, status = quotes.prices, fills.dq, fills.fees, FILLED
    if terms.whole_shares:
        for a in range(units.size):
            if x[a] > 0.0 and units[a] == 0.0 and dq[a] == 0.0:
                fills.left_out[a] = NO_WHOLE_SHARE
    for a in range(units.size):
        if fills.left_out[a] != 0:
            status = ORDERS_LEFT_OUT
        if dq[a] != 0.0:
            units[a] += dq[a]
            cash -= dq[a] * price[a] + fees[a]
    return status, cash


@njit_cached
def trade(
    units: FloatArray, cash: float, quotes: Quotes, order: Order, terms: OrderTerms, fills: OrderFills
) -> tuple[int, bool, float]:
    """Fill ``order`` as one netted vector at the ``quotes`` of a session, paying costs (S3, S4, S10).

    ``units`` (N,) is updated in place, ``fills`` are overwritten. Returns the status, whether targets had to be scaled
    for assets that do not trade, and cash before any rounding.
    """
    h = np.empty(units.size)
    x = np.empty(units.size)
    V = fill_holdings(units, quotes.prices, h) + cash
    for a in range(units.size):
        fills.left_out[a] = 0
    solved, scaled = solve_order(V, cash, h, quotes, order, terms.costs, x)
    if solved and scaled and not x.any():
        _mark_eaten_sales(V, h, quotes, order, x, terms.costs, fills)
    if solved and _size_and_judge(units, cash, V, quotes, order, x, terms, fills) == 0:
        status, cash = settle_orders(units, cash, quotes, x, terms, fills)
        return status, scaled, cash
    return _trade_without_left_out(units, cash, V, h, quotes, order, terms, x, fills)


@njit_cached
def _mark_eaten_sales(
    V: float, h: FloatArray, quotes: Quotes, order: Order, x: FloatArray, costs: CostTable, fills: OrderFills
) -> None:
    """Mark sales that cost what they bring, where cutting the order to what can be paid has left nothing of it."""
    fill_trades_at_value(V, V, h, order, x)
    for a in range(x.size):
        if x[a] < 0.0 and order_cost(x[a], a, quotes, costs) >= -x[a]:
            fills.left_out[a] = EATEN_BY_COSTS
        x[a] = 0.0


@njit_cached
def _trade_without_left_out(
    units: FloatArray,
    cash: float,
    V: float,
    h: FloatArray,
    quotes: Quotes,
    order: Order,
    terms: OrderTerms,
    x: FloatArray,
    fills: OrderFills,
) -> tuple[int, bool, float]:
    """Leave out all orders that are not worth placing and solve the rest again, until there is none (S3)."""
    active, recipients = order.active.copy(), order.recipients.copy()
    sells, released = order.recipients_sell, order.released_cash
    rest = Order(order.weights, active, recipients, released, order.withheld_cash, sells, order.tax)
    for _ in range(units.size + 1):
        solved, scaled = solve_order(V, cash, h, quotes, rest, terms.costs, x)
        if solved:
            if _size_and_judge(units, cash, V, quotes, rest, x, terms, fills) == 0:
                status, cash = settle_orders(units, cash, quotes, x, terms, fills)
                return status, scaled, cash
        elif sells or released < 0.0 or recipients.sum() == 0.0:
            break
        else:  # what is set free cannot pay for reaching those who would take it
            for a in range(units.size):
                if recipients[a] > 0.0 and not active[a]:
                    fills.left_out[a] = EATEN_BY_COSTS
        _exclude_left_out(rest, fills)
    fill_trades_at_value(V, V, h, rest, x)
    for a in range(units.size):
        fills.dq[a] = fills.fees[a] = 0.0
        if x[a] != 0.0:
            fills.left_out[a] = EATEN_BY_COSTS
    return UNAFFORDABLE, False, cash


@njit_inline
def _exclude_left_out(order: Order, fills: OrderFills) -> None:
    """Take the orders left out from ``order``: others raise what they would, cash keeps what they would cost."""
    raises, total = False, 0.0
    for a in range(fills.dq.size):
        if fills.left_out[a] != 0:
            raises = raises or (order.recipients[a] > 0.0 and fills.dq[a] < 0.0)
            order.active[a] = False
            order.recipients[a] = 0.0
        total += order.recipients[a]
    if raises and total > 0.0 and (order.recipients_sell or order.released_cash < 0.0):
        order.recipients[:] /= total
