"""Whole shares: target quantities rounded down, the rest spent by largest remainder (S10)."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.jit import njit_cached, njit_inline
from engine.simulation.kernel.order_costs import cash_spent, total_cost
from engine.simulation.kernel.records import OrderTerms, Quotes
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE, TRADE_TOLERANCE

SHARE_TOLERANCE: Final = 1e-9
"""Shares by which a whole-share target may fall short of an integer and still count as it (S10)."""


@njit_inline
def fill_whole_shares(
    units: FloatArray, cash: float, quotes: Quotes, x: FloatArray, terms: OrderTerms, dq: FloatArray
) -> None:
    """Overwrite ``dq`` [units] with whole shares of the day.

    Rounded down, then one share each by largest remainder while cash and caps allow.
    """
    rest = np.empty(units.size)
    _round_down(units, quotes, x, dq, rest)
    if terms.spend_remainder:
        left = cash - total_cost(x, quotes, terms.costs)
        for a in range(units.size):
            left -= x[a]
        _spend_remainder(units, cash, max(left, 0.0), quotes, terms, dq, rest)
    _sell_above_caps(units, cash, quotes, x, terms, dq)


@njit_inline
def _round_down(units: FloatArray, quotes: Quotes, x: FloatArray, dq: FloatArray, rest: FloatArray) -> None:
    """Round target quantities down; ``rest`` is what each lost, -1 where nothing is traded or all is sold.

    Cash suffices afterwards: a smaller purchase costs less and a larger sale brings more, fees included.
    """
    prices, shares = quotes.prices, quotes.shares
    for a in range(units.size):
        dq[a] = 0.0
        rest[a] = -1.0
        if x[a] != 0.0:
            one = shares[a]
            exact = (units[a] + x[a] / prices[a]) * one
            count = max(0.0, np.floor(exact + share_grace(exact)))
            dq[a] = _trade_to_count(count, units[a], one)
            if exact > SHARE_TOLERANCE:
                rest[a] = exact - count


@njit_inline
def share_grace(count: float) -> float:
    """Return by how many shares a ``count`` may miss a whole one and still be it; more where doubles are coarser."""
    return SHARE_TOLERANCE * max(1.0, 1e-6 * count)


@njit_inline
def _trade_to_count(count: float, units: float, one: float) -> float:
    """Return the trade [units] to a whole ``count`` of shares; rounding is no order, and would cost a fee."""
    if abs(count - units * one) <= share_grace(count):
        return 0.0
    return count / one - units


@njit_inline
def _spend_remainder(
    units: FloatArray,
    cash: float,
    reserve: float,
    quotes: Quotes,
    terms: OrderTerms,
    dq: FloatArray,
    rest: FloatArray,
) -> None:
    """Add one share an asset by largest remainder while cash stays at ``reserve`` and caps are kept.

    Of remainders that are equal but for rounding the first asset's counts as the largest.
    """
    prices, shares = quotes.prices, quotes.shares
    for _ in range(dq.size):
        best = -1
        for a in range(dq.size):
            if rest[a] > SHARE_TOLERANCE and (best < 0 or rest[a] > rest[best] + SHARE_TOLERANCE):
                best = a
        if best < 0:
            return
        rest[best] = -1.0
        before, without = value_after_trades(units, cash, quotes, terms.costs, dq), dq[best]
        count = np.rint((units[best] + without) * shares[best])
        dq[best] = _trade_to_count(count + 1.0, units[best], shares[best])
        after = value_after_trades(units, cash, quotes, terms.costs, dq)
        fits = cash - cash_spent(dq, quotes, terms.costs) >= reserve - TRADE_TOLERANCE * before
        if not (fits and _keeps_caps(units, dq, prices, terms.caps, best, before, after)):
            dq[best] = without


@njit_inline
def value_after_trades(units: FloatArray, cash: float, quotes: Quotes, costs: CostTable, dq: FloatArray) -> float:
    """Return the account's value once ``dq`` is traded."""
    total, prices = cash - cash_spent(dq, quotes, costs), quotes.prices
    for a in range(units.size):
        if units[a] + dq[a] != 0.0:
            total += (units[a] + dq[a]) * prices[a]
    return total


@njit_cached
def _keeps_caps(
    units: FloatArray, dq: FloatArray, price: FloatArray, caps: FloatArray, one: int, before: float, after: float
) -> bool:
    """Return whether one more share of ``one`` keeps its cap and lifts nobody else over theirs through its cost."""
    for a in range(units.size):
        if caps[a] < np.inf:
            money = (units[a] + dq[a]) * price[a]
            if money > caps[a] * after and (a == one or money <= caps[a] * before):
                return False
    return True


@njit_inline
def _sell_above_caps(
    units: FloatArray, cash: float, quotes: Quotes, x: FloatArray, terms: OrderTerms, dq: FloatArray
) -> None:
    """Sell shares that rounding has lifted over a cap which the fractional trade keeps."""
    price, shares, value = quotes.prices, quotes.shares, cash - total_cost(x, quotes, terms.costs)
    for a in range(units.size):
        if units[a] != 0.0:
            value += units[a] * price[a]
    for a in range(units.size):
        if x[a] != 0.0 and units[a] * price[a] + x[a] <= terms.caps[a] * value * (1.0 + LIMIT_TOLERANCE):
            room = terms.caps[a] * (1.0 + LIMIT_TOLERANCE) * value_after_trades(units, cash, quotes, terms.costs, dq)
            count = np.rint((units[a] + dq[a]) * shares[a])
            while count >= 1.0 and (units[a] + dq[a]) * price[a] > room:
                count -= 1.0
                dq[a] = _trade_to_count(count, units[a], shares[a])
