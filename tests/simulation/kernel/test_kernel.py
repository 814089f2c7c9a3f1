"""The kernel by itself: compiled code equals its Python source, hostile inputs end, flows and shares by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import PerOrderCosts
from engine.simulation import kernel
from engine.simulation.kernel import cash_flows as flows
from engine.simulation.kernel import cost_fixpoint as fixpoint
from engine.simulation.kernel import jit as compiling
from engine.simulation.kernel import valuation as measures
from engine.simulation.kernel import whole_shares
from engine.simulation.kernel.order_costs import cash_spent, is_proportional, total_cost
from engine.simulation.kernel.records import (
    MarketArrays,
    Order,
    OrderTerms,
    ReviewWatch,
    RunContext,
    StandingOrders,
    StateHistory,
    Thresholds,
    TradeBuffer,
)
from tests.support.markets import free, percent

compiled_only = pytest.mark.skipif(
    not hasattr(kernel.trade, "py_func"), reason="numba is switched off: nothing is compiled"
)


def terms(costs, n: int, *, caps=None, whole: bool = False) -> OrderTerms:
    return OrderTerms(costs, np.full(n, np.inf) if caps is None else np.array(caps, float), whole, True)


def order(weights, *, active=None, recipients=None, release: float = 0.0) -> Order:
    n = len(weights)
    return Order(
        np.array(weights, float),
        np.ones(n, bool) if active is None else np.array(active),
        np.zeros(n) if recipients is None else np.array(recipients, float),
        release,
    )


@st.composite
def situations(draw: st.DrawFn):
    n = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    price = rng.uniform(0.5, 300.0, n)
    units = np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0.0, 500.0, n))
    weights = rng.random(n) * (rng.random(n) < 0.8)
    weights = weights / max(weights.sum(), 1e-9) * rng.choice([1.0, 0.9, 0.5])
    costs = draw(
        st.sampled_from(
            [
                free(n),
                percent(0.001, n),
                PerOrderCosts(fixed=1, rate=0.002, minimum=3, maximum=40, spread=2).cost_table(n),
            ]
        )
    )
    whole = draw(st.booleans())
    if whole:
        units = np.floor(units)
    return units, float(rng.uniform(0.0, 50_000.0)), price, weights, costs, whole


@compiled_only
@given(situations())
def test_compiled_code_gives_the_bits_of_its_python_source(situation) -> None:
    units, cash, price, weights, costs, whole = situation
    n = len(units)
    for function, extra in (
        (kernel.trade, ()),
        (kernel.invest_cash, ()),
        (kernel.raise_cash, (cash * 0.5 + 10.0, 0.1)),
    ):
        results = []
        for version in (function, function.py_func):
            held, dq, fees = units.copy(), np.zeros(n), np.zeros(n)
            answer = version(held, cash, *extra, price, order(weights), terms(costs, n, whole=whole), dq, fees)
            results.append((np.array(answer, dtype=float).tobytes(), held.tobytes(), dq.tobytes(), fees.tobytes()))
        assert results[0] == results[1]


@given(situations())
def test_money_is_neither_made_nor_lost(situation) -> None:
    units, cash, price, weights, costs, whole = situation
    n = len(units)
    before = float(units @ price) + cash
    for function, extra in ((kernel.trade, ()), (kernel.invest_cash, ()), (kernel.raise_cash, (0.2 * before, 0.1))):
        held, dq, fees = units.copy(), np.zeros(n), np.zeros(n)
        answer = function(held, cash, *extra, price, order(weights), terms(costs, n, whole=whole), dq, fees)
        left = answer[2] if isinstance(answer, tuple) else answer
        assert float(held @ price) + left + fees.sum() == pytest.approx(before, rel=1e-12)
        assert held == pytest.approx(units + dq, abs=1e-9)
        assert (held >= -1e-9).all()
        assert left >= -1e-9 * before


def test_a_nan_price_of_an_asset_nobody_holds_or_wants_harms_nothing() -> None:
    units, dq, fees = np.array([10.0, 0.0]), np.zeros(2), np.zeros(2)
    _, _, cash = kernel.trade(
        units, 0.0, np.array([10.0, np.nan]), order([0.5, 0.0]), terms(percent(0.0, 2), 2), dq, fees
    )
    assert units.tolist() == [5.0, 0.0]
    assert cash == 50.0


def test_an_empty_account_trades_nothing_and_ends() -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    costs = PerOrderCosts(fixed=1.0).cost_table(2)
    _, _, cash = kernel.trade(units, 0.0, np.array([1.0, 2.0]), order([0.5, 0.5]), terms(costs, 2), dq, fees)
    assert (units.tolist(), cash) == ([0.0, 0.0], 0.0)


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e14])
def test_extreme_scales_end_and_keep_the_weights(scale: float) -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    costs = PerOrderCosts(rate=0.01, minimum=1e-4 * scale).cost_table(2)
    _, _, cash = kernel.trade(units, scale, np.array([scale, 3.0]), order([0.5, 0.3]), terms(costs, 2), dq, fees)
    value = float(units @ np.array([scale, 3.0])) + cash
    assert units * [scale, 3.0] / value == pytest.approx([0.5, 0.3], rel=1e-12)


def test_a_waiting_asset_that_is_overweight_scales_the_others_down() -> None:
    """600 wait in B (target 500): A gets the 400 that are left."""
    units, dq, fees = np.array([30.0, 60.0]), np.zeros(2), np.zeros(2)
    status, scaled, cash = kernel.trade(
        units, 100.0, np.array([10.0, 10.0]), order([0.5, 0.5], active=[True, False]), terms(free(2), 2), dq, fees
    )
    assert (status, scaled, cash) == (kernel.FILLED, True, 0.0)
    assert units.tolist() == [40.0, 60.0]


def test_heirs_share_a_release_after_costs_and_cash_keeps_the_rest() -> None:
    """101 released at 1 %: 100 bought, half each; 50 of cash untouched."""
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    given_up = order([0.0, 0.0], active=[False, False], recipients=[0.5, 0.5], release=101.0)
    _, _, cash = kernel.trade(units, 151.0, np.array([10.0, 5.0]), given_up, terms(percent(0.01, 2), 2), dq, fees)
    assert units == pytest.approx([5.0, 10.0], rel=1e-12)
    assert cash == pytest.approx(50.0, rel=1e-12)
    assert fees.sum() == pytest.approx(1.0, rel=1e-12)


def test_a_release_that_its_fee_would_eat_stays_in_cash() -> None:
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    small = order([0.0], active=[False], recipients=[1.0], release=5.0)
    status, _, cash = kernel.trade(
        units, 20.0, np.array([1.0]), small, terms(PerOrderCosts(fixed=9.9).cost_table(1), 1), dq, fees
    )
    assert (status, units[0], cash) == (kernel.UNAFFORDABLE, 0.0, 20.0)


def test_a_trim_moves_the_excess_to_the_heirs_and_leaves_cash_alone() -> None:
    """C at 40 of 1000 goes to its 25; the core takes 15, less 1 % of both orders."""
    units, dq, fees = np.array([90.0, 4.0]), np.zeros(2), np.zeros(2)
    trim = order([0.0, 0.025], active=[False, True], recipients=[1.0, 0.0])
    _, _, cash = kernel.trade(units, 60.0, np.array([10.0, 10.0]), trim, terms(percent(0.01, 2), 2), dq, fees)
    value = float(units @ [10.0, 10.0]) + cash
    assert cash == pytest.approx(60.0, rel=1e-12)
    assert units[1] * 10.0 == pytest.approx(0.025 * value, rel=1e-12)
    assert value == pytest.approx(1000.0 - fees.sum(), rel=1e-13)


@pytest.mark.parametrize(
    ("paid_in", "expected"),
    [
        (200.0, [50.0, 30.0, 40.0]),  # at 1,200 A lacks 300, B 100, C nothing: all 200 go to A
        (400.0, [70.0, 30.0, 40.0]),  # at 1,400 A lacks 400
        (800.0, [90.0, 50.0, 40.0]),  # at 1,800 A lacks 600, then B the 200 that are left of its 300
    ],
)
def test_new_money_goes_to_the_largest_gap_first(paid_in: float, expected: list[float]) -> None:
    units, dq, fees = np.array([30.0, 30.0, 40.0]), np.zeros(3), np.zeros(3)
    left = kernel.invest_cash(units, paid_in, np.full(3, 10.0), order([0.5, 1 / 3, 1 / 6]), terms(free(3), 3), dq, fees)
    assert units == pytest.approx(np.array(expected), rel=1e-12)
    assert left == pytest.approx(0.0, abs=1e-9)


def test_a_cash_target_is_kept_when_new_money_is_invested() -> None:
    units, dq, fees = np.array([80.0]), np.zeros(1), np.zeros(1)
    left = kernel.invest_cash(units, 400.0, np.array([10.0]), order([0.75]), terms(free(1), 1), dq, fees)
    assert units[0] == pytest.approx(90.0)
    assert left == pytest.approx(300.0)


def test_a_purchase_and_its_fee_fit_the_money() -> None:
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    costs = PerOrderCosts(fixed=4.9, rate=0.0025, minimum=9.9, maximum=59.9).cost_table(1)
    left = kernel.invest_cash(units, 1000.0, np.array([1.0]), order([1.0]), terms(costs, 1), dq, fees)
    assert units[0] == pytest.approx(990.1, rel=1e-12)
    assert left == pytest.approx(0.0, abs=1e-9)


def test_a_withdrawal_sells_the_largest_excess_first_and_uses_spare_cash_before() -> None:
    """Excesses at 900 after 100: A 150, B 0; 60 of spare cash leave 40 to raise, all from A."""
    units, dq, fees = np.array([60.0, 34.0]), np.zeros(2), np.zeros(2)
    left = kernel.raise_cash(units, 60.0, 100.0, 0.0, np.full(2, 10.0), order([0.5, 0.5]), terms(free(2), 2), dq, fees)
    assert units.tolist() == [56.0, 34.0]
    assert left == pytest.approx(100.0)


def test_a_sale_covers_its_own_fee() -> None:
    units, dq, fees = np.array([1000.0]), np.zeros(1), np.zeros(1)
    left = kernel.raise_cash(
        units, 0.0, 100.0, 0.0, np.array([1.0]), order([1.0]), terms(percent(0.01, 1), 1), dq, fees
    )
    assert left == pytest.approx(100.0, rel=1e-12)
    assert dq[0] == pytest.approx(-100.0 / 0.99, rel=1e-12)


@pytest.mark.parametrize("cash", [95.0, 130.0, 777.0, 1234.5])
def test_whole_shares_spend_what_a_brute_force_search_can_add(cash: float) -> None:
    """No further share of largest remainder fits: each asset is at its floor or one above, cash never below zero."""
    price, weights = np.array([9.0, 31.0, 7.5]), [0.5, 0.3, 0.2]
    costs = PerOrderCosts(fixed=0.5, rate=0.001).cost_table(3)
    units, dq, fees = np.zeros(3), np.zeros(3), np.zeros(3)
    exact, dx, fx = np.zeros(3), np.zeros(3), np.zeros(3)
    kernel.trade(exact, cash, price, order(weights), terms(costs, 3), dx, fx)
    _, _, left = kernel.trade(units, cash, price, order(weights), terms(costs, 3, whole=True), dq, fees)
    floor = np.floor(exact + 1e-9)
    assert ((units == floor) | (units == floor + 1)).all()
    assert left >= 0.0
    rest = np.where(units == floor, exact - floor, 0.0)
    for a in np.flatnonzero(rest > 1e-9):
        extra = price[a] + kernel.order_cost((dq[a] + 1) * price[a], price[a], a, costs) - fees[a]
        later = [b for b in range(3) if exact[b] - floor[b] < rest[a] and units[b] > floor[b]]
        assert left - extra < 1e-9 or later


def test_whole_shares_respect_a_cap_to_the_share() -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    kernel.trade(
        units,
        1000.0,
        np.array([10.0, 33.0]),
        order([0.9, 0.1]),
        terms(free(2), 2, caps=[np.inf, 0.1], whole=True),
        dq,
        fees,
    )
    assert units.tolist() == [90.0, 3.0]


def test_selling_everything_leaves_no_dust() -> None:
    rng = np.random.default_rng(9)
    for _ in range(200):
        price = rng.uniform(0.01, 900.0, 3)
        units, dq, fees = rng.uniform(0.0, 1e4, 3), np.zeros(3), np.zeros(3)
        kernel.trade(units, 0.0, price, order([0.0, 1.0, 0.0]), terms(percent(0.001, 3), 3), dq, fees)
        assert units[0] == 0.0
        assert units[2] == 0.0


def test_rounding_never_lifts_an_asset_over_its_cap_when_fees_come_out_dearer() -> None:
    """B sells a whole share more than planned and pays more; A, whole to the share at its cap, gives one back."""
    costs = PerOrderCosts(rate=0.05).cost_table(2)
    costs.rate[0] = 0.0
    weights, cap = [0.1, 0.5], 0.1
    exact, dq, fees = np.array([0.0, 100.0]), np.zeros(2), np.zeros(2)
    _, _, cash = kernel.trade(exact, 0.0, np.array([1.0, 10.3]), order(weights), terms(costs, 2), dq, fees)
    value = float(exact @ [1.0, 10.3]) + cash
    price = np.array([0.1 * value / 10.0, 10.3])  # ten shares of A are exactly its cap of the planned value
    units = np.array([0.0, 100.0])
    _, _, cash = kernel.trade(
        units, 0.0, price, order(weights), terms(costs, 2, caps=[cap, np.inf], whole=True), dq, fees
    )
    after = float(units @ price) + cash
    assert 10.0 * price[0] > cap * after * (1 + 1e-9)
    assert units[0] == 9.0


def test_one_more_share_is_refused_when_its_cost_lifts_another_asset_over_its_cap() -> None:
    units, price, caps = np.zeros(2), np.array([10.0, 7.0]), np.array([0.5, np.inf])
    dq = np.array([5.0, 8.0])
    assert whole_shares._keeps_caps(units, dq, price, caps, 1, 100.0, 100.0)
    assert not whole_shares._keeps_caps(units, dq, price, caps, 1, 100.0, 99.9)
    assert whole_shares._keeps_caps(units, dq, price, caps, 1, 99.95, 99.9)  # it was above before, for another reason
    assert not whole_shares._keeps_caps(units, dq, price, caps, 0, 99.95, 99.9)
    assert not whole_shares._keeps_caps(units, dq, price, caps, 1, 101.0, 99.0)


def watching(target, look, absolute, relative, caps, *, whole=False) -> Thresholds:
    return Thresholds(target, look, absolute, relative, caps, target, whole, np.zeros(len(look), bool))


def holding(prices, units, cash: float, *, growth=None, thresholds=None, reviews=None, armed=True, start=0, stop=None):
    prices = np.array(prices, float)
    sessions, n = prices.shape
    history = StateHistory(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, n)))
    rest = watching(np.zeros(n), np.zeros(sessions, bool), np.inf, np.inf, np.full(n, np.inf))
    every = np.ones((sessions, n), bool)
    market = MarketArrays(prices, np.ones(sessions) if growth is None else np.array(growth, float), every, every)
    nobody = ReviewWatch(
        False, np.zeros(n, bool), np.zeros(n), np.ones(n, bool), np.zeros(n, bool), 1.0, False, False, False
    )
    core = np.zeros(n)
    terms = OrderTerms(free(n), np.full(n, np.inf), False, False)
    orders = StandingOrders(terms, core, np.zeros(n, bool), core, False)
    run = RunContext(market, orders, reviews or nobody, history, TradeBuffer.allocate(0, n))
    units = np.array(units, float)
    return kernel.advance(start, stop or sessions, units, cash, run, thresholds or rest, armed, False), history


def test_holding_marks_every_session_and_accrues_interest_between_them() -> None:
    (row, cash, alarm), history = holding([[10.0], [11.0], [12.0]], [2.0], 100.0, growth=[9.9, 1.01, 1.02])
    assert (row, alarm) == (3, kernel.NO_TRIGGER)
    assert history.cash.tolist() == [100.0, 101.0, pytest.approx(103.02)]
    assert history.value.tolist() == [120.0, 123.0, pytest.approx(127.02)]
    assert cash == pytest.approx(103.02)
    (row, cash, _), _ = holding([[10.0], [11.0], [12.0]], [2.0], 100.0, growth=[9.9, 1.01, 1.02], stop=1)
    assert (row, cash) == (1, 101.0)


def test_an_alarm_stops_the_session_after_the_close_that_raised_it() -> None:
    quiet = np.full(2, np.inf)
    cap = watching(np.array([0.5, 0.5]), np.zeros(4, bool), np.inf, np.inf, np.array([np.inf, 0.6]))
    prices = [[10, 10], [10, 15], [10, 15.1], [10, 10]]
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, thresholds=cap)
    assert (row, alarm) == (3, kernel.CAP_TRIGGER)
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, thresholds=cap, armed=False)
    assert (row, alarm) == (4, kernel.NO_TRIGGER)
    band = watching(np.array([0.5, 0.5]), np.array([True, False, True, True]), 0.05, np.inf, quiet)
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, thresholds=band)
    assert (row, alarm) == (3, kernel.BAND_TRIGGER)
    relative = watching(np.array([0.5, 0.5]), np.ones(4, bool), np.inf, 0.15, quiet)
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, thresholds=relative)
    assert (row, alarm) == (2, kernel.BAND_TRIGGER)


def test_a_weight_at_its_cap_or_on_its_band_raises_no_alarm() -> None:
    at = watching(np.array([0.5, 0.5]), np.ones(1, bool), 0.25, np.inf, np.array([0.75, 0.25]))
    (_, _, alarm), _ = holding([[30.0, 10.0]], [1.0, 1.0], 0.0, thresholds=at)
    assert alarm == kernel.NO_TRIGGER


@compiled_only
@pytest.mark.parametrize(
    "edited", ["simulation/kernel/order_costs.py", "simulation/kernel/valuation.py", "portfolio/cost_table.py"]
)
def test_an_edited_kernel_is_compiled_anew(tmp_path: Path, edited: str) -> None:
    """Numba's cache looks at one file only; whatever file of the kernel changes, nothing old may be served."""
    package = tmp_path / "engine"
    without = shutil.ignore_patterns("__pycache__", "report", "sources", "optimisation", "research")
    shutil.copytree(Path(kernel.__file__).parents[2], package, ignore=without)
    code = (
        "import numpy as np; from engine.simulation.kernel import order_cost, is_compiled;"
        "from engine.portfolio.cost_table import CostTable;"
        "c = CostTable(*(np.full(1, v) for v in (0.01, 0, 0, 0, np.inf, np.inf, 0)));"
        "print(is_compiled('order_cost'), order_cost(100.0, 1.0, 0, c))"
    )

    def answer() -> str:
        job = [sys.executable, "-c", code]
        elsewhere = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
        return subprocess.run(
            job, cwd=tmp_path, capture_output=True, text=True, check=True, env=elsewhere
        ).stdout.strip()

    assert [answer(), answer()] == ["False 1.0", "True 1.0"]
    source = package / edited
    text = source.read_text()
    source.write_text(text.replace("costs.rate[a] * x", "5.0 * costs.rate[a] * x") + "\n")
    assert answer() == ("False 5.0" if edited.endswith("order_costs.py") else "False 1.0")


