"""The American book of the taxed reference ledger: lots, years that are settled in April, wash sales."""

from __future__ import annotations

from copy import copy, deepcopy
from datetime import date
from fractions import Fraction

from tests.reference.rules import ZERO, tidy
from tests.reference.taxes.american_lots import (
    QUALIFIES_AFTER,
    WINDOW,
    Lot,
    OpenLoss,
    Piece,
    is_long,
    pieces_of,
    replace_with,
    sold_first,
)
from tests.reference.taxes.american_year import Carried, Year, assess
from tests.reference.taxes.attributes import Fund, TaxedCase, UnitedStates
from tests.reference.taxes.book import KeptLot, Money, Paid, TaxResult


class AmericanBook:
    """The law of one taxable account (docs/taxes.md)."""

    at_once = False

    def __init__(self, taxed: TaxedCase, law: UnitedStates) -> None:
        self.case, self.days, self.law = taxed.case, taxed.days, law
        self.assets = [law.assets[name] for name in taxed.case.tickers]
        self.lots: list[list[Lot]] = [[] for _ in self.assets]
        self.open: list[list[OpenLoss]] = [[] for _ in self.assets]
        self.years = {self.days[taxed.case.opening].year: Year()}
        self.settled: set[int] = set()
        self.purchases = 0

    # -- years

    def begin_year(self, t: int) -> Fraction:
        """Open a year; nothing is due."""
        self.years[self.days[t].year] = Year()
        return ZERO

    def assessments(self) -> dict[int, Fraction]:
        """Return the tax of every year, as the losses before it leave it."""
        carried, found = Carried(), {}
        for number, year in sorted(self.years.items()):
            found[number], carried = assess(year, carried, self.law)
        return found

    def carried(self) -> Carried:
        """Return what the last year carries on."""
        carried = Carried()
        for _, year in sorted(self.years.items()):
            _, carried = assess(year, carried, self.law)
        return carried

    def assessed(self, t: int) -> Fraction:
        """15 April: the tax of the year before, or what comes back."""
        due = ZERO
        payable = [number for number in self.years if self.days[t] >= date(number + 1, *self.law.pay_on)]
        for number in [number for number in payable if number not in self.settled]:
            self.settled.add(number)
            due += tidy(self.assessments()[number])
        return due

    # -- income

    def income(self, t: int, gross: Money) -> Paid:
        """Dividends are qualified until a lot is sold too soon; a fund's are so for its own share."""
        number, year = self.days[t].year, self.years[self.days[t].year]
        of = self.case.dividends.get(t, {})
        for name, asset, lots, money in zip(self.case.tickers, self.assets, self.lots, gross, strict=True):
            share = asset.qualified if isinstance(asset, Fund) else Fraction(1)
            year.qualified += money * share
            year.ordinary += money * (1 - share)
            for lot in lots:
                if money and (self.days[t] - lot.day).days <= QUALIFIES_AFTER:
                    lot.dividends.append((number, of[name] * share))
        return Paid([ZERO for _ in gross], [ZERO for _ in gross])

    def interest(self, t: int, amount: Fraction) -> Fraction:
        """Interest of a year is ordinary income."""
        self.years[self.days[t].year].ordinary += max(amount, ZERO)
        return ZERO

    # -- trades

    def preview(self, t: int, trades: Money, prices: Money, fees: Money) -> Fraction:
        """Nothing is due at once."""
        return ZERO

    def least(self) -> Fraction:
        """Nothing comes back at once."""
        return ZERO

    def trade(self, t: int, trades: Money, prices: Money, fees: Money) -> Fraction:
        """Book a vector: sales by the method of lots, purchases as lots, and what replaces what."""
        for i, quantity in enumerate(trades):
            if quantity < 0:
                self._sell(t, i, -quantity, prices[i], fees[i])
            elif quantity > 0:
                self._buy(t, i, quantity, tidy(prices[i] + fees[i] / quantity))
        return ZERO

    def _sell(self, t: int, i: int, units: Fraction, price: Fraction, fees: Fraction) -> None:
        lots = self.lots[i]
        order = {id(lot): number for number, lot in enumerate(lots)}
        self._average(i)
        taken = sold_first(lots, units, lambda lot: self._rank(t, lot, price - fees / units))
        pieces = pieces_of(taken, price, fees, self.days[t])
        for piece in pieces:
            piece.lot.units -= piece.units
            self._unqualify(t, piece)
        self.lots[i] = lots = [lot for lot in lots if lot.units > 0]
        for piece in sorted(pieces, key=lambda piece: order[id(piece.lot)]):  # Treas. Reg. 1.1091-1(b): as acquired
            self._realise(t, i, piece)

    def _average(self, i: int) -> None:
        lots = self.lots[i] if self.law.lots == "average" else []
        if lots:
            total = sum((lot.units for lot in lots), ZERO)
            average = tidy(sum((lot.units * lot.basis for lot in lots), ZERO) / total)
            for lot in lots:
                lot.basis = average

    def _rank(self, t: int, lot: Lot, price: Fraction) -> tuple[Fraction, ...]:
        """Say which lot goes first: the lowest rank, then the earliest purchase."""
        if self.law.lots == "hifo":
            return (-even(lot.basis),)
        if self.law.lots == "min_tax":
            long, gain = is_long(lot.since, self.days[t]), price - even(lot.basis)
            rate = (self.law.long_term if long else self.law.ordinary) + self.law.net_investment + self.law.state
            group = int(long) if gain < 0 else 3 - int(long)
            return rate * gain, Fraction(group), gain
        return ()

    def _unqualify(self, t: int, piece: Piece) -> None:
        if (self.days[t] - piece.lot.day).days <= QUALIFIES_AFTER:
            for number, money in piece.lot.dividends:
                self.years[number].qualified -= piece.units * money
                self.years[number].ordinary += piece.units * money

    def _realise(self, t: int, i: int, piece: Piece) -> None:
        gain, year = piece.units * piece.gain, self.years[self.days[t].year]
        if piece.long:
            year.long += gain
        else:
            year.short += gain
        if gain >= 0:
            year.gains += gain
            return
        year.losses += gain
        if not self.law.wash_sales:
            return
        held = self.days[t] - piece.lot.since
        loss = OpenLoss(self.days[t].year, self.days[t], piece.lot.number, piece.units, -piece.gain, held, piece.long)
        for lot in list(self.lots[i]):
            if (self.days[t] - lot.day).days <= WINDOW:
                self._replace(i, lot, loss)
        if loss.units > 0:
            self.open[i].append(loss)

    def _buy(self, t: int, i: int, units: Fraction, basis: Fraction) -> None:
        day = self.days[t]
        self.purchases += 1
        lot = Lot(self.purchases, t, day, units, basis, day)
        self.lots[i].append(lot)
        for loss in self.open[i]:
            if (day - loss.day).days <= WINDOW:
                self._replace(i, lot, loss)
        self.open[i] = [loss for loss in self.open[i] if loss.units > 0]

    def _replace(self, i: int, lot: Lot, loss: OpenLoss) -> None:
        """A loss is not allowed as far as other units replace those sold, each of them once."""
        if lot.number == loss.number or lot.replaces or not loss.units:
            return
        disallowed = loss.loss * replace_with(self.lots[i], lot, loss)
        year = self.years[loss.year]
        if loss.long:
            year.long += disallowed
        else:
            year.short += disallowed

    # -- the end

    def close(self, t: int, prices: Money, interest: Fraction, result: TaxResult) -> None:
        """Write what is left: years that are not paid are accrued, a sale of everything latent."""
        self.years[self.days[t].year].ordinary += max(interest, ZERO)
        result.by_year = self.assessments()
        result.accrued = sum((tax for year, tax in result.by_year.items() if year not in self.settled), ZERO)
        result.realised = {of: (year.gains, year.losses) for of, year in self.years.items()}
        for i in range(len(self.assets)):
            self._average(i)
        result.lots = [
            KeptLot(i, lot.row, lot.units, lot.units * lot.basis) for i, lots in enumerate(self.lots) for lot in lots
        ]
        left = self.carried()
        result.pots = {"short": left.short, "long": left.long}
        everything = copy(self)
        everything.lots, everything.open, everything.years = deepcopy((self.lots, self.open, self.years))
        held = [-sum((lot.units for lot in lots), ZERO) for lots in self.lots]
        everything.trade(t, held, prices, [ZERO for _ in held])
        result.latent = sum(everything.assessments().values(), ZERO) - sum(result.by_year.values(), ZERO)


def even(basis: Fraction) -> Fraction:
    """Return a basis without what rounding has left: of lots that are equal the earliest goes first."""
    return Fraction(round(basis * 10**12), 10**12)
