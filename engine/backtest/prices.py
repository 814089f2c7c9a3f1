"""A config's prices: loaded, checked, cut to its window."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.config import RunConfig
from engine.backtest.config_sections import Data, Window
from engine.backtest.loading import DAYS_AFTER_WINDOW, price_request
from engine.backtest.tax_budget import with_budget
from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError, UnknownTickerError
from engine.core.fields import FieldFault
from engine.core.shortlist import shortlist
from engine.data.closes import Closes
from engine.data.currency import CurrencyTerms, convert_currencies
from engine.data.events import DividendUse, apply_events, as_traded, require_dividends, require_taxable
from engine.data.frequency import read_frequencies
from engine.data.fund_income import keep_inside
from engine.data.market import Market
from engine.data.period_stamps import move_period_stamps
from engine.data.portfolio_sessions import OwnSessions, own_sessions
from engine.data.quality.findings import Finding, raise_error_findings
from engine.data.quality.inspection import inspect_closes
from engine.data.sessions import calendar_years
from engine.data.sources.base import PriceRequest, PriceSource
from engine.data.sources.exchange_calendar import ALWAYS_OPEN, exchange_sessions
from engine.data.sources.fx_rates import FxSource
from engine.data.sources.rates import RateFile
from engine.portfolio.account import Account
from engine.portfolio.costs import tariff_currency
from engine.portfolio.policy import Policy, PolicyT
from engine.tax.book import Taxation
from engine.tax.budget import HasBudget
from engine.tax.law import TaxLaw
from engine.tax.none import NoTax

_PLAUSIBLE_YEARS = (1800, 2200)


class Sources(NamedTuple):
    """Whose closes, and whose rates between currencies, a run sees."""

    prices: PriceSource
    fx: FxSource


class LoadedPrices:
    """Checked closes as the markets of portfolios, up to the window's end, and what the quality checks found."""

    def __init__(self, config: RunConfig[PolicyT], closes: Closes, findings: tuple[Finding, ...]) -> None:
        """Build the ``market`` of all assets; it has every session of any of them."""
        self.findings, self._closes, self._config = findings, closes, config
        self._windows: dict[Hashable, PortfolioMarket] = {}
        self.market = self._window(OwnSessions(None, closes.frequency)).market

    def sessions_of(self, policy: Policy) -> PortfolioMarket:
        """Return all assets on the sessions of those that ``policy`` may hold, and the row its window starts at (S1).

        The market is the same object for portfolios of the same sessions; raises DataError when there are none.
        """
        terms, outlives = self._config, policy.haircut > 0.0
        own = own_sessions(self._closes, policy.tickers, terms.data.frequency, terms.window.start, outlives=outlives)
        return self._window(own)._replace(note=own.note)

    @cached_property
    def untaxed(self) -> LoadedPrices | None:
        """The prices of the same plan without taxes, None where it has none: dividends as its law's ``twin`` says."""
        if self._closes.untaxed is None:
            return None
        return LoadedPrices(self._config.before_tax, self._closes.untaxed, self.findings)

    @property
    def taxation(self) -> Taxation | None:
        """What ``simulate`` asks about taxes, None where there are none."""
        return taxation_of(self._config.tax, self._config.data, self._config.account)

    def _window(self, own: OwnSessions) -> PortfolioMarket:
        if own.key not in self._windows:
            account, rate = self._config.account, self._config.compare.risk_free
            market = market_of_account(own.of(self._closes), account, self._config.window)
            market = market.charged_in(tariff_currency(self._config.costs))
            cut, start = slice_window(market, self._config.window)
            free = risk_free_per_session(rate, cut.dates[start:], cut.periods_per_year)
            self._windows[own.key] = PortfolioMarket(cut, start, free)
        return self._windows[own.key]


def load_prices(config: RunConfig[PolicyT], sources: Sources | None = None) -> LoadedPrices:
    """Load the config's prices and check their quality (S1, S7); ``sources`` stand in for those that it names.

    Raises
    ------
    DataError
        When a ticker is unknown, a price impossible, the currency another, or the window outside the data.

    """
    closes, findings, _ = load_checked(config, price_request(config), sources)
    return LoadedPrices(config, closes, findings)


