"""Lots sold and bought back at a year's last session: gains that an allowance covers, losses that save tax (S19)."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.cash_flows import largest_purchase
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.records import NO_SALE, Quotes
from engine.simulation.kernel.whole_shares import SHARE_TOLERANCE
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.tax_account import TaxAccount
from engine.simulation.trade_events import YEAR_END_PURCHASE, YEAR_END_SALE, TradeReason


def renew_lots(state: PortfolioState, row: int) -> None:
    """Sell what the book names and buy it back at the same close, both with their costs; the refund stays in cash."""
    tax = state.tax
    if tax is None:
        return
    quotes = state.quotes(row)

    def cost(j: int, money: float) -> float:
        return float(order_cost(money, j, quotes, state.terms.costs))

    wanted = np.array(tax.book.year_end_sales(row, quotes.prices.tolist(), cost))
    if not np.count_nonzero(wanted):
        return
    sold = _placeable(state, row, quotes, np.minimum(wanted, state.units))
    if np.count_nonzero(sold):
        money = _sell(state, tax, row, quotes, sold)
        _buy_back(state, tax, row, quotes, money)


def _placeable(state: PortfolioState, row: int, quotes: Quotes, units: FloatArray) -> FloatArray:
    """Return (N,) what of ``units`` (N,) can be sold: it has a close, is worth its costs, whole where shares are."""
    able = state.fresh(row) & ((quotes.unfilled & np.uint8(NO_SALE)) == 0)
    units = np.where(able, units, 0.0)
    if state.terms.whole_shares:
        units = np.floor(units * quotes.shares + SHARE_TOLERANCE) / quotes.shares
    money = _money(units, quotes)
    for j in np.flatnonzero(units):
        cost = 2.0 * order_cost(float(money[j]), int(j), quotes, state.terms.costs)
        if cost >= money[j] or money[j] < state.terms.min_order:
            units[j] = 0.0
    return units


def _sell(state: PortfolioState, tax: TaxAccount, row: int, quotes: Quotes, units: FloatArray) -> FloatArray:
    """Sell ``units`` (N,); return (N,) what each brings after its costs and its share of the tax, if any [currency]."""
    money, fees = _money(units, quotes), np.zeros_like(units)
    for j in np.flatnonzero(units):
        fees[j] = order_cost(float(money[j]), int(j), quotes, state.terms.costs)
    due = tax.take_trades(row, -units, quotes.prices, fees)
    state.units -= units
    brought = money - fees
    state.cash += float(brought.sum()) - due
    state.record_trade(row, -units, fees, TradeReason(YEAR_END_SALE))
    kept: FloatArray = brought - brought / brought.sum() * max(due, 0.0)
    return kept


def _buy_back(state: PortfolioState, tax: TaxAccount, row: int, quotes: Quotes, money: FloatArray) -> None:
    """Spend ``money`` (N,) on what brought it, costs included."""
    units, fees = np.zeros_like(money), np.zeros_like(money)
    for j in np.flatnonzero(money > 0.0):
        spent = largest_purchase(float(money[j]), int(j), quotes, state.terms.costs)
        units[j] = spent / quotes.prices[j]
        if state.terms.whole_shares:
            units[j] = np.floor(units[j] * quotes.shares[j] + SHARE_TOLERANCE) / quotes.shares[j]
        fees[j] = order_cost(float(units[j] * quotes.prices[j]), int(j), quotes, state.terms.costs)
    state.units += units
    state.cash = max(state.cash - float((_money(units, quotes) + fees).sum()), 0.0)
    tax.book.buy_back(row, units.tolist(), quotes.prices.tolist(), fees.tolist())
    state.record_trade(row, units, fees, TradeReason(YEAR_END_PURCHASE))


def _money(units: FloatArray, quotes: Quotes) -> FloatArray:
    """Return (N,) what ``units`` (N,) are worth; of none nothing, also before a first close [currency]."""
    return np.where(units == 0.0, 0.0, units * quotes.prices)
