"""From a config, a file of holdings and the flags of a command to a plan of orders."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.prices import load_prices
from engine.core.errors import DataError
from engine.core.regular_files import read_regular
from engine.data.market import Market
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.depot.holdings import read_holdings
from engine.depot.order_plan import OrderPlan, OrderRequest, plan_orders
from engine.depot.request import OwnDepot, read_depot
from engine.depot.state_file import read_state
from engine.portfolio.policy import PolicyT
from engine.tax.none import NoTax

_MAX_PRICES = 1_000_000
_LOOK_AHEAD = np.timedelta64(30, "D")


class OrderFlags(NamedTuple):
    """What a command line says beside config and holdings; texts as they were typed, "" where nothing was."""

    cash: str = ""
    as_of: str = ""
    layout: str = ""
    account: str = ""
    prices: Path | None = None
    flow: float = 0.0
    now: bool = False
    exact: bool = False
    state: Path | None = None


def make_order_plan(config: RunConfig[PolicyT], holdings: Path, flags: OrderFlags) -> tuple[OrderPlan, OwnDepot]:
    """Return the orders of ``config`` for the depot in the file ``holdings``, and that depot.

    A day without a session stands for the next with one.
    """
    if not isinstance(config.tax, NoTax):
        raise DataError("tax: orders of a taxed plan are not planned yet; write --set tax.kind=none to plan before tax")
    day = _order_session(config.data.calendar, flags.as_of)
    found = read_holdings(str(holdings), flags.layout, account=flags.account)
    depot = read_depot(config, found, _parse_money(flags.cash))
    prices = load_prices(_until(config, day))
    sizing = {} if flags.prices is None else read_sizing_prices(flags.prices)
    _refuse_adjusted(prices.market, day, sorted(depot.held.keys() - sizing.keys()))
    request = OrderRequest(
        day=day,
        held=depot.held,
        cash=depot.cash,
        prices=sizing,
        flow=flags.flow,
        now=flags.now,
        exact=flags.exact,
        saved=None if flags.state is None else read_state(flags.state, config.sha256()),
    )
    return plan_orders(config, prices.sessions_of(config.strategy), request), depot


def _until(config: RunConfig[PolicyT], day: np.datetime64) -> RunConfig[PolicyT]:
    """Return the config with all prices up to ``day``, whatever its window ends with."""
    return config.model_copy(update={"window": config.window.model_copy(update={"end": day.astype(dt.date)})})


def _refuse_adjusted(market: Market, day: np.datetime64, tickers: Sequence[str]) -> None:
    """Raise DataError where adjusted closes go on to ``day``: those before it are none at which anybody could trade."""
    source = market.provenance
    if tickers and source.closes == "adjusted" and market.dates[-1] >= day:
        found = f"found adjusted closes that go on to {market.dates[-1]}, expected closes as traded for orders of {day}"
        remedy = f"name a source of these, or give the prices of {', '.join(tickers)} by --prices FILE"
        raise DataError(f"{source.source}: {found}; {remedy}")


def _order_session(exchange: str, as_of: str) -> np.datetime64:
    """Return the first session on or after a day."""
    try:
        day = np.datetime64(dt.date.fromisoformat(as_of))
    except ValueError:
        message = f"--as-of: found {as_of[:40]!r}, expected a date as 2027-01-04"
        raise DataError(message) from None
    found = exchange_sessions(exchange, day, day + _LOOK_AHEAD)
    return np.datetime64(found[0])


def _parse_money(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        money = Decimal(text)
    except InvalidOperation:
        money = Decimal("NaN")
    if not money.is_finite():
        raise DataError(f"--cash: found {text[:40]!r}, expected money with a point, as 1234.56")
    return money


def read_sizing_prices(path: Path) -> Mapping[str, float]:
    """Return the prices of a CSV file with the columns ``ticker`` and ``price``; raises DataError for any other row."""
    text = read_regular(path, _MAX_PRICES).decode("utf-8-sig", errors="replace")
    rows = csv.DictReader(io.StringIO(text))
    if not {"ticker", "price"} <= set(rows.fieldnames or ()):
        raise DataError(f"{path}:1: found {', '.join(rows.fieldnames or ('nothing',))}, expected ticker,price")
    found, faults = dict[str, float](), list[str]()
    for row in rows:
        ticker, price = (row["ticker"] or "").strip(), (row["price"] or "").strip()
        try:
            found[ticker] = float(Decimal(price))
        except InvalidOperation:
            found[ticker] = float("nan")
        if not 0.0 < found[ticker] < float("inf"):
            faults.append(
                f"{path}:{rows.line_num}: found the price {price[:20]!r} of {ticker[:20]}, expected one as 40.20"
            )
    if faults:
        raise DataError(*faults)
    return found
