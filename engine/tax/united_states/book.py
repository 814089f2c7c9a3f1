"""``UnitedStatesBook``: a taxable account; the tax of a year is assessed in the next, and nothing is taken at once."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from engine.core.arrays import DateArray
from engine.core.ordered_sum import add_in_order
from engine.data.sessions import calendar_years
from engine.tax.book import IncomeTax, OrderCost
from engine.tax.budget import GainLimit, SaleLot
from engine.tax.record import TaxEntry, TaxRecord, TaxYear
from engine.tax.united_states.dividends import PaidDividend, RecentDividends
from engine.tax.united_states.holding_period import disqualifies, is_long_term
from engine.tax.united_states.lots import AssetLots, ListedLots, LotMethod, SoldPart, SummedLots, open_lots
from engine.tax.united_states.netting import CarriedLosses, net_gains
from engine.tax.united_states.rates import MarginalRates
from engine.tax.united_states.wash_sales import WashSales
from engine.tax.united_states.year_income import TaxedIncome, YearIncome, YearRates

_EPOCH: Final = 719_163
"""The proleptic ordinal of 1970-01-01."""


class AccountTerms(NamedTuple):
    """What a book has to know of a law, the assets in the market's order.

    ``table_year``: whose tables hold in all years, None for each year's own; ``harvested``: whether losses of an asset
    are taken at the year's end.
    """

    rates: YearRates
    marginal: MarginalRates
    methods: Sequence[LotMethod]
    qualified: Sequence[float]
    wash_sales: bool
    loss_limit: float
    table_year: int | None
    harvested: Sequence[bool] = ()


class SettledYear(NamedTuple):
    """The tax of one year, what it is made of [currency], and the losses that are carried on."""

    year: int
    tax: float
    dividends: float
    interest: float
    carried: CarriedLosses


class UnitedStatesBook:
    """Lots and years of one portfolio in a taxable account."""

    at_once = False

    def __init__(self, terms: AccountTerms, dates: DateArray, due_rows: Mapping[int, int]) -> None:
        """Open an empty account on ``dates`` (T,); a year is paid at its row of ``due_rows``."""
        self.terms, self.due_rows = terms, due_rows
        self.days = [day + _EPOCH for day in dates.astype("datetime64[D]").astype("int64").tolist()]
        self.year_of = calendar_years(dates).tolist()
        self.lots = [self._empty_lots(method) for method in terms.methods]
        self.wash = [WashSales(lots) if isinstance(lots, ListedLots) else None for lots in self.lots]
        self.held = [0.0] * len(self.lots)
        self.recent = [RecentDividends() for _ in self.lots]
        self.income: dict[int, YearIncome] = {}
        self.settled: list[SettledYear] = []
        self.entries: list[TaxEntry] = []
        self.long_term: dict[int, bool] = {}
        self.disallowed = 0.0

    def _empty_lots(self, method: LotMethod) -> AssetLots:
        if method == "fifo" and not self.terms.wash_sales:
            return SummedLots()
        return ListedLots(method, self.terms.marginal)

    def begin_year(self, row: int) -> float:
        """Begin the year of ``row``; nothing is due."""
        self.income.setdefault(self.year_of[row], YearIncome())
        return 0.0

    def assessed(self, row: int) -> float:
        """Return the tax of the years that are due at ``row``, negative where more comes back [currency]."""
        due = 0.0
        for year in self.unsettled():
            if self.due_rows.get(year.year, row + 1) > row:
                break
            self.settled.append(year)
            due += year.tax
            self.entries.append(TaxEntry(row, year.year, -1, "assessment", tax=year.tax))
        return due

    def take_income(self, row: int, units: Sequence[float], gross: Sequence[float]) -> IncomeTax:
        """Book dividends; a sale soon after may still make them ordinary income."""
        day, year = self.days[row], self.year_of[row]
        income = self._year(row)
        for j, money in enumerate(gross):
            if money != 0.0:
                qualified = money * self.terms.qualified[j]
                income.qualified += qualified
                income.plain += money - qualified
                self.recent[j].add(PaidDividend(row, day, year, qualified / units[j]))
                self.entries.append(TaxEntry(row, year, j, "dividend", units=units[j], gain=money, taxable=money))
        nothing = [0.0] * len(gross)
        return IncomeTax(nothing, nothing)

    def take_interest(self, row: int, amount: float) -> float:
        """Book the interest on cash of a year; a negative one is no loss."""
        earned = max(amount, 0.0)
        if earned:
            self._year(row).interest += earned
            self.entries.append(TaxEntry(row, self.year_of[row], -1, "interest", gain=earned, taxable=earned))
        return 0.0

    def tax_of_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return 0: nothing is taken at once."""
        return 0.0

    def take_trades(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Book signed ``trades`` (N,) [units]; nothing is due at once."""
        self._year(row)
        for j, units in enumerate(trades):
            if units < 0.0:
                self._sell(j, row, -units, prices[j] - fees[j] / -units)
            elif units > 0.0:
                self._buy(j, row, units, units * prices[j] + fees[j])
        return 0.0

    def tax_of_year(self, row: int, trades: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> float:
        """Return the tax of the year of ``row`` with these ``trades``."""
        twin = self._copy()
        twin.take_trades(row, trades, prices, fees)
        twin.income.setdefault(self.year_of[row], YearIncome())
        return list(twin.unsettled())[-1].tax

    def lots_for_sale(self, row: int, asset: int, price: float) -> list[SaleLot]:
        """Return the lots of a column in the order of sales, with short-term and long-term gains."""
        day, lots = self.days[row], []
        for lot in self.lots[asset].in_order(day, price):
            gain = price - lot.cost / lot.units
            long_term = is_long_term(lot.held_from, day)
            lots.append(SaleLot(lot.units, 0.0, gain) if long_term else SaleLot(lot.units, gain, 0.0))
        return lots

    def gain_limits(self, row: int, most: float) -> list[list[GainLimit]]:
        """Return the two ways in which gains keep to a tax: short-term ones left, or set off by long-term losses."""
        income, at = self._year(row), self.terms.table_year or self.year_of[row]
        years = list(self.unsettled())
        before = years[-2] if len(years) > 1 else (self.settled[-1] if self.settled else None)
        carried = CarriedLosses() if before is None else before.carried
        short, long = income.short - carried.short, income.long - carried.long
        earned = TaxedIncome(income.plain + income.interest, income.qualified)
        left = most - self.terms.rates.tax(earned, at)
        if left < 0.0:
            return [[GainLimit(1.0, 1.0, 0.0)]]
        one = TaxedIncome(1.0, 0.0), TaxedIncome(0.0, 1.0)
        ordinary, preferred = (self.terms.rates.tax(income, at) for income in one)
        both = [GainLimit(1.0, 1.0, left / rate - short - long) for rate in (ordinary, preferred) if rate > 0.0]
        each = GainLimit(ordinary, preferred, left - ordinary * short - preferred * long)
        return [[each, *both[-1:]], [GainLimit(0.0, 1.0, -long), *both[:1]]]

    def year_end_sales(self, row: int, prices: Sequence[float], cost: OrderCost) -> Sequence[float]:
        """Return the lots of funds that lose, where their losses are worth more in tax than two orders cost.

        They are taken in the order in which the account sells lots, up to the first that does not lose.
        """
        if not any(self.terms.harvested):
            return ()
        day, rates, units = self.days[row], self.terms.marginal, [0.0] * len(prices)
        for j, harvested in enumerate(self.terms.harvested):
            saved, sold = 0.0, 0.0
            for lot in self.lots[j].in_order(day, prices[j]) if harvested else ():
                gain = lot.units * prices[j] - lot.cost
                if gain >= 0.0:
                    break
                saved -= gain * (rates.long_term if is_long_term(lot.held_from, day) else rates.ordinary)
                sold += lot.units
            if sold and saved > 2.0 * cost(j, sold * prices[j]):
                units[j] = sold
        return units

    def buy_back(self, row: int, units: Sequence[float], prices: Sequence[float], fees: Sequence[float]) -> None:
        """Book what is bought back after sales at a year's end: a fund that is not substantially identical.

        It is taken to move alike. It replaces nothing that was sold, nor does what is bought in the days that follow,
        which is more of it; lots of the 30 days before that are still held do (§ 1091).
        """
        for j, bought in enumerate(units):
            if bought > 0.0:
                self.lots[j].buy(row, self.days[row], bought, bought * prices[j] + fees[j])
                self.held[j] += bought
                wash = self.wash[j]
                if wash is not None:
                    wash.replaced_by_another(self.days[row])

    def take_withdrawal(self, row: int, amount: float) -> None:
        """Do nothing: money taken out of a taxable account is the investor's."""

    def wealth_tax(self, row: int, value: float) -> float:
        """Return 0: there is none."""
        return 0.0

    def forget_years(self, row: int) -> None:
        """Keep the lots; begin the year of ``row`` with nothing carried into it."""
        self.income, self.settled, self.entries, self.long_term = {}, [], [], {}
        self._year(row)

    def close(self, row: int, prices: Sequence[float], interest: float, value: float) -> TaxRecord:
        """Return everything that was booked; what is owed is the finished year not paid yet, and the running one."""
        self.take_interest(row, interest)
        self._year(row)
        running = list(self.unsettled())
        accrued = add_in_order(year.tax for year in running)
        sold = self._copy()
        sold.take_trades(row, [-units for units in self.held], prices, [0.0] * len(prices))
        latent = add_in_order(year.tax for year in sold.unsettled()) - accrued
        carried = running[-1].carried
        years = tuple(self._describe_year(year) for year in (*self.settled, *running))
        lots = open_lots(self.lots)
        pots = {"short": carried.short, "long": carried.long}
        return TaxRecord(tuple(self.entries), years, lots, pots, accrued, latent, tuple(self._notes(sum(carried))))

    def _copy(self) -> UnitedStatesBook:
        """Return a book of its own that says the same now."""
        twin = copy.copy(self)
        twin.lots = [lots.copy() for lots in self.lots]
        twin.wash = [
            wash.copy(lots) if wash is not None and isinstance(lots, ListedLots) else None
            for wash, lots in zip(self.wash, twin.lots, strict=True)
        ]
        twin.held, twin.settled, twin.entries = self.held.copy(), self.settled.copy(), self.entries.copy()
        twin.long_term = self.long_term.copy()
        twin.income = {year: dataclasses.replace(income) for year, income in self.income.items()}
        return twin

    def _notes(self, left: float) -> Iterator[str]:
        if left:
            yield f"Losses of {left:,.2f} are left to be set off in later years; here they are worth nothing."
        if self.disallowed:
            yield f"Losses of {self.disallowed:,.2f} were not allowed: the same was bought within 30 days of the sale."

    def _year(self, row: int) -> YearIncome:
        return self.income.setdefault(self.year_of[row], YearIncome())

    def _buy(self, j: int, row: int, units: float, cost: float) -> None:
        day, wash = self.days[row], self.wash[j]
        self.lots[j].buy(row, day, units, cost)
        self.held[j] += units
        if wash is not None and self.terms.wash_sales:
            for booking, amount in wash.after_purchase(day):
                self._disallow(booking, amount)

    def _sell(self, j: int, row: int, units: float, price: float) -> None:
        day, wash, income = self.days[row], self.wash[j], self._year(row)
        sale = self.lots[j].sell(day, units, self.held[j], price)
        self.held[j] -= units
        income.short += sale.short
        income.long += sale.long
        bookings = [(self._book_part(j, row, price, part), part) for part in sale.parts]
        if wash is not None and self.terms.wash_sales:
            for booking, amount in wash.after_sale(day, price, bookings):
                self._disallow(booking, amount)

    def _book_part(self, j: int, row: int, price: float, part: SoldPart) -> int:
        """Write down a sale from one lot; return its number."""
        day, gain = self.days[row], part.units * price - part.cost
        self._year(row).realise(gain)
        if disqualifies(part.bought, day):
            for dividend in self.recent[j].received_since(part.row):
                amount = part.units * dividend.qualified
                self.income[dividend.year].qualified -= amount
                self.income[dividend.year].plain += amount
        year = self.year_of[row]
        entry = TaxEntry(row, year, j, "sale", part.row, -part.units, gain, taxable=gain)
        self.entries.append(entry)
        self.long_term[len(self.entries) - 1] = is_long_term(part.held_from, day)
        return len(self.entries) - 1

    def _disallow(self, booking: int, amount: float) -> None:
        """Take a loss out of its year."""
        entry = self.entries[booking]
        exempt = entry.exempt - amount
        self.entries[booking] = entry._replace(exempt=exempt, taxable=entry.gain - exempt)
        self.income[entry.year].add_sale(amount, long_term=self.long_term[booking])
        self.disallowed += amount

    def unsettled(self) -> Iterator[SettledYear]:
        """Yield the years that are not paid, in order, each with the losses that those before carry into it."""
        carried = self.settled[-1].carried if self.settled else CarriedLosses()
        done = self.settled[-1].year if self.settled else 0
        for year in sorted(self.income):
            if year > done:
                settled = self._settle(year, self.income[year], carried)
                carried = settled.carried
                yield settled

    def _settle(self, year: int, income: YearIncome, carried: CarriedLosses) -> SettledYear:
        rates, at = self.terms.rates, self.terms.table_year or year
        earned = income.plain + income.qualified + income.interest
        net = net_gains(income.short, income.long, carried, rates.deductible(self.terms.loss_limit, earned))
        sales = TaxedIncome(net.short - net.deducted, net.long)
        with_interest = sales._replace(ordinary=sales.ordinary + income.interest)
        everything = TaxedIncome(with_interest.ordinary + income.plain, sales.preferential + income.qualified)
        before, between, tax = (rates.tax(each, at) for each in (sales, with_interest, everything))
        return SettledYear(year, tax, tax - between, between - before, net.carried)

    def _describe_year(self, year: SettledYear) -> TaxYear:
        income = self.income[year.year]
        sales = year.tax - year.dividends - year.interest
        return TaxYear(
            year.year, year.tax, year.dividends, 0.0, sales, year.interest, gains=income.gains, losses=income.losses
        )
