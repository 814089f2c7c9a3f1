"""Orders as they are entered at a broker: with the codes of their assets, limits in the currency of the exchange."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from engine.backtest.config import RunConfig
from engine.backtest.depot_sections import Identifier, OrderRules
from engine.core.security_codes import is_isin
from engine.depot.orders.answer_orders import OrderAnswer
from engine.depot.orders.exchange_rates import Rate
from engine.depot.orders.order_terms import ceil_tick, floor_tick
from engine.depot.orders.sized_orders import SizedOrder
from engine.portfolio.policy import PolicyT

ADVICE: Final = "A calculation from your own rule, no advice; nothing was sent to anybody."
"""Stands on every output."""
_WKN: Final = re.compile(r"[A-Z0-9]{6}")


class AssetCodes(NamedTuple):
    """What an asset is called elsewhere, ``""`` for unknown."""

    isin: str = ""
    wkn: str = ""
    symbol: str = ""
    name: str = ""


class OrderRow(NamedTuple):
    """One order: ``limit`` in ``currency``, ``money`` and ``fee`` in the account's, of which ``fx_fee`` for exchange.

    ``rate`` is that of the currency, None where it is the account's. A sale gains ``realised_gain`` after its fee, None
    where no lot says so, and is due ``tax`` at once, None without a law.
    """

    order: SizedOrder
    codes: AssetCodes
    limit: float | None
    currency: str
    money: float
    fee: float
    fx_fee: float
    rate: Rate | None
    realised_gain: float | None
    tax: float | None


def order_rows(config: RunConfig[PolicyT], answer: OrderAnswer) -> list[OrderRow]:
    """Return the orders of a plan in the order in which they are entered."""
    codes = codes_by_ticker(config.identifiers, answer)
    return [_row(order, codes, config.orders, config.costs.fx, answer) for order in answer.plan.sized.orders]


def _row(
    order: SizedOrder, codes: Mapping[str, AssetCodes], rules: OrderRules, fx: float, answer: OrderAnswer
) -> OrderRow:
    rate, realised = answer.rates.get(order.ticker), answer.plan.realised_by(order)
    return OrderRow(
        order=order,
        codes=codes.get(order.ticker, AssetCodes()),
        limit=_own_limit(order, rules, rate),
        currency=rate.currency if rate else answer.plan.currency,
        money=order.money,
        fee=order.fee,
        fx_fee=fx * order.money if rate else 0.0,
        rate=rate,
        realised_gain=realised.gain,
        tax=realised.tax if answer.plan.taxed else None,
    )


def _own_limit(order: SizedOrder, rules: OrderRules, rate: Rate | None) -> float | None:
    """Return the limit in the currency of the exchange: rounded so that it is never worse than in the account's."""
    if order.limit is None or rate is None:
        return order.limit
    rounded = floor_tick if order.side == "buy" else ceil_tick
    return rounded(order.limit / rate.rate, rules.tick)


def codes_by_ticker(identifiers: Mapping[str, Identifier], answer: OrderAnswer) -> dict[str, AssetCodes]:
    """Return the codes of each asset of the plan: those of the file, else the first of the config's."""
    found: dict[str, AssetCodes] = {}
    for one in answer.plan.positions:
        listed = [code.strip().upper() for code, other in identifiers.items() if other.ticker == one.ticker]
        held = answer.depot.positions.get(one.ticker, ())
        isin = [other.codes.isin for other in held if other.codes.isin] + [code for code in listed if is_isin(code)]
        wkn = [other.codes.wkn for other in held if other.codes.wkn]
        wkn += [code for code in listed if _WKN.fullmatch(code) and code != one.ticker]
        symbol = [other.codes.symbol for other in held if other.codes.symbol]
        name = [other.name for other in held if other.name]
        found[one.ticker] = AssetCodes(*(next(iter(every), "") for every in (isin, wkn, symbol, name)))
    return found


def limit_text(limit: float) -> str:
    """Return a limit with all its decimals, two at least: a rounded one could be worse than what is meant.

    >>> limit_text(1110.5), limit_text(0.0045)
    ('1,110.50', '0.0045')
    """
    whole, decimals = f"{limit:,.10f}".split(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
