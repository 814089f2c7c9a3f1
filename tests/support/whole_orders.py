"""Depots by chance with all whole orders that there are, one by one, as what the closest have to be."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import FloatArray
from engine.depot.orders.closeness import Aim, BestChoice
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.order_terms import OrderTerms
from engine.depot.orders.sized_orders import SizedOrders, Wanted, signed_quantities
from engine.depot.orders.sizing import SizingChoices, size_orders
from engine.portfolio.costs import BrokerCosts, Costs, NoCosts, PercentCosts, PerOrderCosts
from engine.simulation.kernel.records import Quotes

TARIFFS: tuple[Costs, ...] = (
    NoCosts(),
    PercentCosts(rate=0.002),
    BrokerCosts(tariff="comdirect"),
    BrokerCosts(tariff="interactive_brokers_fixed"),
    PerOrderCosts(fixed=1, rate=0.001, minimum=2, maximum=3),
)
SHARES = {1: 60, 2: 25, 3: 10, 4: 6, 5: 4, 6: 3}
"""How many shares of an asset a depot of so many is worth at most, so that all orders can be tried."""


@dataclass
class WholeOrders:
    """One depot; ``tolerance`` [currency] is how far two distances may be apart and equal."""

    wanted: list[Wanted]
    cash: float
    terms: OrderTerms
    fees: OrderFees
    aim: Aim
    fewest: int | None

    @property
    def value(self) -> float:
        """What it is worth [currency]."""
        return self.cash + sum(one.held * one.price for one in self.wanted)

    @property
    def tolerance(self) -> float:
        """How far two distances may be apart and be equal [currency]."""
        return 4e-9 * self.value

    def sized(self, *, best: bool = True) -> SizedOrders:
        """Return its orders, the closest or as tested."""
        choice = BestChoice(self.aim, self.fewest) if best else None
        return size_orders(self.wanted, self.cash, self.terms, self.fees, choices=SizingChoices(best=choice))

    def quantities(self, sized: SizedOrders) -> FloatArray:
        """Return (N, 1) signed shares of orders."""
        moved = signed_quantities(list(sized.orders))
        return np.array([[moved.get(one.ticker, 0.0)] for one in self.wanted])

    def far(self, counts: FloatArray) -> FloatArray:
        """Return how far signed shares (N, K) leave assets and cash from where they should be, (K,) [currency]."""
        paid, money = self._paid(counts), self._money(counts)
        held = np.array([[one.held * one.price] for one in self.wanted])
        left = self.cash - money.sum(axis=0) - paid
        if self.aim == "trades":
            asked = np.array([[one.units * one.price] for one in self.wanted])
            spent = sum(
                one.units * one.price + self.fees(one.ticker, abs(one.units * one.price)) for one in self.wanted
            )
            return np.abs(asked - money).sum(axis=0) + np.abs(self.cash - spent - left)
        after, weights = self.value - paid, np.array([[one.target] for one in self.wanted])
        return np.abs(weights * after - held - money).sum(axis=0) + np.abs((1.0 - weights.sum()) * after - left)

    def possible(self) -> FloatArray:
        """Return (N, K) all signed shares that may be ordered together, with cash at all limits and caps kept."""
        signs = {math.copysign(1.0, one.units) for one in self.wanted if one.units}
        choices = []
        for one in self.wanted:
            sides = {math.copysign(1.0, one.units)} if self.aim == "trades" and one.units else signs
            sides = {1.0, -1.0} if self.aim == "weights" else sides if self.aim == "flow" or one.units else set()
            low = -math.floor(one.held) if -1.0 in sides else 0
            high = math.floor(self.value / one.price) if 1.0 in sides else 0
            choices.append([count for count in range(low, high + 1) if not count or self._is_worth(one, count)])
        counts = np.array([one.ravel() for one in np.meshgrid(*choices, indexing="ij")], dtype=float)
        paid, money = self._paid(counts), self._money(counts)
        worst = paid
        for one, row, moved in zip(self.wanted, counts, money, strict=True):
            limits = self.terms.buy_limit(one.price, one.spread), self.terms.sell_limit(one.price, one.spread)
            fills = np.where(row > 0.0, row * limits[0], row * limits[1]) - one.spread * np.abs(moved)
            worst = worst + np.maximum(fills, moved)
        kept = worst <= self.cash - self.terms.reserve + 1e-9
        if self.fewest is not None:
            kept &= (counts != 0.0).sum(axis=0) <= self.fewest
        exact = np.array([[one.units] for one in self.wanted])
        for one, moved in zip(self.wanted, money, strict=True):
            room = one.cap * (self.value - float(self._paid(exact)[0]))
            if one.cap < math.inf and (one.held + one.units) * one.price <= room * (1.0 + 1e-9):
                kept &= one.held * one.price + moved <= one.cap * (self.value - paid) * (1.0 + 1e-9)
        return counts[:, kept]

    def _is_worth(self, one: Wanted, count: int) -> bool:
        money = abs(count * one.price)
        return not self.terms.why_not(money, self.fees(one.ticker, money))

    def _money(self, counts: FloatArray) -> FloatArray:
        return counts * np.array([[one.price] for one in self.wanted])

    def _paid(self, counts: FloatArray) -> FloatArray:
        """Return (K,) what orders cost."""
        paid = np.zeros(counts.shape[1])
        for one, row in zip(self.wanted, counts, strict=True):
            found, at = np.unique(row, return_inverse=True)
            paid += np.array([self.fees(one.ticker, abs(count * one.price)) for count in found])[at.ravel()]
        return paid


def whole_orders(seed: int) -> WholeOrders:
    """Return a depot of one to six assets."""
    draw = random.Random(seed)
    count = draw.randint(1, 6)
    tickers, value = "ABCDEF"[:count], float(draw.randint(500, 9000))
    prices = [round(value / draw.uniform(1.5, SHARES[count]), 2) for _ in tickers]
    shares, left = [0.0] * count, value
    for at in draw.sample(range(count), count):
        shares[at] = float(draw.randint(0, math.floor(max(left, 0.0) * draw.choice([0.5, 1.0]) / prices[at])))
        left -= shares[at] * prices[at]
    cash = round(left, 2)
    parts = [draw.randint(1, 9) for _ in tickers]
    weights = [part / (sum(parts) + draw.choice([0, 1, 5])) for part in parts]
    aim: Aim = draw.choice(["weights", "weights", "flow", "trades"])
    costs, wanted = draw.choice(TARIFFS), list[Wanted]()
    spread = draw.choice([0.0, 0.0, 0.003])
    for ticker, price, held, weight in zip(tickers, prices, shares, weights, strict=True):
        exact = weight * value / price - held
        units = max(exact, 0.0) if aim == "flow" else max(exact, -held) * (draw.random() < 0.8 or aim == "weights")
        cap = draw.choice([math.inf, math.inf, weight * draw.uniform(1.0, 1.2)])
        wanted.append(Wanted(ticker, units, price, held, weight, spread, cap, ""))
    bought = sum(one.units * one.price for one in wanted)
    if bought > 0.98 * cash:  # what a rule asks for it can pay
        cut = max(0.98 * cash + sum(-one.units * one.price for one in wanted if one.units < 0.0), 0.0)
        cut /= sum(one.units * one.price for one in wanted if one.units > 0.0)
        wanted = [one._replace(units=one.units * min(cut, 1.0)) if one.units > 0.0 else one for one in wanted]
    charged = costs.cost_table(count)._replace(spread=np.full(count, spread))
    quotes = Quotes(np.array(prices), np.ones(count), 1.0, np.zeros(count, np.uint8))
    fees = OrderFees({ticker: at for at, ticker in enumerate(tickers)}, quotes, charged)
    reserve = draw.choice([0.0, 0.0, 0.01 * value]) if cash > 0.01 * value else 0.0
    terms = OrderTerms(
        draw.choice([0.0, 0.005, 0.01]), 0.01, draw.choice([1.0, 0.02]), draw.choice([0.0, 100.0]), reserve=reserve
    )
    return WholeOrders(wanted, cash, terms, fees, aim, draw.choice([None, None, None, 1, 2]))
