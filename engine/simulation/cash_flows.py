"""Flows: how contributions come into the assets and withdrawals out of them, outside and at a rebalance (S11)."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import AccountError
from engine.simulation import kernel
from engine.simulation.kernel.records import Order
from engine.simulation.portfolio_state import PortfolioState, shortfall_message
from engine.simulation.trade_events import TradeReason


def apply_flow(book: PortfolioState, row: int, flow: float) -> None:
    """Take a contribution in, or a withdrawal out, before a rebalance trades what is then there."""
    if flow < 0.0:
        _require_funds(book, row, -flow)
    book.add_flow(row, flow)


def invest_contribution(book: PortfolioState, row: int, amount: float) -> None:
    """Bring a contribution, received already, into the assets."""
    how = book.account.contributions.invest
    if how == "pro_rata":
        amount = min(amount, book.cash)
        heirs = _recipients_below_caps(book, row, amount)
        if heirs.any():
            book.fill_order(row, Order(book.target, book.no_assets, heirs, amount), TradeReason("contribution"))
    elif how == "towards_targets":
        book.trade_flow(row, 0.0, 0.0, TradeReason("contribution"))


def pay_withdrawal(book: PortfolioState, row: int, due: float) -> None:
    """Raise ``due`` out of the assets as far as cash does not serve, and pay it out."""
    _require_funds(book, row, due)
    how = book.account.contributions.invest
    if how == "pro_rata":
        _sell_pro_rata(book, row, due)
    elif how == "towards_targets" or book.cash < due:
        spare = 0.0 if how == "wait" else max(1.0 - float(book.target.sum()), 0.0)
        book.trade_flow(row, due, spare, TradeReason("withdrawal"))
    if book.cash < due * (1.0 - kernel.CASH_TOLERANCE):  # others have no close, or fees stand in the way
        _sell_pro_rata(book, row, due - book.cash)
    if book.cash < due * (1.0 - kernel.CASH_TOLERANCE):
        raise AccountError(shortfall_message(book.market.dates[row], book.cash, due))
    book.add_flow(row, -due)
    book.cash = max(book.cash, 0.0)


def _require_funds(book: PortfolioState, row: int, due: float) -> None:
    """Raise AccountError when a withdrawal of ``due`` is all that can be sold and paid at ``row``, or more."""
    able = book.cash + float(book.holdings(row)[book.fresh(row)].sum())
    if able <= due:
        raise AccountError(
            f"{book.market.dates[row]}: a withdrawal of {due:,.2f} is due and {able:,.2f} can be raised; "
            "withdraw less or end the window earlier"
        )


def _sell_pro_rata(book: PortfolioState, row: int, amount: float) -> None:
    heirs = book.among_tradable(row, book.holdings(row))
    if heirs.any():
        book.fill_order(row, Order(book.target, book.no_assets, heirs, -amount), TradeReason("withdrawal"))


def _recipients_below_caps(book: PortfolioState, row: int, amount: float) -> FloatArray:
    """Return (N,) shares of a contribution by target, without assets it would lift over their caps."""
    money = book.holdings(row)
    heirs = book.among_tradable(row, book.target)
    for _ in range(len(heirs)):
        tight = (heirs > 0.0) & (money + heirs * amount > book.terms.caps * book.value(row))
        if not tight.any():
            break
        heirs = book.among_tradable(row, np.where(tight, 0.0, heirs))
    return heirs