def load_checked(
    config: RunConfig[PolicyT], request: PriceRequest, sources: Sources | None = None
) -> tuple[Closes, tuple[Finding, ...], Mapping[str, str]]:
    """Load the closes of a request and check their quality; raises DataError as :func:`load_prices` does.

    Returns also the optional tickers of which the source has no price, whose columns are empty, and what it says of
    each.
    """
    sources = sources or Sources(config.data.source, config.data.fx)
    closes, missing = load_members(config.data, request, sources.prices)
    findings = quality_findings(closes, config.data.calendar, config.window)
    raise_error_findings(findings)
    prepared = prepare_closes(config, closes, request, sources.fx)
    return prepared.with_empty_columns(tuple(missing), config.account.currency), findings, missing


def load_members(
    data: Data, request: PriceRequest, source: PriceSource | None = None
) -> tuple[Closes, Mapping[str, str]]:
    """Load the closes of a request; returns also what the source says of optional tickers that it has no price of.

    These are told in a note: a list of the past names what is gone, and few sources have all of it. Any other ticker
    without a price is an UnknownTickerError.
    """
    missing: dict[str, str] = {}
    while True:
        try:
            closes = load_closes(data, request, source)
        except UnknownTickerError as error:
            needed = [at for at, ticker in enumerate(error.tickers) if ticker not in request.optional]
            told = error.args if len(error.args) == len(error.tickers) else ()
            if needed or not error.tickers:
                lines = [told[at] for at in needed] if told else error.args
                raise UnknownTickerError(*lines, tickers=[error.tickers[at] for at in needed]) from None
            missing |= zip(error.tickers, map(str, told or error.tickers), strict=True)
            known = tuple(ticker for ticker in request.tickers if ticker not in missing)
            request = dataclasses.replace(request, tickers=known)
            continue
        if not missing:
            return closes, missing
        return closes.with_notes(_describe_missing(sorted(missing), len(request.optional))), missing


def _describe_missing(names: Sequence[str], count: int) -> str:
    return (
        f"No price in the source of {len(names)} of the {count} names of the dated universe: {shortlist(names, 30)}. "
        "They could not be chosen; what is gone is missing first, so that the result is kinder than the list. Add "
        "their closes to a folder of files."
    )


def load_closes(data: Data, request: PriceRequest, source: PriceSource | None = None) -> Closes:
    """Load the closes of a request, with the frequency of each column, on the sessions that its dates mean (S1)."""
    closes = read_frequencies((source or data.source).load(request), data.frequency)
    return move_period_stamps(closes, data.stamps)


def prepare_closes(
    config: RunConfig[PolicyT], closes: Closes, request: PriceRequest, fx: FxSource | None = None
) -> Closes:
    """Return what a source states as the account sees it: today's shares (S16), its currency (S17), one frequency (S1).

    Raises DataError when there is no way from the one to the other.
    """
    use, law = _use_of_dividends(config.data, config.account), config.tax
    if isinstance(law, NoTax):
        if config.data.dividends is not None:
            require_dividends(closes, use)
        return _in_money_of_account(config, apply_events(closes, use), request, fx)
    _require_attributes(law, (*closes.tickers, *request.tickers))
    require_taxable(closes)
    closes = as_traded(closes)
    paid = apply_events(_with_fund_income(closes, law, twin=False), "cash" if use == "reinvest" else use)
    untaxed = apply_events(_with_fund_income(closes, law, twin=True), use)
    taxed = _in_money_of_account(config, paid, request, fx)
    _require_years(config, taxed)
    return dataclasses.replace(taxed, untaxed=_in_money_of_account(config, untaxed, request, fx))


def taxation_of(law: TaxLaw, data: Data, account: Account) -> Taxation | None:
    """Return what ``simulate`` asks about taxes, None where there are none."""
    if isinstance(law, NoTax):
        return None
    budget = law.budget if isinstance(law, HasBudget) else None
    return with_budget(law.taxation(reinvests=_use_of_dividends(data, account) == "reinvest"), budget)


def _use_of_dividends(data: Data, account: Account) -> DividendUse:
    return data.dividends or account.default_dividends


def _with_fund_income(closes: Closes, law: TaxLaw, *, twin: bool) -> Closes:
    """Return closes as traded with the income of funds that ``law`` says; before taxes of any kind for the ``twin``."""
    accumulating = [ticker for ticker in closes.tickers if law.accumulates(ticker)]
    inside = {ticker: 1.0 - law.withheld_inside(ticker) for ticker in closes.tickers}
    if twin and law.twin == "gross":
        inside = {}
    elif twin:
        inside = {ticker: share * (1.0 - law.withheld_abroad(ticker)) for ticker, share in inside.items()}
    return keep_inside(closes, accumulating, inside)


