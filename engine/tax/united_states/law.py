"""``UnitedStatesTax``: ``tax: {kind: united_states, ...}`` of a config, and what it says of assets and windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from engine.core.arrays import DateArray
from engine.core.fields import (
    ConfigModel,
    FieldFault,
    NonNegative,
    Switch,
    Ticker,
    Weight,
    format_percent,
    validates_fields,
)
from engine.core.shortlist import shortlist
from engine.data.market import Market
from engine.tax.assets import lacking_attributes
from engine.tax.book import TaxBook
from engine.tax.law import TaxLaw
from engine.tax.month_day import MonthDay, PayDay
from engine.tax.united_states.book import AccountTerms, UnitedStatesBook
from engine.tax.united_states.lots import LOT_METHOD_WORDS, LotMethod
from engine.tax.united_states.rates import Brackets, FlatRates
from engine.tax.united_states.retirement_book import RetirementBook
from engine.tax.united_states.tables import FIRST_YEAR, LAST_YEAR, LOSS_LIMIT

_EARLIEST_PAY_DAY = MonthDay(3, 2)


class UnitedStatesAsset(ConfigModel):
    """What an asset is: a ``fund`` of the country or a ``stock`` of it.

    ``qualified``: the share of its dividends that can be qualified, 0 % of a REIT; ``lots``: how its lots are sold.
    """

    fund: Literal["us"] | None = None
    stock: Literal["US"] | None = None
    qualified: Weight = 1.0
    lots: LotMethod | None = None

    @validates_fields
    def _faults(self) -> Iterable[FieldFault]:
        if (self.fund is None) == (self.stock is None):
            yield (), "an asset is a fund or a stock; write {fund: us} or {stock: US}"
        if self.stock is not None and self.lots == "average":
            yield ("lots",), "average cost is for funds only; write fifo, hifo or min_tax for a stock"


class UnitedStatesTax(TaxLaw):
    """An individual's tax in the United States: federal rates or brackets, a state's rate, the account, the lots.

    ``law``: today's tables in all years, or each year's own. ``account``: taxable, or one for retirement that is not
    taxed inside. ``rates`` are flat; ``brackets`` stack gains on other income. ``lots``: how sales choose them, unless
    an asset says it itself; ``wash_sales``: whether losses wait where the asset is bought again within 30 days;
    ``loss_against_income``: of a year's loss, what lowers other income [USD], by law 3,000. ``pay_on``: when the tax of
    a year is due in the next. ``harvest``: at the year's last session lots of funds that lose are sold, and
    another fund is bought instead. ``budget``: tax a year beyond which no rebalance goes.
    ``assets``: each a fund or a stock.
    ``twin``: figures before tax are ``gross``, or net of what is withheld abroad and inside funds.
    """

    kind: Literal["united_states"] = "united_states"
    law: Literal["current", "of_the_year"] = "current"
    account: Literal["taxable", "roth", "traditional"] = "taxable"
    rates: FlatRates | None = None
    brackets: Brackets | None = None
    lots: LotMethod = "fifo"
    wash_sales: Switch = True
    loss_against_income: NonNegative | None = None
    pay_on: PayDay = MonthDay(4, 15)
    harvest: Literal["none", "year_end"] = "none"
    budget: NonNegative | None = None
    assets: Mapping[Ticker, UnitedStatesAsset] = Field(default_factory=dict)

    @validates_fields
    def _faults(self) -> Iterable[FieldFault]:
        if self.rates is not None and self.brackets is not None:
            yield ("brackets",), "rates and brackets are two ways to say the same; keep one of them"
        if self.account == "taxable" and self.rates is None and self.brackets is None:
            yield ("rates",), "missing; write rates: {ordinary: 24%, long_term: 15%}, or brackets"
        if self.harvest == "year_end" and self.account != "taxable":
            yield ("harvest",), f"found account: {self.account}, in which no loss is taxed; leave harvest out"
        if self.budget is not None and (self.account != "taxable" or self.rates is None):
            found = "brackets" if self.account == "taxable" else f"account: {self.account}"
            yield (
                ("budget",),
                f"found {found}; a budget is kept in a taxable account at flat rates: write rates, or leave it out",
            )
        if self.account == "traditional" and self.rates is None:
            remedy = "write rates: {ordinary: 24%, long_term: 15%}"
            yield ("rates",), f"a traditional account is taxed at a flat rate; {remedy}"
        if self.pay_on < _EARLIEST_PAY_DAY:
            yield ("pay_on",), f"until 1 March sales can change the year before; write {_EARLIEST_PAY_DAY} or later"
        if self.lots == "average":
            stocks = [ticker for ticker, asset in self.assets.items() if asset.stock and asset.lots is None]
            if stocks:
                yield ("lots",), f"average cost is for funds only; give {shortlist(stocks, 10)} lots: fifo of their own"

    @property
    def currency(self) -> str:
        """Dollars."""
        return "USD"

    def asset_faults(self, tickers: Iterable[str]) -> Iterator[FieldFault]:
        """Yield, in one line, which of ``tickers`` the law knows nothing of."""
        if self.account == "taxable":
            yield from lacking_attributes(tickers, self.assets, "{fund: us}", "{stock: US}")

    def accumulates(self, ticker: str) -> bool:
        """Return False: funds of the country have to distribute."""
        return False

    def withheld_inside(self, ticker: str) -> float:
        """Return 0."""
        return 0.0

    def withheld_abroad(self, ticker: str) -> float:
        """Return 0."""
        return 0.0

    def describe(self, ticker: str) -> str:
        """Return an asset's attributes in words."""
        if self.account != "taxable":
            return f"in a {_ACCOUNT_WORDS[self.account]}, not taxed inside"
        asset = self.assets[ticker]
        text = "US fund" if asset.fund else "US stock"
        if asset.qualified != 1.0:
            text += f", {format_percent(asset.qualified)} of its dividends can be qualified"
        return text if asset.lots is None else f"{text}, {LOT_METHOD_WORDS[asset.lots]}"

    def describe_law(self) -> str:
        """Return the account, the rates and when they are paid."""
        if self.account != "taxable":
            return f"the United States, {_ACCOUNT_WORDS[self.account]}: not taxed inside"
        law = "today's law in every year" if self.law == "current" else "the law of each year"
        if self.rates is not None:
            own = self.rates
            rates = (
                f"{format_percent(own.ordinary)} on ordinary income, {format_percent(own.long_term)} on long-term gains"
            )
            rates += f", {format_percent(own.net_investment)} on net investment income" if own.net_investment else ""
            rates += f", {format_percent(own.state)} to the state" if own.state else ""
        else:
            rates = "by the brackets"
        sales = "" if self.wash_sales else ", wash sales allowed"
        return f"the United States, {law}: {rates}{sales}; paid on {self.pay_on} of the next year"

    def method_of(self, ticker: str) -> LotMethod:
        """Return how lots of ``ticker`` are sold."""
        own = self.assets[ticker].lots
        return self.lots if own is None else own

    def window_faults(self, first_year: int, last_year: int) -> Iterator[FieldFault]:
        """Yield why the tables of these years cannot be had."""
        if self.law == "current":
            return
        if first_year < FIRST_YEAR:
            why = "gains had other rates before, and net investment income no tax"
            yield ("law",), f"the law is known from {FIRST_YEAR} on: {why}; begin in {FIRST_YEAR} or write law: current"
        if last_year > LAST_YEAR and self.brackets is not None:
            yield (
                ("law",),
                f"thresholds after {LAST_YEAR} are not published here; end in {LAST_YEAR} or write law: current",
            )

    def caveats(self, tickers: Sequence[str], first_year: int) -> Iterator[str]:
        """Yield what is left out."""
        if self.account != "taxable":
            yield from self._retirement_caveats()
            return
        if self.law == "current" and first_year < LAST_YEAR:
            yield f"The law of {LAST_YEAR} is applied to all years since {first_year}."
        if self.wash_sales:
            yield "Wash sales are seen in this account only, not with a retirement account, a spouse or another broker."
        else:
            yield "Wash sales are not looked for: losses count also where the same asset was bought within 30 days."
        yield f"Estimated payments and penalties are left out: the tax of a year leaves on {self.pay_on} of the next."
        if self.harvest == "year_end":
            yield (
                "Where a fund's losses are harvested, another that is not substantially identical is bought and is "
                "taken to have the same returns from then on; whether there is one is for the reader to say."
            )
        if self.brackets is not None:
            yield "Net investment income is taxed above a threshold of taxable income; adjusted gross income is higher."

    def _retirement_caveats(self) -> Iterator[str]:
        if self.account == "roth":
            yield "A Roth account holds money after tax: compare it with a taxable account of the same capital."
        elif self.rates is not None:
            left = format_percent(1.0 - self.rates.ordinary)
            yield f"A traditional account holds money before tax: to compare, a taxable one begins with {left} of it."
        yield "Limits on contributions, required withdrawals and penalties on early ones are left out."

    def taxation(self, *, reinvests: bool) -> UnitedStatesTaxation:
        """Return what ``simulate`` asks."""
        return UnitedStatesTaxation(self, reinvests)


