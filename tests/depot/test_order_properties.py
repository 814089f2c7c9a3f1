"""What must hold for the orders of every depot."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.depot.orders.rounding import is_settled
from engine.depot.orders.sized_orders import SizedOrders
from engine.portfolio.costs import BrokerCosts, NoCosts, PercentCosts, PerOrderCosts
from tests.support.own_depots import Depot

FEW = settings(max_examples=60)
COSTS = [
    NoCosts(),
    PercentCosts(rate=0.001),
    BrokerCosts(tariff="comdirect"),
    PerOrderCosts(fixed=1, rate=0.001, minimum=2, maximum=30),
]


@st.composite
def depots(draw: st.DrawFn, *, fractions: bool = True) -> Depot:
    """Two to five assets, whole or fractional holdings, some cash, any tariff and limit."""
    count = draw(st.integers(2, 5))
    prices = draw(st.lists(st.integers(200, 90_000), min_size=count, max_size=count))
    parts = draw(st.lists(st.integers(0, 9), min_size=count + 1, max_size=count + 1).filter(lambda p: sum(p[:-1]) > 0))
    shares = st.integers(0, 400).map(float)
    held = draw(
        st.lists(
            shares | st.floats(0, 400).map(lambda x: round(x, 3)) if fractions else shares,
            min_size=count,
            max_size=count,
        )
    )
    return Depot(
        tuple("ABCDE"[:count]),
        tuple(held),
        tuple(price / 100.0 for price in prices),
        tuple(part / sum(parts) for part in parts[:-1]),
        float(draw(st.integers(100, 50_000))),
        costs=draw(st.sampled_from(COSTS)),
        limit=draw(st.sampled_from([0.0, 0.002, 0.01])),
    )


def traded(depot: Depot, sized: SizedOrders) -> dict[str, float]:
    """What is held when all orders are filled."""
    after = dict(zip(depot.tickers, depot.held, strict=True))
    for order in sized.orders:
        after[order.ticker] += order.quantity if order.side == "buy" else -order.quantity
    return after


@FEW
@given(depots())
def test_cash_is_never_short_not_even_when_all_fill_at_their_limits(depot: Depot) -> None:
    sized = depot.sized()
    assert sized.cash >= -1e-6
    assert sized.worst_cash >= -1e-6
    assert sized.worst_cash <= sized.cash + 1e-6


@FEW
@given(depots())
def test_nothing_is_sold_that_is_not_held_and_orders_are_whole(depot: Depot) -> None:
    sized = depot.sized()
    for order in sized.orders:
        assert order.quantity > 0.0
        if order.kind == "limit":
            assert order.quantity == round(order.quantity)
    assert min(traded(depot, sized).values()) >= -1e-9


@FEW
@given(depots())
def test_money_is_neither_made_nor_lost(depot: Depot) -> None:
    """What orders move, their fees and the change of cash are nothing together."""
    sized = depot.sized()
    moved = sum(order.money if order.side == "buy" else -order.money for order in sized.orders)
    fees = sum(order.fee for order in sized.orders)
    assert moved + fees + (sized.cash - depot.cash) == pytest.approx(0.0, abs=1e-6)


@FEW
@given(depots())
def test_the_order_of_the_assets_changes_nothing(depot: Depot) -> None:
    turned = [tuple(reversed(one)) for one in (depot.tickers, depot.held, depot.prices, depot.weights)]
    other = dataclasses.replace(depot, tickers=turned[0], held=turned[1], prices=turned[2], weights=turned[3])
    assert other.orders() == depot.orders()


@FEW
@given(depots())
def test_limits_are_on_the_right_side_of_the_price(depot: Depot) -> None:
    for order in depot.sized().orders:
        if order.limit is not None and order.side == "buy":
            assert order.price - 0.01 <= order.limit <= order.price * (1.0 + depot.limit) + 1e-9
        if order.limit is not None and order.side == "sell":
            assert order.price * (1.0 - depot.limit) - 1e-9 <= order.limit <= order.price + 0.01


@FEW
@given(depots(fractions=False))
def test_a_depot_that_has_followed_its_orders_is_left_alone(depot: Depot) -> None:
    """Within a share of every target: rounding alone would trade again."""
    sized = depot.sized()
    after = traded(depot, sized)
    done = dataclasses.replace(depot, held=tuple(after[ticker] for ticker in depot.tickers), cash=max(sized.cash, 0.0))
    planned, market, _ = done.planned()
    wanted = done.wanted(planned, market)
    value = sum(one.held * one.price for one in wanted) + done.cash
    if not sized.left_out:
        assert is_settled(wanted, value, done.terms) or any(order.limit != order.price for order in sized.orders)
