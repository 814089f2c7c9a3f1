"""Orders beside public examples and own exact cases; the source of each stands beside it."""

from __future__ import annotations

import dataclasses
import math

import pytest

from engine.core.errors import DataError
from engine.depot.orders.order_terms import OrderTerms, ShareTerms
from engine.depot.orders.rounding import round_as_tested
from engine.depot.orders.sized_orders import Wanted
from engine.depot.orders.sizing import size_orders
from engine.portfolio.costs import BrokerCosts, NoCosts, PercentCosts
from tests.support.own_depots import Depot

COMDIRECT = BrokerCosts(tariff="comdirect")


def units(*held: float, prices: tuple[float, ...] = (), weights: tuple[float, ...], cash: float = 0.0) -> Depot:
    """Return a depot of amounts: fractional shares at a price of 1."""
    names = tuple("ABCDEFGH"[: len(held)])
    return Depot(names, held, prices or (1.0,) * len(held), weights, cash, step=0.0)


MOVES = [
    ("lakshmi: 60/40/0 to 54/36/10", units(60, 40, 0, weights=(0.54, 0.36, 0.1)), (-6, -4, 10)),
    ("lakshmi: with cash of 10", units(50, 40, 0, weights=(0.54, 0.36, 0.1), cash=10), (4, -4, 10)),
    ("lakshmi: a target of nothing is sold whole", units(90, 10, 10, weights=(0.9, 0.1, 0.0)), (9, 1, -10)),
    ("portfolio-performance#663", units(70, 30, weights=(0.8, 0.2)), (10, -10)),
    ("ianneub: 50k/30k/20k to 60/40/0", units(50e3, 30e3, 20e3, weights=(0.6, 0.4, 0.0)), (10e3, 10e3, -20e3)),
    ("rechnerplus.de", units(77_000, 33_000, weights=(0.6, 0.4)), (-11_000, 11_000)),
    ("zinszuechter", units(5005, 5350, weights=(0.5, 0.5)), (172.5, -172.5)),
    ("madamemoneypenny.de", units(55, 60, weights=(0.5, 0.5)), (2.5, -2.5)),
    ("kevinoninvesting.com", units(8150, 10380, weights=(0.5, 0.5)), (1115, -1115)),
    ("finanz-experts.de: of the whole", units(35, 65, weights=(0.5, 0.5)), (15, -15)),
    ("reddit HFEA", units(27_654, 29_868, weights=(0.55, 0.45)), (3983.10, -3983.10)),
    (
        "learn.askape.com, whose 72 % is wrong: 7200 of 11,280 are 63.83 %",
        units(7200, 4080, weights=(0.6, 0.4)),
        (-432, 432),
    ),
]


@pytest.mark.parametrize(("source", "depot", "moved"), MOVES, ids=[one[0] for one in MOVES])
def test_a_rebalance_moves_what_the_source_says(source: str, depot: Depot, moved: tuple[float, ...]) -> None:
    orders = depot.orders()
    assert [orders.get(ticker, 0.0) for ticker in depot.tickers] == pytest.approx(list(moved), abs=0.005)


WHOLE = [
    ("portfolio-performance#2582", Depot(("A", "B"), (0, 0), (20, 50), (0.3, 0.7), 1000.0), {"A": 15, "B": 14}, 0.0),
    (
        "port-reb: 61/137/125, cash 8; its 62/134/122 is further away, for another aim",
        Depot(("A", "B", "C"), (52, 136, 239), (98, 22, 8), (0.6, 0.3, 0.1)),
        {"A": 9, "B": 1, "C": -114},
        8.0,
    ),
    (
        "comdirect's tariff",
        Depot(("A", "B"), (60, 40), (100, 50), (0.5, 0.5), costs=COMDIRECT),
        {"A": -20, "B": 39},
        30.20,
    ),
    (
        "a fourth share does not fit",
        Depot(("A", "S"), (193, 5), (500, 700), (0.975, 0.025)),
        {"S": -2, "A": 2},
        400.0,
    ),
    (
        "fractions held, whole orders",
        Depot(("EUNL", "IS3N"), (100, 40.5), (110, 40), (0.8, 0.2), 1234.56),
        {"IS3N": 29},
        74.56,
    ),
    (
        "the same at comdirect",
        Depot(("EUNL", "IS3N"), (100, 40.5), (110, 40), (0.8, 0.2), 1234.56, costs=COMDIRECT),
        {"IS3N": 29},
        64.66,
    ),
    ("3.7 held, 40 %", Depot(("A", "B"), (3.7, 0), (10, 10), (0.4, 0.6)), {"A": -2, "B": 2}, 0.0),
    (
        "0.1 % of four assets",
        Depot(
            ("A", "B", "C", "D"),
            (59, 46, 26, 28),
            (76.66, 245.78, 36.40, 26.21),
            (3 / 17, 5 / 17, 8 / 17, 1 / 17),
            1611.96,
            costs=PercentCosts(rate=0.001),
        ),
        {"A": -15, "B": -24, "C": 222, "D": 15},
        171.10743,
    ),
]


