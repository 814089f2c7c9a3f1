"""What orders cost: one, a vector of trades, a vector of shares."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.jit import njit_cached
from engine.simulation.kernel.records import Quotes


@njit_cached
def order_cost(x: float, a: int, quotes: Quotes, costs: CostTable) -> float:
    """Return the cost of one order of money ``x`` (either sign) in asset ``a`` [currency].

    Amounts of the tariff are turned into the account's currency, and shares are those of the day.

    >>> from engine.portfolio.costs import BrokerCosts
    >>> quotes = Quotes(np.array([50.0]), np.array([1.0]), 1.0)
    >>> order_cost(-1000.0, 0, quotes, BrokerCosts(name="comdirect").cost_table(1))
    9.9
    """
    x = abs(x)
    if x == 0.0:
        return 0.0
    own = quotes.tariff_rate
    fee: float = costs.fixed[a] * own + costs.rate[a] * x
    if costs.per_share[a] > 0.0:
        fee += costs.per_share[a] * own * (x / quotes.prices[a] * quotes.shares[a])
    fee = max(fee, costs.minimum[a] * own)
    fee = min(fee, costs.maximum[a] * own)
    fee = min(fee, costs.maximum_rate[a] * x)
    fee += costs.spread[a] * x
    return fee


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
    total = 0.0
    for a in range(x.size):
        if x[a] != 0.0:
            total += order_cost(x[a], a, quotes, costs)
    return total


@njit_cached
def cash_spent(dq: FloatArray, quotes: Quotes, costs: CostTable) -> float:
    """Return what leaves cash for ``dq``, costs included."""
    total = 0.0
    for a in range(dq.size):
        if dq[a] != 0.0:
            money = dq[a] * quotes.prices[a]
            total += money + order_cost(money, a, quotes, costs)
    return total