def test_costs_are_proportional_only_without_amounts_bounds_and_high_rates() -> None:
    assert is_proportional(percent(0.1, 2))
    assert is_proportional(PerOrderCosts(rate=0.09, spread=100).cost_table(2))
    for field, amount in (
        ("fixed", 0.5),
        ("per_share", 0.005),
        ("minimum", 0.5),
        ("maximum", 1e9),
        ("maximum_rate", 0.5),
        ("rate", 0.11),
        ("spread", 0.11),
    ):
        for asset in (0, 1):
            table = percent(0.0, 2)
            getattr(table, field)[asset] = amount
            assert not is_proportional(table)


def test_every_term_of_an_order_s_cost_by_hand() -> None:
    """100 at 8 a share: 0.5 fixed, 2 at 2 %, 12.5 shares at 0.04 are 0.5; spread 0.1 % is 0.1 more, after all bounds."""
    table = CostTable(*(np.array([v]) for v in (0.02, 0.5, 0.04, 0.0, np.inf, np.inf, 0.001)))
    assert kernel.order_cost(-100.0, 8.0, 0, table) == pytest.approx(3.1, rel=1e-14)
    assert kernel.order_cost(1.0, 8.0, 0, table) == pytest.approx(0.5 + 0.02 + 0.005 + 0.001, rel=1e-14)
    table.minimum[0] = 5.0
    assert kernel.order_cost(100.0, 8.0, 0, table) == pytest.approx(5.1, rel=1e-14)
    table.maximum[0] = 4.0
    assert kernel.order_cost(100.0, 8.0, 0, table) == pytest.approx(4.1, rel=1e-14)
    table.maximum_rate[0] = 0.01
    assert kernel.order_cost(100.0, 8.0, 0, table) == pytest.approx(1.1, rel=1e-14)


