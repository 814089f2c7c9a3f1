"""What taxes ask of a session before anything is traded: a new year, assessments, dividends, the interest of a year."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.ordered_sum import add_in_order
from engine.simulation.kernel.records import NO_SALE, Order, OrderTerms
from engine.simulation.kernel.tolerances import CASH_TOLERANCE
from engine.simulation.kernel.trade import trade
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.tax_account import TaxAccount
from engine.simulation.tax_calendar import TaxCalendar
from engine.simulation.tax_fixpoint import fill_after_tax, with_tax
from engine.simulation.trade_events import TAX, TAXED_DIVIDEND, TradeEvent, TradeReason


def settle_taxes(state: PortfolioState, calendar: TaxCalendar, row: int) -> None:
    """Do what ``row`` asks for before it trades; its dividends and interest are in cash already (S19)."""
    tax = state.tax
    if tax is None or row <= tax.settled:
        return
    gross = _dividends(state, row) if row in calendar.paid else None
    paid = 0.0 if gross is None else add_in_order(gross.tolist())
    state.cash -= paid  # a year begins before its first dividends
    if row in calendar.begins:
        _pay(state, tax, row, tax.book.begin_year(row))
    if row in calendar.due:
        _pay(state, tax, row, tax.book.assessed(row))
    state.cash += paid
    if gross is not None and paid:
        _tax_dividends(state, tax, row, gross)
    if row in calendar.ends:
        interest = tax.interest_until(row, state.history.cash, state.run.market.growth)
        _pay(state, tax, row, tax.book.take_interest(row, interest))
        _pay(state, tax, row, tax.book.wealth_tax(row, state.value(row)))


def _dividends(state: PortfolioState, row: int) -> FloatArray | None:
    dividends = state.market.dividends
    if dividends is None:
        return None
    held = state.history.units[row - 1]
    return np.where(held == 0.0, 0.0, held * dividends[row])


def _tax_dividends(state: PortfolioState, tax: TaxAccount, row: int, gross: FloatArray) -> None:
    """Take the taxes on dividends out of cash, and let what is left buy more of what paid it."""
    due = tax.book.take_income(row, state.history.units[row - 1].tolist(), gross.tolist())
    taken, abroad = add_in_order(due.tax), add_in_order(due.withheld)
    tax.withheld[row] += abroad
    tax.taken[row] = taken + abroad
    if taken + abroad > state.cash:  # more than was paid: what cash lacks is sold for, as of any debit
        state.cash = max(state.cash - abroad, 0.0)
        _pay(state, tax, row, taken)
        return
    state.cash -= taken + abroad
    tax.paid[row] += taken
    if tax.taxation.reinvests:
        _reinvest(state, tax, row, gross - np.array(due.tax) - np.array(due.withheld))


def _reinvest(state: PortfolioState, tax: TaxAccount, row: int, money: FloatArray) -> None:
    """Buy with the ``money`` (N,) that each asset has paid more of it, free of cost, at the close of ``row`` (S16)."""
    prices = state.market.prices[row]
    buys = (money > 0.0) & state.fresh(row)
    spent = add_in_order(money[buys].tolist())
    if not spent:
        return
    if spent > state.cash * (1.0 + CASH_TOLERANCE):  # another asset's taxes took more than it paid
        money, spent = money * (state.cash / spent), state.cash
    trades, nothing = np.where(buys, money / prices, 0.0), np.zeros_like(money)
    state.units += trades
    state.cash = max(state.cash - spent, 0.0)
    tax.book.take_trades(row, trades.tolist(), prices.tolist(), nothing.tolist())
    state.events.append(TradeEvent(row, state.target, trades, nothing, TradeReason(TAXED_DIVIDEND, payout=True)))


def _pay(state: PortfolioState, tax: TaxAccount, row: int, due: float) -> None:
    """Pay a tax that no order raises, or take a refund; what cash lacks is sold for, or paid from elsewhere."""
    if due == 0.0:
        return
    if due > state.cash and not tax.taxation.outside:
        _sell_for(state, row, due - max(state.cash, 0.0))
    paid = min(due, max(state.cash, 0.0))
    if due - paid <= CASH_TOLERANCE * due:
        paid, state.cash = due, max(state.cash - due, 0.0)
    else:
        state.cash -= paid
        tax.outside[row] += due - paid
    tax.paid[row] += paid


def _sell_for(state: PortfolioState, row: int, lacking: float) -> None:
    """Sell all holdings pro rata until ``lacking`` is there, whatever the size of the orders."""
    recipients = state.among_tradable(row, np.where(state.never_sold, 0.0, state.holdings(row)))
    if not recipients.any():
        return
    quotes = state.quotes(row)
    quotes = quotes._replace(unfilled=quotes.unfilled & np.uint8(NO_SALE))
    order = Order(state.target, state.no_assets, recipients, -lacking)
    before, terms = state.units.copy(), state.terms._replace(min_order=0.0)

    def attempt(kept: float, terms: OrderTerms) -> tuple[int, bool, float]:
        state.units[:] = before
        return trade(state.units, state.cash - kept, quotes, with_tax(order, kept), terms, state.fills)

    _, _, cash = fill_after_tax(state, row, quotes, terms, attempt)
    state.record_order(row, max(cash, 0.0), TradeReason(TAX))
