"""Brokers' tariffs: each calculated by hand at three sizes of order, its savings plan beside it, sources and dates."""

from __future__ import annotations

import pytest

from engine.portfolio.costs import BrokerCosts
from engine.portfolio.tariffs import load_tariffs
from engine.simulation.kernel.order_costs import order_cost
from tests.support.kernels import quotes

ORDERS = {
    # price 50: 2 shares 0.01 -> 1 % of 100; 40 shares 0.20 -> 1; 2,000 shares 10
    "interactive_brokers_fixed": {100: 1.00, 2_000: 1.00, 100_000: 10.00},
    # 2 shares 0.007 -> 0.35; 40 shares 0.14 -> 0.35; 2,000 shares 7
    "interactive_brokers_tiered": {100: 0.35, 2_000: 0.35, 100_000: 7.00},
    # 0.05 % are 0.25 -> 3; 3.50; 50
    "interactive_brokers_fixed_europe": {500: 3.00, 7_000: 3.50, 100_000: 50.00},
    # 0.05 % are 0.25 -> 1.25; 3.50; 50 -> 29
    "interactive_brokers_tiered_europe": {500: 1.25, 7_000: 3.50, 100_000: 29.00},
    # 4.90 + 1.25 = 6.15 -> 9.90; 4.90 + 12.50; 4.90 + 125 -> 59.90
    "comdirect": {500: 9.90, 5_000: 17.40, 50_000: 59.90},
    "trade_republic": {50: 1.00, 5_000: 1.00, 50_000: 1.00},
    "scalable_free": {50: 0.99, 5_000: 0.99, 50_000: 0.99},
    "scalable_prime_plus": {250: 0.00, 5_000: 0.00, 50_000: 0.00},
    # 4.90 + 1.25, no minimum; 4.90 + 12.50; 4.90 + 125 -> 69.90
    "ing": {500: 6.15, 5_000: 17.40, 50_000: 69.90},
    "dkb": {50: 10.00, 5_000: 10.00, 10_000: 10.00},
    "zero_fee": {50: 0.00, 5_000: 0.00, 50_000: 0.00},
}
"""Fee by money of the order, in the tariff's currency, at a price of 50 a share."""

PURCHASES = {
    # 1.5 % of each
    "comdirect": {25: 0.375, 500: 7.50, 1_000: 15.00},
    "trade_republic": {25: 0.0, 500: 0.0, 1_000: 0.0},
    "scalable_free": {25: 0.0, 500: 0.0, 1_000: 0.0},
    "scalable_prime_plus": {25: 0.0, 500: 0.0, 1_000: 0.0},
    "ing": {25: 0.0, 500: 0.0, 1_000: 0.0},
    "dkb": {25: 1.50, 500: 1.50, 1_000: 1.50},
}


@pytest.mark.parametrize("name", load_tariffs())
def test_an_order_costs_what_was_calculated_by_hand(name: str) -> None:
    """Both ways, and in an account of another currency at the rate of the day: half of every amount, never of a rate."""
    table = BrokerCosts(tariff=name).cost_table(1)
    for money, fee in ORDERS[name].items():
        for side in (1.0, -1.0):
            assert order_cost(side * money, 0, quotes(50.0), table) == pytest.approx(fee, rel=1e-12), money
        # an account in a currency of which half a unit is worth one of the tariff's: money, price and fee are half
        assert order_cost(money / 2, 0, quotes(25.0, tariff_rate=0.5), table) == pytest.approx(fee / 2, rel=1e-12)


@pytest.mark.parametrize("name", [name for name, tariff in load_tariffs().items() if tariff.savings_plan])
def test_a_purchase_of_a_savings_plan_costs_what_was_calculated_by_hand(name: str) -> None:
    """What the plan charges, and not the price of an order."""
    table = BrokerCosts(tariff=name, savings_plan=True).cost_table(1).savings_plan
    assert table is not None
    for money, fee in PURCHASES[name].items():
        assert order_cost(money, 0, quotes(50.0), table) == pytest.approx(fee, rel=1e-12), money


def test_the_statements_that_were_read_agree_with_the_tariffs() -> None:
    """Three of them: 0.37 for 24.63 by a plan in 2026, 26.40 for 8,600 in 2007, 10.00 for 3,848.30 at DKB in 2024."""
    plan = BrokerCosts(tariff="comdirect", savings_plan=True).cost_table(1)
    assert plan.savings_plan is not None
    assert order_cost(24.63, 0, quotes(127.62), plan.savings_plan) == pytest.approx(0.37, abs=0.005)
    assert order_cost(8_600.0, 0, quotes(86.0), plan) == pytest.approx(26.40)
    assert order_cost(3_848.30, 0, quotes(1.67), BrokerCosts(tariff="dkb").cost_table(1)) == pytest.approx(10.00)


def test_every_tariff_is_worked_out_above_and_says_where_and_when_it_was_read() -> None:
    """A date is a year, perhaps with a month, or said to be missing."""
    assert set(ORDERS) == set(load_tariffs())
    for tariff in load_tariffs().values():
        for read in (tariff, *((tariff.savings_plan,) if tariff.savings_plan else ())):
            assert read.source
            year, _, month = read.as_of.partition("-")
            assert read.as_of == "undated" or (2020 < int(year) < 2030 and 0 < int(month or 1) < 13)
        other = tariff.other_orders
        assert other is None or bool(other.above) != bool(other.below)
