"""Orders, fees and bands that other programs and pages publish, and own exact ones; the source stands beside each."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.sources.exchange_calendar import exchange_sessions
from engine.depot.orders.order_terms import OrderTerms
from engine.depot.orders.rounding import is_settled
from engine.portfolio.costs import BrokerCosts, Costs, PercentCosts, PerOrderCosts
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.records import Quotes
from tests.support.own_depots import Depot

COMDIRECT = BrokerCosts(tariff="comdirect")
INTERACTIVE_BROKERS = BrokerCosts(tariff="interactive_brokers_fixed")


def money(*held: float, weights: tuple[float, ...], costs: Costs | None = None) -> Depot:
    """Return a depot of amounts: fractional shares at a price of 1."""
    more = {} if costs is None else {"costs": costs}
    return Depot(tuple("ABCDE"[: len(held)]), held, (1.0,) * len(held), weights, step=0.0, **more)


def moved(depot: Depot, flow: float, *, now: bool = False) -> list[float]:
    planned, market, _ = depot.planned(flow=flow, now=now)
    return [float(planned.trades[market.columns[ticker]]) for ticker in depot.tickers]


IANNEUB, DKASLOVSKY = ((100e3, 40e3, 50e3), (0.8, 0.1, 0.1)), ((250, 100, 200), (0.5, 0.2, 0.3))
FLOWS = [
    ("ianneub: the rest goes by the targets", *IANNEUB, 325e3, (312e3, 11.5e3, 1.5e3)),
    ("ianneub: the least money that balances by purchases alone", *IANNEUB, 310e3, (300e3, 10e3, 0)),
    (
        "ianneub: what is most above its target is sold alone; stocks are 60.6 % then, not its 80",
        *IANNEUB,
        -25e3,
        (0, 0, -25e3),
    ),
    ("dkaslovsky: all is bought", *DKASLOVSKY, 1000, (525, 210, 265)),
    ("dkaslovsky: the largest gap first", *DKASLOVSKY, 100, (75, 25, 0)),
    ("dkaslovsky: the least money that balances by purchases alone", *DKASLOVSKY, 350 / 3, (250 / 3, 100 / 3, 0)),
    (
        "lakshmi: withdrawing more than one asset is too large; it plans two accounts as one, -1 and -1",
        (3, 1),
        (0.9, 0.1),
        -2,
        (-1.2, -0.8),
    ),
    ("portfolio-performance#663: purchases alone", (70, 30), (0.8, 0.2), 50, (50, 0)),
    ("zinszuechter: new money", (5005, 5350), (0.5, 0.5), 345, (345, 0)),
    ("madamemoneypenny.de: new money", (55, 60), (0.5, 0.5), 5, (5, 0)),
    (
        "reddit HFEA: doubling the move of 3983.10 is wrong, it reaches 54.41 %",
        (27_654, 29_868),
        (0.55, 0.45),
        3983.10 / 0.45,
        (3983.10 / 0.45, 0),
    ),
    ("dcapal: no order for a target of nothing", (0, 0), (1.0, 0.0), 2000, (2000, 0)),
    ("7000/3000: all to the second", (7000, 3000), (0.6, 0.4), 500, (0, 500)),
    ("7000/3000: the least that balances", (7000, 3000), (0.6, 0.4), 5000 / 3, (0, 5000 / 3)),
]


@pytest.mark.parametrize(("source", "held", "weights", "flow", "traded"), FLOWS, ids=[one[0] for one in FLOWS])
def test_money_paid_in_or_out_moves_what_the_source_says(
    source: str, held: tuple[float, ...], weights: tuple[float, ...], flow: float, traded: tuple[float, ...]
) -> None:
    assert moved(money(*held, weights=weights), flow) == pytest.approx(list(traded), abs=0.005)


def test_a_rebalance_with_new_money_sells_too() -> None:
    """dkaslovsky: 100 more, with sales."""
    assert moved(money(*DKASLOVSKY[0], weights=DKASLOVSKY[1]), 100.0, now=True) == pytest.approx([75, 30, -5])


def test_new_money_pays_the_fee_of_what_it_buys() -> None:
    """1000 at comdirect are 990.10 of the second and 9.90."""
    bought = moved(money(7000, 3000, weights=(0.6, 0.4), costs=COMDIRECT), 1000.0)
    assert bought == pytest.approx([0.0, 990.10])


def test_a_fee_is_part_of_what_a_rebalance_comes_to() -> None:
    """60 at 100 and 40 at 50, half and half at comdirect: 7980.1752190238 are left, 9.9247809762 and 9.90 are paid."""
    planned, _, _ = Depot(("A", "B"), (60, 40), (100, 50), (0.5, 0.5), costs=COMDIRECT, step=0.0).planned()
    assert sorted(planned.fees.tolist()) == pytest.approx([9.90, 9.9247809762], abs=1e-9)


@pytest.mark.parametrize(
    ("price", "held", "target", "traded"),
    [(150, 0, 25e3, 166), (200, 50, 16e3, 30), (100, 400, 9e3, -310), (200, 220, 16e3, -140), (100, 320, 9e3, -230)],
)
def test_shares_to_a_target_are_those_of_thetagang(price: float, held: float, target: float, traded: float) -> None:
    """Of 100,000; the rest is a second asset at 1."""
    depot = Depot(("A", "B"), (held, 100e3 - held * price), (price, 1), (target / 100e3, 1.0 - target / 100e3))
    assert depot.orders()["A"] == traded


def test_targets_are_of_the_whole_depot() -> None:
    """fa-mag.com: 20 % of 115,000 with 16,500 held are 65 shares at 100; qbt: half of 10,000 at 50 are 100."""
    assert Depot(("A", "B"), (165, 98_500), (100, 1), (0.2, 0.8)).orders()["A"] == 65
    assert Depot(("A",), (0,), (50,), (0.5,), 10_000.0).orders() == {"A": 100}


def test_drifts_and_moves_are_those_of_lumibot() -> None:
    """1500, 1000 and 800 towards 50, 30 and 20 %: 1650, 990 and 660, .0454545455 and so on of 3300 away."""
    traded = moved(money(1500, 1000, 800, weights=(0.5, 0.3, 0.2)), 0.0, now=True)
    assert traded == pytest.approx([150, -10, -140])
    assert [one / 3300 for one in traded] == pytest.approx([0.0454545455, -0.0030303030, -0.0424242424])
    orders = Depot(("A", "B"), (40, 60), (100, 100), (0.5, 0.5), limit=0.005).sized().orders
    assert {order.side: order.limit for order in orders} == {"buy": 100.50, "sell": 99.50}


BANDS = [
    ("lakshmi: 6 and 4 points off", (56, 30, 14), (0.54, 0.36, 0.1), {"absolute": "5%", "relative": "25%"}, True),
    ("lakshmi: one point off", (54, 35, 11), (0.54, 0.36, 0.1), {"absolute": "5%", "relative": "25%"}, False),
    ("bundles.fi: 24.9531 %", (266, 800), (0.2, 0.8), {"absolute": "5%"}, False),
    ("bundles.fi: above 25 %, where its 33 % more is 24.95 %", (267, 800), (0.2, 0.8), {"absolute": "5%"}, True),
    ("bundles.fi: 14.9841 %", (141, 800), (0.2, 0.8), {"absolute": "5%"}, True),
    ("bundles.fi: 15.0743 %", (142, 800), (0.2, 0.8), {"absolute": "5%"}, False),
    ("bogleheads.org: -2.6 and +9.5 % of their targets", (76.46, 23.54), (0.785, 0.215), {"relative": "10%"}, False),
]


@pytest.mark.parametrize(("source", "held", "weights", "band", "due"), BANDS, ids=[one[0] for one in BANDS])
def test_a_band_is_broken_where_the_source_says(
    source: str, held: tuple[float, ...], weights: tuple[float, ...], band: dict[str, str], due: bool
) -> None:
    depot = money(*held, weights=weights)
    depot.rebalance = {"kind": "band", **band}
    assert bool(depot.planned(now=False)[0].due) == due


FEES = [
    ("comdirect", COMDIRECT, ((100, 9.90), (2000, 9.90), (2001, 9.9025), (4000, 14.90), (22e3, 59.90), (50e3, 59.90))),
    ("kallegrens: 0.25 %, 9 at least", PerOrderCosts(rate=0.0025, minimum=9), ((100, 9), (3600, 9), (3601, 9.0025))),
]


def cost(costs: Costs, traded: float, price: float, *, foreign: bool = False) -> float:
    quotes = Quotes(np.array([price]), np.array([1.0]), 1.0, np.zeros(1, np.uint8))
    return float(order_cost(traded, 0, quotes, costs.cost_table(1, np.array([foreign])).of_orders()))


@pytest.mark.parametrize(("source", "costs", "orders"), FEES, ids=[one[0] for one in FEES])
def test_fees_are_those_of_the_price_list(source: str, costs: Costs, orders: tuple[tuple[float, float], ...]) -> None:
    assert [cost(costs, one, 10.0) for one, _ in orders] == pytest.approx([fee for _, fee in orders], abs=1e-9)


@pytest.mark.parametrize(
    ("shares", "price", "fee"), [(1, 100, 1), (1000, 5, 5), (3, 20, 0.60), (1, 0.5, 0.005), (1000, 0.4, 4)]
)
def test_fees_by_the_share_are_at_most_one_percent(shares: float, price: float, fee: float) -> None:
    """Interactive Brokers, fixed: 0.005 a share, 1 at least, and 1 % at most, which wins."""
    assert cost(INTERACTIVE_BROKERS, shares * price, price) == pytest.approx(fee)


def test_an_exchange_of_currency_costs_beside_the_order() -> None:
    """kallegrens: 500 dollars at 10 kronor, 0.25 % each: 12.50 and 12.50."""
    costs = PerOrderCosts(rate=0.0025, minimum=9, fx=0.0025)
    assert cost(costs, 5000.0, 10.0, foreign=True) == pytest.approx(25.0)


@pytest.mark.parametrize(
    ("costs", "most", "least"),
    [
        (COMDIRECT, 0.01, 990),
        (COMDIRECT, 0.005, 1980),
        (INTERACTIVE_BROKERS, 0.005, 200),
        (PerOrderCosts(fixed=2.95), 0.005, 590),
        (PerOrderCosts(rate=0.0019, minimum=1.5, maximum=18), 0.005, 300),
        (PerOrderCosts(fixed=2, rate=0.002), 0.01, 250),
    ],
    ids=["comdirect 1 %", "comdirect 0.5 %", "Interactive Brokers", "dcapal fixed", "dcapal variable", "Freedom24"],
)
def test_the_least_order_is_that_whose_fee_is_the_most_that_is_paid(costs: Costs, most: float, least: float) -> None:
    terms = OrderTerms(0.0, 0.01, most, 0.0)
    assert not terms.why_not(least + 1e-6, cost(costs, least + 1e-6, 100.0))
    assert terms.why_not(least - 0.01, cost(costs, least - 0.01, 100.0))


def test_fractions_of_the_sample_depot_are_bought_exactly() -> None:
    """100 and 40.5 shares at 110 and 40 with 1234.56, towards 80 and 20 %."""
    depot = Depot(("EUNL", "IS3N"), (100, 40.5), (110, 40), (0.8, 0.2), 1234.56, step=0.0)
    assert depot.orders() == pytest.approx({"EUNL": 0.760436363636, "IS3N": 28.7728})


def test_money_paid_out_of_a_rebalance_is_in_its_orders_one_an_asset() -> None:
    """As wealthfolio PR#1612 asks: -100 and +100 of the rebalance, and 150 of each for the money, are one order each."""
    orders = money(600, 400, weights=(0.5, 0.5)).sized(flow=-300.0).orders
    assert [(order.ticker, order.side, order.quantity) for order in orders] == [
        ("A", "sell", pytest.approx(250.0)),
        ("B", "sell", pytest.approx(50.0)),
    ]