def test_holdings_costs_and_values_count_one_share_and_skip_what_is_not_held() -> None:
    price = np.array([10.0, np.nan, 5.0])
    h = np.empty(3)
    assert measures.compute_holdings(np.array([1.0, 0.0, 2.0]), price, h) == 20.0
    assert h.tolist() == [10.0, 0.0, 10.0]
    one = PerOrderCosts(fixed=1.0).cost_table(3)
    assert total_cost(np.array([1.0, 0.0, -1.0]), price, one) == 2.0
    assert cash_spent(np.array([1.0, 0.0, -2.0]), price, one) == (10.0 + 1.0) + (-10.0 + 1.0)
    assert (
        whole_shares.value_after_trades(np.array([3.0, 0.0, 2.0]), 5.0, price, one, np.array([-2.0, 0.0, -2.0])) == 43.0
    )


def test_orders_of_active_assets_heirs_and_the_rest_by_hand() -> None:
    """A goes to half of 900 - 100; of 300 released 100 go in costs, 300 to A: the heirs sell 100, D only what it has."""
    h = np.array([100.0, 600.0, 250.0, 50.0])
    given = Order(np.array([0.5, 0.5, 0.0, 0.0]), np.array([True, False, False, False]), np.array([0, 0, 0.25, 0.75]))
    x = np.full(4, 9.0)
    fixpoint.trades_at_value(900.0, 1000.0, h, given._replace(released_cash=300.0, withheld_cash=100.0), x)
    assert x.tolist() == [300.0, 0.0, -25.0, -50.0]
    fixpoint.trades_at_value(900.0, 1000.0, h, given._replace(released_cash=0.0, withheld_cash=950.0), x)
    assert x.tolist() == [-100.0, 0.0, 0.0, 0.0]


