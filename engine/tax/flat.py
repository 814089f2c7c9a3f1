"""``FlatTax``: rates that do not depend on who is taxed, which is all of some countries' law and a start for others.

Austria is ``{kind: flat, gains: 27.5%, income: 27.5%, lots: average, losses: year, losses_against: all}``, Switzerland
``{kind: flat, gains: 0%, income: RATE, wealth: RATE, losses: none, collect: assessment}``. A country's own module has
the same shape: a model of what its law asks for, and a book.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from engine.core.arrays import DateArray
from engine.core.fields import ConfigModel, FieldFault, NonNegative, Ticker, Weight, format_percent, validates_fields
from engine.data.market import Market
from engine.tax.flat_book import FlatBook, FlatTerms
from engine.tax.law import TaxLaw
from engine.tax.month_day import MonthDay, PayDay


class FlatAsset(ConfigModel):
    """What a flat tax may know of one asset.

    ``income``: whether a fund pays its dividends (``distributing``) or keeps them (``accumulating``).
    ``withheld_inside``: the share of its dividends that a fund loses to taxes before they reach it.
    ``withheld``: the share of a dividend that its country keeps; ``creditable``: the share that is set off at home.
    """

    income: Literal["distributing", "accumulating"] = "distributing"
    withheld_inside: Weight = 0.0
    withheld: Weight = 0.0
    creditable: Weight = 0.0

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        if self.creditable > self.withheld:
            found = f"{format_percent(self.creditable)} creditable of {format_percent(self.withheld)} withheld"
            yield ("creditable",), f"{found}; write a creditable share that is at most what is withheld"


class FlatTax(TaxLaw):
    """Gains and income are taxed at one rate each, the account at the year's end at another.

    ``gains``, ``income``: the rates of sale gains, and of dividends and interest. ``allowance``: taxable money a year
    that is free, gains first. ``losses`` are set off against nothing (``none``: the loss of a lot counts for nothing),
    against gains of the same year (``year``), or of later ones too (``carry``); ``losses_against: all`` lets what gains
    leave of them meet income. ``lots``: the oldest are sold first (``fifo``), or all cost the same (``average``).
    ``collect``: the bank takes the tax with what it is for and pays it back within the year (``bank``), or the tax of a
    year is due on ``pay_on`` of the next (``assessment``). ``wealth``: a rate on the account's value at each year's
    end. ``short_of_cash``: taxes that cash cannot pay are sold for, or paid from ``outside``.
    ``assets``: what is special about one, nothing where it is not named.
    ``twin``: figures before tax are ``gross``, or net of what is withheld abroad and inside funds.
    """

    kind: Literal["flat"] = "flat"
    gains: Weight
    income: Weight
    allowance: NonNegative = 0.0
    losses: Literal["none", "year", "carry"] = "year"
    losses_against: Literal["gains", "all"] = "gains"
    lots: Literal["fifo", "average"] = "fifo"
    collect: Literal["bank", "assessment"] = "bank"
    pay_on: PayDay = MonthDay(7, 1)
    wealth: Weight = 0.0
    short_of_cash: Literal["sell", "outside"] = "sell"
    assets: Mapping[Ticker, FlatAsset] = Field(default_factory=dict)

    @property
    def currency(self) -> None:
        """Any."""
        return

    def asset(self, ticker: str) -> FlatAsset:
        """Return what is known of ``ticker``: that it pays its dividends in full, where nothing is said."""
        return self.assets.get(ticker, _PLAIN)

    def asset_faults(self, tickers: Iterable[str]) -> Iterator[FieldFault]:
        """Yield nothing: a flat tax asks for no attributes."""
        yield from ()

    def accumulates(self, ticker: str) -> bool:
        """Return whether a fund keeps its dividends and reinvests them inside."""
        return self.asset(ticker).income == "accumulating"

    def withheld_inside(self, ticker: str) -> float:
        """Return the share of a fund's dividends that is withheld before they reach it [fraction]."""
        return self.asset(ticker).withheld_inside

    def withheld_abroad(self, ticker: str) -> float:
        """Return the share of a dividend that its country keeps [fraction]."""
        return self.asset(ticker).withheld

    def describe(self, ticker: str) -> str:
        """Return an asset's attributes in words.

        >>> FlatTax(gains="25%", income="25%", assets={"CRS": {"withheld": "15%", "creditable": "15%"}}).describe("CRS")
        'pays its dividends, 15 % of them withheld abroad, 15 % set off'
        """
        one = self.asset(ticker)
        text = "keeps its dividends" if one.income == "accumulating" else "pays its dividends"
        text += f", {format_percent(one.withheld_inside)} of them withheld inside" if one.withheld_inside else ""
        if one.withheld:
            text += (
                f", {format_percent(one.withheld)} of them withheld abroad, {format_percent(one.creditable)} set off"
            )
        return text

    def describe_law(self) -> str:
        """Return the rates, and when they are paid.

        >>> FlatTax(gains="25%", income="20%").describe_law().split("; ")[0]
        'flat rates: gains are taxed at 25 %, dividends and interest at 20 %, losses are set off within the year'
        """
        rates = f"gains are taxed at {format_percent(self.gains)}, dividends and interest at"
        text = f"flat rates: {rates} {format_percent(self.income)}"
        text += f", the account at {format_percent(self.wealth)} at each year's end" if self.wealth else ""
        text += f", {self.allowance:,.2f} a year are free" if self.allowance else ""
        if self.gains:
            text += f", {_LOSSES[self.losses]}"
            text += ", against income too" if self.losses_against == "all" and self.losses != "none" else ""
            text += ", lots cost the average" if self.lots == "average" else ""
        return f"{text}; {_COLLECTED[self.collect].format(day=self.pay_on)}"

    def window_faults(self, first_year: int, last_year: int) -> Iterator[FieldFault]:
        """Yield nothing: the rates are those of every year."""
        yield from ()

    def caveats(self, tickers: Sequence[str], first_year: int) -> Iterator[str]:
        """Yield that the rates are the same in every year, and what accumulating funds are spared."""
        yield "tax: the flat rates are applied to every year of the window, whatever the law then was"
        if kept := [ticker for ticker in tickers if self.accumulates(ticker)]:
            names = ", ".join(kept)
            yield f"tax: what {names} keep inside is taxed with their gains only; some countries tax it every year"

    def taxation(self, *, reinvests: bool) -> FlatTaxation:
        """Return what ``simulate`` asks."""
        return FlatTaxation(self, reinvests, outside=self.short_of_cash == "outside")


