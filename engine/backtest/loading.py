"""From a file to a validated config, and what the config asks of its price source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.config_sections import Window
from engine.core.did_you_mean import did_you_mean, limit_suggestions
from engine.core.errors import ConfigError, DataError, Fault
from engine.core.fields import MAX_ASSETS, FieldFault
from engine.core.validation import validate
from engine.core.yaml_document import Document, read_document
from engine.core.yaml_tree import KeyPath
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from engine.data.sources.frame import Frame
from engine.data.sources.fx_rates import EcbRates
from engine.data.sources.rates import RateFile
from engine.data.sources.sample import Sample
from engine.portfolio.account import Account
from engine.portfolio.costs import tariff_currency
from engine.portfolio.policy import Policy, PolicyT
from engine.portfolio.policy_abilities import HasMemberships, NeverSells, SelectsAssets
from engine.portfolio.spread import SpreadByName
from engine.tax.law import TaxLaw
from engine.tax.none import NoTax

MAX_OVERRIDES: Final = 100
DAYS_AFTER_WINDOW: Final = dt.timedelta(days=14)
"""How far past the window prices are read, to tell an asset that pauses from one that is gone (S8, S9)."""


def open_document(path: Path, overrides: tuple[str, ...] = ()) -> Document:
    """Read a config and override its keys; what is wrong so far is among the document's faults."""
    return override_keys(read_document(path), overrides)


def override_keys(document: Document, overrides: Sequence[str]) -> Document:
    """Override keys of a document; what is wrong with that is among its faults."""
    if len(overrides) > MAX_OVERRIDES:
        message = f"{len(overrides):,} of them, at most {MAX_OVERRIDES:,} are read"
        raise ConfigError([Fault("--set", "", message, "write them into the config")])
    for assignment in overrides:
        try:
            document.override(assignment)
        except ConfigError as error:
            document.faults.extend(error.faults)
    return document


def validate_run(document: Document, schema: type[RunConfig[PolicyT]]) -> RunConfig[PolicyT]:
    """Validate a config, each section and all of them together; raises ConfigError with every fault."""
    config = validate(schema, document)
    with limit_suggestions():
        faults = [
            *_size_faults(config, document),
            *_funding_faults(config, document),
            *_dividend_faults(config, document),
            *_rate_file_faults(config, document),
            *_kept_faults(config, document),
            *_currency_faults(config, document),
            *_tax_faults(config, document),
            *(() if "sweep" in document.tree else spread_faults(config, config_tickers(config), document)),
        ]
    if faults:
        raise ConfigError(faults)
    return config


def spread_faults(config: RunConfig[PolicyT], known: Sequence[str], document: Document) -> Iterator[Fault]:
    """Yield each name with a spread of its own that is none of the ``known`` tickers."""
    spread, held = config.costs.spread, frozenset(known)
    for name in spread.by_name if isinstance(spread, SpreadByName) else ():
        if name not in held:
            path = ("costs", "spread", name)
            yield Fault(document.locate(path), ".".join(path), *unknown_spread(name, known))


def unknown_spread(name: str, known: Sequence[str]) -> tuple[str, str]:
    """Return message and remedy of a spread of what is none of the ``known`` tickers."""
    return f"the plan has no asset '{name}'", did_you_mean(name, known, otherwise="name one of the plan, or rest")


def _size_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield the plans that name more assets than one may; the names of a universe are counted there."""
    for place, policy in _policies(config):
        if (count := len(policy.core())) > MAX_ASSETS:
            message = f"{count:,} assets, a plan has at most {MAX_ASSETS:,}"
            yield Fault(document.locate(place), ".".join(map(str, place)), message, "leave some out")


def _funding_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield where a policy waits for flows that the account does not have, or uses for something else (S11)."""
    account = config.account
    for place, policy in _policies(config):
        if not waits_for_flows(policy) or flows_can_rebalance(account):
            continue
        message, remedy = missing_flows_message(account)
        path = (*place, "funding")
        remedy += ", or write funding: sell_and_buy"
        yield Fault(document.locate(path), ".".join(map(str, path)), message, remedy)


def _policies(config: RunConfig[PolicyT]) -> Iterator[tuple[KeyPath, Policy]]:
    """Yield the strategy and every benchmark, each with its place."""
    yield ("strategy",), config.strategy
    for at, benchmark in enumerate(config.compare.benchmarks):
        yield ("compare", "benchmarks", at), benchmark.strategy


def _kept_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield where a policy never sells what the last withdrawal would be paid from (S11)."""
    if config.account.when_spent == "stop":
        for place, policy in _policies(config):
            if isinstance(policy, NeverSells) and policy.never_sell:
                path, message = (*place, "never_sell"), "account.when_spent: stop sells everything in the end"
                remedy = "write when_spent: error, or leave never_sell out"
                yield Fault(document.locate(path), ".".join(map(str, path)), message, remedy)


def _rate_file_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield what is wrong in a file of rates by itself; whether it has the days of a run is told by the run."""
    places: dict[KeyPath, object] = {
        ("account", "cash", "rate"): config.account.cash.rate,
        ("compare", "risk_free"): config.compare.risk_free,
    }
    for place, rate in places.items():
        key, path = ".".join(map(str, place)), (*place, "path")
        try:
            if isinstance(rate, RateFile):
                rate.require_readable(key)
        except DataError as error:
            for line in error.args:
                message, _, remedy = str(line).removeprefix(f"{key}: ").removeprefix(f"{key}.path: ").partition("; ")
                yield Fault(document.locate(path), f"{key}.path", message, remedy)


