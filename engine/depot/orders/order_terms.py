"""The terms of orders as numbers: how quantities and limits are rounded, and which orders are not worth placing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from engine.backtest.config import RunConfig
from engine.backtest.depot_sections import OrderShares
from engine.core.errors import DataError
from engine.portfolio.policy import PolicyT

ROUNDING: Final = 1e-9
"""Shares by which a quantity may miss a whole one and still be it."""
_CENTS: Final = 100.0
FINEST: Final = 1e-6
"""The step of quantities that are parts of shares: no broker takes more decimals."""


class ShareTerms(NamedTuple):
    """Which quantities of an asset can be ordered: multiples of ``buy`` and of ``sell`` [shares], 0 for any.

    ``rest``: what is left over when all is sold is sold too, apart. ``cents``: purchases are for money in whole cents.
    """

    buy: float = 1.0
    sell: float = 1.0
    rest: bool = True
    cents: bool = False

    @property
    def whole(self) -> bool:
        """Whether purchases are of whole shares."""
        return self.buy == 1.0

    def purchase(self, units: float, price: float) -> float:
        """Return the shares that can be bought of those wanted at ``price``.

        >>> ShareTerms(buy=0.0, cents=True).purchase(500 / 143, 143.0) * 143.0
        500.0
        """
        return _floor_to(units * price, 1.0 / _CENTS) / price if self.cents else _floor_to(units, self.buy)

    def sale(self, units: float, held: float) -> float:
        """Return the shares that can be sold of those wanted, of ``held`` ones.

        >>> ShareTerms().sale(3.7, 3.7), ShareTerms().sale(3.6, 3.7), ShareTerms(rest=False).sale(3.7, 3.7)
        (3.7, 3.0, 3.0)
        """
        if self.rest and units >= held * (1.0 - ROUNDING):
            return held
        if self.sell == FINEST:  # up, so that what is to be paid with it is there
            return min(round(math.ceil((units - ROUNDING) / FINEST) * FINEST, 10), held)
        return min(_floor_to(units, self.sell), _floor_to(held, self.sell))

    def part(self, units: float, held: float) -> float:
        """Return the shares that can be sold of those wanted, not more than ``held``; all that is held as it is."""
        return held if units >= held * (1.0 - ROUNDING) else _floor_to(units, min(self.sell, FINEST))


def _floor_to(units: float, step: float) -> float:
    return round(math.floor((units + ROUNDING) / step) * step, 10) if step else units


def floor_tick(price: float, tick: float) -> float:
    """Return the highest limit at or below ``price``."""
    return round(math.floor(price / tick + ROUNDING) * tick, 10)


def ceil_tick(price: float, tick: float) -> float:
    """Return the lowest limit at or above ``price``."""
    return round(math.ceil(price / tick - ROUNDING) * tick, 10)


class OrderTerms(NamedTuple):
    """``orders:`` of a config with the account's least order; ``by_ticker`` has assets with share terms of their own.

    ``reserve`` is the cash that stays [currency].
    """

    limit: float
    tick: float
    max_fee: float
    min_order: float
    shares: ShareTerms = ShareTerms()
    by_ticker: Mapping[str, ShareTerms] = {}
    reserve: float = 0.0

    def shares_of(self, ticker: str) -> ShareTerms:
        """Return which quantities of an asset can be ordered."""
        return self.by_ticker.get(ticker, self.shares)

    def buy_limit(self, price: float, spread: float) -> float:
        """Return the highest limit of a purchase: on a tick, at most as far from ``price`` as is said."""
        return floor_tick(price * (1.0 + max(self.limit, spread)), self.tick)

    def sell_limit(self, price: float, spread: float) -> float:
        """Return the lowest limit of a sale."""
        return ceil_tick(price * (1.0 - max(self.limit, spread)), self.tick)

    def why_not(self, money: float, fee: float) -> str:
        """Return why an order of ``money`` that costs ``fee`` is not worth placing, "" where it is."""
        if money < self.min_order:
            return f"below account.min_order of {self.min_order:,.2f}"
        if fee > self.max_fee * money:
            return f"its fee of {fee:,.2f} is more than {self.max_fee:.2%} of it (orders.max_fee)"
        return ""


def terms_of_orders(config: RunConfig[PolicyT], *, exact: bool = False) -> OrderTerms:
    """Return the terms of a config; parts of shares have six decimals, ``exact`` as many as there are.

    Raises DataError where codes of one asset say two things of its fractions.
    """
    rules, whole, finest = config.orders, config.account.shares == "whole", 0.0 if exact else FINEST
    usual = _share_terms(rules.shares, finest, whole=whole)
    said: dict[str, dict[bool, str]] = {}
    for code, one in config.identifiers.items():
        if one.fractions is not None:
            said.setdefault(one.ticker, {})[one.fractions] = code
    faults = [
        f"identifiers: {codes[True]} says that {ticker} is ordered in fractions, {codes[False]} that it is not; "
        "change one"
        for ticker, codes in said.items()
        if len(codes) > 1
    ]
    if faults:
        raise DataError(*faults)
    fractions = usual._replace(buy=finest if usual.whole else usual.buy, sell=finest)
    own = {ticker: fractions if True in codes else ShareTerms() for ticker, codes in said.items()}
    return OrderTerms(rules.limit, rules.tick, rules.max_fee, config.account.min_order, usual, own, rules.reserve)


def _share_terms(shares: OrderShares, finest: float, *, whole: bool) -> ShareTerms:
    """Return ``orders.shares`` as numbers, ``finest`` for any; what it leaves open follows the account's shares."""
    buy = shares.buy or ("whole" if whole else "any")
    sell = shares.sell or ("whole_or_all" if whole else "any")
    steps = {"whole": 1.0, "whole_or_all": 1.0, "any": finest, "amount": finest}
    return ShareTerms(
        buy=steps[buy] if isinstance(buy, str) else buy,
        sell=steps[sell] if isinstance(sell, str) else sell,
        rest=sell != "whole",
        cents=buy == "amount",
    )
