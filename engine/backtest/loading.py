"""From a file to a validated config, and what the config asks of its price source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from pydantic import ValidationError

from engine.backtest.config import RunConfig
from engine.core.errors import ConfigError, Fault
from engine.core.validation import validate
from engine.core.yaml_document import Document, KeyPath, read_document
from engine.data.sources.base import PriceRequest
from engine.portfolio.account import Account, Contributions
from engine.portfolio.costs import BrokerCosts
from engine.portfolio.policy import Policy, PolicyT

DAYS_AFTER_WINDOW: Final = dt.timedelta(days=14)
"""How far past the window prices are read, to tell an asset that pauses from one that is gone (S8, S9)."""


def open_document(path: Path, overrides: tuple[str, ...] = ()) -> Document:
    """Read a config and override its keys; what is wrong so far is among the document's faults."""
    document = read_document(path)
    for assignment in overrides:
        try:
            document.override(assignment)
        except ConfigError as error:
            document.faults.extend(error.faults)
    return document


def validate_run(document: Document, schema: type[RunConfig[PolicyT]]) -> RunConfig[PolicyT]:
    """Validate a config, each section and all of them together; raises ConfigError with every fault."""
    document.faults.extend(tariff_faults(document))
    config = validate(schema, document)
    if faults := [*_funding_faults(config, document), *_dividend_faults(config, document)]:
        raise ConfigError(faults)
    return config


def tariff_faults(document: Document) -> Iterator[Fault]:
    """Yield contradictions between costs and account; they are looked for even where other parts are at fault."""
    account = document.tree.get("account")
    named = {"currency": account["currency"]} if isinstance(account, dict) and "currency" in account else {}
    try:
        costs = BrokerCosts.model_validate(document.tree.get("costs"))
        own = Account.model_validate(named).currency
    except ValidationError:  # no broker, or a fault that the schema names
        return
    paid = costs.tariff.currency
    if costs.fx is not None and paid == own:
        message = f"{costs.name} charges {paid} as the account does"
        yield Fault(document.locate(("costs", "fx")), "costs.fx", message, "remove fx")
    if costs.fx is None and paid != own:
        message = f"{costs.name} charges {paid}, the account is in {own}"
        remedy = f"add fx: {own} for one {paid}, as fx: 1.08"
        yield Fault(document.locate(("costs", "name")), "costs.fx", message, remedy)


def _funding_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield where a policy waits for flows that the account does not have, or uses for something else (S11)."""
    flows = config.account.contributions
    policies: list[tuple[KeyPath, Policy]] = [(("strategy",), config.strategy)]
    policies += [(("compare", "benchmarks", at), other.strategy) for at, other in enumerate(config.compare.benchmarks)]
    for place, policy in policies:
        if not waits_for_flows(policy) or flows_can_rebalance(flows):
            continue
        message, remedy = missing_flows_message(flows)
        path = (*place, "funding")
        remedy += ", or write funding: sell_and_buy"
        yield Fault(document.locate(path), ".".join(map(str, path)), message, remedy)


def _dividend_faults(config: RunConfig[PolicyT], document: Document) -> Iterator[Fault]:
    """Yield that whole shares are to grow by a fraction (S10)."""
    if config.account.shares == "whole" and config.data.dividends == "reinvest":
        message = "reinvest makes fractions of shares, and account.shares is whole"
        remedy = "write towards_targets or cash, or leave it out"
        yield Fault(document.locate(("data", "dividends")), "data.dividends", message, remedy)


def missing_flows_message(flows: Contributions) -> tuple[str, str]:
    """Return what is said of a policy that waits for flows which do not come, or are used for something else."""
    message = "flows_first leaves a band to a flow towards the targets, "
    if not flows.amount:
        return message + "and the account has no flows", "add contributions: {amount: 100} to the account"
    return message + f"and flows are invested by {flows.invest}", "write invest: towards_targets"


def waits_for_flows(policy: Policy) -> bool:
    """Return whether a policy leaves a band to a flow that will do it."""
    band = policy.schedule.band(np.empty(0, dtype="datetime64[D]"))
    return band is not None and band.flows_first


def flows_can_rebalance(flows: Contributions) -> bool:
    """Return whether there are flows that can answer a band."""
    return bool(flows.amount) and flows.invest == "towards_targets"


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
    return PriceRequest(config_tickers(config), window.start, end, config.data.calendar)
