"""One depot in every layout that brokers have gives one plan: 29 shares of IS3N, and nothing else (ORDERS, I12)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.depot_files import CASH, FILES, WITH_HOLDINGS
from tests.support.order_commands import OrdersCommand

CONFIG = """
name: world-em
data:
  calendar: XETR
  source: {kind: files, path: PRICES, closes: raw, currency: EUR}
account: {capital: 20000, currency: EUR, shares: whole}
strategy:
  kind: fixed_mix
  weights: {EUNL: 80%, IS3N: 20%}
  rebalance: {kind: annual, month: january}
costs: {kind: none}
orders: {limit: 0.5%}
identifiers:
  IE00B4L5Y983: {ticker: EUNL, ibkr: EUNL, exchange: SMART/IBIS2, currency: EUR}
  A0RPWH: EUNL
  IE00BKM4GZ66: {ticker: IS3N, ibkr: IS3N, exchange: SMART/IBIS2, currency: EUR}
  A111X9: IS3N
"""
PRICES = "date,EUNL,IS3N\n" + "".join(f"2026-11-{day},110.00,40.00\n" for day in (*range(16, 21), *range(23, 28)))
BASKET = (
    "Action,Quantity,Symbol,SecType,Exchange,Currency,TimeInForce,OrderType,LmtPrice,BasketTag\r\n"
    "BUY,29,IS3N,STK,SMART/IBIS2,EUR,DAY,LMT,40.2,world-em-20261130\r\n"
)
SAMPLES = (
    "comdirect_depot.csv",
    "degiro_portfolio_de.csv",
    "dkb_depot.csv",
    "ibkr_flex_positions.xml",
    "plain.csv",
    "pp_transactions.csv",
    "pp_vermoegensaufstellung.csv",
    "scalable_transactions.csv",
    "traderepublic_transactions.csv",
)


def plan_of(orders: OrdersCommand, name: str, raw: bytes) -> Any:
    """Return the plan for the depot in one layout, less what tells of the file itself."""
    orders.config = CONFIG
    cash = "Verrechnungskonto" if name.startswith(("pp_v", "pp_s")) else str(CASH)
    more = ("--cash", cash, "--fx", "EURUSD=1.1", "--now")
    found = orders.json(*more, held=raw, name=name, prices=PRICES)
    for key in ("sha256", "unknown", "warnings", "assumptions"):
        del found[key]
    del found["cash"]["settled"]
    for one in (*found["positions"], *found["orders"]):
        for key in ("codes", "isin", "wkn"):
            one.pop(key, None)
    return found


@pytest.fixture
def expected(orders: OrdersCommand) -> Any:
    return plan_of(orders, "plain.csv", FILES["plain.csv"][1])


@pytest.mark.parametrize("name", WITH_HOLDINGS)
def test_every_layout_gives_the_same_plan(orders: OrdersCommand, expected: Any, name: str) -> None:
    assert plan_of(orders, name, FILES[name][1]) == expected
    assert [(one["ticker"], one["side"], one["quantity"]) for one in expected["orders"]] == [("IS3N", "buy", 29.0)]
    assert expected["cash"]["after"] == pytest.approx(74.56)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_basket_of_the_sample_depot_is_the_expected_one_byte_for_byte(
    orders: OrdersCommand, shared_data: Path, name: str
) -> None:
    folder = shared_data / "samples" / "orders"
    plan_of(orders, name, (folder / name).read_bytes())
    written = (orders.folder / "out" / "world-em" / "2026-11-30" / "basket.csv").read_bytes()
    assert written == BASKET.encode() == (folder / "basket_expected.csv").read_bytes()