_PLAIN = FlatAsset()
_LOSSES = {
    "year": "losses are set off within the year",
    "carry": "losses are carried on",
    "none": "losses count for nothing",
}
_COLLECTED = {"bank": "a bank takes it at once", "assessment": "it is assessed and paid on {day} of the next year"}


@dataclass(frozen=True)
class FlatTaxation:
    """A flat tax as ``simulate`` asks it; ``outside`` and ``reinvests`` as a ``Taxation`` has them."""

    law: FlatTax
    reinvests: bool
    outside: bool

    def assessment_rows(self, dates: DateArray, opening: int) -> Sequence[int]:
        """Return the first sessions on or after ``pay_on`` of every year but the first; none where a bank collects."""
        return () if self.law.collect == "bank" else self.law.pay_on.assessment_rows(dates, opening)

    def open_book(self, market: Market, opening: int) -> FlatBook:
        """Return the empty book of a portfolio that opens at row ``opening`` of ``market``."""
        law = self.law
        withheld = [law.withheld_abroad(ticker) for ticker in market.assets]
        creditable = [law.asset(ticker).creditable for ticker in market.assets]
        terms = FlatTerms(
            law.gains,
            law.income,
            law.allowance,
            law.losses,
            law.losses_against == "all",
            law.wealth,
            law.collect == "bank",
        )
        due = {} if law.collect == "bank" else law.pay_on.due_rows(market.dates, opening)
        return FlatBook(terms, market.dates, due, (withheld, creditable), average=law.lots == "average")
