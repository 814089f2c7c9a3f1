"""Contributions and withdrawals in the kernel: gaps filled, excesses sold, fees paid, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.portfolio.costs import PerOrderCosts
from engine.simulation.kernel import cash_flows as flows
from engine.simulation.kernel.cash_flows import invest_cash, raise_cash
from engine.simulation.kernel.order_costs import order_cost
from tests.support.kernels import fills, order, quotes, terms
from tests.support.markets import free, percent


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
    _, left = invest_cash(
        units, paid_in, quotes(np.full(3, 10.0)), order([0.5, 1 / 3, 1 / 6]), terms(free(3), 3), fills(dq, fees)
    )
    assert units == pytest.approx(np.array(expected), rel=1e-12)
    assert left == pytest.approx(0.0, abs=1e-9)


def test_a_cash_target_is_kept_when_new_money_is_invested() -> None:
    units, dq, fees = np.array([80.0]), np.zeros(1), np.zeros(1)
    _, left = invest_cash(units, 400.0, quotes(np.array([10.0])), order([0.75]), terms(free(1), 1), fills(dq, fees))
    assert units[0] == pytest.approx(90.0)
    assert left == pytest.approx(300.0)


def test_a_purchase_and_its_fee_fit_the_money() -> None:
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    costs = PerOrderCosts(fixed=4.9, rate=0.0025, minimum=9.9, maximum=59.9).cost_table(1)
    _, left = invest_cash(units, 1000.0, quotes(np.array([1.0])), order([1.0]), terms(costs, 1), fills(dq, fees))
    assert units[0] == pytest.approx(990.1, rel=1e-12)
    assert left == pytest.approx(0.0, abs=1e-9)


def test_a_withdrawal_sells_the_largest_excess_first_and_uses_spare_cash_before() -> None:
    """Excesses at 900 after 100: A 150, B 0; 60 of spare cash leave 40 to raise, all from A."""
    units, dq, fees = np.array([60.0, 34.0]), np.zeros(2), np.zeros(2)
    _, left = raise_cash(
        units, 60.0, 100.0, 0.0, quotes(np.full(2, 10.0)), order([0.5, 0.5]), terms(free(2), 2), fills(dq, fees)
    )
    assert units.tolist() == [56.0, 34.0]
    assert left == pytest.approx(100.0)


def test_a_sale_covers_its_own_fee() -> None:
    units, dq, fees = np.array([1000.0]), np.zeros(1), np.zeros(1)
    _, left = raise_cash(
        units, 0.0, 100.0, 0.0, quotes(np.array([1.0])), order([1.0]), terms(percent(0.01, 1), 1), fills(dq, fees)
    )
    assert left == pytest.approx(100.0, rel=1e-12)
    assert dq[0] == pytest.approx(-100.0 / 0.99, rel=1e-12)


def test_the_most_that_a_budget_pays_for_with_its_fee() -> None:
    assert flows.largest_purchase(100.0, 0, quotes(1.0), free(1)) == 100.0
    assert flows.largest_purchase(101.0, 0, quotes(1.0), percent(0.01, 1)) == pytest.approx(100.0, rel=1e-14)
    assert flows.largest_purchase(100.0, 0, quotes(1.0), PerOrderCosts(fixed=30.0).cost_table(1)) == pytest.approx(
        70.0, rel=1e-14
    )
    assert flows.largest_purchase(100.0, 0, quotes(1.0), PerOrderCosts(fixed=200.0).cost_table(1)) == 0.0
    costs = percent(0.013, 1)
    most = flows.largest_purchase(77.7, 0, quotes(1.0), costs)
    assert most + order_cost(most, 0, quotes(1.0), costs) <= 77.7
    more = np.nextafter(most, 100.0)
    assert more + order_cost(more, 0, quotes(1.0), costs) > 77.7


def test_the_smallest_sale_that_brings_what_is_needed_after_its_fee() -> None:
    fixed = PerOrderCosts(fixed=1.0).cost_table(1)
    assert flows._smallest_sale(50.0, 100.0, 0, quotes(1.0), fixed) == pytest.approx(51.0, rel=1e-14)
    assert flows._smallest_sale(99.0, 100.0, 0, quotes(1.0), fixed) == 100.0
    assert flows._smallest_sale(500.0, 100.0, 0, quotes(1.0), fixed) == 100.0
    costs = percent(0.013, 1)
    sale = flows._smallest_sale(50.0, 100.0, 0, quotes(1.0), costs)
    assert sale - order_cost(sale, 0, quotes(1.0), costs) >= 50.0
    less = np.nextafter(sale, 0.0)
    assert less - order_cost(less, 0, quotes(1.0), costs) < 50.0


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


def test_of_assets_as_far_but_for_rounding_from_their_targets_the_first_is_taken_wherever_it_stands() -> None:
    """A is at its target; C lacks half a coin more than B, of which two coins are rounding."""
    h, targets = np.array([20.0, 10.0, 9.5]), order([0.2, 0.4, 0.4])
    assert flows._largest_gap(h, 100.0, targets, np.zeros(3, bool), 1.0, 2.0) == (1, 30.0)
    assert flows._largest_gap(h - [0, 0, 2.0], 100.0, targets, np.zeros(3, bool), 1.0, 2.0) == (2, 32.5)


def test_all_of_what_sales_leave_sells_an_asset_whole_to_the_last_bit() -> None:
    h, x = np.array([29.7, 29.7, 8.0]), np.zeros(3)
    flows._add_share(1.0, h, order([0.0] * 3, active=[True, False, True]), np.array([-13.1, -13.1, -4.0]), x)
    assert x.tolist() == [-29.7, -13.1, -8.0]
    flows._add_share(0.5, h, order([0.0] * 3, active=[True, False, True]), np.array([-13.1, -13.1, -4.0]), x)
    assert x == pytest.approx([-21.4, -13.1, -6.0], rel=1e-15)


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
    _, left = invest_cash(units, 203.0, quotes(np.ones(2)), order([0.5, 0.5]), terms(costs, 2), fills(dq, fees))
    assert units == pytest.approx([501.0, 500.0], rel=1e-12)
    assert fees.tolist() == [1.0, 0.0]
    assert left == pytest.approx(1.0, rel=1e-9)


def test_new_money_fills_two_gaps_with_a_rate_each() -> None:
    """Targets 60/40 %, holdings 100 and 100, 303 new at 1 %: 500 after costs of 3, 300 and 200, so 200 and 100 bought."""
    units, dq, fees = np.array([100.0, 100.0]), np.zeros(2), np.zeros(2)
    _, left = invest_cash(
        units, 303.0, quotes(np.ones(2)), order([0.6, 0.4]), terms(percent(0.01, 2), 2), fills(dq, fees)
    )
    assert units == pytest.approx([300.0, 200.0], rel=1e-12)
    assert fees == pytest.approx([2.0, 1.0], rel=1e-12)
    assert left == pytest.approx(0.0, abs=1e-9)


def test_a_withdrawal_takes_two_excesses_with_a_rate_each() -> None:
    """At 1 %, 99 due are 100 of A; 198 due are 200: A's excess over the third of 400, and 100 / 3 of B."""
    units, dq, fees = np.array([300.0, 250.0, 50.0]), np.zeros(3), np.zeros(3)
    rest = quotes(np.ones(3)), order([1 / 3, 1 / 3, 1 / 3]), terms(percent(0.01, 3), 3), fills(dq, fees)
    _, left = raise_cash(units, 0.0, 99.0, 0.0, *rest)
    assert units == pytest.approx([200.0, 250.0, 50.0], rel=1e-12)
    assert fees == pytest.approx([1.0, 0.0, 0.0], rel=1e-9)
    assert left == pytest.approx(99.0, rel=1e-12)
    units = np.array([300.0, 250.0, 50.0])
    _, left = raise_cash(units, 0.0, 198.0, 0.0, *rest)
    assert units == pytest.approx([400 / 3, 250.0 - 100 / 3, 50.0], rel=1e-12)
    assert left == pytest.approx(198.0, rel=1e-12)


