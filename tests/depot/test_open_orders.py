"""Orders that are open at the broker are part of the plan."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.cli import main
from engine.core.errors import DataError
from engine.depot.codes import Identifiers
from engine.depot.orders.open_orders import OpenOrder, cash_bound, net_open_sales, read_pending
from engine.depot.orders.order_fees import OrderFees
from engine.depot.orders.sized_orders import Wanted
from engine.portfolio.costs import BrokerCosts
from engine.simulation.kernel.records import Quotes

CODES = Identifiers({"IE00B4L5Y983": "EUNL", "A111X9": "IS3N"}, ("EUNL", "IS3N"))
CONFIG = """name: two
window: {start: 2024-01-02}
data: {source: {kind: files, path: closes.csv}, calendar: XNYS, currencies: {EUNL: EUR, IS3N: EUR}}
account: {currency: EUR, shares: whole}
strategy: {kind: fixed_mix, weights: {EUNL: 50%, IS3N: 50%}, rebalance: {kind: annual}}
costs: {kind: broker, tariff: comdirect}
orders: {limit: 0, max_fee: 100%}
"""


def rows(folder: Path, *lines: str) -> Path:
    (folder / "open.csv").write_text("\n".join(("side,code,quantity,limit", *lines)) + "\n")
    return folder / "open.csv"


def test_an_open_purchase_takes_its_money_with_the_fee() -> None:
    """10 at 100 from 1500 at comdirect: 490.10 are free."""
    import numpy as np

    quotes = Quotes(np.array([100.0]), np.array([1.0]), 1.0, np.zeros(1, np.uint8))
    fees = OrderFees({"A": 0}, quotes, BrokerCosts(tariff="comdirect").cost_table(1))
    assert 1500.0 - cash_bound([OpenOrder("buy", "A", 10.0, 100.0, "open.csv:2")], fees) == pytest.approx(490.10)


def test_any_code_of_an_asset_names_it(tmp_path: Path) -> None:
    path = rows(tmp_path, "buy,IE00B4L5Y983,10,110.00", "Sell,a111x9,2.5,40")
    assert read_pending(path, CODES, {"IS3N": 3.0}) == (
        OpenOrder("buy", "EUNL", 10.0, 110.0, f"{path}:2"),
        OpenOrder("sell", "IS3N", 2.5, 40.0, f"{path}:3"),
    )


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["hold,EUNL,1,1"], "found the side 'hold'"),
        (["buy,XXX,1,1"], "the plan does not name"),
        (["buy,EUNL,0,1"], "found the quantity '0'"),
        (["buy,EUNL,1,"], "found the limit ''"),
        (["buy,EUNL,1,1", "sell,EUNL,1,1"], "in line 2 an open buy; cancel first"),
        (["sell,EUNL,2,1", "sell,EUNL,2,1"], "found open sales of 4 EUNL, expected at most the 3"),
    ],
)
def test_what_is_wrong_with_open_orders_is_said_by_line(tmp_path: Path, lines: list[str], words: str) -> None:
    with pytest.raises(DataError, match=r"open.csv:[23]: ") as raised:
        read_pending(rows(tmp_path, *lines), CODES, {"EUNL": 3.0})
    assert words in str(raised.value)


def test_purchases_wait_for_the_money_of_open_sales() -> None:
    """Of 20 sold for 40 of B 15 are open: only the five new ones pay, for ten."""
    wanted = [
        Wanted("A", -20.0, 100.0, 60.0, 0.5, 0.0, float("inf"), "", -15.0),
        Wanted("B", 40.0, 50.0, 0.0, 0.5, 0.0, float("inf"), ""),
    ]
    netted, notes = net_open_sales(wanted, 0.0, lambda *_: 0.0)
    assert [one.units for one in netted] == pytest.approx([-5.0, 10.0])
    assert notes == ("purchases are cut to 25%: the rest waits for the money of open sales",)


@pytest.fixture
def ordered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, dict[str, object]]]:
    """Orders of 60 EUNL at 100 and 40 IS3N at 50 towards halves."""
    import numpy as np

    days = np.busday_offset("2024-01-02", np.arange(22), roll="forward")
    closes = "".join(f"{day},100,50\n" for day in days if str(day) != "2024-01-15")
    (tmp_path / "closes.csv").write_text("date,EUNL,IS3N\n" + closes)
    (tmp_path / "plan.yaml").write_text(CONFIG)
    (tmp_path / "held.csv").write_text("ticker,quantity\nEUNL,60\nIS3N,40\nCASH,0\n")
    monkeypatch.chdir(tmp_path)

    def run(*more: str, lines: tuple[str, ...] = ()) -> tuple[int, dict[str, object]]:
        given = ("--pending", str(rows(tmp_path, *lines))) if lines else ()
        command = ["engine", "orders", "plan.yaml", "--holdings", "held.csv", "--as-of", "2024-02-01", "--now"]
        monkeypatch.setattr(sys, "argv", [*command, *given, *more])
        code = main()
        path = tmp_path / "orders" / "two" / "2024-02-01" / "orders.json"
        return code, json.loads(path.read_text()) if path.exists() else {}

    return run


def quantities(plan: dict[str, object]) -> dict[str, float]:
    return {one["ticker"]: one["quantity"] * (1 if one["side"] == "buy" else -1) for one in plan["orders"]}


def test_open_orders_are_netted_with_new_ones(ordered: Callable[..., tuple[int, dict[str, object]]]) -> None:
    """Without them 20 are sold and 39 bought; of 15 that are open to be sold 5 are new, and what they bring is spent."""
    code, plan = ordered()
    assert (code, quantities(plan)) == (0, {"EUNL": -20, "IS3N": 39})
    assert "assumed: no other orders are open" in plan["assumptions"]
    code, plan = ordered(lines=("sell,EUNL,15,100",))
    assert (code, quantities(plan)) == (0, {"EUNL": -5, "IS3N": 9})
    assert "assumed: no other orders are open" not in plan["assumptions"]
    assert "open already, and counted: sell 15 EUNL at 100" in plan["warnings"]


def test_an_open_purchase_counts_as_value_and_cannot_be_sold(
    ordered: Callable[..., tuple[int, dict[str, object]]],
) -> None:
    """20 IS3N are open, paid with 1009.90 of 2000: the plan is that of 60 of each and 990.10."""
    code, plan = ordered("--cash", "2000", lines=("buy,IS3N,20,50",))
    assert code == 0
    assert plan["value"] == pytest.approx(9990.10)
    assert quantities(plan) == {"EUNL": -10, "IS3N": 39}


def test_an_order_against_an_open_one_has_to_be_cancelled_first(
    ordered: Callable[..., tuple[int, dict[str, object]]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ordered("--cash", "2000", lines=("buy,EUNL,5,100",))[0] == 1
    message = " ".join(capsys.readouterr().err.split())
    assert "open.csv:2: found an open order to buy 5 EUNL at 100, and the rule asks to sell" in message
    assert "cancel first" in message


def test_settled_cash_bounds_what_is_bought_today(ordered: Callable[..., tuple[int, dict[str, object]]]) -> None:
    code, plan = ordered("--settled-cash", "700")
    assert (code, quantities(plan)) == (0, {"EUNL": -20, "IS3N": 13})
    assert [one["why"] for one in plan["left_out"]] == ["26 shares are due after settlement"]


def test_orders_are_rounded_as_closely_as_is_asked(ordered: Callable[..., tuple[int, dict[str, object]]]) -> None:
    """20 sold and 39 bought are the closest at comdirect's fees, as tested; of one order alone there is less."""
    assert quantities(ordered("--rounding", "best")[1]) == {"EUNL": -20, "IS3N": 39}
    assert len(ordered("--fewest-orders", "1")[1]["orders"]) == 1