def test_an_order_of_a_trillionth_of_the_value_is_rounding_and_a_larger_one_is_not() -> None:
    """NOISE of 1e12 is 1."""
    for held, expected in ((5e11 - 1.0, 0.0), (5e11 + 1.0, 0.0), (5e11 - 1.5, 1.5), (5e11 + 1.5, -1.5)):
        x = np.empty(1)
        fixpoint.trades_at_value(1e12, 1e12, np.array([held]), order([0.5]), x)
        assert x[0] == expected


def test_whole_quantities_are_rounded_down_with_a_billionth_of_a_share_of_grace() -> None:
    """At 10 a share: 1.99 to 1; 2 less 5e-10 to 2; all 5 sold; 3 less 1.5 to 1; D untouched."""
    units, price = np.array([0.0, 0.0, 5.0, 3.0, 4.0]), np.full(5, 10.0)
    dq, rest = np.full(5, 9.0), np.full(5, 9.0)
    whole_shares._round_down(units, price, np.array([19.9, 20.0 - 5e-9, -50.0, -15.0, 0.0]), dq, rest)
    assert dq.tolist() == [1.0, 2.0, -5.0, -2.0, 0.0]
    assert rest == pytest.approx([0.99, -5e-10, -1.0, 0.5, -1.0], abs=1e-12)


def spent_rest(price, cash: float, reserve: float, dq, rest, *, caps=None, costs=None, units=None) -> list[float]:
    n = len(price)
    dq = np.array(dq, float)
    held = np.zeros(n) if units is None else np.array(units, float)
    whole = terms(costs or free(n), n, caps=caps, whole=True)
    whole_shares._spend_remainder(held, cash, reserve, np.array(price, float), whole, dq, np.array(rest, float))
    return dq.tolist()


def test_what_rounding_leaves_buys_one_share_each_by_largest_remainder() -> None:
    """25 left: B (0.9) at 40 does not fit, C (0.5) at 5 does, once, A (0.2) at 30 does not fit any more."""
    assert spent_rest([30, 40, 5], 100.0, 0.0, [1, 1, 1], [0.2, 0.9, 0.5]) == [1.0, 1.0, 2.0]
    assert spent_rest([10, 10], 19.0, 0.0, [0, 0], [0.5, 0.5]) == [1.0, 0.0]
    assert spent_rest([10, 10], 20.0, 0.0, [0, 0], [0.4, 0.5]) == [1.0, 1.0]
    assert spent_rest([10, 10], 99.0, 0.0, [0, 0], [1e-9, 2e-9]) == [0.0, 1.0]
    assert spent_rest([10, 10], 99.0, 0.0, [0, 0], [-1.0, -1.0]) == [0.0, 0.0]


def test_the_last_share_may_take_cash_to_its_reserve_and_not_below() -> None:
    assert spent_rest([10], 40.0, 10.0, [2], [0.5]) == [3.0]
    assert spent_rest([10], 40.0, 10.0 + 1e-12, [2], [0.5]) == [3.0]
    assert spent_rest([10], 40.0, 10.0 + 1e-9, [2], [0.5]) == [2.0]
    assert spent_rest([10], 40.0, 10.0, [2], [0.5], costs=PerOrderCosts(rate=0.001).cost_table(1)) == [2.0]


def test_a_further_share_keeps_its_cap_which_is_of_the_value_after_its_cost() -> None:
    """Of 100 a cap of 0.3 holds 3 shares at 10; of 99.97 after costs only 2."""
    assert spent_rest([10], 100.0, 0.0, [2], [0.5], caps=[0.3]) == [3.0]
    assert spent_rest([10], 100.0, 0.0, [3], [0.5], caps=[0.3]) == [3.0]
    assert spent_rest([10], 100.0, 0.0, [2], [0.5], caps=[0.3], costs=PerOrderCosts(rate=0.001).cost_table(1)) == [2.0]


def test_whole_shares_leave_the_cash_that_the_weights_leave() -> None:
    """Half of 100 in shares of 30 is 1.67: a second share would take cash to 40, below its target of 50."""
    for weights, price, bought in ((0.5, 30.0, 1.0), (0.5, 25.0, 2.0), (1.0, 30.0, 3.0)):
        units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
        _, _, cash = kernel.trade(
            units, 100.0, np.array([price]), order([weights]), terms(free(1), 1, whole=True), dq, fees
        )
        assert units.tolist() == [bought]
        assert cash == 100.0 - bought * price


def test_the_rest_is_spent_only_where_the_terms_say_so() -> None:
    """60 and 40 of 100 in shares of 35 and 30: 1.71 and 1.33; the 35 left buy a second A unless the rest is kept."""
    for spend, bought in ((True, [2.0, 1.0]), (False, [1.0, 1.0])):
        units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
        rule = terms(free(2), 2, whole=True)._replace(spend_remainder=spend)
        kernel.trade(units, 100.0, np.array([35.0, 30.0]), order([0.6, 0.4]), rule, dq, fees)
        assert units.tolist() == bought


def test_shares_above_a_cap_that_the_plan_keeps_are_sold_again_one_by_one() -> None:
    """1000 in all, cap 0.1 (100): 12 shares at 10 go down to 10, unless the plan itself is above the cap or rests."""
    price = np.array([10.0, 88.0])
    for x, caps, expected in (
        ([100.0, 0.0], [0.1, np.inf], 10.0),
        ([100.0, 0.0], [np.inf, np.inf], 12.0),
        ([101.0, 0.0], [0.1, np.inf], 12.0),
        ([0.0, 0.0], [0.1, np.inf], 12.0),
        ([0.5, 0.0], [0.0005, np.inf], 0.0),
    ):
        dq = np.array([12.0, 0.0])
        whole_shares._sell_above_caps(
            np.array([0.0, 10.0]), 120.0, price, np.array(x), terms(free(2), 2, caps=caps), dq
        )
        assert dq.tolist() == [expected, 0.0]


def test_targets_are_cut_when_waiting_assets_and_they_exceed_the_value() -> None:
    """600 wait, half of 1000 is wanted: the others get shares of 1000 less 600. 500 waiting just fit."""
    given = order([0.5, 0.25, 0.25], active=[False, True, True])
    needed, cut = fixpoint._scale_order(1000.0, np.array([600.0, 50.0, 0.0]), given)
    assert needed
    assert cut.weights.tolist() == [1.0, 0.5, 0.5]
    assert (cut.released_cash, cut.withheld_cash) == (0.0, 600.0)
    assert not fixpoint._scale_order(1000.0, np.array([500.0, 50.0, 0.0]), given)[0]
    assert not fixpoint._scale_order(1000.0, np.array([500.0 + 1e-10, 50.0, 0.0]), given)[0]
    assert fixpoint._scale_order(1000.0, np.array([500.0 + 1e-8, 50.0, 0.0]), given)[0]
    assert not fixpoint._scale_order(
        100.0, np.array([600.0, 50.0, 0.0]), order([1.0, 0, 0], active=[False, True, True])
    )[0]


