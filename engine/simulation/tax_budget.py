"""How far a rebalance goes where the tax of a year has a budget (S19)."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.ordered_sum import add_in_order
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.records import NO_SALE, Quotes
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.tax_account import TaxAccount
from engine.tax.budget import BudgetedBook, BudgetProblem, GainLimit, SaleLot, TaxBudget

_ROUNDS: Final = 12
_STILL: Final = 1e-13
"""Of the account's value: what is left after tax and costs does not move any more."""
_EXCESS: Final = 1e-10
"""Of the account's value: tax above the budget that is rounding."""
_HALVINGS: Final = 40


def weights_within_budget(state: PortfolioState, row: int, target: FloatArray) -> FloatArray | None:
    """Return (N,) weights as near to ``target`` (N,) as the year's budget allows; None where it allows all the way."""
    tax = state.tax
    if tax is None or tax.budget is None or row == state.opening or not isinstance(tax.book, BudgetedBook):
        return None
    budgeted = _BudgetedOrder(state, tax, tax.book, tax.budget, row)
    if budgeted.tax_of_year(target, budgeted.left_after(target)) <= budgeted.most + _EXCESS * budgeted.value:
        return None
    weights = budgeted.nearest(target)
    tax.stayed.append((row, float(0.5 * np.abs(weights - target).sum())))
    return weights


class _BudgetedOrder:
    """A rebalance of one session, before it is filled."""

    def __init__(self, state: PortfolioState, tax: TaxAccount, book: BudgetedBook, budget: TaxBudget, row: int) -> None:
        """Look at what is held at ``row``; ``most`` is what the tax of the year may come to."""
        self.state, self.tax, self.book, self.budget, self.row = state, tax, book, budget, row
        self.quotes: Quotes = state.quotes(row)
        self.holdings, self.value = state.holdings(row), state.value(row)
        self.able = state.fresh(row)
        nothing = [0.0] * len(self.holdings)
        so_far = book.tax_of_year(row, nothing, self.quotes.prices.tolist(), nothing)
        self.most = max(budget.money, so_far)

    def nearest(self, target: FloatArray) -> FloatArray:
        """Return the weights nearest to ``target`` whose sales the budget allows."""
        left, weights = self.value, target
        for _ in range(_ROUNDS):
            weights = self.budget.nearest(self._problem(target, left))
            after = self.left_after(weights, left)
            if abs(after - left) <= _STILL * self.value:
                break
            left = after
        return self._pulled_back(weights, left)

    def left_after(self, weights: FloatArray, guess: float | None = None) -> float:
        """Return what the account is worth after a trade to ``weights``, its costs and what tax leaves with it."""
        left = self.value if guess is None else guess
        for _ in range(_ROUNDS):
            trades, fees = self._trades(weights, left)
            due = self.tax.tax_of_trades(self.row, trades, self.quotes.prices, fees)
            after = self.value - add_in_order(fees.tolist()) - due
            if abs(after - left) <= _STILL * self.value:
                break
            left = after
        return left

    def tax_of_year(self, weights: FloatArray, left: float) -> float:
        """Return the year's tax after a trade to ``weights`` of what is ``left``."""
        trades, fees = self._trades(weights, left)
        return self.book.tax_of_year(self.row, trades.tolist(), self.quotes.prices.tolist(), fees.tolist())

    def _trades(self, weights: FloatArray, left: float) -> tuple[FloatArray, FloatArray]:
        """Return (N,) units and fees of a trade to ``weights`` of what is ``left``."""
        prices, money = self.quotes.prices, np.where(self.able, weights * left - self.holdings, 0.0)
        trades, fees = np.zeros_like(money), np.zeros_like(money)
        for j in np.flatnonzero(money):
            trades[j] = max(money[j] / prices[j], -self.state.units[j])
            fees[j] = order_cost(float(money[j]), int(j), self.quotes, self.state.terms.costs)
        return trades, fees

    def _problem(self, target: FloatArray, left: float) -> BudgetProblem:
        held = self.holdings / left
        kept = ~self.able | ((self.quotes.unfilled & np.uint8(NO_SALE)) != 0)
        lower = np.where(kept & (held > target), held, np.minimum(held, target))
        upper = np.where(~self.able, held, np.maximum(held, target))
        lots, prices = [], self.quotes.prices.tolist()
        for j, price in enumerate(prices):
            sells = held[j] > 0.0 and lower[j] < held[j]
            own = self.book.lots_for_sale(self.row, j, price) if sells else ()
            lots.append([SaleLot(lot.units * price / left, lot.first / price, lot.second / price) for lot in own])
        limits = [
            [GainLimit(one.first, one.second, one.bound / left) for one in limits]
            for limits in self.book.gain_limits(self.row, self.most)
        ]
        least, most = float(target.sum()), max(float(target.sum()), min(1.0, float(held.sum())))
        closes = self.state.market.total_return_prices[: self.row]
        return BudgetProblem(target, held, lower, upper, least, most, lots, limits, closes)

    def _pulled_back(self, weights: FloatArray, left: float) -> FloatArray:
        """Return ``weights``, or where wash sales or rounding let them break the budget, those on the way to them."""
        if self.tax_of_year(weights, left) <= self.most + _EXCESS * self.value:
            return weights
        held, low, high = self.holdings / left, 0.0, 1.0
        for _ in range(_HALVINGS):
            part = 0.5 * (low + high)
            fits = self.tax_of_year(held + part * (weights - held), left) <= self.most
            low, high = (part, high) if fits else (low, part)
        return held + low * (weights - held)