def test_rounding_alone_trades_no_second_time() -> None:
    """0.1 % of four assets: rounding its own result again sells a share of the third, which is within one share."""
    weights, prices = (3 / 17, 5 / 17, 8 / 17, 1 / 17), (76.66, 245.78, 36.40, 26.21)
    after = Depot(tuple("ABCD"), (44, 22, 248, 43), prices, weights, 171.10743, costs=PercentCosts(rate=0.001))
    assert after.orders() == {"C": -1}
    assert after.sized().cash == pytest.approx(207.47103)
    planned, market, _ = after.planned()
    value = after.cash + sum(held * price for held, price in zip(after.held, after.prices, strict=True))
    assert is_settled(after.wanted(planned, market), value, after.terms)


@pytest.mark.parametrize(
    ("exchange", "days"),
    [
        ("XNYS", ["2027-01-04", "2028-01-03", "2034-01-03"]),
        ("XETR", ["2027-01-04", "2028-01-03", "2034-01-02"]),
        ("XLON", ["2027-01-04", "2028-01-04", "2034-01-03"]),
    ],
)
def test_a_year_begins_with_the_first_session_of_its_exchange(exchange: str, days: list[str]) -> None:
    for day in days:
        year = np.datetime64(day[:4])
        found = exchange_sessions(exchange, year.astype("datetime64[D]"), np.datetime64(f"{day[:4]}-01-31"))
        assert str(found[0]) == day
