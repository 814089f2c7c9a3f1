"""What orders cost: one, a vector of trades, a vector of shares."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.records import (
    BELOW_MIN_ORDER,
    BUY_OFF_LIMIT,
    EATEN_BY_COSTS,
    NEVER_SOLD,
    NO_SALE,
    NOT_AT_LIMIT,
    SALE_OFF_LIMIT,
    Quotes,
)


@njit_cached
def charge(x: float, a: int, price: float, shares: float, tariff_rate: float, costs: CostTable) -> float:
    """Return the cost of one order as :func:`order_cost` does; numbers lent one by one are not counted at each call."""
    x = abs(x)
    if x == 0.0:
        return 0.0
    fee: float = costs.fixed[a] * tariff_rate + costs.rate[a] * x
    if costs.per_share[a] > 0.0:
        fee += costs.per_share[a] * tariff_rate * (x / price * shares)
    fee = max(fee, costs.minimum[a] * tariff_rate)
    fee = min(fee, costs.maximum[a] * tariff_rate)
    fee = min(fee, costs.maximum_rate[a] * x)
    fee += costs.spread[a] * x
    return fee


@njit_cached
def order_cost(x: float, a: int, quotes: Quotes, costs: CostTable) -> float:
    """Return the cost of one order of money ``x`` (either sign) in asset ``a`` [currency].

    Amounts of the tariff are turned into the account's currency, and shares are those of the day.

    >>> from engine.portfolio.costs import BrokerCosts
    >>> quotes = Quotes(np.array([50.0]), np.array([1.0]), 1.0, np.zeros(1, np.uint8))
    >>> order_cost(-1000.0, 0, quotes, BrokerCosts(tariff="comdirect").cost_table(1))
    9.9
    """
    return charge(x, a, quotes.prices[a], quotes.shares[a], quotes.tariff_rate, costs)


def cause_to_leave_out(signed: float, money: float, fee: float, unfilled: int, min_order: float) -> int:
    """Return why an order of ``money`` that costs ``fee`` is left out, 0 where it is not (S3); a sale is ``signed``.

    Compiled where the kernel calls it; ``unfilled`` are the bits of ``Quotes.unfilled``.
    """
    if signed < 0.0 and unfilled & NO_SALE != 0:
        return NEVER_SOLD
    if fee >= money:
        return EATEN_BY_COSTS
    if money < min_order:
        return BELOW_MIN_ORDER
    return NOT_AT_LIMIT if unfilled & (BUY_OFF_LIMIT if signed > 0.0 else SALE_OFF_LIMIT) != 0 else 0


@njit_cached
def is_proportional(costs: CostTable) -> bool:
    """Return whether all costs are small rates, so that the fixpoint is a contraction."""
    for a in range(costs.rate.size):
        if costs.fixed[a] > 0.0 or costs.per_share[a] > 0.0 or costs.minimum[a] > 0.0:
            return False
        if costs.maximum[a] < np.inf or costs.maximum_rate[a] < np.inf or costs.rate[a] + costs.spread[a] > 0.1:
            return False
    return True


@njit_cached
def total_cost(x: FloatArray, quotes: Quotes, costs: CostTable) -> float:
    """Return what a vector of trades costs [currency]."""
    total, prices, shares, tariff_rate = 0.0, quotes.prices, quotes.shares, quotes.tariff_rate
    for a in range(x.size):
        if x[a] != 0.0:
            total += charge(x[a], a, prices[a], shares[a], tariff_rate, costs)
    return total


@njit_inline
def cash_spent(dq: FloatArray, quotes: Quotes, costs: CostTable) -> float:
    """Return what leaves cash for ``dq``, costs included."""
    total, prices, shares, tariff_rate = 0.0, quotes.prices, quotes.shares, quotes.tariff_rate
    for a in range(dq.size):
        if dq[a] != 0.0:
            money = dq[a] * prices[a]
            total += money + charge(money, a, prices[a], shares[a], tariff_rate, costs)
    return total
