"""The whole orders that come closest, beside all that there are."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.depot.orders.closeness import Balance, BestChoice, aims_of, distance
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.sized_orders import SizedOrders, Wanted, signed_quantities
from engine.depot.orders.sizing import SizingChoices, size_orders
from engine.portfolio.costs import BrokerCosts, NoCosts, PercentCosts, PerOrderCosts
from engine.simulation.market_memory import quotes_at, recall
from tests.support.own_depots import SESSIONS, Depot

PORT_REB = Depot(("A", "B", "C"), (52, 136, 239), (98, 22, 8), (0.6, 0.3, 0.1))
DCAPAL = Depot(("A", "B", "C"), (10, 4, 5), (78.5, 68.6559, 27.89), (0.7, 0.15, 0.15))
TARIFFS = [
    NoCosts(),
    PercentCosts(rate=0.002),
    BrokerCosts(tariff="comdirect"),
    PerOrderCosts(fixed=1, rate=0.001, minimum=2, maximum=3),
]


class Case:
    """A depot with all that its orders are made of."""

    def __init__(self, depot: Depot, flow: float = 0.0) -> None:
        """Plan it."""
        self.depot, self.flow = depot, flow
        planned, market, plan = depot.planned(flow=flow, now=not flow)
        self.fees = OrderFees(market.columns, quotes_at(recall(market).arrays, SESSIONS - 1), plan.costs.of_orders())
        self.wanted = depot.wanted(planned, market)
        self.cash = depot.cash + flow
        self.value = self.cash + sum(one.held * one.price for one in self.wanted)
        self.account = Balance(self.cash, self.cash, self.value)

    def sized(self, best: BestChoice | None) -> SizedOrders:
        """Return its orders."""
        return size_orders(self.wanted, self.cash, self.depot.terms, self.fees, choices=SizingChoices(best=best))

    def far(self, quantities: dict[str, float], aim: str = "weights") -> float:
        """Return how far quantities leave it from its targets."""
        aims = aims_of(self.wanted, self.account, self.fees, aim)  # type: ignore[arg-type]
        return distance(self.wanted, quantities, self.account, self.fees, aims)

    def all_quantities(self, *, buying: bool = False) -> Iterator[dict[str, float]]:
        """Yield everything that cash is there for, at the limits too, and that is worth placing."""
        terms = self.depot.terms
        ranges = [
            range(0 if buying else -math.floor(one.held), math.floor(self.value / one.price) + 1) for one in self.wanted
        ]
        for counts in itertools.product(*ranges):
            taken, possible = 0.0, True
            for one, count in zip(self.wanted, counts, strict=True):
                if count:
                    money = abs(count) * one.price
                    fee = self.fees(one.ticker, money)
                    limit = terms.buy_limit(one.price, 0.0) if count > 0 else terms.sell_limit(one.price, 0.0)
                    taken += fee + (count * max(limit, one.price) if count > 0 else count * min(limit, one.price))
                    possible &= not terms.why_not(money, fee)
            if possible and taken <= self.cash + 1e-9:
                yield {one.ticker: float(count) for one, count in zip(self.wanted, counts, strict=True)}


def moved(sized: SizedOrders) -> dict[str, float]:
    return signed_quantities(list(sized.orders))


def test_rounding_as_it_was_tested_is_the_best_there_is_for_port_reb() -> None:
    """61, 137 and 125 shares, 8 of cash, and 44 away from the targets."""
    case = Case(PORT_REB)
    best = moved(case.sized(BestChoice()))
    assert best == moved(case.sized(None)) == {"A": 9, "B": 1, "C": -114}
    assert case.far(best) == pytest.approx(44.0)


def test_new_money_comes_closer_than_it_does_as_tested_for_dcapal() -> None:
    """250 to be invested: 13, 4 and 5 shares are 155.82 away, 12, 4 and 8 are 144.70, as dcapal says too."""
    case = Case(DCAPAL, 250.0)
    tested, best = case.sized(None), case.sized(BestChoice("flow"))
    assert (moved(tested), case.far(moved(tested))) == ({"A": 3}, pytest.approx(155.82208))
    assert (moved(best), case.far(moved(best))) == ({"A": 2, "C": 3}, pytest.approx(144.70304))
    assert (tested.cash, best.cash) == (pytest.approx(14.50), pytest.approx(9.33))


def test_the_fewest_orders_move_what_is_furthest_off() -> None:
    """portfolio-performance#5902: of 500, 1000 and 500 towards 50, 25 and 25 % two orders are all that is needed.

    One order alone would only move what is off into cash, or out of it.
    """
    pp = Case(Depot(("A", "B", "C"), (500, 1000, 500), (1, 1, 1), (0.5, 0.25, 0.25)))
    assert moved(pp.sized(BestChoice(fewest=2))) == {"A": 500, "B": -500}
    off = Case(Depot(("A", "B", "C"), (500, 1000, 520), (1, 1, 1), (0.5, 0.25, 0.25)))
    assert [len(off.sized(choice).orders) for choice in (None, BestChoice(fewest=2), BestChoice(fewest=1))] == [3, 2, 0]
    assert not off.sized(BestChoice(fewest=0)).orders


@st.composite
def small_depots(draw: st.DrawFn, count: int = 2) -> Depot:
    prices = draw(st.lists(st.integers(6000, 40_000), min_size=count, max_size=count))
    parts = draw(st.lists(st.integers(1, 9), min_size=count + 1, max_size=count + 1))
    held = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return Depot(
        tuple("ABCDEF"[:count]),
        tuple(map(float, held)),
        tuple(price / 100.0 for price in prices),
        tuple(part / sum(parts) for part in parts[:-1]),
        float(draw(st.integers(100, 1500))),
        costs=draw(st.sampled_from(TARIFFS)),
        limit=draw(st.sampled_from([0.0, 0.01])),
        max_fee=draw(st.sampled_from([1.0, 0.02])),
    )


def assert_nothing_is_closer(depot: Depot, flow: float = 0.0) -> None:
    case, aim = Case(depot, flow), "flow" if flow else "weights"
    if flow and not any(one.units for one in case.wanted):
        return  # the money is less than a share of what it is for: the rule leaves it in cash
    sized = case.sized(BestChoice(aim))  # type: ignore[arg-type]
    closest = min(case.far(one) for one in case.all_quantities(buying=bool(flow)))
    assert case.far(moved(sized)) == pytest.approx(closest, abs=2e-6 * case.value)
    assert case.far(moved(sized)) <= case.far(moved(case.sized(None))) + 1e-6
    assert min(sized.worst_cash, sized.cash) >= -1e-6


@pytest.mark.slow
@settings(max_examples=15)
@given(small_depots())
def test_no_whole_orders_of_two_assets_come_closer(depot: Depot) -> None:
    assert_nothing_is_closer(depot)


@pytest.mark.slow
@settings(max_examples=15)
@given(small_depots(3), st.sampled_from([0.0, 400.0]))
def test_no_whole_orders_of_three_assets_come_closer(depot: Depot, flow: float) -> None:
    assert_nothing_is_closer(depot, flow)


@settings(max_examples=10)
@given(small_depots(5))
def test_scaling_all_money_by_a_power_of_two_changes_no_quantity(depot: Depot) -> None:
    depot = dataclasses.replace(depot, costs=PercentCosts(rate=0.001), limit=0.0)
    large = dataclasses.replace(depot, prices=tuple(8.0 * price for price in depot.prices), cash=8.0 * depot.cash)
    small, scaled = (moved(Case(one).sized(BestChoice())) for one in (depot, large))
    assert small == scaled


def test_what_is_sold_out_is_sold_whole_whatever_comes_closest() -> None:
    sized = Case(Depot(("A", "B"), (3.7, 10), (10, 10), (0.0, 1.0))).sized(BestChoice())
    assert moved(sized) == {"A": -3.7, "B": 3.0}


def test_trades_of_a_part_stay_those_of_the_rule() -> None:
    """Where the rule trims A alone, B is not bought for its weight."""
    wanted = [
        Wanted("A", -2.4, 100.0, 10.0, 0.5, 0.0, math.inf, ""),
        Wanted("B", 0.0, 10.0, 10.0, 0.5, 0.0, math.inf, ""),
    ]
    case = Case(Depot(("A", "B"), (10, 10), (100, 10), (0.5, 0.5)))
    case.wanted = wanted
    assert moved(case.sized(BestChoice("trades"))) == {"A": -2.0}
