"""``trade``: fill one netted vector of orders and pay for it (S3, S4, S10)."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.cost_fixpoint import is_affordable, solve_cost_fixpoint, solve_or_scale
from engine.simulation.kernel.jit import njit_cached
from engine.simulation.kernel.order_costs import charge
from engine.simulation.kernel.records import Order, OrderTerms, Quotes
from engine.simulation.kernel.valuation import fill_holdings
from engine.simulation.kernel.whole_shares import fill_whole_shares

FILLED: Final = 0
UNAFFORDABLE: Final = 1
"""Status of a trade that was not made: costs would eat the account, or all of the release."""


@njit_cached
def execute_trades(
    units: FloatArray,
    cash: float,
    quotes: Quotes,
    x: FloatArray,
    terms: OrderTerms,
    dq: FloatArray,
    fees: FloatArray,
) -> float:
    """Turn trades into shares, pay for them, update ``units`` in place; return cash before any rounding."""
    n, price, shares = units.size, quotes.prices, quotes.shares
    if terms.whole_shares:
        fill_whole_shares(units, cash, quotes, x, terms, dq)
    else:
        for a in range(n):
            dq[a] = x[a] / price[a] if x[a] != 0.0 else 0.0
            if x[a] != 0.0 and x[a] == -(units[a] * price[a]):
                dq[a] = -units[a]  # a liquidation leaves no dust
    for a in range(n):
        fees[a] = 0.0
        if dq[a] != 0.0:
            fees[a] = charge(dq[a] * price[a], a, price[a], shares[a], quotes.tariff_rate, terms.costs)
            units[a] += dq[a]
            cash -= dq[a] * price[a] + fees[a]
    return cash


@njit_cached
def trade(
    units: FloatArray, cash: float, quotes: Quotes, order: Order, terms: OrderTerms, dq: FloatArray, fees: FloatArray
) -> tuple[int, bool, float]:
    """Fill ``order`` as one netted vector at the ``quotes`` of a session, paying costs (S3, S4, S10).

    ``units`` (N,) is updated in place; ``dq`` (N,) signed shares and ``fees`` (N,) [currency] are overwritten.
    Returns the status, whether targets had to be scaled for waiting assets, and cash before any rounding.
    """
    h = np.empty(units.size)
    x = np.empty(units.size)
    V = fill_holdings(units, quotes.prices, h) + cash
    V1 = solve_cost_fixpoint(V, h, quotes, order, terms.costs, x)
    scaled = False
    recipients = order.recipients.sum() > 0.0
    if V1 >= 0.0 and not recipients and not order.active.all():
        V1, scaled = solve_or_scale(V, V1, h, quotes, order, terms.costs, x)
    if V1 < 0.0 or not is_affordable(V, V1, cash, h, quotes, order, terms.costs, x):
        dq[:] = 0.0
        fees[:] = 0.0
        return UNAFFORDABLE, False, cash
    return FILLED, scaled, execute_trades(units, cash, quotes, x, terms, dq, fees)