def test_what_the_plan_does_not_name_is_sold_whole_where_that_is_asked_for(
    ordered: Callable[..., tuple[int, dict[str, object]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """10.5 X at 100 bring 1050 less two fees for the plan, which sells less; without a price nothing is planned."""
    (tmp_path / "held.csv").write_text("ticker,quantity\nEUNL,60\nIS3N,40\nXXX,10.5\nCASH,0\n")
    assert ordered("--set", "orders.unknown=sell")[0] == 1
    assert "found no price of XXX" in capsys.readouterr().err
    (tmp_path / "prices.csv").write_text("ticker,price\nXXX,100\nEUNL,100\nIS3N,50\n")
    code, plan = ordered("--set", "orders.unknown=sell", "--prices", "prices.csv")
    sold = [(one["quantity"], one["kind"], one["wave"]) for one in plan["orders"] if one["ticker"] == "XXX"]
    assert (code, sold) == (0, [(10.0, "limit", 1), (0.5, "fraction", 1)])
    assert {ticker: one for ticker, one in quantities(plan).items() if ticker != "XXX"} == {"EUNL": -15, "IS3N": 50}
    assert plan["cash"]["after"] == pytest.approx(1050 + 1500 - 2500 - 3 * 9.90 - (4.90 + 0.0025 * 2500))
