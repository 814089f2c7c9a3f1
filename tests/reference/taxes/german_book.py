"""The German book of the taxed reference ledger: lots, the year, dividends, funds, and when money leaves."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from tests.reference.rules import ZERO, tidy
from tests.reference.taxes.attributes import Fund, Germany, Stock, TaxedCase
from tests.reference.taxes.book import KeptLot, Money, Paid, TaxResult
from tests.reference.taxes.german_advance import advance, twelfths
from tests.reference.taxes.german_lots import Lot, bought, gains_of, sold_first, take_away
from tests.reference.taxes.german_year import Year
from tests.reference.taxes.tables import allowance, base_rate

MOST_CREDIT = Fraction(1, 4)  # 2.5: of a single income


class GermanBook:
    """The law of one depot (docs/taxes.md)."""

    def __init__(self, taxed: TaxedCase, law: Germany) -> None:
        self.case, self.days, self.law = taxed.case, taxed.days, law
        self.at_once = not law.assessed
        self.assets = [law.assets[name] for name in taxed.case.tickers]
        self.lots: list[list[Lot]] = [[] for _ in self.assets]
        pots = (law.opening_stocks, law.opening_other)
        pots = (ZERO, sum(pots)) if law.one_pot else pots
        self.this_year = self.days[taxed.case.opening].year
        self.year = self._new_year(self.this_year, pots)
        self.closed: dict[int, Fraction] = {}
        self.unpaid: dict[int, Fraction] = {}
        self.realised: dict[int, tuple[Fraction, Fraction]] = {}

    def _new_year(self, year: int, pots: tuple[Fraction, Fraction]) -> Year:
        whole = allowance(year, self.law.allowance, self.law.of_the_year)
        return Year(whole, self.law.church, *pots)

    def _book(self, after: Year) -> Fraction:
        """Take on a year state, and return by how much more tax it is due at once."""
        due, self.year = after.tax - self.year.tax, after
        return tidy(due) if self.at_once else ZERO

    # -- years

    def begin_year(self, t: int) -> Fraction:
        """1 January: pots roll over; the Vorabpauschale of the year before is income of the new one (2.4)."""
        past = self.this_year
        self.closed[past] = self.year.tax
        if not self.at_once:
            self.unpaid[past] = tidy(self.year.tax)
        self.this_year = self.days[t].year
        self.year = self._new_year(self.this_year, self.year.pots)
        taxable = ZERO
        for i, (asset, lots) in enumerate(zip(self.assets, self.lots, strict=True)):
            if not isinstance(asset, Fund) or not lots:
                continue
            whole = self._advance(i, past)
            for lot in lots:
                part = tidy(whole * twelfths(self.days[lot.row], past))
                lot.deemed += part
                taxable += lot.units * (1 - asset.exempt) * part
        return self._book(self.year.plus(other=taxable))

    def _advance(self, i: int, year: int) -> Fraction:
        rows = [t for t, day in enumerate(self.days) if day.year == year]
        closes = [p for t in rows if (p := self.case.prices[t][i]) is not None]
        name = self.case.tickers[i]
        paid = sum((self.case.dividends.get(t, {}).get(name, ZERO) for t in rows), ZERO)
        rate = self.law.base_rate.get(year)
        return advance(base_rate(year) if rate is None else rate, closes[0], closes[-1], paid)

    def assessed(self, t: int) -> Fraction:
        """2.7: the whole tax of a year on the first session on or after `pay_on` of the next."""
        payable = [year for year in self.unpaid if self.days[t] >= date(year + 1, *self.law.pay_on)]
        return sum((self.unpaid.pop(year) for year in payable), ZERO)

    # -- income

    def income(self, t: int, gross: Money) -> Paid:
        """Book the dividends of a session: one change of T, allotted pro rata to what is taxable (2.4, 2.5)."""
        taxable, withheld, foreign = [], [], ZERO
        for asset, money in zip(self.assets, gross, strict=True):
            taxable.append(money * (1 - asset.exempt) if isinstance(asset, Fund) else money)
            withheld.append(tidy(money * asset.withheld) if isinstance(asset, Stock) else ZERO)
            if isinstance(asset, Stock):
                foreign += money * min(asset.creditable, asset.withheld, MOST_CREDIT)
        due = self._book(self.year.plus(other=sum(taxable, ZERO), foreign=foreign))
        total = sum(taxable, ZERO)
        return Paid([tidy(due * part / total) if total else ZERO for part in taxable], withheld)

    def interest(self, t: int, amount: Fraction) -> Fraction:
        """2.6: interest of a year; less than nothing is no loss."""
        return self._book(self.year.plus(other=max(amount, ZERO)))

    # -- trades

    def preview(self, t: int, trades: Money, prices: Money, fees: Money) -> Fraction:
        """Return the tax of a vector that is due at once."""
        return tidy(self._after(trades, prices, fees)[0].tax - self.year.tax) if self.at_once else ZERO

    def _after(self, trades: Money, prices: Money, fees: Money) -> tuple[Year, list[Fraction]]:
        """Return the year state after the sales of a vector, and their gains before any exemption."""
        year, gains = self.year, []
        for i, asset in enumerate(self.assets):
            if trades[i] >= 0:
                continue
            of_lots = gains_of(sold_first(self.lots[i], -trades[i]), prices[i], fees[i])
            gains += of_lots
            gain = sum(of_lots, ZERO)
            if isinstance(asset, Fund):
                year = year.plus(other=(1 - asset.exempt) * gain)
            else:
                year = year.plus(other=gain) if self.law.one_pot else year.plus(stocks=gain)
        return year, gains

    def trade(self, t: int, trades: Money, prices: Money, fees: Money) -> Fraction:
        """Book a vector: sales out of the oldest lots, purchases as lots."""
        after, gains = self._after(trades, prices, fees)
        won, lost = self.realised.get(self.this_year, (ZERO, ZERO))
        won, lost = won + sum((g for g in gains if g > 0), ZERO), lost + sum((g for g in gains if g < 0), ZERO)
        self.realised[self.this_year] = (won, lost)
        due = self._book(after)
        for i, quantity in enumerate(trades):
            if quantity < 0:
                take_away(self.lots[i], sold_first(self.lots[i], -quantity))
            elif quantity > 0:
                self.lots[i].append(bought(t, quantity, prices[i], fees[i]))
        return due

    def least(self) -> Fraction:
        """T is never below zero, so that no more than the year's tax comes back."""
        return -self.year.tax

    # -- the end

    def close(self, t: int, prices: Money, interest: Fraction, result: TaxResult) -> None:
        """Write what is left: the tax on an unfinished year's interest is accrued, on a sale of all latent."""
        before = self.year.tax
        self.year = self.year.plus(other=max(interest, ZERO))
        result.by_year = {**self.closed, self.this_year: self.year.tax}
        result.pots = dict(zip(("stocks", "other"), self.year.pots, strict=True))
        unpaid = ZERO if self.at_once else sum(self.unpaid.values(), ZERO) + before
        result.accrued = unpaid + self.year.tax - before
        held = [sum((lot.units for lot in lots), ZERO) for lots in self.lots]
        sold = self._after([-units for units in held], prices, [ZERO for _ in held])[0]
        result.latent = sold.tax - self.year.tax
        result.realised = dict(self.realised)
        result.lots = [
            KeptLot(i, lot.row, lot.units, lot.units * lot.cost, lot.units * lot.deemed)
            for i, lots in enumerate(self.lots)
            for lot in lots
        ]