@pytest.mark.parametrize(("source", "depot", "orders", "cash"), WHOLE, ids=[one[0] for one in WHOLE])
def test_whole_orders_are_those_of_the_source(source: str, depot: Depot, orders: dict[str, float], cash: float) -> None:
    sized = depot.sized()
    assert depot.orders() == orders
    assert sized.cash == pytest.approx(cash, abs=1e-6)


def test_what_is_sold_out_with_a_fraction_is_two_orders() -> None:
    """3 by limit and 0.7 at market: brokers execute the fraction apart."""
    orders = Depot(("A", "B"), (3.7, 10), (10, 10), (0.0, 1.0)).sized().orders
    sold = [(order.quantity, order.kind, order.limit) for order in orders if order.ticker == "A"]
    assert sold == [(3.0, "limit", 10.0), (pytest.approx(0.7), "fraction", None)]


@pytest.mark.parametrize(
    ("limit", "bought", "worst"), [(0.0, 10, 0.0), (0.005, 9, 95.5), (0.01, 9, 91.0), (0.05, 9, 55.0)]
)
def test_cash_is_there_when_every_order_fills_at_its_limit(limit: float, bought: int, worst: float) -> None:
    """1000 at a price of 100; lumibot's drift rebalancer has the same 9 shares at half a percent."""
    sized = Depot(("A",), (0,), (100,), (1.0,), 1000.0, limit=limit).sized()
    assert [order.quantity for order in sized.orders] == [bought]
    assert sized.worst_cash == pytest.approx(worst)


@pytest.mark.parametrize(("limit", "worst"), [(0.0, 90.10), (0.005, 85.60), (0.01, 81.10), (0.05, 45.10)])
def test_fees_are_part_of_the_worst_case(limit: float, worst: float) -> None:
    sized = Depot(("A",), (0,), (100,), (1.0,), 1000.0, costs=COMDIRECT, limit=limit).sized()
    assert [order.quantity for order in sized.orders] == [9]
    assert sized.worst_cash == pytest.approx(worst)


def test_limits_are_rounded_so_that_they_keep_their_word() -> None:
    """12.345 and half a percent: a purchase at 12.40 at most, a sale at 12.29 at least."""
    buy = Depot(("A",), (0,), (12.345,), (1.0,), 1000.0, limit=0.005).sized().orders[0]
    sell = Depot(("A", "B"), (80, 0), (12.345, 1.0), (0.0, 1.0), limit=0.005).sized().orders[0]
    assert (buy.limit, sell.limit) == (12.40, 12.29)


def test_an_order_whose_fee_is_too_large_a_share_of_it_is_left_out_and_its_money_stays() -> None:
    """comdirect, 1 %: 990 is the least order."""
    small = Depot(("A",), (0,), (10,), (1.0,), 900.0, costs=COMDIRECT, max_fee=0.01).sized()
    assert (len(small.orders), len(small.left_out), small.cash) == (0, 1, 900.0)
    assert not Depot(("A",), (0,), (10,), (1.0,), 1010.0, costs=COMDIRECT, max_fee=0.01).sized().left_out


def test_purchases_that_need_the_proceeds_of_sales_are_a_second_wave() -> None:
    orders = Depot(("A", "B"), (60, 40), (100, 50), (0.5, 0.5)).sized().orders
    assert [(order.side, order.wave) for order in orders] == [("sell", 1), ("buy", 2)]


@pytest.mark.parametrize(
    ("held", "weights", "money", "bought"),
    [
        ((53, 35, 9), (0.54, 0.36, 0.1), 3.0, (1, 1, 1)),
        ((100e3, 40e3, 50e3), (0.8, 0.1, 0.1), 25e3, (25e3, 0, 0)),
        ((50e3, 30e3, 40e3, 20e3, 10e3), (0.3, 0.2, 0.25, 0.15, 0.1), 50e3, (10e3,) * 5),
        (
            (13491.80, 3696.00, 3435.60, 1919.20, 1926.90),
            (0.4, 0.2, 0.2, 0.1, 0.1),
            8863.50,
            (0, 2970.60, 3231.00, 1414.10, 1247.80),
        ),
    ],
    ids=["lakshmi allocate_cash", "ianneub", "ianneub: 10k each", "wealthfolio#1248"],
)
def test_new_money_buys_what_is_furthest_below_its_target(
    held: tuple[float, ...], weights: tuple[float, ...], money: float, bought: tuple[float, ...]
) -> None:
    """The engine's own rule: the largest gap first, purchases only."""
    depot = units(*held, weights=weights)
    planned, market, _ = depot.planned(flow=money, now=False)
    found = [planned.trades[market.columns[ticker]] for ticker in depot.tickers]
    assert found == pytest.approx(list(bought), abs=0.005)


