"""From a file of holdings to what a plan is asked about: units by ticker, cash, and what the plan does not name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from engine.backtest.config import RunConfig
from engine.core.errors import DataError
from engine.depot.codes import Identifiers, assign_tickers
from engine.depot.records import Holdings, Position
from engine.portfolio.policy import PolicyT


@dataclass(frozen=True)
class OwnDepot:
    """What a file says, in the plan's words: ``held`` by ticker [shares] and ``cash`` [currency].

    ``positions`` by ticker as the file has them; ``unknown`` those that the plan does not name.
    """

    held: Mapping[str, float]
    cash: float
    positions: Mapping[str, tuple[Position, ...]]
    unknown: tuple[Position, ...]
    notes: tuple[str, ...]


def read_depot(config: RunConfig[PolicyT], holdings: Holdings, cash: Decimal | None) -> OwnDepot:
    """Return the depot that ``holdings`` are under ``config``; ``cash`` stands for that of the file.

    Raises DataError for codes that contradict each other, for cash that nobody states, and for holdings that the plan
    does not name where ``orders.unknown`` is ``fail``.
    """
    codes = {code: one.ticker for code, one in config.identifiers.items()}
    positions, unknown = assign_tickers(holdings, Identifiers(codes, config.strategy.tickers))
    if unknown and config.orders.unknown == "fail":
        names = ", ".join(_label(one) for one in unknown)
        message = f"found {names}, which the plan does not name (orders.unknown: fail)"
        raise DataError(f"{holdings.path}: {message}; add them to identifiers, or write unknown: ignore")
    money = _cash_of(config, holdings, cash)
    held = {ticker: float(sum((one.quantity for one in found), Decimal(0))) for ticker, found in positions.items()}
    notes = [*holdings.notes]
    if missing := sorted(set(config.strategy.tickers) - set(held)):
        notes.append(f"{', '.join(missing)}: not in the file, taken as 0")
    return OwnDepot(held, float(money), positions, unknown, tuple(notes))


def _cash_of(config: RunConfig[PolicyT], holdings: Holdings, cash: Decimal | None) -> Decimal:
    if cash is not None:
        return cash
    own = config.account.currency
    foreign = sorted(currency for currency, money in holdings.cash.items() if currency not in {"", own} and money)
    if foreign:
        message = f"found cash in {', '.join(foreign)}, expected {own}"
        raise DataError(f"{holdings.path}: {message}; give all of it in {own} by --cash")
    if not holdings.cash:
        message = "found no cash, and without it nothing can be planned"
        raise DataError(f"{holdings.path}: {message}; give it by --cash 1234.56, or --cash 0 where there is none")
    return sum(holdings.cash.values(), Decimal(0))


def _label(position: Position) -> str:
    return position.name or position.codes.key
