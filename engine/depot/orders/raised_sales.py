"""What is taken out of a depot is there when every order fills at its limit: sales bring a little more than asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from engine.core.errors import DataError
from engine.depot.orders.order_terms import ROUNDING, OrderTerms
from engine.depot.orders.sized_orders import SizedOrder, Wanted

Sale: TypeAlias = Callable[[Wanted, float], list[SizedOrder]]
"""The orders that sell so much of an asset [shares]."""
_ROUNDS: Final = 200


def raise_sales(orders: list[SizedOrder], wanted: Iterable[Wanted], cash: float, terms: OrderTerms, sale: Sale) -> None:
    """Sell more of what is sold already, the most money first, until ``cash`` [currency] is not below nothing.

    Limits below the sizing prices, and quantities that are rounded down, bring less than the rule has asked for.

    Raises
    ------
    DataError
        When all that may be sold, in orders worth placing, does not bring it.

    """
    sellers = [one for one in wanted if one.units < 0.0 and one.may_sell]
    sellers.sort(key=lambda one: (one.ticker not in {order.ticker for order in orders}, one.units * one.price))
    why, done = "", set[str]()
    for _ in range(_ROUNDS):
        missing = sum(order.worst for order in orders) - cash
        if missing <= ROUNDING * max(abs(cash), 1.0):
            return
        one = next((one for one in sellers if one.ticker not in done), None)
        if one is None:
            break
        sold = sum(order.quantity for order in orders if order.ticker == one.ticker)
        more = _more(one, sold, missing, terms)
        placed = sale(one, more) if more > sold else []
        told = [said for order in placed if (said := terms.why_not(order.money, order.fee))]
        if told or not placed:
            why = f" ({one.ticker}: {told[0]})" if told else why
            done.add(one.ticker)
            continue
        at = next((k for k, order in enumerate(orders) if order.ticker == one.ticker), len(orders))
        orders[:] = [*orders[:at], *placed, *(order for order in orders[at:] if order.ticker != one.ticker)]
    missing = sum(order.worst for order in orders) - cash
    message = f"found orders that leave cash {missing:,.2f} short when all of them fill at their limits{why}"
    raise DataError(f"{message}, expected none; take out less (--withdraw), or change orders.limit or orders.max_fee")


def _more(one: Wanted, sold: float, missing: float, terms: OrderTerms) -> float:
    """Return how many shares to sell instead of those ``sold``, so that ``missing`` [currency] comes in."""
    shares = terms.shares_of(one.ticker)
    limit = terms.sell_limit(one.price, one.spread)
    units = sold + missing / limit if limit > 0.0 else one.sellable
    if not shares.sell:
        return min(units, one.sellable)
    units = round(math.ceil(units / shares.sell - ROUNDING) * shares.sell, 10)
    return units if units <= one.sellable else shares.sale(one.sellable, one.sellable)


def sold_now(orders: Iterable[SizedOrder]) -> set[str]:
    """Return the tickers that are sold."""
    return {order.ticker for order in orders if order.side == "sell"}