def test_purchases_of_fractions_are_cut_by_one_factor_where_limits_need_the_cash() -> None:
    """1000 for A and B half and half, limits 1 % above: each gets 1/1.01 of it, and the whole worst case is paid."""
    sized = Depot(("A", "B"), (0, 0), (10, 40), (0.5, 0.5), 1000.0, limit=0.01, step=0.0).sized()
    assert [order.quantity for order in sized.orders] == pytest.approx([50 / 1.01, 12.5 / 1.01])
    assert sized.worst_cash == pytest.approx(0.0, abs=1e-6)


def test_tax_that_sales_are_due_at_once_is_kept_back_from_purchases() -> None:
    """20 of A are sold for B; of the 2000 that they bring a quarter is due, and what is below nothing is nothing."""
    depot = Depot(("A", "B"), (60, 40), (100, 50), (0.5, 0.5))
    taxed = depot.sized(tax=lambda sold: -25.0 * sold["A"])
    assert (depot.orders(), taxed.tax, taxed.cash) == ({"A": -20, "B": 40}, 500.0, 0.0)
    assert [order.quantity for order in taxed.orders] == [20, 30]
    assert depot.sized(tax=lambda sold: 25.0 * sold["A"]) == depot.sized()


def test_settled_cash_is_all_that_is_bought_with_and_the_rest_is_due_later() -> None:
    """40 of B for the proceeds of 20 of A: 700 settled pay for 14 of them today."""
    depot = Depot(("A", "B"), (60, 40), (100, 50), (0.5, 0.5), settled=700.0)
    sized = depot.sized()
    assert depot.orders() == {"A": -20, "B": 14}
    assert [(one.ticker, one.money, one.why) for one in sized.left_out] == [
        ("B", 1300.0, "26 shares are due after settlement")
    ]
    assert dataclasses.replace(depot, settled=2000.0).sized() == dataclasses.replace(depot, settled=None).sized()


def test_what_needs_the_proceeds_of_sales_says_how_much_of_them() -> None:
    """Cash of 500 pays for a part of what 2250 buys."""
    sized = Depot(("A", "B"), (60, 40), (100, 50), (0.5, 0.5), 500.0).sized()
    assert [(order.signed, order.wave, order.needs) for order in sized.orders] == [(-18, 1, 0.0), (45, 2, 1750.0)]
    assert sized.notes == ("orders of wave 2 need 1,750.00 of what sales bring: enter them when these have filled",)


@pytest.mark.parametrize(
    ("cash", "price", "step", "bought"), [(100.0, 150.0, 0.001, [0.666]), (1.0, 1500.0, 0.001, [])]
)
def test_orders_are_multiples_of_a_step_rounded_down(
    cash: float, price: float, step: float, bought: list[float]
) -> None:
    """Scalable: three decimals."""
    orders = Depot(("A",), (0,), (price,), (1.0,), cash, step=step).sized().orders
    assert [order.quantity for order in orders] == bought
    assert [order.money for order in orders] == pytest.approx([99.90] if bought else [])


@pytest.mark.parametrize(
    ("cash", "price", "bought"), [(300.0, 625.0, 0.48), (500.0, 143.0, 3.496503), (9.999, 1, 9.99)]
)
def test_purchases_for_an_amount_are_of_whole_cents(cash: float, price: float, bought: float) -> None:
    """Trade Republic: finanztip.de, vielebroker.de."""
    shares = ShareTerms(buy=0.0, sell=0.0, cents=True)
    assert shares.purchase(cash / price, price) == pytest.approx(bought, abs=5e-7)


def test_one_asset_can_be_ordered_in_fractions_beside_whole_ones() -> None:
    orders = Depot(("A", "B"), (0, 0), (300, 300), (0.5, 0.5), 1000.0, parts=("B",)).orders()
    assert orders == {"A": 1, "B": pytest.approx(500 / 300)}


def test_a_limit_is_at_least_half_the_spread_away() -> None:
    """Spread of 50 bp, limits of 20: the limit of a purchase at 100 is 100.50."""
    depot = Depot(("A",), (0,), (100,), (1.0,), 1000.0, costs=NoCosts(spread=50.0), limit=0.002)
    assert [order.limit for order in depot.sized().orders] == [100.50]