def test_an_underweight_asset_is_left_alone_not_sold_for_a_waiting_one() -> None:
    """B waits with 700 of 1000: A, which wants 300 and has 260, would be cut to 225; it stays, and 40 are left to C."""
    units, dq, fees = np.array([26.0, 70.0, 4.0]), np.zeros(3), np.zeros(3)
    status, scaled, cash = kernel.trade(
        units,
        0.0,
        np.full(3, 10.0),
        order([0.3, 0.6, 0.1], active=[True, False, True]),
        terms(free(3), 3),
        dq,
        fees,
    )
    assert (status, scaled) == (kernel.FILLED, True)
    assert units == pytest.approx([26.0, 70.0, 4.0], rel=1e-12)
    assert cash == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    ("h", "need", "sold"),
    [
        # shares of 50, 30 and 20 %: A has 20 of the 100 it owes, so B and C share 180 as 60 to 40
        ([0.0, 20.0, 200.0, 300.0], 200.0, [0.0, -20.0, -108.0, -72.0]),
        # A has just what it owes and is sold whole; the rest is shared as before
        ([0.0, 100.0, 200.0, 300.0], 200.0, [0.0, -100.0, -60.0, -40.0]),
        # A and B are too small one after the other, C pays the rest; the active one never pays
        ([900.0, 20.0, 100.0, 300.0], 200.0, [0.0, -20.0, -100.0, -80.0]),
        # nobody has enough: all are sold
        ([900.0, 20.0, 30.0, 40.0], 200.0, [0.0, -20.0, -30.0, -40.0]),
    ],
)
def test_payers_with_too_little_are_sold_whole_and_the_others_share_what_is_left(h, need, sold) -> None:
    given = order([0.5, 0, 0, 0], active=[True, False, False, False], recipients=[0, 0.5, 0.3, 0.2])
    x = np.zeros(4)
    fixpoint._sell_pro_rata(need, np.array(h), given, x)
    assert x == pytest.approx(np.array(sold), abs=1e-12)


def test_the_most_that_a_budget_pays_for_with_its_fee() -> None:
    assert flows._largest_purchase(100.0, 1.0, 0, free(1)) == 100.0
    assert flows._largest_purchase(101.0, 1.0, 0, percent(0.01, 1)) == pytest.approx(100.0, rel=1e-14)
    assert flows._largest_purchase(100.0, 1.0, 0, PerOrderCosts(fixed=30.0).cost_table(1)) == pytest.approx(
        70.0, rel=1e-14
    )
    assert flows._largest_purchase(100.0, 1.0, 0, PerOrderCosts(fixed=200.0).cost_table(1)) == 0.0
    costs = percent(0.013, 1)
    most = flows._largest_purchase(77.7, 1.0, 0, costs)
    assert most + kernel.order_cost(most, 1.0, 0, costs) <= 77.7
    more = np.nextafter(most, 100.0)
    assert more + kernel.order_cost(more, 1.0, 0, costs) > 77.7


def test_the_smallest_sale_that_brings_what_is_needed_after_its_fee() -> None:
    fixed = PerOrderCosts(fixed=1.0).cost_table(1)
    assert flows._smallest_sale(50.0, 100.0, 1.0, 0, fixed) == pytest.approx(51.0, rel=1e-14)
    assert flows._smallest_sale(99.0, 100.0, 1.0, 0, fixed) == 100.0
    assert flows._smallest_sale(500.0, 100.0, 1.0, 0, fixed) == 100.0
    costs = percent(0.013, 1)
    sale = flows._smallest_sale(50.0, 100.0, 1.0, 0, costs)
    assert sale - kernel.order_cost(sale, 1.0, 0, costs) >= 50.0
    less = np.nextafter(sale, 0.0)
    assert less - kernel.order_cost(less, 1.0, 0, costs) < 50.0


def test_the_widest_gap_is_found_among_active_untried_assets_on_the_side_asked_for() -> None:
    """Targets 50, 30, 20 of 100 and holdings 20, 60, 15: gaps 30, -30, 5."""
    h, free_all = np.array([20.0, 60.0, 15.0]), np.zeros(3, bool)
    given = order([0.5, 0.3, 0.2])
    assert flows._largest_gap(h, 100.0, given, free_all, 1.0, 1.0) == (0, 30.0)
    assert flows._largest_gap(h, 100.0, given, free_all, -1.0, 1.0) == (1, 30.0)
    assert flows._largest_gap(h, 100.0, given, np.array([True, False, False]), 1.0, 1.0) == (2, 5.0)
    assert flows._largest_gap(h, 100.0, given, np.array([True, False, False]), 1.0, 5.0) == (-1, 5.0)
    resting = order([0.5, 0.3, 0.2], active=[False, True, True])
    assert flows._largest_gap(h, 100.0, resting, free_all, 1.0, 1.0) == (2, 5.0)
    assert flows._largest_gap(h, -100.0, given, free_all, -1.0, 1.0) == (1, 60.0)
    assert flows._largest_gap(np.array([10.0, 10.0]), 100.0, order([0.5, 0.5]), np.zeros(2, bool), 1.0, 1.0) == (
        0,
        40.0,
    )


def test_a_value_after_costs_has_settled_at_rounding_and_after_forty_attempts_on_its_lower_side() -> None:
    assert flows._has_converged(100.0, 100.0, 0)
    assert flows._has_converged(1e15 + 1.0, 1e15, 0)
    assert not flows._has_converged(1e15 + 2.0, 1e15, 0)
    assert not flows._has_converged(99.0, 100.0, 0)
    assert not flows._has_converged(101.0, 100.0, 39)
    assert flows._has_converged(101.0, 100.0, 40)
    assert flows._has_converged(101.0, 100.0, 63)
    assert not flows._has_converged(99.0, 100.0, 40)
    assert flows._has_converged(-1e15 - 1.0, -1e15, 0)


def test_new_money_pays_its_fees_out_of_itself_asset_by_asset() -> None:
    """300 and 500 held, 203 new, 1 a purchase: of 1002 half each is 501; A buys 201, and B's fee would eat the 1 left."""
    units, dq, fees = np.array([300.0, 500.0]), np.zeros(2), np.zeros(2)
    costs = PerOrderCosts(fixed=1.0).cost_table(2)
    left = kernel.invest_cash(units, 203.0, np.ones(2), order([0.5, 0.5]), terms(costs, 2), dq, fees)
    assert units == pytest.approx([501.0, 500.0], rel=1e-12)
    assert fees.tolist() == [1.0, 0.0]
    assert left == pytest.approx(1.0, rel=1e-9)


def test_new_money_fills_two_gaps_with_a_rate_each() -> None:
    """Targets 60/40 %, holdings 100 and 100, 303 new at 1 %: 500 after costs of 3, 300 and 200, so 200 and 100 bought."""
    units, dq, fees = np.array([100.0, 100.0]), np.zeros(2), np.zeros(2)
    left = kernel.invest_cash(units, 303.0, np.ones(2), order([0.6, 0.4]), terms(percent(0.01, 2), 2), dq, fees)
    assert units == pytest.approx([300.0, 200.0], rel=1e-12)
    assert fees == pytest.approx([2.0, 1.0], rel=1e-12)
    assert left == pytest.approx(0.0, abs=1e-9)


def test_a_withdrawal_takes_two_excesses_with_a_rate_each() -> None:
    """At 1 %, 99 due are 100 of A; 198 due are 200: A's excess over the third of 400, and 100 / 3 of B."""
    units, dq, fees = np.array([300.0, 250.0, 50.0]), np.zeros(3), np.zeros(3)
    left = kernel.raise_cash(
        units, 0.0, 99.0, 0.0, np.ones(3), order([1 / 3, 1 / 3, 1 / 3]), terms(percent(0.01, 3), 3), dq, fees
    )
    assert units == pytest.approx([200.0, 250.0, 50.0], rel=1e-12)
    assert fees == pytest.approx([1.0, 0.0, 0.0], rel=1e-9)
    assert left == pytest.approx(99.0, rel=1e-12)
    units = np.array([300.0, 250.0, 50.0])
    left = kernel.raise_cash(
        units, 0.0, 198.0, 0.0, np.ones(3), order([1 / 3, 1 / 3, 1 / 3]), terms(percent(0.01, 3), 3), dq, fees
    )
    assert units == pytest.approx([400 / 3, 250.0 - 100 / 3, 50.0], rel=1e-12)
    assert left == pytest.approx(198.0, rel=1e-12)


