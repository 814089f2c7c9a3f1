"""What nobody means to type or to save: numbers beyond money, tables that are none, limits below a tick."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.core.errors import DataError
from engine.depot.flag_values import read_money
from engine.depot.orders.order_terms import OrderTerms
from engine.depot.orders.sized_orders import SizedOrders, Wanted
from engine.depot.orders.sizing import size_orders
from engine.depot.user_tables import read_user_table
from tests.support.order_commands import HELD, OrdersCommand


@pytest.mark.parametrize("flag", ["--cash", "--contribute", "--withdraw", "--settled-cash"])
@pytest.mark.parametrize("text", ["nan", "inf", "1e16", "1e308", "1e999999999"])
def test_what_is_no_money_is_one_line(orders: OrdersCommand, flag: str, text: str) -> None:
    assert orders.run(f"{flag}={text}") == 1
    assert orders.err.startswith(f"error: {flag}: found ")
    assert len(orders.err.splitlines()) == 1


@pytest.mark.parametrize("text", ["1e999999999", "1e-999999999", "1e16", "nan", "-"])
def test_money_at_the_start_is_no_number_of_a_million_digits(text: str) -> None:
    with pytest.raises(DataError, match="--cash-at-start: found"):
        read_money("--cash-at-start", text)


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"ticker,price\nEUNL\0,1\n", ": found a zero byte"),
        (b'ticker,price\n"' + b"x" * 200_000 + b'",1\n', ":2: not a row of a table"),
        (b"ticker,price,price\nEUNL,1,2\n", ":1: found the column 'price' twice"),
    ],
)
def test_a_table_that_is_none_is_one_line(tmp_path: Path, raw: bytes, told: str) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(raw)
    with pytest.raises(DataError) as caught:
        read_user_table(path, ("ticker", "price"), (), "ticker,price")
    assert str(caught.value).startswith(f"{path}{told}")
    assert "\n" not in str(caught.value)


def test_lines_may_end_as_on_any_system(tmp_path: Path) -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        (tmp_path / "own.csv").write_bytes(end.join([b"\xef\xbb\xbf Ticker ,PRICE", b"EUNL, 110", b"SPY", b""]))
        rows = read_user_table(tmp_path / "own.csv", ("ticker", "price"), (), "ticker,price")
        assert [cells for _, cells in rows] == [{"ticker": "EUNL", "price": "110"}, {"ticker": "SPY", "price": ""}]


def _sized(cash: float, price: float) -> SizedOrders:
    weights = {"A": (0.6, price), "B": (0.4, 2.0 * price)}
    wanted = [
        Wanted(name, weight * cash / each, each, 0.0, weight, 0.0, 1.0, "opening")
        for name, (weight, each) in weights.items()
    ]
    return size_orders(wanted, cash, OrderTerms(0.005, 1e-6, 1.0, 0.0), lambda _ticker, money: 1.0 + 0.001 * money)


def test_more_shares_than_floats_count_are_sized_too() -> None:
    found = _sized(1e15, 1e-3)
    assert found.orders
    assert found.worst_cash >= -1e15 * 1e-9


def test_a_price_below_the_step_of_limits_has_no_order_at_nothing(orders: OrdersCommand) -> None:
    found = orders.json("--now", "--set", "orders.tick=150")
    assert "EUNL" not in {one["ticker"] for one in found["orders"]}
    assert any(one["ticker"] == "EUNL" and "(orders.tick)" in one["why"] for one in found["left_out"])


def test_a_limit_is_told_with_all_its_decimals(orders: OrdersCommand) -> None:
    more = ("--now", "--set", "orders.tick=0.0005", "--set", "orders.limit=0.12%")
    limit = next(one["limit"] for one in orders.json(*more)["orders"] if one["ticker"] == "EUNL")
    assert limit == 109.868
    assert orders.run(*more, "--format", "checklist") == 0
    assert "limit 109.868 EUR" in orders.out


def test_a_day_that_is_written_without_dashes_is_that_day(orders: OrdersCommand) -> None:
    assert not any("is closed on" in one for one in orders.json("--as-of", "20261130")["warnings"])


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("cash", float("nan"), "found a number that no account has"),
        ("reference_price", [1e308, 1.0, 1.0], "found a number that no account has"),
        ("target", [99.0, 0.0, 0.0], "found a weight that is not between 0 and 1"),
        ("waits", [2**70, 0, 0], "found a number that no account has"),
        ("seen", {"date": "2026-11-27", "prices": [1e-320, 1.0, 1.0]}, "found a close that no asset has"),
        ("date", "20261125", "found the day '20261125', expected one as 2027-01-04"),
        ("opened", "2026-W48-3", "found the day '2026-W48-3', expected one as 2027-01-04"),
    ],
)
def test_a_state_that_no_account_has_is_one_line(orders: OrdersCommand, key: str, value: object, told: str) -> None:
    assert orders.run("--now", held=HELD) == 0
    state = json.loads((orders.folder / "out/three/2026-11-30/state.json").read_text())
    (orders.folder / "s.json").write_text(json.dumps({**state, key: value}))
    assert orders.run("--now", "--state", str(orders.folder / "s.json")) == 1
    assert orders.err.startswith(f"error: {orders.folder / 's.json'}: {told}")
    assert len(orders.err.splitlines()) == 1


def test_the_state_of_another_config_names_both_and_what_to_do(orders: OrdersCommand) -> None:
    assert orders.run("--now") == 0
    state = orders.folder / "out/three/2026-11-30/state.json"
    hashes = json.loads(state.read_text())["config"], json.loads(state.with_name("orders.json").read_text())["sha256"]
    assert orders.run("--now", "--state", str(state), "--set", "orders.limit=1%") == 1
    assert hashes[0] == hashes[1]["config"]
    assert f"{state}: found " in orders.err
    assert f"(config {hashes[0][:12]}), expected that of this one (" in orders.err
    assert "after a change of the plan leave --state out" in orders.err


def test_a_withdrawal_above_what_can_be_raised_says_both_amounts(orders: OrdersCommand) -> None:
    assert orders.run("--withdraw", "50000") == 1
    assert "a withdrawal of 50,000.00 is due and " in orders.err
    assert " can be raised" in orders.err
    assert len(orders.err.splitlines()) == 1


def test_a_large_part_of_a_depot_that_the_plan_does_not_know_is_told(orders: OrdersCommand) -> None:
    found = orders.json("--now", held=HELD + "XXX,500\n")
    assert any("XXX" in one for one in found["warnings"])


def test_prices_are_no_days_younger_than_they_are(orders: OrdersCommand) -> None:
    assert orders.run("--set", "orders.max_age=-1") == 1
    assert "orders.max_age" in orders.err
    assert "weekdays" not in orders.err, "the config is refused before any price is read"