def test_rounding_does_not_leave_a_cap_broken_that_the_exact_trade_keeps() -> None:
    """2.5 of A at 100 in a depot of 1000 are sold down to a cap of 20 %: the order of 0.5 is one share."""
    wanted = [Wanted("A", -0.5, 100.0, 2.5, 0.2, 0.0, 0.2, ""), Wanted("B", 0.5, 100.0, 7.5, 0.8, 0.0, math.inf, "")]
    assert round_as_tested(wanted, 0.0, 1000.0, OrderTerms(0, 0.01, 1, 0), lambda *_: 0.0) == {"A": -1.0, "B": 0.0}


def test_what_limits_need_is_taken_from_the_purchase_that_overshoots_most() -> None:
    """33.6, 33.6 and 32.4 shares: the odd share is A's, and A gives it back where every limit is one percent away."""
    depot = Depot(("A", "B", "C"), (0.4, 0, 0), (10, 10, 10), (0.34, 0.336, 0.324), 996.0)
    assert depot.orders() == {"A": 34, "B": 33, "C": 32}
    depot.limit = 0.01
    assert depot.orders() == {"A": 33, "B": 33, "C": 32}


def test_purchases_that_cash_pays_for_wait_for_no_sale() -> None:
    orders = Depot(("A", "B"), (60, 40), (100, 50), (0.3, 0.5), 5000.0).sized().orders
    assert [(order.ticker, order.side, order.wave) for order in orders] == [("A", "sell", 1), ("B", "buy", 1)]


def test_odd_shares_are_not_bought_with_the_cash_that_the_plan_keeps() -> None:
    """12.93 and 13.33 shares beside a fifth in cash: a share more of the first leaves 208 of 200, of both 178."""
    depot = Depot(("A", "B"), (0.4, 0), (30, 30), (0.4, 0.4), 988.0)
    assert depot.orders() == {"A": 13, "B": 13}


@pytest.mark.parametrize(
    ("depot", "sold"),
    [
        (Depot(("A", "B"), (60, 40), (100, 100), (0.5, 0.5), limit=0.01, step=0.0), {"A": -1000 / 99}),
        (Depot(("A", "B"), (60, 40), (100, 100), (0.5, 0.5), limit=0.01), {"A": -11}),
        (Depot(("A", "B"), (60.5, 40), (100, 70), (0.5, 0.5)), {"A": -10}),
        (Depot(("A", "B"), (60.5, 40), (150, 70), (0.5, 0.5)), {"A": -7}),
        (
            Depot(("A", "B"), (60, 40), (100, 100), (0.5, 0.5), 0.0, COMDIRECT, limit=0.01, step=0.0),
            {"A": -1009.9 / 99},
        ),
    ],
    ids=["fractions", "whole shares", "fractions held", "rounded down", "with a fee"],
)
def test_what_is_taken_out_is_there_when_all_sales_fill_at_their_limits(depot: Depot, sold: dict[str, float]) -> None:
    """1000 are taken out: 10 of A at 100 bring them, and at 99 they do not."""
    sized = depot.sized(flow=-1000.0, now=False)
    assert {order.ticker: order.signed for order in sized.orders} == pytest.approx(sold, abs=1e-7)
    assert sized.worst_cash >= -1e-6
    assert not sized.left_out


def test_what_cannot_be_taken_out_in_orders_worth_placing_is_told() -> None:
    """At comdirect 9.90 are taken for a sale of 510, which is more than 1 %."""
    depot = Depot(("A", "B"), (60, 40), (100, 100), (0.5, 0.5), costs=COMDIRECT, max_fee=0.01, step=0.0)
    with pytest.raises(
        DataError, match=r"leave cash 500.00 short .*A: its fee of 9.90 is more than 1.00% .*--withdraw"
    ):
        depot.sized(flow=-500.0, now=False)


def test_the_purchase_that_is_most_above_its_exact_quantity_gives_a_share_back() -> None:
    """1000 for 4.6 of A at 100 and 10.8 of B at 50 are 5 and 10; at limits 1 % above one of A has to go, not of B."""
    exact = [Wanted(one, 0.0, price, 0.0, 0.0, 0.0, math.inf, "") for one, price in (("A", 100.0), ("B", 50.0))]
    wanted = [
        one._replace(units=units, exact=so) for one, units, so in zip(exact, (5.0, 10.0), (4.6, 10.8), strict=True)
    ]
    sized = size_orders(wanted, 1000.0, OrderTerms(0.01, 0.01, 1.0, 0.0), lambda *_: 0.0)
    assert {order.ticker: order.quantity for order in sized.orders} == {"A": 4.0, "B": 10.0}
