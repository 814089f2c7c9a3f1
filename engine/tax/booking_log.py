"""``LoggedBook``: a tax book that keeps what it was told, so that another book of the same law can be told it again.

What a book knows is what was booked, in order. Kept as such, an account's taxes can be written down and gone on with
later, with the same bits, and no country has to say what its lots and years look like.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from engine.core.ordered_sum import add_in_order
from engine.tax.book import IncomeTax, OrderCost, TaxBook
from engine.tax.budget import BudgetedBook, GainLimit, SaleLot
from engine.tax.record import TaxRecord

BookingKind: TypeAlias = Literal[
    "begin_year",
    "assessed",
    "take_income",
    "take_interest",
    "take_trades",
    "buy_back",
    "take_withdrawal",
    "wealth_tax",
    "forget_years",
]
"""The methods of a :class:`engine.tax.book.TaxBook` that change it."""


TRADES: Final[frozenset[BookingKind]] = frozenset({"take_trades", "buy_back"})
"""Those that change what is held."""


class LoggedBooking(NamedTuple):
    """One call that changed a book at ``row``: vectors by ``columns``, others being nothing, or an ``amount``.

    ``vectors``: of income units and money, of trades units, prices and fees.
    """

    row: int
    kind: BookingKind
    columns: tuple[int, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    amount: float = 0.0

    @classmethod
    def of_vectors(
        cls, row: int, kind: BookingKind, leading: Sequence[float], vectors: Sequence[Sequence[float]]
    ) -> LoggedBooking:
        """Return a booking of ``vectors`` (N,) in the columns in which ``leading`` (N,) is not nothing."""
        columns = tuple(j for j, one in enumerate(leading) if one)
        return cls(row, kind, columns, tuple(tuple(float(one[j]) for j in columns) for one in vectors))

    def in_units(self, growth: Sequence[float]) -> LoggedBooking:
        """Return the same in units of which ``growth`` (N,), by column, make one of these."""
        if not self.vectors:
            return self
        units, *others = self.vectors
        fewer = tuple(one / growth[j] for one, j in zip(units, self.columns, strict=True))
        if self.kind == "take_income":
            return self._replace(vectors=(fewer, *others))
        dearer = tuple(one * growth[j] for one, j in zip(others[0], self.columns, strict=True))
        return self._replace(vectors=(fewer, dearer, *others[1:]))

    def spread(self, count: int) -> list[list[float]]:
        """Return its vectors over ``count`` columns."""
        found = []
        for vector in self.vectors:
            one = [0.0] * count
            for j, value in zip(self.columns, vector, strict=True):
                one[j] = value
            found.append(one)
        return found


class LoggedBook:
    """A ``book`` of ``count`` assets whose portfolio opens at row ``opening``, and all that it was told: ``bookings``.

    It answers as the book does.
    """

    def __init__(self, book: TaxBook, count: int, opening: int) -> None:
        """Begin with a book that was told nothing."""
        self.book, self.count, self.opening = book, count, opening
        self.at_once = book.at_once
        self.bookings: list[LoggedBooking] = []

    def replay(self, bookings: Sequence[LoggedBooking]) -> float:
        """Book what another book was told; return what is due by it at once, dividends and trades aside [currency]."""
        return add_in_order(self._repeat(one, one.spread(self.count)) for one in bookings)

    def _repeat(self, one: LoggedBooking, vectors: list[list[float]]) -> float:
        match one.kind:
            case "begin_year":
                return self.begin_year(one.row)
            case "assessed":
                return self.assessed(one.row)
            case "take_interest":
                return self.take_interest(one.row, one.amount)
            case "wealth_tax":
                return self.wealth_tax(one.row, one.amount)
            case "take_income":
                self.take_income(one.row, vectors[0], vectors[1])
            case "take_trades":
                self.take_trades(one.row, vectors[0], vectors[1], vectors[2])
            case "buy_back":
                self.buy_back(one.row, vectors[0], vectors[1], vectors[2])
            case "take_withdrawal":
                self.take_withdrawal(one.row, one.amount)
            case "forget_years":
                self.forget_years(one.row)
        return 0.0

    def begin_year(self, row: int) -> float:
        """Close the calendar year before ``row``; return what is due now [currency]."""
        self.bookings.append(LoggedBooking(row, "begin_year"))
        return self.book.begin_year(row)

    def assessed(self, row: int) -> float:
        """Return what an assessment makes due at ``row`` [currency]."""
        self.bookings.append(LoggedBooking(row, "assessed"))
        return self.book.assessed(row)

    def take_income(self, row: int, units: Sequence[float], gross: Sequence[float]) -> IncomeTax:
        """Book dividends of ``gross`` (N,) [currency] on ``units`` (N,)."""
        self.bookings.append(LoggedBooking.of_vectors(row, "take_income", gross, (units, gross)))
        return self.book.take_income(row, units, gross)

    def take_interest(self, row: int, amount: float) -> float:
        """Book the interest of a year; return what is due now [currency]."""
        self.bookings.append(LoggedBooking(row, "take_interest", amount=amount))
        return self.book.take_interest(row, amount)

    def tax_of_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return what ``take_trades`` would return, and book nothing."""
        return self.book.tax_of_trades(row, trades, prices, fees)

    def take_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Book signed ``trades`` (N,) of one vector; return the tax due at once."""
        self.bookings.append(LoggedBooking.of_vectors(row, "take_trades", trades, (trades, prices, fees)))
        return self.book.take_trades(row, trades, prices, fees)

    def year_end_sales(self, row: int, prices: Sequence[float], cost: OrderCost) -> Sequence[float]:
        """Return (N,) units to sell and buy back at the year's last session ``row``."""
        return self.book.year_end_sales(row, prices, cost)

    def buy_back(self, row: int, units: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> None:
        """Book what is bought back after that."""
        self.bookings.append(LoggedBooking.of_vectors(row, "buy_back", units, (units, prices, fees)))
        self.book.buy_back(row, units, prices, fees)

    def take_withdrawal(self, row: int, amount: float) -> None:
        """Book money that the investor takes out [currency]."""
        self.bookings.append(LoggedBooking(row, "take_withdrawal", amount=amount))
        self.book.take_withdrawal(row, amount)

    def wealth_tax(self, row: int, value: float) -> float:
        """Return what is due on the ``value`` of the account at the year's last session."""
        self.bookings.append(LoggedBooking(row, "wealth_tax", amount=value))
        return self.book.wealth_tax(row, value)

    def forget_years(self, row: int) -> None:
        """Keep the lots, and begin the year of ``row`` as an account that opens there."""
        self.bookings.append(LoggedBooking(row, "forget_years"))
        self.book.forget_years(row)

    def close(self, row: int, prices: Sequence[float], interest: float, value: float) -> TaxRecord:
        """Return everything that was booked, seen from the last session ``row`` at ``prices`` (N,)."""
        return self.book.close(row, prices, interest, value)


class LoggedBudgetedBook(LoggedBook):
    """The same of a book that can say how far sales may go."""

    def __init__(self, book: BudgetedBook, count: int, opening: int) -> None:
        """Begin with a book that was told nothing."""
        super().__init__(book, count, opening)
        self._budgeted = book

    def tax_of_year(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return the tax of the calendar year of ``row`` so far, with these ``trades`` (N,)."""
        return self._budgeted.tax_of_year(row, trades, prices, fees)

    def lots_for_sale(self, row: int, asset: int, price: float) -> Sequence[SaleLot]:
        """Return the lots of a column in the order in which they are sold."""
        return self._budgeted.lots_for_sale(row, asset, price)

    def gain_limits(self, row: int, most: float) -> Sequence[Sequence[GainLimit]]:
        """Return what keeps the year's tax at ``most`` [currency]."""
        return self._budgeted.gain_limits(row, most)


def logged(book: TaxBook, count: int, opening: int) -> LoggedBook:
    """Return a ``book`` that was told nothing yet as one that keeps what it is told."""
    if isinstance(book, BudgetedBook):
        return LoggedBudgetedBook(book, count, opening)
    return LoggedBook(book, count, opening)


def units_of(bookings: Sequence[LoggedBooking], count: int) -> list[float]:
    """Return (N,) what purchases less sales of ``bookings`` come to [units]."""
    traded: list[list[float]] = [[] for _ in range(count)]
    for one in bookings:
        if one.kind in TRADES:
            for j, units in zip(one.columns, one.vectors[0], strict=True):
                traded[j].append(units)
    return [add_in_order(units) for units in traded]
