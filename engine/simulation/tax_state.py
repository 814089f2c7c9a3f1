"""``TaxState``: all that was booked of an account's taxes, from which a book of the same law can be opened again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.core.arrays import DateArray
from engine.core.errors import DataError
from engine.data.market import Market
from engine.simulation.portfolio_state import PortfolioState
from engine.tax.book import Taxation
from engine.tax.booking_log import LoggedBook, LoggedBooking, logged, units_of

_CORRECTED: Final = 0.01
"""How far a close that was corrected is from what it was, at most; a split moves it more."""


@dataclass(frozen=True)
class TaxState:
    """The taxes of one account before a session trades.

    Attributes
    ----------
    opened : session at which the book was opened
    dates : (D,) sessions of the bookings
    bookings : in order, their rows being those of ``dates``
    earned : interest on cash that no year's end has booked, up to the close before [currency]
    settled : whether what the session asks for before it trades is booked already

    """

    opened: np.datetime64
    dates: DateArray
    bookings: tuple[LoggedBooking, ...]
    earned: float = 0.0
    settled: bool = False

    def units(self, count: int) -> list[float]:
        """Return (N,) what its lots add up to [units]."""
        return units_of(self.bookings, count)

    def in_units(self, growth: Sequence[float]) -> TaxState:
        """Return the same in units of which ``growth`` (N,) make one of these; closes that were corrected make none."""
        split = [one if abs(one - 1.0) > _CORRECTED else 1.0 for one in growth]
        return replace(self, bookings=tuple(one.in_units(split) for one in self.bookings))

    def open_book(self, taxation: Taxation, market: Market) -> LoggedBook:
        """Return a book that was told the same.

        Raises DataError where ``market`` ends before the last of it, or where no account can have booked this.
        """
        rows = np.searchsorted(market.dates, self.dates)
        if len(rows) and rows[-1] == len(market.dates):
            raise DataError(f"the state has taxes of {self.dates[-1]}, and the prices end on {market.dates[-1]}")
        opening = int(np.searchsorted(market.dates, self.opened))
        book = logged(taxation.open_book(market, opening), len(market.assets), opening)
        try:
            book.replay([one._replace(row=int(rows[one.row])) for one in self.bookings])
        except (ArithmeticError, LookupError, ValueError):
            message = "found taxes in the state that no account books in this order; it was changed by hand"
            raise DataError(f"{message}, leave --state out to build it again") from None
        return book


def keep_bookings(state: PortfolioState) -> None:
    """Have the account of ``state``, which has booked nothing yet, keep what it books; without taxes do nothing."""
    tax = state.tax
    if tax is not None and not isinstance(tax.book, LoggedBook):
        tax.book = logged(tax.book, len(state.market.assets), state.opening)


def tax_state(state: PortfolioState, row: int, *, settled: bool = False) -> TaxState | None:
    """Return what the account of ``state`` has booked before ``row`` trades; None where it kept nothing.

    ``settled``: whether what ``row`` asks for before it trades is booked already.
    """
    tax = state.tax
    if tax is None or not isinstance(tax.book, LoggedBook):
        return None
    earned = tax.interest_so_far(row - 1, state.history.cash, state.run.market.growth)
    return state_of_book(tax.book, state.market, earned, settled=settled)


def state_of_book(book: LoggedBook, market: Market, earned: float, *, settled: bool) -> TaxState:
    """Return what a ``book`` was told over ``market``; ``earned`` and ``settled`` as the state has them."""
    rows = sorted({one.row for one in book.bookings})
    at = {row: place for place, row in enumerate(rows)}
    bookings = tuple(one._replace(row=at[one.row]) for one in book.bookings)
    return TaxState(market.dates[book.opening], market.dates[rows], bookings, earned, settled)


def reopen_account(state: PortfolioState, saved: TaxState, row: int) -> None:
    """Give the account of ``state``, which goes on at ``row``, the book that was ``saved``."""
    tax = state.tax
    if tax is None:
        return
    tax.book = saved.open_book(tax.taxation, state.market)
    tax.interest_from, tax.earned = row, saved.earned
    tax.settled = row if saved.settled else row - 1
