"""Orders whose own tax leaves with them: the tax that a vector owes is part of what it has to bring (S3, S19).

The tax depends on what is sold, and what is sold on the tax. Money kept back for it lowers the value that is traded, so
that more is sold, and each unit more is taxed at less than all it brings: what is owed less what is kept back falls as
more is kept back, and has one root. It is found by secants, which are exact on a straight piece.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.records import Order, OrderFills, OrderTerms, Quotes
from engine.simulation.kernel.tolerances import CASH_TOLERANCE
from engine.simulation.kernel.valuation import account_value
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.tax_account import TaxAccount

Attempt: TypeAlias = Callable[[float, OrderTerms], tuple[int, bool, float]]
"""Fills a vector with so much money kept back, from the holdings before it; returns status, whether it was scaled and
the cash that is left."""

MOST_STEPS: Final = 64
"""Secants before what is left of the bracket is halved, and halvings after that."""
EXACT: Final = 1e-15
"""Of the account's value: what may be left between the tax owed and the money kept back for it."""


def fill_after_tax(
    state: PortfolioState, row: int, quotes: Quotes, terms: OrderTerms, attempt: Attempt
) -> tuple[int, bool, float]:
    """Fill a vector by ``attempt`` and pay the tax that it owes at once; return what the attempt does, after tax."""
    tax, value = _account(state), account_value(state.units, quotes.prices, state.cash)
    kept = 0.0
    if tax.book.at_once:
        fractional = terms._replace(whole_shares=False)

        def owed(money: float) -> float:
            attempt(money, fractional)
            return _tax_of_fills(state, tax, row, quotes)

        kept = _solve_tax(owed, abs(value))
    status, scaled, cash = attempt(kept, terms)
    cash += kept
    if terms.whole_shares and tax.book.at_once:
        cash = _drop_shares(state, row, quotes, terms, cash, abs(value))
    due = tax.take_trades(row, state.fills.dq, quotes.prices, state.fills.fees)
    cash -= due
    if -2.0 * CASH_TOLERANCE * abs(value) <= cash < 0.0:
        cash = 0.0
    return status, scaled, cash


def with_tax(order: Order, money: float) -> Order:
    """Return ``order`` that owes a tax of ``money`` [currency]."""
    return order._replace(tax=money) if money else order


def _account(state: PortfolioState) -> TaxAccount:
    if state.tax is None:
        raise RuntimeError("a run without taxes has nothing to pay them for")
    return state.tax


def _tax_of_fills(state: PortfolioState, tax: TaxAccount, row: int, quotes: Quotes) -> float:
    return tax.tax_of_trades(row, state.fills.dq, quotes.prices, state.fills.fees)


def _solve_tax(owed: Callable[[float], float], value: float) -> float:
    """Return the money to keep back that is what the orders then owe."""
    kept, gap = 0.0, owed(0.0)
    if gap == 0.0:
        return 0.0
    low, high = (kept, np.inf) if gap > 0.0 else (-np.inf, kept)
    before, gap_before, kept = kept, gap, gap
    for step in range(2 * MOST_STEPS):
        gap = owed(kept) - kept
        if abs(gap) <= EXACT * value:
            break
        low, high = (max(low, kept), high) if gap > 0.0 else (low, min(high, kept))
        slope = (gap - gap_before) / (kept - before)
        ahead = kept - gap / slope if slope < 0.0 else kept + gap
        before, gap_before = kept, gap
        if not low < ahead < high or step >= MOST_STEPS:
            if np.isinf(low) or np.isinf(high):
                ahead = kept + gap
            else:
                ahead = 0.5 * (low + high)
                if not low < ahead < high:
                    return high
        if ahead == kept:
            break
        kept = ahead
    return kept


def _drop_shares(
    state: PortfolioState, row: int, quotes: Quotes, terms: OrderTerms, cash: float, value: float
) -> float:
    """Buy one share less of the largest purchase while whole shares leave too little for the tax; return the cash."""
    tax, fills, units = _account(state), state.fills, state.units
    while cash - _tax_of_fills(state, tax, row, quotes) < -CASH_TOLERANCE * value:
        money = np.where(fills.dq > 0.0, fills.dq * quotes.prices, 0.0)
        largest = int(money.argmax())
        if money[largest] <= 0.0:
            break
        cash += _take_back_share(fills, units, largest, quotes, terms)
    return cash


def _take_back_share(fills: OrderFills, units: FloatArray, j: int, quotes: Quotes, terms: OrderTerms) -> float:
    """Take one share out of a purchase; return the money that saves, its costs included."""
    one = min(1.0 / float(quotes.shares[j]), float(fills.dq[j]))
    spent = float(fills.dq[j] * quotes.prices[j] + fills.fees[j])
    fills.dq[j] -= one
    units[j] -= one
    if fills.dq[j] <= 1e-9 * one:
        units[j] -= fills.dq[j]
        fills.dq[j] = 0.0
    fills.fees[j] = order_cost(float(fills.dq[j] * quotes.prices[j]), j, quotes, terms.costs)
    return spent - float(fills.dq[j] * quotes.prices[j] + fills.fees[j])
