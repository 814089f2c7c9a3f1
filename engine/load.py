"""From a file to a validated config, and what the config asks of its price source."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final, TypeVar

from engine.config import RunConfig
from engine.errors import ConfigError, Fault
from engine.faults import validated
from engine.policy import Policy
from engine.sources.base import Request
from engine.yamlfile import read

PolicyT = TypeVar("PolicyT", bound=Policy)

BEYOND: Final = dt.timedelta(days=14)
"""How far past the window prices are read, to tell an asset that pauses from one that is gone (S8, S9)."""


def load_config(path: Path, schema: type[RunConfig[PolicyT]], overrides: tuple[str, ...] = ()) -> RunConfig[PolicyT]:
    """Read, override and validate a config; raises ConfigError with every fault."""
    document = read(path)
    for assignment in overrides:
        document.override(assignment)
    config = validated(schema, document)
    costs = config.costs
    if costs.kind == "broker" and costs.fx is not None and costs.tariff.currency == config.account.currency:
        where, words = (
            document.where(("costs", "fx")),
            f"{costs.name} charges {costs.tariff.currency} as the account does",
        )
        raise ConfigError([Fault(where, "costs.fx", words, "remove fx")])
    if costs.kind == "broker" and costs.fx is None and costs.tariff.currency != config.account.currency:
        paid, own = costs.tariff.currency, config.account.currency
        fault = Fault(
            document.where(("costs",)),
            "costs.fx",
            f"{costs.name} charges {paid}, the account is in {own}",
            f"add fx: {own} for one {paid}, as fx: 1.08",
        )
        raise ConfigError([fault])
    return config


def tickers_of(config: RunConfig[PolicyT]) -> tuple[str, ...]:
    """Return every asset the config names, strategy first."""
    policies = [config.strategy, *(benchmark.strategy for benchmark in config.compare.benchmarks)]
    return tuple(dict.fromkeys(ticker for policy in policies for ticker in policy.tickers))


def request_of(config: RunConfig[PolicyT]) -> Request:
    """Return what the config asks of its source."""
    window = config.window
    end = window.end + BEYOND if window.end else None
    return Request(tickers_of(config), window.start, end, config.data.calendar)
