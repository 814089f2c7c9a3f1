"""What orders are taxed, and what the account's taxes are once they are filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.data.market import Market
from engine.depot.orders.own_lots import Realised
from engine.depot.orders.sized_orders import SizedOrder, signed_quantities
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.tax_state import TaxState, state_of_book
from engine.tax.book import Taxation
from engine.tax.booking_log import TRADES, LoggedBook, logged


@dataclass(frozen=True)
class OrderTaxes:
    """The taxes of an account before its orders at the last session of ``market``.

    ``before``: its bookings, with what the session asks for before it trades; ``paid`` for the latter [currency];
    ``book`` that was told these, to be asked.
    """

    taxation: Taxation
    market: Market
    before: TaxState
    paid: float
    book: LoggedBook

    @classmethod
    def after_settling(cls, state: PortfolioState, row: int, begun: int) -> OrderTaxes | None:
        """Return the taxes of an account that has traded at ``row``, as they were before that; None without any.

        ``begun`` bookings were there before the session: of those since, its trades are taken out.
        """
        tax, market = state.tax, state.market
        if tax is None or not isinstance(tax.book, LoggedBook):
            return None
        earlier, asked = tax.book.bookings[:begun], tax.book.bookings[begun:]
        book = logged(tax.taxation.open_book(market, tax.book.opening), tax.book.count, tax.book.opening)
        book.replay(earlier)
        paid = book.replay([one for one in asked if one.kind not in TRADES]) - float(tax.outside[row])
        earned = tax.interest_so_far(row, state.history.cash, state.run.market.growth)
        before = state_of_book(book, market, earned, settled=True)
        return cls(tax.taxation, market, before, paid, book)

    def of_orders(self, quantities: Mapping[str, float], fees: Mapping[str, float]) -> float:
        """Return the tax that signed ``quantities`` by ticker [shares] are due at once [currency]."""
        return self.book.tax_of_trades(self._row, *self._vectors(quantities, fees))

    def realise(self, orders: Sequence[SizedOrder]) -> tuple[dict[str, Realised], TaxState]:
        """Return what ``orders`` realise by ticker, and the taxes of the account once they are filled."""
        fees = dict[str, float]()
        for order in orders:
            fees[order.ticker] = fees.get(order.ticker, 0.0) + order.fee
        book = self.before.open_book(self.taxation, self.market)
        prices = self.market.prices[-1].tolist()
        known = len(self.before.open_book(self.taxation, self.market).close(self._row, prices, 0.0, 0.0).entries)
        if orders:
            book.take_trades(self._row, *self._vectors(signed_quantities(orders), fees))
        after = state_of_book(book, self.market, self.before.earned, settled=True)
        found = dict[str, Realised]()
        for entry in book.close(self._row, prices, 0.0, 0.0).entries[known:]:
            if entry.kind == "sale":
                ticker = self.market.assets[entry.asset]
                had = found.get(ticker, Realised(0.0))
                found[ticker] = Realised((had.gain or 0.0) + entry.gain, had.tax + entry.tax)
        return found, after

    @property
    def _row(self) -> int:
        return len(self.market.dates) - 1

    def _vectors(
        self, quantities: Mapping[str, float], fees: Mapping[str, float]
    ) -> tuple[list[float], list[float], list[float]]:
        """Return (N,) units, prices and fees."""
        market = self.market
        shares = market.shares_at(-1)
        units, charged = np.zeros((2, len(market.assets)))
        for ticker, quantity in quantities.items():
            j = market.columns[ticker]
            units[j], charged[j] = quantity / shares[j], fees.get(ticker, 0.0)
        return units.tolist(), market.prices[-1].tolist(), charged.tolist()