def _dividend_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield that whole shares are to grow by a fraction (S10)."""
    if config.account.shares == "whole" and config.data.dividends == "reinvest":
        message = "reinvest makes fractions of shares, and account.shares is whole"
        remedy = "write towards_targets or cash, or leave it out"
        yield Fault(document.locate(("data", "dividends")), "data.dividends", message, remedy)


def _currency_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield where the rates at hand convert a named currency on no day of the window (S17)."""
    data, own, window = config.data, config.account.currency, config.window
    if not isinstance(data.fx, EcbRates):  # others are read with the prices
        return
    for currency in sorted({one for one in (*data.named_currencies, tariff_currency(config.costs)) if one} - {own}):
        try:
            dates = data.fx.fixings(currency, own, window.end).dates
        except DataError as error:
            message, _, remedy = str(error).removeprefix("data.fx: ").partition("; ")
            yield Fault(document.locate(("account", "currency")), "data.fx", message, remedy)
            continue
        if (window.end and window.end < dates[0].item()) or (window.start and window.start > dates[-1].item()):
            message = f"rates of {currency} in {own} are of {dates[0]} to {dates[-1]}, all outside the window"
            remedy = "move the window, or name your own as fx: {kind: files, path: rates.csv}"
            yield Fault(document.locate(("window",)), "data.fx", message, remedy)


def _tax_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield where a law does not fit the account, the window, the prices or the assets of a plan (S19)."""
    law, source = config.tax, config.data.source
    if isinstance(law, NoTax):
        return

    def fault(path: KeyPath, message: str) -> Fault:
        found, _, remedy = message.partition("; ")
        return Fault(document.locate(path), ".".join(map(str, path)), found, remedy)

    if law.currency not in {None, config.account.currency}:
        found = f"{law.kind} counts in {law.currency}, and the account is in {config.account.currency}"
        remedy = f"write account.currency: {law.currency}; prices are converted by data.fx"
        yield fault(("tax", "kind"), f"{found}; {remedy}")
    if isinstance(source, Sample) or (isinstance(source, Files | Frame) and source.closes == "adjusted"):
        found = f"closes of data.source: {source.kind} are adjusted, in which dividends are untaxed gains"
        remedy = "name a source of closes as traded with dividends and splits, as {kind: yahoo}; or write kind: none"
        yield fault(("tax", "kind"), f"{found}; {remedy}")
    for keys, message in window_faults(law, config.window):
        yield fault(("tax", *keys), message)
    for keys, message in law.asset_faults(config_tickers(config)):
        yield fault(("tax", *keys), message)


def window_faults(law: TaxLaw, window: Window) -> Iterator[FieldFault]:
    """Yield why a law cannot be applied to the years of a window, as far as it names any."""
    known = [day.year for day in (window.start, window.end) if day]
    if known:
        yield from law.window_faults(known[0], known[-1])


def missing_flows_message(account: Account) -> tuple[str, str]:
    """Return what is said of a policy that waits for flows which do not come, or are used for something else."""
    message = "flows_first leaves a band to a flow towards the targets, "
    if not account.has_flows:
        return message + "and the account has no flows", "add contributions: {amount: 100} to the account"
    return message + f"and flows are invested by {account.invest}", "write invest: towards_targets"


def waits_for_flows(policy: Policy) -> bool:
    """Return whether a policy leaves a band to a flow that will do it."""
    band = policy.schedule.band(np.empty(0, dtype="datetime64[D]"))
    return band is not None and band.flows_first


def flows_can_rebalance(account: Account) -> bool:
    """Return whether there are flows that can answer a band."""
    return account.has_flows and account.invest == "towards_targets"


def config_tickers(config: RunConfig[PolicyT]) -> tuple[str, ...]:
    """Return every asset the config names, strategy first."""
    policies = [config.strategy, *(benchmark.strategy for benchmark in config.compare.benchmarks)]
    return tuple(dict.fromkeys(ticker for policy in policies for ticker in policy.tickers))


def last_price_day(end: dt.date) -> dt.date:
    """Return the last day that prices are read of for a window that ends on ``end``."""
    return min(end, dt.date.max - DAYS_AFTER_WINDOW) + DAYS_AFTER_WINDOW


def price_request(config: RunConfig[PolicyT]) -> PriceRequest:
    """Return what the config asks of its source."""
    window = config.window
    end = last_price_day(window.end) if window.end else None
    charged = tariff_currency(config.costs)
    tariffs = (charged,) if charged else ()
    optional = dated_candidates(config.strategy) - _benchmark_tickers(config)
    return PriceRequest(config_tickers(config), window.start, end, config.data.calendar, tariffs, optional)


def dated_candidates(policy: Policy) -> frozenset[str]:
    """Return what a choice from a dated list may do without: its candidates that nothing beside it holds."""
    if not (isinstance(policy, HasMemberships) and policy.memberships() and isinstance(policy, SelectsAssets)):
        return frozenset()
    return frozenset(policy.choices()) - set(policy.core())


def _benchmark_tickers(config: RunConfig[PolicyT]) -> set[str]:
    return {ticker for benchmark in config.compare.benchmarks for ticker in benchmark.strategy.tickers}
