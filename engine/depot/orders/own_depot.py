"""From a file of holdings to what a plan is asked about: units by ticker, cash, and what the plan does not name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.backtest.config import RunConfig
from engine.core.errors import DataError
from engine.depot.codes import Identifiers, assign_tickers
from engine.depot.orders.exchange_rates import ExchangeRates
from engine.depot.records import Holdings, Position
from engine.portfolio.policy import PolicyT


@dataclass(frozen=True)
class OwnDepot:
    """What a file says, in the plan's words: ``held`` by ticker [shares] and ``cash`` [currency].

    ``positions`` by ticker as the file has them; ``unknown`` those that the plan does not name. ``settled`` is the cash
    that is there already, None where the file does not tell; ``date`` the file's day, ``sha256`` that of its bytes.
    """

    held: Mapping[str, float]
    cash: float
    positions: Mapping[str, tuple[Position, ...]]
    unknown: tuple[Position, ...]
    notes: tuple[str, ...]
    settled: float | None = None
    path: str = ""
    date: dt.date | None = None
    sha256: str = ""


def identifiers_of(config: RunConfig[PolicyT]) -> Identifiers:
    """Return which asset of the plan a code stands for."""
    return Identifiers({code: one.ticker for code, one in config.identifiers.items()}, config.strategy.tickers)


def read_depot(config: RunConfig[PolicyT], holdings: Holdings, cash: Decimal | None, rates: ExchangeRates) -> OwnDepot:
    """Return the depot that ``holdings`` are under ``config``; ``cash`` stands for that of the file.

    Cash in other currencies is counted at ``rates``.

    Raises DataError for codes that contradict each other, for cash that nobody states or that cannot be converted, and
    for holdings that the plan does not name where ``orders.unknown`` is ``fail``.
    """
    positions, unknown = assign_tickers(holdings, identifiers_of(config))
    if unknown and config.orders.unknown == "fail":
        names = ", ".join(_label(one) for one in unknown)
        message = f"found {names}, which the plan does not name (orders.unknown: fail)"
        raise DataError(f"{holdings.path}: {message}; add them to identifiers, or write unknown: ignore")
    own, notes = config.account.currency, [*holdings.notes]
    money = cash
    if money is None:
        if not holdings.cash:
            message = "found no cash, and without it nothing can be planned"
            raise DataError(f"{holdings.path}: {message}; give it by --cash 1234.56, or --cash 0 where there is none")
        money, converted = _in_own_money(holdings.path, holdings.cash, own, rates)
        notes += converted
    settled = _in_own_money(holdings.path, holdings.settled, own, rates)[0] if holdings.settled else None
    held = {ticker: float(sum((one.quantity for one in found), Decimal(0))) for ticker, found in positions.items()}
    if missing := sorted(set(config.strategy.tickers) - set(held)):
        notes.append(f"{', '.join(missing)}: not in the file, taken as 0")
    return OwnDepot(
        held,
        float(money),
        positions,
        unknown,
        tuple(notes),
        None if settled is None else float(settled),
        holdings.path,
        holdings.date,
        holdings.sha256,
    )


def _in_own_money(path: str, purse: Mapping[str, Decimal], own: str, rates: ExchangeRates) -> tuple[Decimal, list[str]]:
    """Return a purse in one currency, and how each other one was counted."""
    total, notes, faults = Decimal(0), [], []
    for currency, money in sorted(purse.items()):
        if currency in {"", own} or not money:
            total += money
            continue
        try:
            rate = rates.find(currency)
        except DataError as error:
            faults.append(f"{path}: found cash of {money:,f} {currency}: {error}; or give all cash in {own} by --cash")
            continue
        counted = Decimal(repr(float(money) * rate.rate))
        total += counted
        notes.append(f"cash of {money:,.2f} {currency} is counted as {counted:,.2f} {own} at {rate.words}")
    if faults:
        raise DataError(*faults)
    return total, notes


def _label(position: Position) -> str:
    return position.name or position.codes.key