def _require_years(config: RunConfig[PolicyT], closes: Closes) -> None:
    """Raise DataError where the law cannot be applied to some year of the run."""
    years, window = calendar_years(closes.dates[[0, -1]]).tolist(), config.window
    first = max(years[0], window.start.year) if window.start else years[0]
    last = min(years[1], window.end.year) if window.end else years[1]
    _raise_faults(config.tax.window_faults(first, last))


def _require_attributes(law: TaxLaw, tickers: Sequence[str]) -> None:
    """Raise DataError where the law knows nothing of some ticker, as of those that a sweep tries."""
    _raise_faults(law.asset_faults(tickers))


def _raise_faults(faults: Iterable[FieldFault]) -> None:
    if found := [f"{'.'.join(('tax', *map(str, keys)))}: {message}" for keys, message in faults]:
        raise DataError(*found)


def _in_money_of_account(
    config: RunConfig[PolicyT], closes: Closes, request: PriceRequest, fx: FxSource | None
) -> Closes:
    end = None if request.end is None else request.end - DAYS_AFTER_WINDOW
    data, account = config.data, config.account.currency
    terms = CurrencyTerms(account, data.stated_unit, fx or data.fx, request.start, end, request.tariffs, data.calendar)
    if unknown := sorted(data.currencies.keys() - set(closes.tickers)):
        closes = closes.with_notes(f"data.currencies names {', '.join(unknown)}, which this plan does not hold")
    return convert_currencies(closes, terms)  # a close of a month's end takes the rate of that day


def market_of_account(closes: Closes, account: Account, window: Window) -> Market:
    """Return the market that ``closes`` make for an account, with what its cash earns over ``window``."""
    first, end = 0, len(closes.dates)
    if window.start:
        first = int(np.searchsorted(closes.dates, np.datetime64(window.start)))
    if window.end:
        end = int(np.searchsorted(closes.dates, np.datetime64(window.end), side="right"))
    return closes.to_market(account.currency, account.cash.annual_rates(closes.dates, first, end))


def slice_window(market: Market, window: Window) -> tuple[Market, int]:
    """Return ``market`` up to the window's end, and the row the window starts at.

    Raises
    ------
    DataError
        When the window lies outside the closes, or holds fewer than two sessions.

    """
    start, end = window.start, window.end
    first, last = market.dates[0], market.dates[-1]
    if (end and np.datetime64(end) < first) or (start and np.datetime64(start) > last):
        raise DataError(
            f"window {start or first}..{end or last} lies outside the data, which cover {first}..{last}; "
            "move window.start or window.end"
        )
    market = market.truncate(np.datetime64(end)) if end else market
    row = int(np.searchsorted(market.dates, np.datetime64(start))) if start else 0
    if row >= len(market.dates) - 1:
        raise DataError(f"window {start}..{end}: fewer than two sessions in the data; widen it")
    return market, row


def risk_free_per_session(rate: RateFile | float, dates: DateArray, periods: float) -> float | FloatArray:
    """Return the risk-free rate a session, ``periods`` a year, or one for each session of the window."""
    from engine.analysis.metrics import rate_per_session  # noqa: PLC0415  (whoever checks data needs no compiler)

    if isinstance(rate, float):
        return rate_per_session(rate, periods)
    return rate_per_session(rate.annual_rates(dates), periods)


def quality_findings(closes: Closes, calendar: str, window: Window) -> tuple[Finding, ...]:
    """Return what the quality checks say of ``closes`` within a window; ``calendar`` names their exchange."""
    years = calendar_years(closes.dates[[0, -1]])
    if years[0] < _PLAUSIBLE_YEARS[0] or years[1] > _PLAUSIBLE_YEARS[1]:
        date = closes.dates[0] if years[0] < _PLAUSIBLE_YEARS[0] else closes.dates[-1]
        raise DataError(f"{closes.provenance.source}: {date} is no date of a price; correct the row or remove it")
    sessions = None if calendar == ALWAYS_OPEN else exchange_sessions(calendar, closes.dates[0], closes.dates[-1])
    start, end = (None if day is None else np.datetime64(day, "D") for day in (window.start, window.end))
    return inspect_closes(closes, calendar, sessions, (start, end))
