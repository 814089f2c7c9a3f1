"""Whole orders that come closest to what a rule asks for, by a search that leaves out only what cannot be closer.

The distance is a sum over assets and the gap of cash, and cash at all limits bounds all orders. Where the gap of cash
is priced by ``-1 <= y <= 1`` and the bound by ``v >= 0`` nothing joins the assets any longer: what each costs at least
adds up to a bound from below, for any prices (Fisher, 1981, doi:10.1287/mnsc.27.1.1). Orders are tried asset by asset
as long as a bound is below what was found; costs of orders, limits, caps and filters are taken as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.depot.orders.closeness import Balance, BestChoice, Gaps, aims_of, distance, same_distance, sides_of
from engine.depot.orders.order_terms import FINEST, ROUNDING, OrderTerms
from engine.depot.orders.rounding import fees_of
from engine.depot.orders.sized_orders import Fee, Wanted

_STEPS: Final = 10_000
_MOST_ORDERS: Final = 20_000
_ROUNDS: Final = 6
_GRID: Final = 9
_DEAREST_CASH: Final = 2.5


class Closest(NamedTuple):
    """Signed ``quantities`` by ticker [shares], and the ``room`` for others to be closer [currency].

    The room is 0 where it is proven that there are none, and infinite where nothing was tried.
    """

    quantities: dict[str, float]
    room: float


@dataclass(frozen=True)
class _Orders:
    """All orders of one asset that are worth placing, and none: arrays (Q,) of signed shares and of money [currency].

    ``worst`` is what an order takes from cash at its limit. It is ``off`` an aim that is a ``share`` of the value.
    """

    one: Wanted
    share: float
    off: FloatArray
    units: FloatArray
    money: FloatArray
    fees: FloatArray
    worst: FloatArray

    def keep(self, kept: BoolArray) -> _Orders:
        """Return those that are ``kept``."""
        found = (one[kept] for one in (self.off, self.units, self.money, self.fees, self.worst))
        return _Orders(self.one, self.share, *found)


class _Problem(NamedTuple):
    """What is searched: ``cap`` of each ticker that has to be kept, ``most`` orders."""

    balance: Balance
    aims: Gaps
    caps: Mapping[str, float]
    most: float

    def keeps_caps(self, wanted: Sequence[Wanted], quantities: Mapping[str, float], fee: Fee) -> bool:
        """Return whether quantities keep all caps that have to be."""
        moved = {one.ticker: quantities.get(one.ticker, 0.0) for one in wanted}
        value = self.balance.value - fees_of(wanted, moved, fee)
        return all(
            (one.owned + moved[one.ticker]) * one.price <= self.caps[one.ticker] * value * (1.0 + ROUNDING)
            for one in wanted
            if one.ticker in self.caps
        )

    @property
    def same(self) -> float:
        """Distances that differ by less are equal [currency]."""
        return same_distance(self.balance)


def search_closest(
    wanted: Sequence[Wanted],
    balance: Balance,
    terms: OrderTerms,
    fee: Fee,
    *,
    choice: BestChoice,
    start: Mapping[str, float],
) -> Closest:
    """Return the whole orders that come closest, of equals the fewest, then ``start``, which are possible.

    Nothing is tried where any quantity of an asset can be ordered, and where there are too many whole ones.
    """
    aims = aims_of(wanted, balance, fee, choice.aim)
    kept = {ticker: units for ticker, units in start.items() if units}
    if not all(min(terms.shares_of(one.ticker)[:2]) > FINEST for one in wanted):
        return Closest(kept, math.inf)
    most = math.inf if choice.fewest is None else float(choice.fewest)
    problem = _Problem(balance, aims, _caps_kept(wanted, balance, fee), most)
    least, fits = distance(wanted, kept, balance, fee, aims), problem.keeps_caps(wanted, kept, fee)
    if not fits:  # what the exact trades keep, and an order that is left out does not
        least = 4.0 * (abs(balance.value) + abs(balance.cash)) + sum(map(abs, aims.money.values()))
    reach = least + problem.same
    dearest = sum(fee(one.ticker, balance.value + abs(balance.cash)) for one in wanted)
    assets, room = list[_Orders](), _MOST_ORDERS
    for one in sorted(wanted, key=lambda one: one.ticker):
        aim = aims.share[one.ticker] * balance.value + aims.money[one.ticker] - one.owned * one.price
        lowest = aim - aims.share[one.ticker] * dearest - reach
        units = _units(one, sides_of(one, wanted, choice.aim), terms, (lowest, aim + reach), room)
        if units is None:
            return Closest(kept, math.inf)
        room -= len(units)
        assets.append(_priced(one, units, aim, aims.share[one.ticker], terms, fee))
    search = _Search(problem, assets, kept, least)
    search.count = len(kept) if fits else len(wanted) + 1
    search.run()
    return Closest(search.best, 0.0 if search.proven else max(search.least - search.lowest, problem.same))


def _caps_kept(wanted: Sequence[Wanted], balance: Balance, fee: Fee) -> dict[str, float]:
    """Return the caps that the exact trades keep."""
    value = balance.value - fees_of(wanted, {one.ticker: one.units for one in wanted}, fee)
    return {
        one.ticker: one.cap
        for one in wanted
        if one.cap < math.inf and (one.owned + one.units) * one.price <= one.cap * value * (1.0 + ROUNDING)
    }


def _units(
    one: Wanted, sides: Sequence[float], terms: OrderTerms, within: tuple[float, float], room: int
) -> list[float] | None:
    """Return signed shares whose money is ``within`` two bounds [currency], and 0; None where there are too many."""
    shares, found = terms.shares_of(one.ticker), [0.0]
    for sign in sides:
        step = shares.buy if sign > 0.0 else shares.sell
        low, high = sorted(sign * bound / (step * one.price) for bound in within)
        most = math.floor(high + 1.0) if sign > 0.0 else min(high + 1.0, math.floor(one.sellable / step + ROUNDING))
        least = max(math.floor(low), 1)
        if most - least >= room:
            return None
        found += [sign * round(count * step, 10) for count in range(least, math.floor(most) + 1)]
    return found


def _priced(one: Wanted, units: list[float], aim: float, share: float, terms: OrderTerms, fee: Fee) -> _Orders:
    """Return the orders of ``units`` that are worth placing."""
    pairs = [(count, fee(one.ticker, abs(count * one.price))) for count in units]
    pairs = [(count, cost) for count, cost in pairs if not count or not terms.why_not(abs(count * one.price), cost)]
    placed, fees = np.array(pairs).T
    money = placed * one.price
    limits = np.where(placed > 0.0, terms.buy_limit(one.price, one.spread), terms.sell_limit(one.price, one.spread))
    worst = np.maximum(placed * limits + fees - one.spread * np.abs(money), money + fees)
    return _Orders(one, share, aim - money, placed, money, fees, worst)


class _Search:
    """The search for one depot, from what was found before: its quantities, and how far these are off."""

    def __init__(self, problem: _Problem, assets: list[_Orders], best: dict[str, float], least: float) -> None:
        """Start with nothing tried."""
        self.problem, self.assets, self.best, self.least = problem, assets, best, least
        self.count = len(best)
        self.proven, self.steps, self.lowest = True, 0, -math.inf
        balance, aims = problem.balance, problem.aims
        self.cash_gap = aims.cash_share * balance.value + aims.cash_money - balance.cash
        self.prices = np.zeros((0, 2))
        self.bounds: list[FloatArray] = []
        self.path: list[tuple[int, int]] = []

    def run(self) -> None:
        """Try all orders that may come closer."""
        self._leave_out_what_is_too_far()
        self.assets.sort(key=lambda orders: (len(orders.units), orders.one.ticker))
        if not all(len(orders.units) for orders in self.assets):
            return
        self.bounds = self._bounds(self.prices)
        self.rest = [sum((one.min(axis=0) for one in self.bounds[d:]), np.zeros(len(self.prices))) for d in self._ends]
        self.rest_worst = [sum(float(one.worst.min()) for one in self.assets[d:]) for d in self._ends]
        self.rest_count = [sum(float(one.units.all()) for one in self.assets[d:]) for d in self._ends]
        self.lowest = float((self._constant(self.prices) + self.rest[0]).max())
        self._try(0, self._constant(self.prices), 0.0, 0.0)

    @property
    def _ends(self) -> range:
        return range(len(self.assets) + 1)

    def _constant(self, prices: FloatArray) -> FloatArray:
        """Return (K,) what bounds have beside the assets."""
        return prices[:, 0] * self.cash_gap - prices[:, 1] * (self.problem.balance.free + ROUNDING)

    def _bounds(self, prices: FloatArray) -> list[FloatArray]:
        """Return (Q, K) by asset what each order adds to the bound at each pair of ``prices``."""
        fees = [orders.fees for orders in self.assets]
        low, high = sum(float(one.min()) for one in fees), sum(float(one.max()) for one in fees)
        paid = 1.0 - self.problem.aims.cash_share
        found = list[FloatArray]()
        for one in self.assets:
            near = np.maximum(np.maximum(one.off - one.share * high, one.share * low - one.off), 0.0)
            taken = one.money + paid * one.fees
            found.append(near[:, None] + taken[:, None] * prices[:, 0] + one.worst[:, None] * prices[:, 1])
        return found

    def _leave_out_what_is_too_far(self) -> None:
        """Find the prices with the highest bounds on ever finer grids, and leave out orders that a bound forbids."""
        middle, size, kept = (
            np.array([0.0, 0.5 * _DEAREST_CASH]),
            np.array([1.0, 0.5 * _DEAREST_CASH]),
            list[FloatArray](),
        )
        ticks = np.linspace(-1.0, 1.0, _GRID)
        for _ in range(_ROUNDS):
            pairs = middle + size * np.array([(y, v) for y in ticks for v in ticks])
            pairs = np.column_stack([np.clip(pairs[:, 0], -1.0, 1.0), np.maximum(pairs[:, 1], 0.0)])
            bounds = self._bounds(pairs)
            lowest = [one.min(axis=0) for one in bounds]
            total = self._constant(pairs) + sum(lowest)
            for at, (one, low) in enumerate(zip(bounds, lowest, strict=True)):
                reached = (total - low + one).max(axis=1)
                self.assets[at] = self.assets[at].keep(reached <= self.least + self.problem.same)
            if not all(len(orders.units) for orders in self.assets):
                return
            order = np.argsort(-total, kind="stable")
            kept.append(pairs[order[:2]])
            middle, size = pairs[order[0]], 0.5 * size
        corners = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
        self.prices = np.concatenate([*kept, corners])

    def _may_be_better(self, reached: FloatArray, counts: FloatArray) -> BoolArray:
        same = self.problem.same
        fewer = (reached <= self.least + same) & (counts < self.count)
        return ((reached < self.least - same) | fewer) & (counts <= self.problem.most)

    def _try(self, depth: int, bound: FloatArray, worst: float, count: float) -> None:
        """Try all orders of the asset at ``depth`` after those of the path."""
        self.steps += 1
        if self.steps > _STEPS:
            self.proven = False
            return
        orders, reached = self.assets[depth], bound + self.bounds[depth]
        far = (reached + self.rest[depth + 1]).max(axis=1)
        counts = count + (orders.units != 0.0) + self.rest_count[depth + 1]
        paid = worst + orders.worst + self.rest_worst[depth + 1] <= self.problem.balance.free + ROUNDING
        at = np.flatnonzero(self._may_be_better(far, counts) & paid)
        if depth == len(self.assets) - 1:
            self._take_closest(at, counts[at])
            return
        for j in at[np.lexsort((np.abs(orders.off[at]), far[at]))]:
            if self.proven and self._may_be_better(far[j], counts[j]):
                self.path.append((depth, int(j)))
                placed = count + float(orders.units[j] != 0.0)
                self._try(depth + 1, reached[j], worst + float(orders.worst[j]), placed)
                self.path.pop()

    def _take_closest(self, at: np.ndarray, counts: FloatArray) -> None:
        """Take the closest of the orders ``at`` of the last asset, if they are better than what was found."""
        balance, aims, last = self.problem.balance, self.problem.aims, self.assets[-1]
        chosen = [(self.assets[d], j) for d, j in self.path]
        paid = sum(float(orders.fees[j]) for orders, j in chosen) + last.fees[at]
        moved = sum(float(orders.money[j]) for orders, j in chosen) + last.money[at]
        far = np.abs(last.off[at] - last.share * paid)
        for orders, j in chosen:
            far = far + np.abs(orders.off[j] - orders.share * paid)
        far = far + np.abs(self.cash_gap + moved + (1.0 - aims.cash_share) * paid)
        kept = self._may_be_better(far, counts)
        for one, money in [*((orders.one, orders.money[j]) for orders, j in chosen), (last.one, last.money[at])]:
            if (cap := self.problem.caps.get(one.ticker)) is not None:
                kept &= one.owned * one.price + money <= cap * (balance.value - paid) * (1.0 + ROUNDING)
        if kept.any():
            closest = far[kept].min() + self.problem.same
            here = np.flatnonzero(kept & (far <= closest))
            k = here[np.lexsort((far[here], counts[here]))[0]]
            units = {orders.one.ticker: float(orders.units[j]) for orders, j in [*chosen, (last, int(at[k]))]}
            self.best = {ticker: count for ticker, count in units.items() if count}
            self.least, self.count = min(self.least, float(far[k])), len(self.best)
