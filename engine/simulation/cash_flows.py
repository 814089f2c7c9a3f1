"""Flows: how contributions come into the assets and withdrawals out of them, outside and at a rebalance (S11)."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import AccountError
from engine.simulation import kernel
from engine.simulation.kernel.records import Order
from engine.simulation.portfolio_state import Book, short_of
from engine.simulation.trade_events import Why


def settle(book: Book, row: int, flow: float) -> None:
    """Take a contribution in, or a withdrawal out, before a rebalance trades what is then there."""
    if flow < 0.0:
        _check_due(book, row, -flow)
    book.receive(row, flow)


def contribute(book: Book, row: int, amount: float) -> None:
    """Bring a contribution, received already, into the assets."""
    how = book.account.contributions.invest
    if how == "pro_rata":
        amount = min(amount, book.cash)
        heirs = _room(book, row, amount)
        if heirs.any():
            book.fill(row, Order(book.target, book.none, heirs, amount), Why("contribution"))
    elif how == "towards_targets":
        book.trade_flow(row, 0.0, 0.0, Why("contribution"))


def withdraw(book: Book, row: int, due: float) -> None:
    """Raise ``due`` out of the assets as far as cash does not serve, and pay it out."""
    _check_due(book, row, due)
    how = book.account.contributions.invest
    if how == "pro_rata":
        _sell_pro_rata(book, row, due)
    elif how == "towards_targets" or book.cash < due:
        spare = 0.0 if how == "wait" else max(1.0 - float(book.target.sum()), 0.0)
        book.trade_flow(row, due, spare, Why("withdrawal"))
    if book.cash < due * (1.0 - kernel.SNAP):  # others have no close, or fees stand in the way
        _sell_pro_rata(book, row, due - book.cash)
    if book.cash < due * (1.0 - kernel.SNAP):
        raise AccountError(short_of(book.market.dates[row], book.cash, due))
    book.receive(row, -due)
    book.cash = max(book.cash, 0.0)


def _check_due(book: Book, row: int, due: float) -> None:
    """Raise AccountError when a withdrawal of ``due`` is all that can be sold and paid at ``row``, or more."""
    able = book.cash + float(book.money(row)[book.fresh(row)].sum())
    if able <= due:
        raise AccountError(
            f"{book.market.dates[row]}: a withdrawal of {due:,.2f} is due and {able:,.2f} can be raised; "
            "withdraw less or end the window earlier"
        )


def _sell_pro_rata(book: Book, row: int, amount: float) -> None:
    heirs = book.among_fresh(row, book.money(row))
    if heirs.any():
        book.fill(row, Order(book.target, book.none, heirs, -amount), Why("withdrawal"))


def _room(book: Book, row: int, amount: float) -> FloatArray:
    """Return (N,) shares of a contribution by target, without assets it would lift over their caps."""
    money = book.money(row)
    heirs = book.among_fresh(row, book.target)
    for _ in range(len(heirs)):
        tight = (heirs > 0.0) & (money + heirs * amount > book.terms.caps * book.value(row))
        if not tight.any():
            break
        heirs = book.among_fresh(row, np.where(tight, 0.0, heirs))
    return heirs