_ACCOUNT_WORDS = {"taxable": "taxable account", "roth": "Roth account", "traditional": "traditional account"}


@dataclass(frozen=True)
class UnitedStatesTaxation:
    """The United States' law as ``simulate`` asks it; ``reinvests`` and ``outside`` as a ``Taxation`` has them."""

    law: UnitedStatesTax
    reinvests: bool
    outside: bool = False

    def assessment_rows(self, dates: DateArray, opening: int) -> Sequence[int]:
        """Return the first sessions on or after the day of payment, each year; none in a retirement account."""
        return self.law.pay_on.assessment_rows(dates, opening) if self.law.account == "taxable" else ()

    def open_book(self, market: Market, opening: int) -> TaxBook:
        """Return the empty book of a portfolio that opens at row ``opening`` of ``market``."""
        law = self.law
        if law.account != "taxable":
            taken = law.rates if law.account == "traditional" else None
            rate = 0.0 if taken is None else taken.ordinary + taken.state
            return RetirementBook(rate, len(market.assets), market.dates, opening)
        due_rows = law.pay_on.due_rows(market.dates, opening)
        return UnitedStatesBook(_account_terms(law, market.assets), market.dates, due_rows)


def _account_terms(law: UnitedStatesTax, assets: Sequence[str]) -> AccountTerms:
    rates = law.brackets if law.rates is None else law.rates
    if rates is None:
        raise RuntimeError("a taxable account has rates, or the law was not validated")
    limit = LOSS_LIMIT[law.brackets.filing if law.brackets else "single"]
    return AccountTerms(
        rates,
        rates.marginal(LAST_YEAR),
        [law.method_of(ticker) for ticker in assets],
        [law.assets[ticker].qualified for ticker in assets],
        law.wash_sales,
        limit if law.loss_against_income is None else law.loss_against_income,
        LAST_YEAR if law.law == "current" else None,
        [law.harvest == "year_end" and law.assets[ticker].fund is not None for ticker in assets],
    )