@pytest.mark.parametrize(("due", "kept"), [(41.0, [54.0, 50.0]), (45.0, [47.5, 47.5])])
def test_a_sale_that_its_fee_would_eat_is_no_part_of_a_withdrawal(due: float, kept: list[float]) -> None:
    """For 41 B's excess over half of 104 alone suffices, costs included; for 45 A's is 6.5 over half of 95: both sell."""
    units, dq, fees = np.array([54.0, 96.0]), np.zeros(2), np.zeros(2)
    costs, placed = PerOrderCosts(fixed=5.0).cost_table(2), fills(dq, fees)
    _, left = raise_cash(units, 0.0, due, 0.0, quotes(np.ones(2)), order([0.5, 0.5]), terms(costs, 2), placed)
    assert units == pytest.approx(kept, rel=1e-12)
    assert not placed.left_out.any()
    assert left == pytest.approx(due, rel=1e-12)


def test_new_money_leaves_gaps_of_a_trillionth_of_the_account_alone() -> None:
    """Of 1e12 a quarter each and in cash: A and C lack 0.9 each, B 10; only B is bought, 1.8 too much stay in cash."""
    quarter = 2.5e11
    units, dq, fees = np.array([quarter - 0.9, quarter - 10.0, quarter - 0.9]), np.zeros(3), np.zeros(3)
    _, left = invest_cash(
        units, quarter + 11.8, quotes(np.ones(3)), order([0.25] * 3), terms(free(3), 3), fills(dq, fees)
    )
    assert dq == pytest.approx([0.0, 10.0, 0.0], abs=1e-3)
    assert left == pytest.approx(quarter + 1.8, abs=1e-3)
