"""``TaxBook``: what one portfolio owes, session by session; each country has one, and ``simulate`` asks it.

In the order of a session: a new year (``begin_year``), assessed tax (``assessed``), dividends
(``take_income``), trades (``tax_of_trades``, ``take_trades``), and at the year's
last session interest (``take_interest``). Vectors are lists of N floats in the market's order; money is
in the account's currency, which is that of the law.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from engine.core.arrays import DateArray
from engine.data.market import Market
from engine.tax.record import TaxRecord

OrderCost: TypeAlias = Callable[[int, float], float]
"""What an order of so much money in a column costs [currency]."""


class IncomeTax(NamedTuple):
    """What is taken from the dividends of one session at once [currency].

    ``tax`` (N,) by the country of residence, allotted pro rata to what is taxable; ``withheld`` (N,) abroad.
    """

    tax: Sequence[float]
    withheld: Sequence[float]


class TaxBook(Protocol):
    """The lots and years of one portfolio, from its opening on; rows are those of the market.

    ``at_once``: whether the tax of a sale leaves with its order, so that the order's fixpoint has to know it (S19).
    """

    at_once: bool

    def begin_year(self, row: int) -> float:
        """Close the calendar year before ``row``, the first session of a new one; return what is due now [currency].

        Deemed income of the year before is booked on the lots that its last session left.
        """

    def assessed(self, row: int) -> float:
        """Return what an assessment makes due at ``row``, and count it as paid; 0 at nearly all rows [currency]."""

    def take_income(self, row: int, units: Sequence[float], gross: Sequence[float]) -> IncomeTax:
        """Book dividends of ``gross`` (N,) [currency], paid on ``units`` (N,) that were held at the close before."""

    def take_interest(self, row: int, amount: float) -> float:
        """Book the interest on cash of the year that ends with ``row``; return what is due now [currency]."""

    def tax_of_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return what ``take_trades`` would return, and book nothing."""

    def take_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Book signed ``trades`` (N,) [units] of one vector; return the tax due at once, negative where it is refunded.

        Purchases become lots that cost their money and ``fees`` (N,); sales are taken from lots, less their fees.
        """

    def year_end_sales(self, row: int, prices: Sequence[float], cost: OrderCost) -> Sequence[float]:
        """Return (N,) units to sell and buy back at the year's last session ``row``; empty where that is nothing.

        ``cost`` is that of each of the two orders.
        """

    def buy_back(self, row: int, units: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> None:
        """Book what is bought back after that, as lots; where a law knows wash sales, as what is not identical."""

    def take_withdrawal(self, row: int, amount: float) -> None:
        """Book money that the investor takes out [currency]; only accounts that tax that do anything."""

    def wealth_tax(self, row: int, value: float) -> float:
        """Return what is due on the ``value`` of the account at the year's last session; 0 in most countries."""

    def forget_years(self, row: int) -> None:
        """Keep the lots, and begin the year of ``row`` as that of an account that opens there: no income, no losses.

        What is due of years before is forgotten, and what the law says of an account's opening holds again.
        """

    def close(self, row: int, prices: Sequence[float], interest: float, value: float) -> TaxRecord:
        """Return everything that was booked, seen from the last session ``row`` at ``prices`` (N,).

        ``interest`` is that on cash which no year's end has booked yet; ``value`` of the account, its cash included.
        """


class Taxation(Protocol):
    """A tax law with its attributes, ready to be asked."""

    @property
    def reinvests(self) -> bool:
        """Whether dividends after tax buy more of what paid them."""

    @property
    def outside(self) -> bool:
        """Whether taxes that no order raises are paid from elsewhere where cash is short, and not by sales."""

    def assessment_rows(self, dates: DateArray, opening: int) -> Sequence[int]:
        """Return the rows of ``dates`` (T,) after the ``opening`` at which an assessment may make something due."""

    def open_book(self, market: Market, opening: int) -> TaxBook:
        """Return the empty book of a portfolio that opens at row ``opening`` of ``market``."""
