"""Orders of parts of shares, the words of their reasons, and prices that may be mistyped."""

from __future__ import annotations

import csv
import io

import pytest

from engine.depot.orders.order_terms import FINEST, ShareTerms
from tests.support.order_commands import OrdersCommand

PARTS = ("--now", "--set", "account.shares=fractional")


def quantities(found: dict[str, list[dict[str, float]]]) -> list[float]:
    return [one["quantity"] for one in found["orders"]]


def test_parts_of_shares_are_rounded_down_to_six_decimals_unless_all_are_asked_for(orders: OrdersCommand) -> None:
    rounded, exact = quantities(orders.json(*PARTS)), quantities(orders.json(*PARTS, "--exact"))
    assert len(rounded) == len(exact) == 3
    assert all(round(one, 6) == one for one in rounded)
    assert not any(round(one, 6) == one for one in exact)
    assert rounded == pytest.approx(exact, abs=1e-4)  # what one has less of, another may have more of


@pytest.mark.parametrize(
    ("wanted", "ordered"), [(0.3, 0.3), (2.0, 2.0), (1.9999999999, 2.0), (2.5507036999, 2.550703), (4e-7, 0.0)]
)
def test_what_is_six_decimals_already_is_not_rounded_further(wanted: float, ordered: float) -> None:
    assert ShareTerms(buy=FINEST).purchase(wanted, 10.0) == ordered


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), True),
        (("--set", "orders.shares=whole"), False),
        (("--set", "orders.shares=any"), False),
        (("--set", "orders.shares.buy=amount"), False),
    ],
)
def test_how_to_have_whole_shares_is_said_to_whom_did_not_choose(
    orders: OrdersCommand, more: tuple[str, ...], *, said: bool
) -> None:
    found = orders.json(*PARTS, *more)
    assert any("write orders: {shares: whole} into the plan" in one for one in found["warnings"]) is said
    whole = more[-1:] == ("orders.shares=whole",)
    assert all(one == int(one) for one in quantities(found)) is whole


def test_reasons_are_words_in_every_file(orders: OrdersCommand) -> None:
    assert {one["reason"] for one in orders.json("--now")["orders"]} == {
        "a rebalance, because you asked for one (--now)"
    }
    orders.run("--as-of", "2027-01-04", "--set", "orders.max_age=40", "--format", "csv")
    assert {row["reason"] for row in csv.DictReader(io.StringIO(orders.out))} == {"the rebalance of January"}


@pytest.mark.parametrize(("price", "told"), [("131.9", False), ("132.1", True), ("91.7", False), ("91.6", True)])
def test_a_given_price_more_than_a_fifth_from_the_last_close_is_told(
    orders: OrdersCommand, price: str, *, told: bool
) -> None:
    (orders.folder / "mine.csv").write_text(f"ticker,price\nEUNL,{price}\n")
    found = orders.json("--now", "--prices", str(orders.folder / "mine.csv"))
    assert any("times the last close, 110.00 of 2026-11-27" in one for one in found["warnings"]) is told


def test_a_sale_that_is_left_out_stays_held_and_a_purchase_s_money_stays_in_cash(orders: OrdersCommand) -> None:
    found = orders.json("--now", "--set", "orders.max_fee=0.01%")
    stays = {"buy": "its money stays in cash", "sell": "it stays held"}
    assert {one["side"] for one in found["left_out"]} == {"buy", "sell"}
    for one in found["left_out"]:
        (line,) = [text for text in found["warnings"] if text.startswith(f"{one['ticker']}: a ")]
        assert line.endswith(stays[one["side"]])
