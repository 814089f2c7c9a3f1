"""What a plan does not name, sold whole, where ``orders.unknown`` says so: its proceeds are cash for the orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.errors import DataError
from engine.depot.codes import Identifiers
from engine.depot.orders.exchange_rates import ExchangeRates
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.sized_orders import SizedOrder, TaxAtOnce, Wanted
from engine.depot.orders.sizing_prices import read_sizing_prices
from engine.depot.records import Position
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import PolicyT
from engine.portfolio.spread import SpreadByName

_BY_ASSET: Final = 7
"""Fields of a table of costs that are arrays of assets."""
REASON: Final = "not in the plan (orders.unknown: sell)"


class UnknownSale(NamedTuple):
    """A position that is sold whole: its ``code``, ``quantity`` [shares] and ``price`` [account's currency/share]."""

    code: str
    quantity: float
    price: float


def unknown_sales(path: str, unknown: Sequence[Position], values: Sequence[float | None]) -> tuple[UnknownSale, ...]:
    """Return what is sold of the file ``path``; ``values`` are what positions are worth, None without a price.

    Raises DataError for each that has none: what it brings is part of what is planned with.
    """
    faults = [
        f"{path}:{one.line}: found no price of {one.codes.key or one.name} in the account's money, and orders.unknown: "
        "sell needs one; give it by --prices, the rate by --fx, or write unknown: ignore"
        for one, value in zip(unknown, values, strict=True)
        if not value
    ]
    if faults:
        raise DataError(*faults)
    return tuple(
        UnknownSale(one.codes.key or one.name, float(one.quantity), (value or 0.0) / float(one.quantity))
        for one, value in zip(unknown, values, strict=True)
    )


def with_given_prices(
    unknown: Sequence[Position], values: Sequence[float | None], path: Path | None, rates: ExchangeRates
) -> tuple[float | None, ...]:
    """Return what positions are worth at the prices of the table at ``path``, else ``values`` [currency]."""
    if path is None:
        return tuple(values)
    keys = [one.codes.key for one in unknown if one.codes.key]
    given, _ = read_sizing_prices(path, Identifiers({}, keys))

    def worth(one: Position, value: float | None) -> float | None:
        found = given.get(one.codes.key)
        if found is None:
            return value
        return float(one.quantity) * found.price * rates.factor(found.currency)

    return tuple(worth(one, value) for one, value in zip(unknown, values, strict=True))


def add_sales(fees: OrderFees, config: RunConfig[PolicyT], sales: Sequence[UnknownSale]) -> OrderFees:
    """Return costs that know the ``sales`` too: the tariff with the spread of assets that are not named."""
    if not sales:
        return fees
    table, count = config.costs.order_price().table(np.full(len(sales), _half_spread(config))), len(fees.quotes.prices)
    parts = zip(fees.charged[:_BY_ASSET], table[:_BY_ASSET], strict=True)
    rate, fixed, per_share, least, most, ceiling, spreads = (np.concatenate(pair) for pair in parts)
    charged = CostTable(rate, fixed, per_share, least, most, ceiling, spreads)
    quotes = fees.quotes._replace(
        prices=np.concatenate([fees.quotes.prices, [one.price for one in sales]]),
        shares=np.concatenate([fees.quotes.shares, np.ones(len(sales))]),
    )
    columns = {**fees.columns, **{one.code: count + at for at, one in enumerate(sales)}}
    return OrderFees(columns, quotes, charged, fees.savings_plan, fees.saved_up)


def _half_spread(config: RunConfig[PolicyT]) -> float:
    """Return half the spread of an asset that the config does not name, a share of its price."""
    spread = config.costs.spread
    return (spread.rest if isinstance(spread, SpreadByName) else spread) / 10_000.0


def proceeds_of(sales: Sequence[UnknownSale], fee: OrderFees) -> float:
    """Return what sales bring after their costs [currency]."""
    return sum(one.quantity * one.price - fee(one.code, one.quantity * one.price) for one in sales)


def wanted_sales(config: RunConfig[PolicyT], sales: Sequence[UnknownSale]) -> list[Wanted]:
    """Return sales as what is wanted beside the plan's assets."""
    half, infinite = _half_spread(config), float("inf")
    return [
        Wanted(one.code, -one.quantity, one.price, one.quantity, 0.0, half, infinite, REASON, may_buy=False)
        for one in sales
    ]


def of_the_plan(orders: Sequence[SizedOrder], columns: Mapping[str, int]) -> list[SizedOrder]:
    """Return the orders in the plan's assets."""
    return [order for order in orders if order.ticker in columns]


def tax_of_the_plan(tax: TaxAtOnce | None, columns: Mapping[str, int]) -> TaxAtOnce | None:
    """Return the tax of orders in the plan's assets: of others nobody knows the lots."""
    if tax is None:
        return None
    return lambda quantities: tax({ticker: units for ticker, units in quantities.items() if ticker in columns})
