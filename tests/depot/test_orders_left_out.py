"""What no order is placed for is named, and what no order can bring is one line."""

from __future__ import annotations

import pytest

from tests.support.order_commands import OrdersCommand


def test_orders_that_the_run_leaves_out_are_named(orders: OrdersCommand) -> None:
    """The rebalance is due all the same."""
    plan = orders.json("--now", "--set", "account.min_order=100000")
    assert ([one["kind"] for one in plan["due"]], plan["orders"]) == (["now"], [])
    assert {one["ticker"] for one in plan["left_out"]} == {"EUNL", "SPY", "VOD"}
    assert {one["why"] for one in plan["left_out"]} == {"below account.min_order of 100,000.00"}


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--now", "--set", "orders.reserve=1000000"), "orders.reserve: found 1,000,000.00, and the orders of"),
        (("--withdraw", "1000000"), "a withdrawal of 1,000,000.00 is due and"),
        (
            ("--withdraw", "1000000", "--set", "account.when_spent=stop"),
            "short when all of them fill at their limits, expected none; take out less (--withdraw)",
        ),
        (("--now", "--withdraw", "3000", "--set", "account.min_order=100000"), "of a withdrawal of 3,000.00 can be"),
    ],
    ids=str,
)
def test_money_that_cannot_be_raised_is_one_line(flags: tuple[str, ...], told: str, orders: OrdersCommand) -> None:
    assert orders.run(*flags) == 1
    assert told in orders.err
    assert orders.err.strip().splitlines()[-1].startswith("error: ")


def test_a_reserve_that_is_not_there_ends_nothing_where_nothing_is_due(orders: OrdersCommand) -> None:
    plan = orders.json("--set", "orders.reserve=1000000")
    assert plan["orders"] == plan["due"] == []
    assert [one for one in plan["warnings"] if one.startswith("--now would end with: orders.reserve: found")]
