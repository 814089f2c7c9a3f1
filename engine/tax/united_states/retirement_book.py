"""``RetirementBook``: an account that is not taxed inside; what leaves it is ordinary income, or was taxed before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from engine.core.arrays import DateArray
from engine.core.ordered_sum import add_in_order
from engine.data.sessions import calendar_years
from engine.tax.book import IncomeTax, OrderCost
from engine.tax.record import TaxEntry, TaxRecord, TaxYear
from engine.tax.united_states.lots import SummedLots, open_lots


class RetirementBook:
    """An account whose lots matter to nobody; ``rate`` is taken of what leaves it, 0 of a Roth.

    What is withdrawn is before its tax: the investor owes that on the money taken out, and the account pays nothing.
    What is left at the end would leave it then.
    """

    at_once = False

    def __init__(self, rate: float, assets: int, dates: DateArray, opening: int) -> None:
        """Open an account of so many ``assets`` at row ``opening`` of ``dates`` (T,)."""
        self.rate = rate
        self._lots, self._held = [SummedLots() for _ in range(assets)], [0.0] * assets
        self._year_of = calendar_years(dates).tolist()
        self._opening = opening
        self._entries: list[TaxEntry] = []

    def begin_year(self, row: int) -> float:
        """Return 0."""
        return 0.0

    def assessed(self, row: int) -> float:
        """Return 0: the account pays no tax."""
        return 0.0

    def take_income(self, row: int, units: Sequence[float], gross: Sequence[float]) -> IncomeTax:
        """Return no tax."""
        nothing = [0.0] * len(gross)
        return IncomeTax(nothing, nothing)

    def take_interest(self, row: int, amount: float) -> float:
        """Return 0."""
        return 0.0

    def tax_of_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return 0."""
        return 0.0

    def take_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Book lots, which say what was bought when; return 0."""
        for j, units in enumerate(trades):
            if units > 0.0:
                self._lots[j].buy(row, row, units, units * prices[j] + fees[j])
            elif units < 0.0:
                self._lots[j].sell(row, -units, self._held[j], prices[j])
            self._held[j] += units
        return 0.0

    def year_end_sales(self, row: int, prices: Sequence[float], cost: OrderCost) -> Sequence[float]:
        """Return nothing to sell."""
        return ()

    def buy_back(self, row: int, units: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> None:
        """Book lots."""
        self.take_trades(row, units, prices, fees)

    def take_withdrawal(self, row: int, amount: float) -> None:
        """Book what is withdrawn as ordinary income of its year."""
        if self.rate:
            self._entries.append(TaxEntry(row, self._year_of[row], -1, "withdrawal", gain=amount, taxable=amount))

    def wealth_tax(self, row: int, value: float) -> float:
        """Return 0."""
        return 0.0

    def forget_years(self, row: int) -> None:
        """Keep the lots."""
        self._entries = []

    def close(self, row: int, prices: Sequence[float], interest: float, value: float) -> TaxRecord:
        """Return what was withdrawn, and the tax on all that is left."""
        first, last = self._year_of[self._opening], self._year_of[row]
        years = tuple(TaxYear(year) for year in range(first, last + 1))
        owed = self.rate * max(value, 0.0)
        return TaxRecord(tuple(self._entries), years, open_lots(self._lots), {}, 0.0, owed, tuple(self._notes()))

    def _notes(self) -> Iterator[str]:
        if self._entries:
            withdrawn = add_in_order(entry.gain for entry in self._entries)
            tax = f"{self.rate * withdrawn:,.2f} of the {withdrawn:,.2f} withdrawn"
            yield f"Withdrawals are before tax: the investor owes {tax}, which the account does not pay."
