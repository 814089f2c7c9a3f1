"""From a config to a finished run: load prices, pass the gate, simulate, compare. Knows no strategy by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from engine.comparison import compare
from engine.config import RunConfig
from engine.errors import ConfigError, DataError, Fault
from engine.faults import validated
from engine.honesty import warnings
from engine.market import Market
from engine.policy import Policy
from engine.quality import Finding, inspect
from engine.results import Run
from engine.sources.base import Closes, Request
from engine.sources.calendar import sessions_of
from engine.yamlfile import read

PolicyT = TypeVar("PolicyT", bound=Policy)

BEYOND: dt.timedelta = dt.timedelta(days=14)
"""How far past the window prices are read, to tell an asset that pauses from one that is gone (S8, S9)."""


@dataclass(frozen=True)
class Prices:
    """A loaded market up to the window's end, the row the window starts at, and what the gate found."""

    market: Market
    start: int
    findings: tuple[Finding, ...]


def load_config(path: Path, schema: type[RunConfig[PolicyT]], overrides: tuple[str, ...] = ()) -> RunConfig[PolicyT]:
    """Read, override and validate a config; raises ConfigError with every fault."""
    document = read(path)
    for assignment in overrides:
        document.override(assignment)
    return validated(schema, document)


def tickers_of(config: RunConfig[PolicyT]) -> tuple[str, ...]:
    """Return every asset the config names, strategy first."""
    policies = [config.strategy, *(benchmark.strategy for benchmark in config.compare.benchmarks)]
    return tuple(dict.fromkeys(ticker for policy in policies for ticker in policy.tickers))


def request_of(config: RunConfig[PolicyT]) -> Request:
    """Return what the config asks of its source."""
    window = config.window
    end = window.end + BEYOND if window.end else None
    return Request(tickers_of(config), window.start, end, config.data.calendar)


def load_prices(config: RunConfig[PolicyT]) -> Prices:
    """Load the config's prices and pass them through the gate (S1, S7).

    Raises
    ------
    DataError
        When a ticker is unknown, a price impossible, the currency another, or the window outside the data.

    """
    closes = config.data.source.load(request_of(config))
    findings = examine(config, closes)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DataError("\n".join(finding.message for finding in errors))
    if closes.currency and closes.currency != config.account.currency:
        raise DataError(
            f"prices are in {closes.currency}, account.currency is {config.account.currency}; "
            f"set account.currency: {closes.currency}, or name a source in {config.account.currency}"
        )
    market = closes.market(config.account.cash.rate)
    start, end = config.window.start, config.window.end
    first, last = market.dates[0], market.dates[-1]
    if (end and np.datetime64(end) < first) or (start and np.datetime64(start) > last):
        raise DataError(
            f"window {start or first}..{end or last} lies outside the data, which cover {first}..{last}; "
            "move window.start or window.end"
        )
    market = market.through(np.datetime64(end)) if end else market
    row = int(np.searchsorted(market.dates, np.datetime64(start))) if start else 0
    if row >= len(market.dates) - 1:
        raise DataError(f"window {start}..{end}: fewer than two sessions in the data; widen it")
    return Prices(market, row, findings)


def examine(config: RunConfig[PolicyT], closes: Closes) -> tuple[Finding, ...]:
    """Return what the quality gate says of ``closes``."""
    sessions = sessions_of(config.data.calendar, closes.dates[0], closes.dates[-1])
    return inspect(closes, config.data.calendar, sessions)


def run(config: RunConfig[PolicyT], prices: Prices | None = None) -> Run:
    """Simulate the config and everything it is compared with."""
    prices = prices or load_prices(config)
    terms = config.compare
    market = prices.market
    _check_costs(config)
    comparison = compare(
        market,
        config.strategy,
        {benchmark.name: benchmark.strategy for benchmark in terms.benchmarks},
        config.account,
        config.costs.table(len(market.assets)),
        start=prices.start,
        buy_and_hold=terms.buy_and_hold,
        risk_free=terms.risk_free,
        bootstrap=terms.bootstrap,
        published=terms.published,
    )
    window = tuple(np.datetime64(day) if day else None for day in (config.window.start, config.window.end))
    found = [finding.message for finding in prices.findings if finding.severity == "warning"]
    said = warnings(comparison, config.strategy, (window[0], window[1]), prices.start)
    return Run(
        name=config.name,
        description=config.description,
        config=config.canonical(),
        config_sha256=config.sha256(),
        comparison=comparison,
        warnings=tuple(dict.fromkeys([*said, *found])),
        published_source=terms.published.source if terms.published else "",
    )


def _check_costs(config: RunConfig[PolicyT]) -> None:
    """Refuse a tariff in another currency than the account's without a rate between them."""
    costs = config.costs
    if costs.kind == "broker" and costs.tariff.currency != config.account.currency and costs.fx is None:
        raise ConfigError(
            [
                Fault(
                    "",
                    "costs.fx",
                    f"{costs.name} charges {costs.tariff.currency}, the account is in {config.account.currency}",
                    f"add fx: {config.account.currency} for one {costs.tariff.currency}, as fx: 1.08",
                )
            ]
        )