def test_a_sale_that_its_fee_would_eat_is_left_out_of_a_withdrawal() -> None:
    """A's excess of 4 costs 5 to sell, B's of 46 brings 41: B alone pays."""
    units, dq, fees = np.array([54.0, 96.0]), np.zeros(2), np.zeros(2)
    costs = PerOrderCosts(fixed=5.0).cost_table(2)
    left = kernel.raise_cash(units, 0.0, 45.0, 0.0, np.ones(2), order([0.5, 0.5]), terms(costs, 2), dq, fees)
    assert units[0] == 54.0
    assert fees[0] == 0.0
    assert left == pytest.approx(96.0 - units[1] - 5.0, rel=1e-12)


@pytest.mark.parametrize("somewhere", [True, False])
def test_the_compiler_is_asked_for_strict_arithmetic_and_a_cache_where_there_is_a_place(
    monkeypatch, tmp_path: Path, somewhere
) -> None:
    asked = []

    def compiler(**options):
        asked.append((options, compiling.numba.config.CACHE_DIR))
        return lambda function: function

    before = compiling.numba.config.CACHE_DIR
    monkeypatch.setattr(compiling.numba, "njit", compiler)
    monkeypatch.setattr(compiling, "CACHE_FOLDER", tmp_path if somewhere else None)
    assert compiling.njit_cached(abs) is abs
    assert compiling.njit_inline(abs) is abs
    options = {"nogil": False, "error_model": "numpy"}
    kept = ({"cache": True, **options}, str(tmp_path)) if somewhere else (options, before)
    assert asked == [kept, ({"inline": "always", "error_model": "numpy"}, before)]
    assert before == compiling.numba.config.CACHE_DIR


def test_kernels_are_compiled_when_this_state_of_the_sources_has_them_on_disk(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(compiling.numba.config, "DISABLE_JIT", 0)
    monkeypatch.setattr(compiling, "CACHE_FOLDER", tmp_path / "kernel-now")
    assert not compiling.is_compiled("advance")
    for state, function, known in (
        ("kernel-old", "advance", False),
        ("kernel-now", "trade", False),
        ("kernel-now", "advance", True),
    ):
        index = tmp_path / state / "engine_0" / f"module.{function}-500.py311.nbi"
        index.parent.mkdir(parents=True, exist_ok=True)
        index.touch()
        assert compiling.is_compiled("advance") is known
    compiling.remove_stale_caches()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kernel-now"]
    monkeypatch.setattr(compiling, "CACHE_FOLDER", None)
    assert not compiling.is_compiled("advance")
    compiling.remove_stale_caches()
    monkeypatch.setattr(compiling.numba.config, "DISABLE_JIT", 1)
    assert compiling.is_compiled("advance")


def test_compiled_kernels_lie_beside_the_sources_or_with_the_user_or_where_numba_is_told(
    monkeypatch, tmp_path: Path
) -> None:
    package, home = tmp_path / "kernel", tmp_path / "home"
    package.mkdir()
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(compiling.platformdirs, "user_cache_path", lambda _: home)
    name = f"kernel-{compiling.source_hash(package)}"
    assert compiling.find_cache_folder(package) == package / "__pycache__" / name
    shutil.rmtree(package / "__pycache__")
    (package / "__pycache__").touch()  # no folder can be made there
    assert compiling.find_cache_folder(package) == home / name
    shutil.rmtree(home)
    home.touch()
    assert compiling.find_cache_folder(package) is None
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "told"))
    assert compiling.find_cache_folder(package) == tmp_path / "told" / name


def test_an_asset_that_is_not_held_is_not_marked_whatever_its_price() -> None:
    (_, _, alarm), history = holding([[10.0, np.nan], [12.0, np.nan]], [1.0, 0.0], 5.0)
    assert alarm == kernel.NO_TRIGGER
    assert history.value.tolist() == [15.0, 17.0]
    assert history.units.tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_a_stretch_that_begins_later_marks_its_own_rows_and_earns_no_interest_twice() -> None:
    (row, cash, _), history = holding([[10.0]] * 4, [1.0], 100.0, growth=[9.0, 9.0, 1.02, 1.03], start=1, stop=3)
    assert (row, cash) == (3, pytest.approx(100.0 * 1.02 * 1.03))
    assert history.value.tolist() == [0.0, 110.0, 112.0, 0.0]
    assert history.cash.tolist() == [0.0, 100.0, 102.0, 0.0]


def test_interest_runs_into_the_session_after_an_alarm_unless_the_market_ends() -> None:
    cap = watching(np.array([0.05]), np.zeros(3, bool), np.inf, np.inf, np.array([0.1]))
    growth = [9.0, 1.01, 1.02]
    (row, cash, alarm), _ = holding([[1.0], [20.0], [1.0]], [1.0], 100.0, growth=growth, thresholds=cap)
    assert (row, cash, alarm) == (2, pytest.approx(103.02), kernel.CAP_TRIGGER)
    (row, cash, alarm), _ = holding([[1.0], [1.0], [20.0]], [1.0], 100.0, growth=growth, thresholds=cap)
    assert (row, cash, alarm) == (3, pytest.approx(103.02), kernel.CAP_TRIGGER)


def alarm_of(units, cash: float, target, *, caps=None, absolute=np.inf, relative=np.inf, whole=False) -> int:
    n, look = len(units), np.ones(1, bool)
    thresholds = watching(np.array(target), look, absolute, relative, np.array(caps or [np.inf] * n), whole=whole)
    return holding([[1.0] * n], units, cash, thresholds=thresholds)[0][2]


def test_a_band_is_broken_by_what_is_missing_as_by_what_is_too_much_and_a_whole_answer_serves_a_cap() -> None:
    """Of 100: 40 where 50 are wanted is 10 points and a fifth below."""
    assert alarm_of([40.0], 60.0, [0.5], absolute=0.09) == kernel.BAND_TRIGGER
    assert alarm_of([60.0], 40.0, [0.5], absolute=0.09) == kernel.BAND_TRIGGER
    assert alarm_of([40.0], 60.0, [0.5], absolute=0.11) == kernel.NO_TRIGGER
    assert alarm_of([40.0], 60.0, [0.5], relative=0.19) == kernel.BAND_TRIGGER
    assert alarm_of([40.0], 60.0, [0.5], relative=0.21) == kernel.NO_TRIGGER
    assert alarm_of([0.0], 100.0, [0.5], absolute=0.4) == kernel.BAND_TRIGGER
    assert alarm_of([1.0], 99.0, [0.0], absolute=0.005) == kernel.BAND_TRIGGER
    both = {"units": [60.0, 20.0], "cash": 20.0, "target": [0.6, 0.3], "caps": [0.5, 1.0], "absolute": 0.09}
    assert alarm_of(**both, whole=True) == kernel.BAND_TRIGGER
    assert alarm_of(**both) == kernel.BAND_TRIGGER | kernel.CAP_TRIGGER
    assert alarm_of([60.0, 30.0], 10.0, [0.6, 0.3], caps=[0.5, 1.0], absolute=0.09) == kernel.CAP_TRIGGER


def test_a_cap_is_exceeded_by_more_than_a_billionth_of_it() -> None:
    assert alarm_of([50.0 + 4e-8], 50.0 - 4e-8, [0.1], caps=[0.5]) == kernel.NO_TRIGGER
    assert alarm_of([50.0 + 6e-8], 50.0 - 6e-8, [0.1], caps=[0.5]) == kernel.CAP_TRIGGER


