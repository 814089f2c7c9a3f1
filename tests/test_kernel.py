"""The kernel by itself: compiled code equals its Python source, hostile inputs end, flows and shares by hand."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markets import free, percent

from engine import kernel
from engine.costs import PerOrderCosts
from engine.kernel_types import Order, Tape, Terms, Track, Watch

compiled_only = pytest.mark.skipif(
    not hasattr(kernel.trade, "py_func"), reason="numba is switched off: nothing is compiled"
)


def terms(costs, n: int, *, caps=None, whole: bool = False) -> Terms:
    return Terms(costs, np.full(n, np.inf) if caps is None else np.array(caps, float), whole, True)


def order(weights, *, active=None, heirs=None, release: float = 0.0) -> Order:
    n = len(weights)
    return Order(
        np.array(weights, float),
        np.ones(n, bool) if active is None else np.array(active),
        np.zeros(n) if heirs is None else np.array(heirs, float),
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
            [free(n), percent(0.001, n), PerOrderCosts(fixed=1, rate=0.002, minimum=3, maximum=40, spread=2).table(n)]
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
    for function, extra in ((kernel.trade, ()), (kernel.invest, ()), (kernel.raise_cash, (cash * 0.5 + 10.0, 0.1))):
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
    for function, extra in ((kernel.trade, ()), (kernel.invest, ()), (kernel.raise_cash, (0.2 * before, 0.1))):
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
    costs = PerOrderCosts(fixed=1.0).table(2)
    _, _, cash = kernel.trade(units, 0.0, np.array([1.0, 2.0]), order([0.5, 0.5]), terms(costs, 2), dq, fees)
    assert (units.tolist(), cash) == ([0.0, 0.0], 0.0)


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e14])
def test_extreme_scales_end_and_keep_the_weights(scale: float) -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    costs = PerOrderCosts(rate=0.01, minimum=1e-4 * scale).table(2)
    _, _, cash = kernel.trade(units, scale, np.array([scale, 3.0]), order([0.5, 0.3]), terms(costs, 2), dq, fees)
    value = float(units @ np.array([scale, 3.0])) + cash
    assert units * [scale, 3.0] / value == pytest.approx([0.5, 0.3], rel=1e-12)


def test_a_waiting_asset_that_is_overweight_scales_the_others_down() -> None:
    """600 wait in B (target 500): A gets the 400 that are left."""
    units, dq, fees = np.array([30.0, 60.0]), np.zeros(2), np.zeros(2)
    status, scaled, cash = kernel.trade(
        units, 100.0, np.array([10.0, 10.0]), order([0.5, 0.5], active=[True, False]), terms(free(2), 2), dq, fees
    )
    assert (status, scaled, cash) == (kernel.DONE, True, 0.0)
    assert units.tolist() == [40.0, 60.0]


def test_heirs_share_a_release_after_costs_and_cash_keeps_the_rest() -> None:
    """101 released at 1 %: 100 bought, half each; 50 of cash untouched."""
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    given_up = order([0.0, 0.0], active=[False, False], heirs=[0.5, 0.5], release=101.0)
    _, _, cash = kernel.trade(units, 151.0, np.array([10.0, 5.0]), given_up, terms(percent(0.01, 2), 2), dq, fees)
    assert units == pytest.approx([5.0, 10.0], rel=1e-12)
    assert cash == pytest.approx(50.0, rel=1e-12)
    assert fees.sum() == pytest.approx(1.0, rel=1e-12)


def test_a_release_that_its_fee_would_eat_stays_in_cash() -> None:
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    small = order([0.0], active=[False], heirs=[1.0], release=5.0)
    status, _, cash = kernel.trade(
        units, 20.0, np.array([1.0]), small, terms(PerOrderCosts(fixed=9.9).table(1), 1), dq, fees
    )
    assert (status, units[0], cash) == (kernel.UNAFFORDABLE, 0.0, 20.0)


def test_a_trim_moves_the_excess_to_the_heirs_and_leaves_cash_alone() -> None:
    """C at 40 of 1000 goes to its 25; the core takes 15, less 1 % of both orders."""
    units, dq, fees = np.array([90.0, 4.0]), np.zeros(2), np.zeros(2)
    trim = order([0.0, 0.025], active=[False, True], heirs=[1.0, 0.0])
    _, _, cash = kernel.trade(units, 60.0, np.array([10.0, 10.0]), trim, terms(percent(0.01, 2), 2), dq, fees)
    value = float(units @ [10.0, 10.0]) + cash
    assert cash == pytest.approx(60.0, rel=1e-12)
    assert units[1] * 10.0 == pytest.approx(0.025 * value, rel=1e-12)
    assert value == pytest.approx(1000.0 - fees.sum(), rel=1e-13)


def test_new_money_goes_to_the_largest_gap_first() -> None:
    """Gaps at 1200: A 300, B 100, C none; 200 all go to A, with 400 also B gets its 100."""
    for cash, expected in ((200.0, [50.0, 30.0, 40.0]), (400.0, [60.0, 40.0, 40.0])):
        units, dq, fees = np.array([30.0, 30.0, 40.0]), np.zeros(3), np.zeros(3)
        left = kernel.invest(units, cash, np.full(3, 10.0), order([0.5, 1 / 3, 1 / 6]), terms(free(3), 3), dq, fees)
        if cash == 200.0:
            assert units == pytest.approx(expected, rel=1e-12)
            assert left == pytest.approx(0.0, abs=1e-9)
        else:
            assert units[0] == pytest.approx(0.5 * 140.0, rel=1e-12)


def test_a_cash_target_is_kept_when_new_money_is_invested() -> None:
    units, dq, fees = np.array([80.0]), np.zeros(1), np.zeros(1)
    left = kernel.invest(units, 400.0, np.array([10.0]), order([0.75]), terms(free(1), 1), dq, fees)
    assert units[0] == pytest.approx(90.0)
    assert left == pytest.approx(300.0)


def test_a_purchase_and_its_fee_fit_the_money() -> None:
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    costs = PerOrderCosts(fixed=4.9, rate=0.0025, minimum=9.9, maximum=59.9).table(1)
    left = kernel.invest(units, 1000.0, np.array([1.0]), order([1.0]), terms(costs, 1), dq, fees)
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
    costs = PerOrderCosts(fixed=0.5, rate=0.001).table(3)
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
    costs = PerOrderCosts(rate=0.05).table(2)
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
    assert kernel._caps_keep(units, dq, price, caps, 1, 100.0, 100.0)
    assert not kernel._caps_keep(units, dq, price, caps, 1, 100.0, 99.9)
    assert kernel._caps_keep(units, dq, price, caps, 1, 99.95, 99.9)  # it was above before, for another reason
    assert not kernel._caps_keep(units, dq, price, caps, 0, 99.95, 99.9)


def holding(prices, units, cash: float, *, growth=None, watch=None, armed=True, start=0, stop=None):
    prices = np.array(prices, float)
    sessions, n = prices.shape
    track = Track(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, n)))
    rest = Watch(np.zeros(n), np.zeros(sessions, bool), np.inf, np.inf, np.full(n, np.inf))
    tape = Tape(prices, np.ones(sessions) if growth is None else np.array(growth, float))
    answer = kernel.hold(start, stop or sessions, np.array(units, float), cash, tape, watch or rest, armed, track)
    return answer, track


def test_holding_marks_every_session_and_accrues_interest_between_them() -> None:
    (row, cash, alarm), track = holding([[10.0], [11.0], [12.0]], [2.0], 100.0, growth=[9.9, 1.01, 1.02])
    assert (row, alarm) == (3, kernel.QUIET)
    assert track.cash.tolist() == [100.0, 101.0, pytest.approx(103.02)]
    assert track.value.tolist() == [120.0, 123.0, pytest.approx(127.02)]
    assert cash == pytest.approx(103.02)
    (row, cash, _), _ = holding([[10.0], [11.0], [12.0]], [2.0], 100.0, growth=[9.9, 1.01, 1.02], stop=1)
    assert (row, cash) == (1, 101.0)


def test_an_alarm_stops_the_session_after_the_close_that_raised_it() -> None:
    quiet = np.full(2, np.inf)
    cap = Watch(np.array([0.5, 0.5]), np.zeros(4, bool), np.inf, np.inf, np.array([np.inf, 0.6]))
    prices = [[10, 10], [10, 15], [10, 15.1], [10, 10]]
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, watch=cap)
    assert (row, alarm) == (3, kernel.CAP_ALARM)
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, watch=cap, armed=False)
    assert (row, alarm) == (4, kernel.QUIET)
    band = Watch(np.array([0.5, 0.5]), np.array([True, False, True, True]), 0.05, np.inf, quiet)
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, watch=band)
    assert (row, alarm) == (3, kernel.BAND_ALARM)
    relative = Watch(np.array([0.5, 0.5]), np.ones(4, bool), np.inf, 0.15, quiet)
    (row, _, alarm), _ = holding(prices, [1.0, 1.0], 0.0, watch=relative)
    assert (row, alarm) == (2, kernel.BAND_ALARM)


def test_a_weight_at_its_cap_or_on_its_band_raises_no_alarm() -> None:
    at = Watch(np.array([0.5, 0.5]), np.ones(1, bool), 0.25, np.inf, np.array([0.75, 0.25]))
    (_, _, alarm), _ = holding([[30.0, 10.0]], [1.0, 1.0], 0.0, watch=at)
    assert alarm == kernel.QUIET


@compiled_only
def test_an_edited_kernel_is_compiled_anew(tmp_path: Path) -> None:
    """Numba caches on disk; a changed source must not run as the old one did."""
    package = tmp_path / "engine"
    shutil.copytree(
        Path(kernel.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "report", "sources")
    )
    code = (
        "import numpy as np; from engine import kernel; from engine.kernel_types import CostTable;"
        "c = CostTable(*(np.full(1, v) for v in (0.01, 0, 0, 0, np.inf, np.inf, 0)));"
        "print(kernel.order_cost(100.0, 1.0, 0, c))"
    )

    def answer() -> str:
        return subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout.strip()

    assert answer() == "1.0"
    source = package / "kernel.py"
    text = source.read_text()
    edited = text.replace("costs.rate[a] * x", "5.0 * costs.rate[a] * x")
    assert edited != text
    source.write_text(edited)
    assert answer() == "5.0"
