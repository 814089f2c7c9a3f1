"""Whole shares: target quantities rounded down, the rest spent by largest remainder (S10)."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.jit import inlined, jit
from engine.simulation.kernel.order_costs import cost_of, spent
from engine.simulation.kernel.records import Terms
from engine.simulation.kernel.valuation import NOISE, OVER

GRACE: Final = 1e-9
"""Shares by which a whole-share target may fall short of an integer and still count as it (S10)."""


@inlined
def round_down(units: FloatArray, cash: float, price: FloatArray, x: FloatArray, terms: Terms, dq: FloatArray) -> None:
    """Overwrite ``dq`` with whole shares: floor, then one share each by largest remainder while cash and caps allow."""
    rest = np.empty(units.size)
    _floor(units, price, x, dq, rest)
    if terms.spend_rest:
        left = cash - cost_of(x, price, terms.costs)
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
        before = value_after(units, cash, price, terms.costs, dq)
        dq[best] += 1.0
        after = value_after(units, cash, price, terms.costs, dq)
        fits = cash - spent(dq, price, terms.costs) >= reserve - NOISE * before
        if not (fits and _caps_keep(units, dq, price, terms.caps, best, before, after)):
            dq[best] -= 1.0


@jit
def value_after(units: FloatArray, cash: float, price: FloatArray, costs: CostTable, dq: FloatArray) -> float:
    """Return the account's value once ``dq`` is traded."""
    total = cash - spent(dq, price, costs)
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
    value = cash - cost_of(x, price, terms.costs)
    for a in range(units.size):
        if units[a] != 0.0:
            value += units[a] * price[a]
    for a in range(units.size):
        if x[a] != 0.0 and units[a] * price[a] + x[a] <= terms.caps[a] * value * (1.0 + OVER):
            room = terms.caps[a] * (1.0 + OVER) * value_after(units, cash, price, terms.costs, dq)
            while units[a] + dq[a] >= 1.0 and (units[a] + dq[a]) * price[a] > room:
                dq[a] -= 1.0
