"""``RetirementBook``: an account that is not taxed inside; what leaves it is ordinary income, or was taxed before."""

from __future__ import annotations

from collections.abc import Sequence

from engine.core.arrays import DateArray
from engine.tax.book import IncomeTax, OrderCost
from engine.tax.record import TaxEntry, TaxRecord, TaxYear


class RetirementBook:
    """An account with no lots; ``rate`` is taken from withdrawals and from all that is left at the end, 0 of a Roth.

    What is withdrawn is before its tax: the investor owes that on the money taken out, and the account pays nothing.
    """

    at_once = False

    def __init__(self, rate: float, dates: DateArray, opening: int) -> None:
        """Open an account at row ``opening`` of ``dates`` (T,)."""
        self.rate = rate
        self._year_of = [year + 1970 for year in dates.astype("datetime64[Y]").astype("int64").tolist()]
        self._opening = opening
        self._entries: list[TaxEntry] = []

    def begin_year(self, row: int, units: Sequence[float]) -> float:
        """Return 0."""
        del row, units
        return 0.0

    def assessed(self, row: int) -> float:
        """Return 0: the account pays no tax."""
        del row
        return 0.0

    def take_income(self, row: int, units: Sequence[float], gross: Sequence[float]) -> IncomeTax:
        """Return no tax."""
        del row, units
        nothing = [0.0] * len(gross)
        return IncomeTax(nothing, nothing)

    def take_interest(self, row: int, amount: float) -> float:
        """Return 0."""
        del row, amount
        return 0.0

    def tax_of_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return 0."""
        del row, trades, prices, fees
        return 0.0

    def take_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return 0: there are no lots."""
        del row, trades, prices, fees
        return 0.0

    def year_end_sales(self, row: int, prices: Sequence[float], cost: OrderCost) -> Sequence[float]:
        """Return nothing to sell."""
        del row, prices
        return ()

    def buy_back(self, row: int, units: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> None:
        """Do nothing."""

    def take_withdrawal(self, row: int, amount: float) -> None:
        """Book what is withdrawn as ordinary income of its year."""
        if self.rate:
            tax = self.rate * amount
            self._entries.append(TaxEntry(row, self._year_of[row], -1, "withdrawal", -1, 0.0, amount, 0.0, amount, tax))

    def wealth_tax(self, row: int, value: float) -> float:
        """Return 0."""
        del row, value
        return 0.0

    def close(self, row: int, prices: Sequence[float], interest: float, value: float) -> TaxRecord:
        """Return what was withdrawn, and the tax on all that is left."""
        del prices, interest
        years = []
        for year in range(self._year_of[self._opening], self._year_of[row] + 1):
            tax = sum((entry.tax for entry in self._entries if entry.year == year), 0.0)
            years.append(TaxYear(year, tax, 0.0, 0.0, tax, 0.0))
        notes = ("Withdrawals are before the tax that the investor owes on them.",) if self._entries else ()
        return TaxRecord(tuple(self._entries), tuple(years), (), {}, 0.0, self.rate * max(value, 0.0), notes)