def test_an_asset_neither_held_nor_wanted_raises_no_alarm_and_the_next_one_is_still_watched() -> None:
    thresholds = watching(np.array([0.0, 0.2]), np.ones(1, bool), 0.05, np.inf, np.full(2, np.inf))
    assert holding([[np.nan, 1.0]], [0.0, 30.0], 70.0, thresholds=thresholds)[0][2] == kernel.BAND_TRIGGER


def test_a_trim_whose_costs_would_eat_what_it_brings_is_not_made() -> None:
    """B is 1 above its target, two orders cost 10; with 100 to bring, 90 are left to A."""
    costs = PerOrderCosts(fixed=5.0).cost_table(2)
    for weight, expected in ((0.499, kernel.UNAFFORDABLE), (0.4, kernel.FILLED)):
        units, dq, fees = np.array([500.0, 500.0]), np.zeros(2), np.zeros(2)
        trim = order([0.0, weight], active=[False, True], recipients=[1.0, 0.0])
        status, _, cash = kernel.trade(units, 0.0, np.ones(2), trim, terms(costs, 2), dq, fees)
        assert (status, cash) == (expected, pytest.approx(0.0, abs=1e-9))
        assert (units.tolist() == [500.0, 500.0]) == (expected == kernel.UNAFFORDABLE)


def test_a_release_of_which_costs_leave_a_billionth_of_the_account_is_not_spent() -> None:
    """5 released in an account of 1e9 for a fee of 4.5: half a coin would be bought."""
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    given_up = order([0.0], active=[False], recipients=[1.0], release=5.0)
    status, _, cash = kernel.trade(
        units, 1e9, np.array([1.0]), given_up, terms(PerOrderCosts(fixed=4.5).cost_table(1), 1), dq, fees
    )
    assert (status, units[0], cash) == (kernel.UNAFFORDABLE, 0.0, 1e9)


def test_weights_of_more_than_the_account_are_not_filled() -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    status, _, cash = kernel.trade(units, 100.0, np.ones(2), order([0.8, 0.4]), terms(free(2), 2), dq, fees)
    assert (status, units.tolist(), cash) == (kernel.UNAFFORDABLE, [0.0, 0.0], 100.0)


def test_a_sale_may_cost_all_that_it_brings_and_no_more() -> None:
    for fixed, expected in ((10.0, (kernel.FILLED, 0.0)), (10.5, (kernel.UNAFFORDABLE, 10.0))):
        units, dq, fees = np.array([10.0]), np.zeros(1), np.zeros(1)
        costs = PerOrderCosts(fixed=fixed).cost_table(1)
        status, _, cash = kernel.trade(units, 0.0, np.ones(1), order([0.0]), terms(costs, 1), dq, fees)
        assert (status, units[0] + cash) == expected


def test_new_money_leaves_gaps_of_a_trillionth_of_the_account_alone() -> None:
    """Of 1e12 a quarter each and in cash: A and C lack 0.9 each, B 10; only B is bought, 1.8 too much stay in cash."""
    quarter = 2.5e11
    units, dq, fees = np.array([quarter - 0.9, quarter - 10.0, quarter - 0.9]), np.zeros(3), np.zeros(3)
    left = kernel.invest_cash(units, quarter + 11.8, np.ones(3), order([0.25] * 3), terms(free(3), 3), dq, fees)
    assert dq == pytest.approx([0.0, 10.0, 0.0], abs=1e-3)
    assert left == pytest.approx(quarter + 1.8, abs=1e-3)


def test_an_unlisted_asset_without_a_price_does_not_keep_shares_above_a_cap() -> None:
    """Of 1000 a cap of 0.1 holds 10 shares at 10, not 12."""
    dq = np.array([12.0, 0.0])
    price, x = np.array([10.0, np.nan]), np.array([100.0, 0.0])
    whole_shares._sell_above_caps(np.zeros(2), 1000.0, price, x, terms(free(2), 2, caps=[0.1, np.inf]), dq)
    assert dq.tolist() == [10.0, 0.0]


def test_an_account_of_less_than_one_coin_waits_as_a_large_one_does() -> None:
    """The 0.6 that wait in B leave 0.4 to A."""
    units, dq, fees = np.array([0.3, 0.6]), np.zeros(2), np.zeros(2)
    waits = order([0.5, 0.5], active=[True, False])
    status, scaled, cash = kernel.trade(units, 0.1, np.ones(2), waits, terms(free(2), 2), dq, fees)
    assert (status, scaled) == (kernel.FILLED, True)
    assert units == pytest.approx([0.4, 0.6], rel=1e-12)
    assert cash == pytest.approx(0.0, abs=1e-12)


def test_a_purchase_whose_fee_would_make_it_a_sale_is_not_made_beside_a_waiting_asset() -> None:
    """A wants 300 and has 260, B's 739 wait, 1 is in cash: of the 1 a fee of 2 leaves a sale of 1, so nothing trades."""
    units, dq, fees = np.array([260.0, 739.0]), np.zeros(2), np.zeros(2)
    waits, costs = order([0.3, 0.7], active=[True, False]), PerOrderCosts(fixed=2.0).cost_table(2)
    status, scaled, cash = kernel.trade(units, 1.0, np.ones(2), waits, terms(costs, 2), dq, fees)
    assert (status, scaled, cash, units.tolist(), fees.any()) == (kernel.FILLED, True, 1.0, [260.0, 739.0], False)


def test_an_asset_that_is_wanted_and_not_held_is_missing_by_its_whole_target() -> None:
    assert alarm_of([0.0], 100.0, [0.5], absolute=0.505) == kernel.NO_TRIGGER
    assert alarm_of([0.0], 100.0, [0.5], absolute=0.495) == kernel.BAND_TRIGGER


def test_a_cap_is_of_the_value_after_costs_and_a_billionth_above_it_is_rounding() -> None:
    """1000 less a fee of 100 caps A at 90 of 900: a plan of 95 is above it by intent. 100.00000001 of 1000 is at 0.1."""
    dq, caps = np.array([12.0]), [0.1]
    costs = PerOrderCosts(fixed=100.0).cost_table(1)
    whole_shares._sell_above_caps(
        np.zeros(1), 1000.0, np.array([10.0]), np.array([95.0]), terms(costs, 1, caps=caps), dq
    )
    assert dq[0] == 12.0
    dq, price = np.array([10.0]), np.array([10.000000001])
    whole_shares._sell_above_caps(np.zeros(1), 1000.0, price, 10.0 * price, terms(free(1), 1, caps=caps), dq)
    assert dq[0] == 10.0


# What advance trades on its own ------------------------------------------------------------------------------------------


