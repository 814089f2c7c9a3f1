"""Purchases give shares back until cash is there at all limits: quickly, and the same as share by share."""

from __future__ import annotations

import random

import pytest

from engine.depot.orders.order_terms import OrderTerms
from engine.depot.orders.sized_orders import SizedOrder, Wanted
from engine.depot.orders.worst_case import fit_worst_case

TERMS = OrderTerms(0.005, 0.01, 1.0, 0.0)


def fee(_: str, money: float) -> float:
    """A broker's: at least two, at most forty."""
    return min(max(2.0, 0.001 * money), 40.0) if money else 0.0


def purchase(ticker: str, quantity: float, price: float) -> SizedOrder:
    limit = TERMS.buy_limit(price, 0.0)
    return SizedOrder(ticker, "buy", quantity, price, limit, fee(ticker, quantity * price), "")


def asked(ticker: str, price: float, exact: float) -> Wanted:
    return Wanted(ticker, round(exact), price, 0.0, 0.5, 0.0, float("inf"), "", exact=exact)


def fitted(orders: list[SizedOrder], wanted: dict[str, Wanted], cash: float) -> dict[str, float]:
    left = list(orders)
    fit_worst_case(left, wanted, cash, TERMS, fee)
    return {one.ticker: one.quantity for one in left}


def share_by_share(orders: list[SizedOrder], wanted: dict[str, Wanted], cash: float) -> dict[str, float]:
    """As it is said: one share at a time of what overshoots most, of equals of the last ticker."""
    left = {one.ticker: (one.quantity, one.price) for one in orders}
    while left and sum(purchase(k, q, p).worst for k, (q, p) in left.items()) > cash + 1e-9 * max(abs(cash), 1.0):
        name = max(left, key=lambda ticker: (wanted[ticker].overshoot(left[ticker][0]), ticker))
        quantity, price = left.pop(name)
        if quantity > 1.0:
            left[name] = quantity - 1.0, price
    return {ticker: units for ticker, (units, _) in left.items()}


def test_shares_are_given_back_as_one_at_a_time_would_be() -> None:
    """Whole quantities rounded from exact ones, many of them equal, for cash that is short by any part."""
    rng = random.Random(7)
    for _ in range(150):
        names = "ABCDE"[: rng.randint(1, 5)]
        wanted = {
            name: asked(
                name, rng.randint(100, 20_000) / 100, rng.choice([0.25, 0.5, rng.random()]) + rng.randint(1, 90)
            )
            for name in names
        }
        orders = [purchase(name, one.units, one.price) for name, one in wanted.items() if one.units]
        cash = sum(order.worst for order in orders) * rng.choice([rng.random(), 0.995, 1.0, -1.0])
        assert fitted(orders, wanted, cash) == share_by_share(orders, wanted, cash), (wanted, cash)


@pytest.mark.parametrize("money", [1e9, 1e15, 1e18, 1e300])
def test_any_sum_of_money_is_cut_at_once(money: float) -> None:
    """A billion shares, and more than a number tells apart by one: within a limit's 0.5 % of what is there."""
    prices = {"A": 1.0, "B": 3.0}
    wanted = {name: asked(name, price, money / price / 2) for name, price in prices.items()}
    orders = [purchase(name, one.units, one.price) for name, one in wanted.items()]
    left = fitted(orders, wanted, money)
    spent = sum(purchase(name, units, prices[name]).worst for name, units in left.items())
    assert 0.9999 * money <= spent <= money * (1.0 + 1e-9)


def test_what_was_rounded_up_most_gives_back_first() -> None:
    """B was rounded up by 0.6, A down by 0.4: without the exact quantities the last ticker, C, would."""
    wanted = {"A": asked("A", 10.0, 5.4), "B": asked("B", 10.0, 5.6), "C": asked("C", 10.0, 5.0)}
    wanted["B"] = wanted["B"]._replace(units=6.0, exact=5.4)
    orders = [purchase("A", 5.0, 10.0), purchase("B", 6.0, 10.0), purchase("C", 5.0, 10.0)]
    assert fitted(orders, wanted, 165.0) == {"A": 5.0, "B": 5.0, "C": 5.0}
