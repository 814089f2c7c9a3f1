"""``FlatBook``: lots and years of one portfolio under flat rates; the shortest example of a ``TaxBook``.

The tax of a year is one function of three sums (``FlatTerms.tax_of``). Each event adds to the sums, and owes what the
tax is then more than before; so the order of events decides only which of them a tax is said to be due by.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.core.arrays import DateArray
from engine.core.ordered_sum import add_in_order
from engine.data.sessions import calendar_years
from engine.tax.average_lots import AverageLots
from engine.tax.book import IncomeTax, OrderCost
from engine.tax.fifo_lots import ALL_HELD, FifoLots, LotPart
from engine.tax.record import EntryKind, IncomeKind, OpenLot, TaxEntry, TaxRecord, TaxYear


class FlatTerms(NamedTuple):
    """Rates [fraction], ``allowance`` a year [currency], what ``losses`` meet, and whether tax leaves ``at_once``."""

    gains: float
    income: float
    allowance: float
    losses: Literal["none", "year", "carry"]
    losses_meet_income: bool
    wealth: float
    at_once: bool

    def base_of(self, gained: float, earned: float) -> tuple[float, float, float]:
        """Return taxable gains and income of a year, and the losses that are left [currency].

        ``gained``: gains less losses, those carried in too; ``earned``: dividends and interest.
        """
        gains, loss = max(0.0, gained), max(0.0, -gained)
        met = min(loss, earned) if self.losses_meet_income else 0.0
        free = min(gains, self.allowance)
        income = earned - met
        return gains - free, income - min(income, self.allowance - free), loss - met

    def tax_of(self, gained: float, earned: float, credit: float) -> float:
        """Return the tax of a year; ``credit``: what was withheld abroad and is set off against that of income."""
        gains, income, _ = self.base_of(gained, earned)
        return self.gains * gains + max(0.0, self.income * income - credit)


@dataclass
class _Year:
    """The running sums of one calendar year [currency], and its ``taxes`` by kind."""

    year: int
    gained: float = 0.0
    earned: float = 0.0
    credit: float = 0.0
    tax: float = 0.0
    gains: float = 0.0
    losses: float = 0.0
    wealth: float = 0.0
    taxes: dict[IncomeKind, float] = field(default_factory=lambda: dict.fromkeys(("dividend", "sale", "interest"), 0.0))


class _Sale(NamedTuple):
    """What is sold of one asset: up to which of all its units, and the gain of each part."""

    asset: int
    end: float
    parts: tuple[tuple[LotPart, float], ...]


class _PaidBy(NamedTuple):
    """The ``asset`` and its ``units`` that paid a dividend, and what was ``withheld`` of it."""

    asset: int
    units: float
    withheld: float


class FlatBook:
    """A portfolio's lots, pots and years under flat rates; see :class:`engine.tax.book.TaxBook`."""

    def __init__(
        self,
        terms: FlatTerms,
        dates: DateArray,
        due: Mapping[int, int],
        abroad: tuple[Sequence[float], Sequence[float]],
        *,
        average: bool = False,
    ) -> None:
        """Begin with no lots.

        ``due``: by year, the row at which its assessment is; ``abroad``: (N,) withheld and creditable shares.
        """
        self.at_once = terms.at_once
        self._terms, self._due, self._abroad = terms, due, abroad
        self._years = calendar_years(dates).tolist()
        self._lots: list[FifoLots | AverageLots] = [AverageLots() if average else FifoLots() for _ in abroad[0]]
        self._now: _Year | None = None
        self._pot = 0.0
        self._unpaid: dict[int, float] = {}
        self._entries: list[TaxEntry] = []
        self._closed: list[TaxYear] = []

    def begin_year(self, row: int) -> float:
        """Close the year before ``row``; nothing is due by that."""
        if self._now is not None and self._now.year != self._years[row]:
            self._end_year(self._now)
            self._now = None
        return 0.0

    def assessed(self, row: int) -> float:
        """Return the tax of the years whose assessment is at ``row``, and count it as paid [currency]."""
        due = [(year, tax) for year, tax in self._unpaid.items() if self._due.get(year) == row]
        for year, tax in due:
            del self._unpaid[year]
            self._entries.append(TaxEntry(row, year, -1, "assessment", tax=tax))
        return add_in_order(tax for _, tax in due)

    def take_income(self, row: int, units: Sequence[float], gross: Sequence[float]) -> IncomeTax:
        """Book dividends; the tax that they add is allotted pro rata to them."""
        now, total = self._year(row), add_in_order(gross)
        rates, creditable = self._abroad
        withheld = [rate * money for rate, money in zip(rates, gross, strict=True)]
        now.earned += total
        now.credit += add_in_order(share * money for share, money in zip(creditable, gross, strict=True))
        due = self._settle(now, "dividend")
        tax = [due * (money / total) if total else 0.0 for money in gross]
        for asset, money in enumerate(gross):
            if money:
                self._enter(row, "dividend", money, tax[asset], _PaidBy(asset, units[asset], withheld[asset]))
        return IncomeTax(tax, withheld)

    def take_interest(self, row: int, amount: float) -> float:
        """Book the interest of a year; negative interest is no loss."""
        now, earned = self._year(row), max(0.0, amount)
        now.earned += earned
        due = self._settle(now, "interest")
        if earned:
            self._enter(row, "interest", earned, due)
        return due

    def tax_of_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return what ``take_trades`` would return, and book nothing."""
        if not self.at_once:
            return 0.0
        now = self._year(row)
        gained = now.gained + self._counted(self._sales(trades, prices, fees))
        return self._terms.tax_of(gained, now.earned, now.credit) - now.tax

    def take_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Book signed ``trades`` (N,) [units] of one vector; return the tax due at once, negative where refunded."""
        now, sales = self._year(row), self._sales(trades, prices, fees)
        now.gained += self._counted(sales)
        due = self._settle(now, "sale")
        self._enter_sales(row, sales, due)
        for sale in sales:
            self._lots[sale.asset].sell_until(sale.end)
        for asset, units in enumerate(trades):
            if units > 0.0:
                self._lots[asset].buy(row, units, units * prices[asset] + fees[asset])
        return due

    def year_end_sales(self, row: int, prices: Sequence[float], cost: OrderCost) -> Sequence[float]:
        """Return that nothing is sold for its tax alone."""
        return ()

    def buy_back(self, row: int, units: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> None:
        """Book what is bought back after that, as lots."""
        self.take_trades(row, units, prices, fees)

    def take_withdrawal(self, row: int, amount: float) -> None:
        """Book nothing: what is taken out is not taxed."""

    def wealth_tax(self, row: int, value: float) -> float:
        """Return the rate's share of ``value``, which an assessment collects with the year's other tax."""
        now, tax = self._year(row), self._terms.wealth * max(0.0, value)
        if not tax:
            return 0.0
        now.wealth += tax
        due = tax if self.at_once else 0.0
        self._enter(row, "wealth", value, due)
        return due

    def forget_years(self, row: int) -> None:
        """Keep the lots; begin the year of ``row`` with nothing carried into it."""
        self._now, self._pot, self._unpaid = None, 0.0, {}
        self._entries, self._closed = [], []

    def close(self, row: int, prices: Sequence[float], interest: float, value: float) -> TaxRecord:
        """Return everything that was booked, seen from the last session ``row`` at ``prices`` (N,)."""
        accrued = self.take_interest(row, interest)
        now = self._year(row)
        if not self.at_once:
            accrued = add_in_order(self._unpaid.values()) + now.tax + now.wealth
        held = [-lots.held for lots in self._lots]
        everything = self._sales(held, prices, [0.0] * len(held))
        sold = self._terms.tax_of(now.gained + self._counted(everything), now.earned, now.credit)
        left = self._terms.base_of(now.gained, now.earned)[2]
        return TaxRecord(
            entries=tuple(self._entries),
            years=(*self._closed, self._as_year(now)),
            lots=tuple(self._open_lots()),
            pots={} if self._terms.losses == "none" else {"losses": left},
            accrued=accrued,
            latent=sold - now.tax,
        )

    def _year(self, row: int) -> _Year:
        if self._now is None or self._now.year != self._years[row]:
            if self._now is not None:
                self._end_year(self._now)
            self._now = _Year(self._years[row], gained=-self._pot)
        return self._now

    def _end_year(self, now: _Year) -> None:
        left = self._terms.base_of(now.gained, now.earned)[2]
        self._pot = left if self._terms.losses == "carry" else 0.0
        self._closed.append(self._as_year(now))
        if not self.at_once:
            self._unpaid[now.year] = now.tax + now.wealth

    def _settle(self, now: _Year, kind: IncomeKind) -> float:
        """Bring the year's tax up to its sums; return what is due of the difference at once."""
        tax = self._terms.tax_of(now.gained, now.earned, now.credit)
        more, now.tax = tax - now.tax, tax
        now.taxes[kind] += more
        return more if self.at_once else 0.0

    def _sales(self, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> list[_Sale]:
        sales = []
        for asset, traded in enumerate(trades):
            lots, units = self._lots[asset], -traded
            if units <= 0.0 or lots.held <= 0.0:
                continue
            end = lots.end_of_sale(units, lots.held * ALL_HELD)
            sold = end - lots.sold
            price = prices[asset] - fees[asset] / sold if sold > 0.0 else 0.0
            parts = tuple((part, part.units * price - part.cost) for part in lots.parts_until(end))
            sales.append(_Sale(asset, end, parts))
        return sales

    def _counted(self, sales: Sequence[_Sale]) -> float:
        """Return what sales add to the year's gains: where losses are set off against nothing, gains alone."""
        gains = [gain for sale in sales for _, gain in sale.parts]
        return add_in_order(max(0.0, gain) for gain in gains) if self._terms.losses == "none" else add_in_order(gains)

    def _enter_sales(self, row: int, sales: Sequence[_Sale], due: float) -> None:
        now, counted = self._year(row), self._counted(sales)
        kept = self._terms.losses != "none"
        for asset, _, parts in sales:
            for part, gain in parts:
                now.gains += max(0.0, gain)
                now.losses += min(0.0, gain)
                taxable = gain if kept else max(0.0, gain)
                tax = due * (taxable / counted) if counted else 0.0
                entry = TaxEntry(
                    row, now.year, asset, "sale", self._bought(asset, part), -part.units, gain, 0.0, taxable, tax
                )
                self._entries.append(entry)

    def _bought(self, asset: int, part: LotPart) -> int:
        lots = self._lots[asset]
        return lots.rows[part.lot] if isinstance(lots, FifoLots) else -1

    def _enter(self, row: int, kind: EntryKind, money: float, tax: float, paid_by: _PaidBy | None = None) -> None:
        asset, units, withheld = paid_by or _PaidBy(-1, 0.0, 0.0)
        year = self._years[row]
        self._entries.append(TaxEntry(row, year, asset, kind, -1, units, money, 0.0, money, tax, withheld))

    def _open_lots(self) -> list[OpenLot]:
        return [
            OpenLot(asset, self._lots[asset].rows[part.lot], part.units, part.cost)
            for asset, lots in enumerate(self._lots)
            for part in lots.parts_held()
        ]

    def _as_year(self, now: _Year) -> TaxYear:
        gains, income, _ = self._terms.base_of(now.gained, now.earned)
        before = self._terms._replace(allowance=0.0).base_of(now.gained, now.earned)
        owed = self._terms.income * income
        credited = min(now.credit, owed)
        return TaxYear(
            year=now.year,
            total=now.tax + now.wealth,
            dividends=now.taxes["dividend"],
            sales=now.taxes["sale"],
            interest=now.taxes["interest"],
            credited=credited,
            credit_lost=now.credit - credited,
            gains=now.gains,
            losses=now.losses,
            allowance=(before[0] - gains) + (before[1] - income),
        )
