"""Depots by chance under plans by chance: assets, holdings, caps, tariffs, limits, in whole shares or in fractions."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.analysis.portfolio_market import PortfolioMarket
from engine.composition import validate_plain
from engine.data.market import Market
from engine.depot.orders.order_plan import OrderPlan, OrderRequest
from engine.depot.orders.plan_orders import plan_orders

if TYPE_CHECKING:
    from engine.composition import AnyRunConfig

DAY = np.datetime64("2026-12-01")
DATES = np.busday_offset(np.datetime64("2026-10-01"), np.arange(43), roll="forward")
TARIFFS = ("comdirect", "interactive_brokers_fixed", "dkb")
NAMES = "ABCDEFG"
_BASE = {
    "name": "random",
    "data": {"source": {"kind": "yahoo"}},
    "window": {"start": "2026-10-01"},
    "compare": {"buy_and_hold": False},
}


@dataclass(frozen=True)
class RandomDepot:
    """One depot: its plan, prices and shares held by ticker, cash; ``scale`` multiplies all money."""

    config: AnyRunConfig
    prices: dict[str, float]
    held: dict[str, float]
    cash: float

    def plan(self, *, now: bool = True, exact: bool = False) -> OrderPlan:
        """Return its orders."""
        assets = tuple(self.prices)
        market = Market.build(
            DATES,
            assets,
            np.tile(np.array([*self.prices.values()]), (len(DATES), 1)),
            currency=self.config.account.currency,
        )
        request = OrderRequest(day=DAY, held=self.held, cash=self.cash, now=now, exact=exact)
        return plan_orders(self.config, PortfolioMarket(market, 0, 0.0), request)

    def followed(self, plan: OrderPlan) -> RandomDepot:
        """Return the depot after all orders are filled at the sizing prices."""
        held = dict(self.held)
        for order in plan.sized.orders:
            held[order.ticker] = held.get(order.ticker, 0.0) + order.quantity * (1 if order.side == "buy" else -1)
        return replace(self, held={ticker: max(units, 0.0) for ticker, units in held.items()}, cash=plan.sized.cash)


def random_depot(seed: int, *, limit: float | None = None, fractions: bool | None = None) -> RandomDepot:
    """Return the depot of a seed; ``limit`` and ``fractions`` are by chance as well where they are not told."""
    rng = random.Random(seed)
    count = rng.randint(4, 6)
    names = NAMES[:count]
    whole = rng.random() < 0.6 if fractions is None else not fractions
    currency = "EUR"
    if rng.random() < 0.5:
        parts = [rng.randint(0, 9) for _ in range(count + 1)]
        parts[0] += 1
        weights = {name: f"{10_000 * part // sum(parts) / 100}%" for name, part in zip(names, parts, strict=False)}
        strategy: dict[str, object] = {"kind": "fixed_mix", "weights": weights}
    else:
        cap = rng.choice([3, 5, 10, 20])
        satellites = {name: f"{rng.uniform(0.5, 1.0) * cap:.2f}%" for name in names[1:5][: max(count - 1, 3)]}
        strategy = {"kind": "core_satellite", "core": {"A": "rest"}, "satellites": satellites, "cap": f"{cap}%"}
        names = "A" + "".join(satellites)
    costs: dict[str, object] = {"kind": "percent", "rate": "0.1%"}
    if rng.random() < 0.75:
        costs = {"kind": "broker", "tariff": rng.choice(TARIFFS)}
        currency = "USD" if costs["tariff"] == "interactive_brokers_fixed" else "EUR"
    orders = {
        "limit": rng.choice([0.0, 0.0, 0.005, 0.01]) if limit is None else limit,
        "max_fee": rng.choice([0.01, 1.0]),
        "reserve": rng.choice([0.0, 0.0, 0.0, 250.0]),
    }
    plan = {
        "account": {"currency": currency, "shares": "whole" if whole else "fractional"},
        "strategy": {**strategy, "rebalance": {"kind": "annual"}},
        "costs": costs,
        "orders": orders,
    }
    some = rng.random() < 0.3
    held = {name: 0.0 if rng.random() < 0.1 else float(rng.randint(0, 400)) for name in names}
    if some or not whole:
        held = {name: round(units + rng.random(), 3) if units else 0.0 for name, units in held.items()}
    if not any(held.values()):
        held["A"] = 10.0
    prices = {name: rng.randint(300, 90_000) / 100.0 for name in names}
    return RandomDepot(validate_plain({**_BASE, **plan}), prices, held, float(rng.randint(100, 5_000_000)) / 100.0)


def scaled(depot: RandomDepot, costs: dict[str, object], factor: float) -> RandomDepot:
    """Return a depot whose plan charges ``costs``, all money of it and of its terms times ``factor``."""
    money = {name: float(costs[name]) * factor for name in ("fixed", "minimum", "maximum")}  # type: ignore[arg-type]
    plain = depot.config.canonical() | {"costs": {**costs, **money}}
    config = validate_plain(plain)
    rules = config.orders.model_copy(update={"tick": 0.01 * factor, "reserve": config.orders.reserve * factor})
    prices = {name: price * factor for name, price in depot.prices.items()}
    return replace(depot, config=config.model_copy(update={"orders": rules}), prices=prices, cash=depot.cash * factor)
