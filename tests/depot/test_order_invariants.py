"""What must hold for orders of any depot under any plan, tariff and limit, from the plan to the last share."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.prices import load_prices
from engine.composition import validate_plain
from engine.core.errors import DataError
from engine.depot.orders.order_plan import OrderPlan, OrderRequest
from engine.depot.orders.plan_orders import plan_orders
from tests.support.order_commands import CONFIG, HELD, PRICES, OrdersCommand
from tests.support.random_depots import RandomDepot, random_depot, scaled

CENT = 1e-6
FEW, THOUSAND = range(12), [range(at, at + 1000) for at in range(0, 10_000, 1000)]


def cash_is_enough(depot: RandomDepot, plan: OrderPlan) -> None:
    """At the sizing prices and when every order fills at its limit; what stays, stays, unless it was not there."""
    least = depot.config.orders.reserve if any(one.side == "buy" for one in plan.sized.orders) else 0.0
    assert plan.sized.cash >= least - CENT
    assert least - CENT <= plan.sized.worst_cash <= plan.sized.cash + CENT


def caps_are_kept(_: RandomDepot, plan: OrderPlan) -> None:
    """After rounding and fees; an order that is left out may leave more than a cap."""
    if not plan.sized.left_out:
        assert all(one.after <= one.cap * (1.0 + 1e-9) for one in plan.positions if one.cap is not None)


def what_is_held_is_sold(depot: RandomDepot, plan: OrderPlan) -> None:
    """No more of it, and of what has no target all, unless that order is not worth placing."""
    after, left_out = depot.followed(plan).held, {one.ticker for one in plan.sized.left_out}
    sold = sales(plan)
    assert all(units <= depot.held[ticker] + 1e-9 for ticker, units in sold.items())
    assert not [one for one in plan.positions if not one.target and after[one.ticker] > 1e-9] or left_out


def money_adds_up(depot: RandomDepot, plan: OrderPlan) -> None:
    orders = plan.sized.orders
    moved = sum((one.money if one.side == "buy" else -one.money) + one.fee for one in orders)
    assert moved + plan.sized.cash - depot.cash == pytest.approx(0.0, abs=1e-9 * max(plan.value, 1.0))
    cents = sum(round(one.money if one.side == "buy" else -one.money, 2) + round(one.fee, 2) for one in orders)
    assert cents + plan.sized.cash - depot.cash == pytest.approx(0.0, abs=0.01 * (len(orders) + 1))


def nothing_is_due_once_done(depot: RandomDepot, plan: OrderPlan) -> None:
    """Filled at the sizing prices; what limits and a reserve have kept back is all that is traded again for."""
    again, rules = depot.followed(plan).plan().sized.orders, depot.config.orders
    if not rules.limit and not rules.reserve:
        assert not again
    kept = plan.sized.cash - plan.sized.worst_cash
    dearest = sum(one.price for one in plan.positions)
    assert sum(one.money for one in again) <= kept + rules.reserve + dearest + 0.01 * plan.value * rules.limit


def a_cent_more_sells_no_more(depot: RandomDepot, plan: OrderPlan) -> None:
    richer = sales(dataclasses.replace(depot, cash=depot.cash + 0.01).plan())
    assert all(units <= sales(plan)[ticker] + 1e-9 for ticker, units in richer.items())


def sales(plan: OrderPlan) -> Counter[str]:
    found = Counter[str]()
    for one in plan.sized.orders:
        if one.side == "sell":
            found[one.ticker] += one.quantity  # type: ignore[assignment]
    return found


INVARIANTS = [
    cash_is_enough,
    caps_are_kept,
    what_is_held_is_sold,
    money_adds_up,
    nothing_is_due_once_done,
    a_cent_more_sells_no_more,
]


def hold(invariants: Sequence[Callable[[RandomDepot, OrderPlan], None]], seeds: range) -> None:
    refused = 0
    for seed in seeds:
        depot = random_depot(seed)
        try:
            plan = depot.plan()
        except DataError as error:
            assert str(error).startswith("orders.reserve: found 250.00"), f"depot {seed}: {error}"
            refused += 1
            continue
        for invariant in invariants:
            try:
                invariant(depot, plan)
            except AssertionError as error:
                raise AssertionError(f"depot {seed}: {invariant.__name__}: {error}") from error
    assert refused < len(seeds) / 2, f"{refused} of {len(seeds)} depots have no plan to look at"


def test_orders_of_some_depots_keep_what_is_promised() -> None:
    hold(INVARIANTS, FEW)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", THOUSAND, ids=str)
def test_orders_of_ten_thousand_depots_keep_cash_caps_and_shares(seeds: range) -> None:
    """Under the tariffs of three brokers, half of them under caps."""
    hold(INVARIANTS[:4], seeds)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(at, at + 250) for at in range(20_000, 21_000, 250)], ids=str)
def test_a_thousand_depots_that_followed_their_orders_are_left_alone(seeds: range) -> None:
    hold(INVARIANTS[4:], seeds)


@pytest.mark.parametrize("power", [1, 3, -2])
def test_money_in_other_units_leaves_every_quantity(power: int) -> None:
    """Prices, cash, fixed fees, ticks, reserves times a power of two: the same shares; of parts to eleven digits."""
    for seed in range(5):
        one = random_depot(seed, limit=0.005)
        costs = {"kind": "per_order", "fixed": 2.0, "rate": "0.1%", "minimum": 4.0, "maximum": 64.0}
        plans = [scaled(one, costs, 1.0).plan(), scaled(one, costs, 2.0**power).plan()]
        words = [[(order.ticker, order.side, order.wave) for order in p.sized.orders] for p in plans]
        units = [[order.quantity for order in p.sized.orders] for p in plans]
        assert words[0] == words[1]
        assert units[1] == (units[0] if one.config.account.shares == "whole" else pytest.approx(units[0], rel=1e-11))


PLAIN = {
    "name": "poison",
    "data": {"source": {"kind": "sample"}},
    "window": {"start": "2014-01-02", "end": "2022-12-28"},
    "account": {"contributions": {"amount": 500, "every": "month"}},
    "strategy": {
        "kind": "fixed_mix",
        "weights": {"QUAL": "50%", "SIZE": "30%", "HD": "20%"},
        "rebalance": {"kind": "band", "absolute": "2%"},
    },
}


def test_nothing_of_the_day_of_the_orders_or_later_matters() -> None:
    """Closes from then on a thousandfold, missing, backwards: the same plan, when something is due and when not."""
    config = validate_plain(PLAIN)
    sessions = load_prices(config).sessions_of(config.strategy)
    rows = np.random.default_rng(4).integers(6300, len(sessions.market.dates) - 5, 4).tolist()
    rows.append(int(np.searchsorted(sessions.market.dates, np.datetime64("2020-03-16"))))
    for row in rows:
        request = OrderRequest(sessions.market.dates[row], {"QUAL": 50.0, "SIZE": 40.0, "HD": 12.0}, 300.0)
        plan = plan_orders(config, sessions, request)
        for poison in (lambda x: x * 1000.0, lambda x: x[::-1], lambda x: np.full_like(x, np.nan)):
            prices = sessions.market.prices.copy()
            prices[row:] = poison(prices[row:])
            market = dataclasses.replace(sessions.market, prices=prices)
            poisoned = plan_orders(config, PortfolioMarket(market, sessions.start, sessions.risk_free), request)
            assert (poisoned.sized, poisoned.positions) == (plan.sized, plan.positions)
            assert (poisoned.due, poisoned.next_day) == (plan.due, plan.next_day)


def test_an_asset_that_was_never_priced_is_left_out_and_stops_nothing() -> None:
    """SIZE and QUAL are of 2013: before, the plan buys what there is."""
    config = validate_plain({**PLAIN, "window": {"start": "2010-01-04", "end": "2012-12-28"}})
    sessions = load_prices(config).sessions_of(config.strategy)
    plan = plan_orders(config, sessions, OrderRequest(np.datetime64("2012-06-04"), {"HD": 5.0}, 1000.0, now=True))
    assert [one.ticker for one in plan.sized.orders] == ["HD"]


def test_rows_columns_and_names_in_any_order_give_the_same_bytes(orders: OrdersCommand) -> None:
    """Of the depot, of the prices and of the plan's weights; hashes are those of the files as they are."""
    prices = [line.split(",") for line in PRICES.splitlines()]
    turned = "\n".join(",".join((line[0], line[3], line[1], line[2])) for line in prices) + "\n"
    found = []
    for held, table, weights in (
        (HELD, PRICES, "EUNL: 50%, SPY: 30%, VOD: 20%"),
        ("quantity,ticker\n2000,CASH\n400,VOD\n90,EUNL\n10,SPY\n", turned, "VOD: 20%, EUNL: 50%, SPY: 30%"),
    ):
        orders.config = CONFIG.replace("EUNL: 50%, SPY: 30%, VOD: 20%", weights)
        assert orders.run("--now", held=held, prices=table) == 0, orders.err
        folder = next(orders.folder.glob("out/three/*"))
        plan = json.loads((folder / "orders.json").read_text())
        del plan["sha256"]
        found.append(
            (plan, [(folder / f"{name}").read_bytes() for name in ("orders.csv", "basket.csv", "checklist.txt")])
        )
    assert len(found[0][0]["orders"]) == 3
    assert found[0] == found[1]


def test_orders_that_were_followed_leave_nothing_to_do_the_next_day(orders: OrdersCommand) -> None:
    """By the state that they left, and by the rule alone."""
    plan = orders.json("--now", "--set", "orders.limit=0")
    held = {one["ticker"]: one["units"] for one in plan["positions"]}
    for one in plan["orders"]:
        held[one["ticker"]] += one["quantity"] * (1 if one["side"] == "buy" else -1)
    rows = [*(f"{ticker},{units}" for ticker, units in held.items()), f"CASH,{plan['cash']['after']:.2f}"]
    state = next(orders.folder.glob("out/three/*/state.json"))
    for more in ((), ("--state", str(state))):
        text = "\n".join(["ticker,quantity", *rows, ""])
        later = orders.json("--set", "orders.limit=0", "--as-of", "2026-12-01", *more, held=text)
        assert (later["due"], later["orders"], later["next"]["date"]) == ([], [], "2027-01-04")