def on_its_own(prices, units, *, fixed, stale=(), absent=(), barred=(), calendar=(), caps=None, band=None, **more):
    """Advance over ``prices`` with a buffer of ``size`` trades; ``stale`` and ``absent`` are (row, asset)."""
    prices, units = np.array(prices, float), np.array(units, float)
    sessions, n = prices.shape
    fresh, eligible, out = np.ones((sessions, n), bool), np.ones((sessions, n), bool), np.zeros(n, bool)
    for row, asset in stale:
        fresh[row, asset] = False
    for row, asset in absent:
        eligible[row, asset] = False
    out[list(barred)] = True
    due = np.zeros(sessions, bool)
    due[list(calendar)] = True
    target, limits = np.array(fixed, float), np.full(n, np.inf) if caps is None else np.array(caps, float)
    look = np.full(sessions, band is not None)
    width = np.inf if band is None else band
    thresholds = Thresholds(target, look, width, np.inf, limits, target, more.get("whole", True), due)
    watched = more.get("reviewed", False)
    every, none = np.ones(n, bool), np.zeros(n, bool)
    reviews = ReviewWatch(watched, every, prices[0].copy(), every.copy(), none, 0.8, False, True, False)
    orders = StandingOrders(
        OrderTerms(free(n), limits, False, False), np.eye(n)[0], out, target, more.get("static", True)
    )
    buffer = TradeBuffer.allocate(more.get("size", 8), n)
    history = StateHistory(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, n)))
    run = RunContext(MarketArrays(prices, np.ones(sessions), fresh, eligible), orders, reviews, history, buffer)
    armed, at_once = more.get("armed", True), more.get("at_once", True)
    answer = kernel.advance(0, sessions, units, 0.0, run, thresholds, armed, at_once)
    made = int(buffer.filled[0])
    return answer, list(zip(buffer.rows[:made].tolist(), buffer.kinds[:made].tolist(), strict=True)), units, buffer


RISING = [[10.0, 10.0, 10.0], [20.0, 10.0, 10.0], [20.0, 10.0, 10.0]]
"""A doubles: 5 shares of it and of B are 2/3 and 1/3."""


def test_a_rebalance_of_the_calendar_is_made_on_the_way() -> None:
    (row, cash, alarm), made, units, buffer = on_its_own(RISING, [5, 5, 0], fixed=[0.5, 0.5, 0], calendar=[2])
    assert (row, alarm, cash) == (3, kernel.NO_TRIGGER, 0.0)
    assert made == [(2, kernel.NO_TRIGGER)]
    assert units.tolist() == [3.75, 7.5, 0.0]
    assert buffer.weights_before[0] == pytest.approx([2 / 3, 1 / 3, 0.0], rel=1e-15)
    assert buffer.drift_base[0].tolist() == [0.5, 0.5, 0.0]
    assert buffer.dq[0].tolist() == [-1.25, 2.5, 0.0]
    assert not buffer.unaffordable[0]


@pytest.mark.parametrize(
    "obstacle",
    [
        {"stale": [(2, 0)]},  # A is wanted and has no close
        {"absent": [(2, 1)]},  # B is wanted and may not be bought
        {"barred": [2]},
        {"armed": False},
        {"units": [4, 5, 2], "stale": [(2, 2)]},  # C is to be sold and has no close
    ],
    ids=["no close", "not eligible", "barred", "an answer is awaited", "held without a close"],
)
def test_a_rebalance_that_needs_a_decision_is_given_back(obstacle) -> None:
    given = {"fixed": [0.5, 0.5, 0], "calendar": [2], **obstacle}
    (row, _, alarm), made, _, _ = on_its_own(RISING, given.pop("units", [5, 5, 0]), **given)
    assert (row, alarm, made) == (2, kernel.NO_TRIGGER, [])


def test_an_asset_that_is_neither_held_nor_wanted_is_no_obstacle() -> None:
    given = {"fixed": [0.5, 0.5, 0], "calendar": [2], "stale": [(2, 2)], "absent": [(2, 2)]}
    assert on_its_own(RISING, [5, 5, 0], **given)[1] == [(2, kernel.NO_TRIGGER)]


def test_a_band_is_answered_on_the_way_only_at_once_with_fixed_targets_and_wholly() -> None:
    given = {"fixed": [0.5, 0.5, 0], "band": 0.1}
    (row, _, alarm), made, units, _ = on_its_own(RISING, [5, 5, 0], **given)
    assert (row, alarm, made) == (3, kernel.NO_TRIGGER, [(2, kernel.BAND_TRIGGER)])
    assert units.tolist() == [3.75, 7.5, 0.0]
    for other in ({"at_once": False}, {"static": False}, {"whole": False}, {"barred": [2]}):
        (row, _, alarm), made, _, _ = on_its_own(RISING, [5, 5, 0], **given, **other)
        assert (row, alarm, made) == (2, kernel.BAND_TRIGGER, [])


def test_a_cap_is_trimmed_on_the_way_and_only_what_was_above_it() -> None:
    """B doubles to 2/3 of the value, above its cap of 60 %, and goes back to its half; A, the core, takes what it brings."""
    prices = [[10.0, 10.0, 10.0], [10.0, 20.0, 10.0], [10.0, 20.0, 10.0]]
    given = {"fixed": [0.5, 0.5, 0], "caps": [np.inf, 0.6, np.inf]}
    (row, _, alarm), made, units, buffer = on_its_own(prices, [5, 5, 0], **given)
    assert (row, alarm, made) == (3, kernel.NO_TRIGGER, [(2, kernel.CAP_TRIGGER)])
    assert units.tolist() == [7.5, 3.75, 0.0]
    assert buffer.drift_base[0].tolist() == [0.5, 0.5, 0.0]
    (row, _, alarm), made, _, _ = on_its_own(prices, [5, 5, 0], **given, at_once=False)
    assert (row, alarm, made) == (2, kernel.CAP_TRIGGER, [])


def test_a_rebalance_of_the_calendar_settles_a_cap() -> None:
    prices = [[10.0, 10.0, 10.0], [10.0, 20.0, 10.0], [10.0, 20.0, 10.0]]
    given = {"fixed": [0.5, 0.5, 0], "caps": [np.inf, 0.6, np.inf], "calendar": [2]}
    assert on_its_own(prices, [5, 5, 0], **given)[1] == [(2, kernel.NO_TRIGGER)]


def test_a_review_is_never_its_own_business() -> None:
    falling = [[10.0, 10.0, 10.0], [10.0, 8.0, 10.0], [10.0, 8.0, 10.0]]
    (row, _, alarm), made, _, _ = on_its_own(falling, [5, 5, 0], fixed=[0.5, 0.5, 0], calendar=[2], reviewed=True)
    assert (row, alarm, made) == (2, kernel.REVIEW_TRIGGER, [])


def test_a_full_buffer_is_given_back_to_be_written_down() -> None:
    given = {"fixed": [0.5, 0.5, 0], "calendar": [1, 2]}
    (row, _, _), made, _, _ = on_its_own(RISING, [5, 5, 0], **given, size=1)
    assert (row, made) == (2, [(1, kernel.NO_TRIGGER)])
    assert len(on_its_own(RISING, [5, 5, 0], **given)[1]) == 2


def test_costs_above_the_value_trade_nothing_beside_an_asset_that_waits_too() -> None:
    units, dq, fees = np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
    waiting = order([0.9, 0.1], active=[True, False])
    dear = terms(PerOrderCosts(fixed=500.0).cost_table(2), 2)
    status, scaled, cash = kernel.trade(units, 0.0, np.array([10.0, 10.0]), waiting, dear, dq, fees)
    assert (status, scaled, cash, units.tolist()) == (kernel.UNAFFORDABLE, False, 0.0, [1.0, 1.0])


def test_cash_that_rounding_leaves_below_zero_on_the_way_is_zero() -> None:
    rng, below = np.random.default_rng(3), 0
    for _ in range(60):
        prices, third = rng.uniform(5.0, 900.0, (3, 3)), [1 / 3, 1 / 3, 1 / 3]
        units = rng.uniform(1.0, 90.0, 3)
        held, dq, fees = units.copy(), np.zeros(3), np.zeros(3)
        _, _, raw = kernel.trade(held, 0.0, prices[2], order(third), terms(free(3), 3), dq, fees)
        below += raw < 0.0
        (_, cash, _), made, _, _ = on_its_own(prices, units, fixed=third, calendar=[2])
        assert made == [(2, kernel.NO_TRIGGER)]
        assert cash == max(raw, 0.0)
    assert below > 5
