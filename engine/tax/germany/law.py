"""``GermanTax``: the German law with one investor's attributes, as a config names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.core.fields import (
    NUMBER_PATTERN,
    ConfigModel,
    FieldFault,
    NonNegative,
    Rate,
    Switch,
    Ticker,
    Weight,
    format_percent,
    quote_value,
    validates_fields,
)
from engine.core.shortlist import shortlist
from engine.tax.assets import lacking_attributes
from engine.tax.germany.assets import GermanAsset
from engine.tax.germany.tables import ALLOWANCES, BASE_RATES, CHURCH, FIRST_YEAR, INCOME_TAX, MOST_ALLOWANCE
from engine.tax.germany.taxation import GermanTaxation
from engine.tax.germany.terms import BEFORE_2007, GermanTerms, base_rate_of
from engine.tax.germany.year import LossPots, total_rate
from engine.tax.law import TaxLaw
from engine.tax.month_day import MonthDay, PayDay

STAND_INS: Final = frozenset({"IJR", "IVV", "IWM", "MDY", "QQQ", "SPY", "VB", "VOO", "VTI"})
"""Exchange-traded funds of the United States without a key information document, which no private investor in the
European Union can buy: Regulation (EU) 1286/2014."""


def _parse_allowance(value: object) -> object:
    most = MOST_ALLOWANCE * ALLOWANCES[max(ALLOWANCES)]
    if isinstance(value, str) and value in {"single", "couple"}:
        return value
    written = NUMBER_PATTERN.fullmatch(value.strip()) if isinstance(value, str) else None
    money = float(written[0]) if written else -1.0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        money = float(value)
    if 0.0 <= money <= most:
        return money
    message = f"{{found}} is no allowance; write single, couple, or the share of it that this bank has, 0 to {most:g}"
    raise PydanticCustomError("allowance", message, {"found": quote_value(value)})


Allowance: TypeAlias = Annotated[
    Literal["single", "couple"] | float,
    BeforeValidator(_parse_allowance),
    WithJsonSchema({"anyOf": [{"enum": ["single", "couple"]}, {"type": "number", "minimum": 0}]}),
]
"""Of one person, of two, or an amount [EUR/year]."""


class OpeningPots(ConfigModel):
    """Losses that the investor begins with, of sold ``stocks`` and ``other`` [EUR]."""

    stocks: NonNegative = 0.0
    other: NonNegative = 0.0


class GermanTax(TaxLaw):
    """Withholding tax of a private investor: pots, allowance, funds taxed in advance (EStG § 20, § 32d, InvStG).

    ``law``: today's in every year, or that of each; ``rate`` of income tax; ``allowance`` of one person, of a couple,
    or what of it this bank has [EUR/year]; ``church``: none, or its rate in the state. ``lots`` are sold first in,
    first out, and no other way (EStG § 20 (4)). ``pots``: losses of stocks meet gains of stocks only, or (``one``)
    everything; ``opening_pots``: losses carried in. ``base_rate`` by year, what is not published, as
    ``{before_2007: 4%, 2027: 3%}``. ``collect``: by the bank at once, or assessed and paid ``pay_on`` of the next year.
    ``short_of_cash``: taxes that cash cannot pay are sold for, or paid from ``outside``. At the year's last
    session ``use_allowance`` sells and buys back what gains until the allowance is used, ``harvest`` the oldest lots
    that lose, as far as that lowers the year's tax. ``budget``: tax a year beyond which no
    rebalance goes. ``rounding`` to the cent is for comparing with papers of a bank.
    ``assets``: each a fund or a stock.
    ``twin``: figures before tax are ``gross``, or net of what is withheld abroad and inside funds.
    """

    kind: Literal["germany"] = "germany"
    law: Literal["current", "of_the_year"] = "current"
    rate: Annotated[Weight, Field(gt=0.0)] = INCOME_TAX
    allowance: Allowance = "single"
    church: Literal["none", "8%", "9%"] = "none"
    lots: Literal["fifo"] = "fifo"
    pots: Literal["two", "one"] = "two"
    opening_pots: OpeningPots = OpeningPots()
    base_rate: dict[str, Rate] = Field(default_factory=dict)
    collect: Literal["bank", "assessment"] = "bank"
    pay_on: PayDay = MonthDay(7, 1)
    short_of_cash: Literal["sell", "outside"] = "sell"
    use_allowance: Switch = False
    harvest: Literal["none", "year_end"] = "none"
    budget: NonNegative | None = None
    rounding: Literal["none", "cent"] = "none"
    assets: dict[Ticker, GermanAsset] = Field(default_factory=dict)

    @validates_fields
    def _fits_together(self) -> Iterator[FieldFault]:
        whole = total_rate(self.rate, CHURCH[self.church])
        if whole >= 1.0:
            found = f"{format_percent(self.rate)} and its surcharges are {format_percent(whole)} of a gain"
            yield ("rate",), f"{found}, which leaves nothing; write a rate of income tax, as 25%"
        for key in self.base_rate:
            if key == BEFORE_2007:
                continue
            if not (key.isascii() and key.isdigit() and len(key) == 4):
                yield ("base_rate", key), f"found {quote_value(key)}; write a year, as 2027: 3%, or {BEFORE_2007}: 4%"
            elif int(key) in BASE_RATES:
                known = BASE_RATES[int(key)]
                yield ("base_rate", key), f"{key} is known: {format_percent(known.rate)} ({known.source}); leave it out"

    @property
    def currency(self) -> str:
        """Germany counts in euros."""
        return "EUR"

    def asset_faults(self, tickers: Iterable[str]) -> Iterator[FieldFault]:
        """Yield one line on all ``tickers`` that have no attributes."""
        yield from lacking_attributes(tickers, self.assets, "{fund: equity, income: distributing}", "{stock: US}")

    def accumulates(self, ticker: str) -> bool:
        """Return whether a fund keeps its dividends and reinvests them inside."""
        return self.assets[ticker].income == "accumulating"

    def withheld_inside(self, ticker: str) -> float:
        """Return the share of a fund's dividends that is withheld before they reach it [fraction]."""
        return self.assets[ticker].withheld_inside

    def withheld_abroad(self, ticker: str) -> float:
        """Return the share of a stock's dividends that its country keeps [fraction]."""
        return self.assets[ticker].terms.withheld

    def describe(self, ticker: str) -> str:
        """Return an asset's attributes in words; of a fund that no one can buy, that it stands in for another."""
        words = self.assets[ticker].describe()
        if ticker in STAND_INS and self.assets[ticker].fund:
            return f"{words}; stands in for a UCITS fund, which you would have to buy"
        return words

    def describe_law(self) -> str:
        """Return the law and the investor in words."""
        law = "today's law in every year" if self.law == "current" else "the law of each year"
        rates = f"income tax of {format_percent(self.rate)} and solidarity surcharge"
        rates += f", church tax of {self.church.removesuffix('%')} %" if self.church != "none" else ""
        persons = {"single": "the allowance of one person", "couple": "the allowance of a couple"}
        free = persons[self.allowance] if isinstance(self.allowance, str) else f"{self.allowance:,.2f} EUR a year"
        paid = "the bank takes it at once"
        if self.collect == "assessment":
            paid = f"it is assessed and paid on {self.pay_on} of the next year"
        return f"Germany, {law}: {rates}, {free} free; {paid}"

    def window_faults(self, first_year: int, last_year: int) -> Iterator[FieldFault]:
        """Yield why these years cannot be taxed: funds were taxed otherwise, or a base rate is not known."""
        if self.law == "of_the_year" and first_year < FIRST_YEAR:
            reason = f"funds were taxed otherwise until {FIRST_YEAR - 1}"
            yield (
                ("law",),
                f"of_the_year cannot tax {first_year}: {reason}; begin in {FIRST_YEAR}, or write law: current",
            )
        if not any(asset.fund for asset in self.assets.values()):
            return
        lacking = [year for year in range(first_year, last_year) if base_rate_of(year, self.base_rate) is None]
        early = [year for year in lacking if year < min(BASE_RATES)]
        later = [year for year in lacking if year > max(BASE_RATES)]
        if early:
            span = f"{early[0]}" if len(early) == 1 else f"{early[0]} to {early[-1]}"
            yield ("base_rate",), f"no base rate was published for {span}; write base_rate: {{{BEFORE_2007}: 4%}}"
        if later:
            given = ", ".join(f"{year}: 3%" for year in later)
            yield (
                ("base_rate",),
                f"the base rate of {shortlist(map(str, later))} is not known; write base_rate: {{{given}}}",
            )

    def caveats(self, tickers: Sequence[str], first_year: int) -> Iterator[str]:
        """Yield what a broker would not know of a run from ``first_year`` on, and what this law leaves out."""
        strangers = [ticker for ticker in tickers if ticker in STAND_INS and self.assets[ticker].fund]
        if strangers:
            yield (
                f"{shortlist(strangers)} cannot be bought by private investors in the European Union since 2018 "
                "(Regulation (EU) 1286/2014): taxed here as what stands in for a UCITS fund, whose costs and history "
                "are others."
            )
        if self.law == "current" and first_year < FIRST_YEAR:
            yield (
                f"Today's German law is applied to {first_year} and later: until 2008 gains of more than a year were "
                "free, until 2017 funds were taxed otherwise. It says what the plan would leave under today's law."
            )
        if self.pots == "one":
            yield (
                "Losses of stocks meet all other income here (pots: one), which today's law does not allow; whether it "
                "has to is before the Federal Constitutional Court (2 BvL 3/21)."
            )
        if self.use_allowance and any(asset.fund for asset in self.assets.values()):
            yield (
                "What is sold and bought back on the year's last session carries a twelfth of the year's advance lump "
                "sum: tax.use_allowance saves some of that as well."
            )
        if self.collect == "assessment":
            yield (
                f"No bank withholds: the tax of a year is paid on {self.pay_on} of the next, which is a deferral that "
                "a depot at a German bank does not have."
            )

    def taxation(self, *, reinvests: bool) -> GermanTaxation:
        """Return what ``simulate`` asks; ``reinvests`` says whether dividends buy more of what paid them."""
        return GermanTaxation(self._terms(), reinvests, self.short_of_cash == "outside")

    def _terms(self) -> GermanTerms:
        amount = self.allowance if isinstance(self.allowance, float) else None
        pots = LossPots(self.opening_pots.stocks, self.opening_pots.other)
        if self.pots == "one":
            pots = LossPots(0.0, pots.stocks + pots.other)
        return GermanTerms(
            rate=self.rate,
            church=CHURCH[self.church],
            one_pot=self.pots == "one",
            cents=self.rounding == "cent",
            at_once=self.collect == "bank",
            pay_on=self.pay_on,
            of_the_year=self.law == "of_the_year",
            persons=MOST_ALLOWANCE if self.allowance == "couple" else 1.0,
            allowance=amount,
            base_rates=self.base_rate,
            pots=pots,
            assets={ticker: asset.terms for ticker, asset in self.assets.items()},
            use_allowance=self.use_allowance,
            harvest=self.harvest == "year_end",
        )
