"""``trade`` by itself: compiled code equals its Python source, hostile inputs end, orders and their costs by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import PerOrderCosts
from engine.simulation.kernel import cost_fixpoint as fixpoint
from engine.simulation.kernel.cash_flows import invest_cash, raise_cash
from engine.simulation.kernel.order_costs import is_proportional, order_cost
from engine.simulation.kernel.records import (
    Order,
)
from engine.simulation.kernel.tolerances import TRADE_TOLERANCE
from engine.simulation.kernel.trade import FILLED, ORDERS_LEFT_OUT, UNAFFORDABLE, _mark_recipients, trade
from tests.support.kernels import compiled_only, fills, order, quotes, situations, terms
from tests.support.markets import free, percent


@compiled_only
@given(situations())
def test_compiled_code_gives_the_bits_of_its_python_source(situation) -> None:
    units, cash, price, weights, costs, whole = situation
    n = len(units)
    for function, extra in (
        (trade, ()),
        (invest_cash, ()),
        (raise_cash, (cash * 0.5 + 10.0, 0.1)),
    ):
        results = []
        for version in (function, function.py_func):
            held, dq, fees = units.copy(), np.zeros(n), np.zeros(n)
            answer = version(
                held, cash, *extra, quotes(price), order(weights), terms(costs, n, whole=whole), fills(dq, fees)
            )
            results.append((np.array(answer, dtype=float).tobytes(), held.tobytes(), dq.tobytes(), fees.tobytes()))
        assert results[0] == results[1]


@given(situations())
def test_money_is_neither_made_nor_lost(situation) -> None:
    units, cash, price, weights, costs, whole = situation
    n = len(units)
    before = float(units @ price) + cash
    for function, extra in ((trade, ()), (invest_cash, ()), (raise_cash, (0.2 * before, 0.1))):
        held, dq, fees = units.copy(), np.zeros(n), np.zeros(n)
        answer = function(
            held, cash, *extra, quotes(price), order(weights), terms(costs, n, whole=whole), fills(dq, fees)
        )
        left = answer[-1]
        assert float(held @ price) + left + fees.sum() == pytest.approx(before, rel=1e-12)
        assert held == pytest.approx(units + dq, abs=1e-9)
        assert (held >= -1e-9).all()
        assert left >= -1e-9 * before


def test_a_nan_price_of_an_asset_nobody_holds_or_wants_harms_nothing() -> None:
    units, dq, fees = np.array([10.0, 0.0]), np.zeros(2), np.zeros(2)
    _, _, cash = trade(
        units, 0.0, quotes(np.array([10.0, np.nan])), order([0.5, 0.0]), terms(percent(0.0, 2), 2), fills(dq, fees)
    )
    assert units.tolist() == [5.0, 0.0]
    assert cash == 50.0


def test_an_empty_account_trades_nothing_and_ends() -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    costs = PerOrderCosts(fixed=1.0).cost_table(2)
    _, _, cash = trade(units, 0.0, quotes(np.array([1.0, 2.0])), order([0.5, 0.5]), terms(costs, 2), fills(dq, fees))
    assert (units.tolist(), cash) == ([0.0, 0.0], 0.0)


@pytest.mark.parametrize("scale", [1e-200, 1e-9, 1e9, 1e14])
def test_extreme_scales_end_and_keep_the_weights(scale: float) -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    costs = PerOrderCosts(rate=0.01, minimum=1e-4 * scale).cost_table(2)
    _, _, cash = trade(
        units, scale, quotes(np.array([scale, 3.0])), order([0.5, 0.3]), terms(costs, 2), fills(dq, fees)
    )
    value = float(units @ np.array([scale, 3.0])) + cash
    assert units * [scale, 3.0] / value == pytest.approx([0.5, 0.3], rel=1e-12)


def test_a_waiting_asset_that_is_overweight_scales_the_others_down() -> None:
    """600 wait in B (target 500): A gets the 400 that are left."""
    units, dq, fees = np.array([30.0, 60.0]), np.zeros(2), np.zeros(2)
    status, scaled, cash = trade(
        units,
        100.0,
        quotes(np.array([10.0, 10.0])),
        order([0.5, 0.5], active=[True, False]),
        terms(free(2), 2),
        fills(dq, fees),
    )
    assert (status, scaled, cash) == (FILLED, True, 0.0)
    assert units.tolist() == [40.0, 60.0]


def test_a_release_that_its_fee_would_eat_stays_in_cash() -> None:
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    small = order([0.0], active=[False], recipients=[1.0], release=5.0)
    status, _, cash = trade(
        units, 20.0, quotes(np.array([1.0])), small, terms(PerOrderCosts(fixed=9.9).cost_table(1), 1), fills(dq, fees)
    )
    assert (status, units[0], cash) == (ORDERS_LEFT_OUT, 0.0, 20.0)


def test_a_trim_moves_the_excess_to_the_recipients_and_leaves_cash_alone() -> None:
    """C at 40 of 1000 goes to its 25; the core takes 15, less 1 % of both orders."""
    units, dq, fees = np.array([90.0, 4.0]), np.zeros(2), np.zeros(2)
    trim = order([0.0, 0.025], active=[False, True], recipients=[1.0, 0.0])
    _, _, cash = trade(units, 60.0, quotes(np.array([10.0, 10.0])), trim, terms(percent(0.01, 2), 2), fills(dq, fees))
    value = float(units @ [10.0, 10.0]) + cash
    assert cash == pytest.approx(60.0, rel=1e-12)
    assert units[1] * 10.0 == pytest.approx(0.025 * value, rel=1e-12)
    assert value == pytest.approx(1000.0 - fees.sum(), rel=1e-13)


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
    assert order_cost(-100.0, 0, quotes(8.0), table) == pytest.approx(3.1, rel=1e-14)
    assert order_cost(1.0, 0, quotes(8.0), table) == pytest.approx(0.5 + 0.02 + 0.005 + 0.001, rel=1e-14)
    abroad = quotes(8.0)._replace(shares=np.array([3.0]), tariff_rate=0.25)  # 37.5 shares of the day
    assert order_cost(100.0, 0, abroad, table) == pytest.approx(0.125 + 2.0 + 0.375 + 0.1, rel=1e-14)
    table.minimum[0] = 5.0
    assert order_cost(100.0, 0, quotes(8.0), table) == pytest.approx(5.1, rel=1e-14)
    table.maximum[0] = 4.0
    assert order_cost(100.0, 0, quotes(8.0), table) == pytest.approx(4.1, rel=1e-14)
    table.maximum_rate[0] = 0.01
    assert order_cost(100.0, 0, quotes(8.0), table) == pytest.approx(1.1, rel=1e-14)


def test_orders_of_active_assets_recipients_and_the_rest_by_hand() -> None:
    """A goes to half of 900 - 100; of 300 released 100 go in costs, 300 to A: the recipients sell 100, D only what it has."""
    h = np.array([100.0, 600.0, 250.0, 50.0])
    given = Order(np.array([0.5, 0.5, 0.0, 0.0]), np.array([True, False, False, False]), np.array([0, 0, 0.25, 0.75]))
    x = np.full(4, 9.0)
    fixpoint.fill_trades_at_value(900.0, 1000.0, h, given._replace(released_cash=300.0, withheld_cash=100.0), x)
    assert x.tolist() == [300.0, 0.0, -25.0, -50.0]
    fixpoint.fill_trades_at_value(900.0, 1000.0, h, given._replace(released_cash=0.0, withheld_cash=950.0), x)
    assert x.tolist() == [-100.0, 0.0, 0.0, 0.0]


def test_an_order_of_a_trillionth_of_the_value_is_rounding_and_a_larger_one_is_not() -> None:
    """NOISE of 1e12 is 1."""
    for held, expected in ((5e11 - 1.0, 0.0), (5e11 + 1.0, 0.0), (5e11 - 1.5, 1.5), (5e11 + 1.5, -1.5)):
        x = np.empty(1)
        fixpoint.fill_trades_at_value(1e12, 1e12, np.array([held]), order([0.5]), x)
        assert x[0] == expected


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
    status, scaled, cash = trade(
        units,
        0.0,
        quotes(np.full(3, 10.0)),
        order([0.3, 0.6, 0.1], active=[True, False, True]),
        terms(free(3), 3),
        fills(dq, fees),
    )
    assert (status, scaled) == (FILLED, True)
    assert units == pytest.approx([26.0, 70.0, 4.0], rel=1e-12)
    assert cash == pytest.approx(0.0, abs=1e-9)


def test_a_trim_whose_costs_would_eat_what_it_brings_is_not_made() -> None:
    """B is 1 above its target, two orders cost 10; with 100 to bring, 90 are left to A."""
    costs = PerOrderCosts(fixed=5.0).cost_table(2)
    for weight, expected in ((0.499, ORDERS_LEFT_OUT), (0.4, FILLED)):
        units, dq, fees = np.array([500.0, 500.0]), np.zeros(2), np.zeros(2)
        trim = order([0.0, weight], active=[False, True], recipients=[1.0, 0.0])
        status, _, cash = trade(units, 0.0, quotes(np.ones(2)), trim, terms(costs, 2), fills(dq, fees))
        assert (status, cash) == (expected, pytest.approx(0.0, abs=1e-9))
        assert (units.tolist() == [500.0, 500.0]) == (expected == ORDERS_LEFT_OUT)


def test_a_release_of_which_costs_leave_a_billionth_of_the_account_is_not_spent() -> None:
    """5 released in an account of 1e9 for a fee of 4.5: half a coin would be bought."""
    units, dq, fees = np.zeros(1), np.zeros(1), np.zeros(1)
    given_up = order([0.0], active=[False], recipients=[1.0], release=5.0)
    status, _, cash = trade(
        units, 1e9, quotes(np.array([1.0])), given_up, terms(PerOrderCosts(fixed=4.5).cost_table(1), 1), fills(dq, fees)
    )
    assert (status, units[0], cash) == (ORDERS_LEFT_OUT, 0.0, 1e9)


def test_weights_of_more_than_the_account_are_not_filled() -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    status, _, cash = trade(units, 100.0, quotes(np.ones(2)), order([0.8, 0.4]), terms(free(2), 2), fills(dq, fees))
    assert (status, units.tolist(), cash) == (UNAFFORDABLE, [0.0, 0.0], 100.0)


def test_a_sale_that_costs_all_it_brings_is_left_out() -> None:
    for fixed, expected in ((9.9, (FILLED, 10.0 - 9.9)), (10.0, (ORDERS_LEFT_OUT, 10.0)), (10.5, (UNAFFORDABLE, 10.0))):
        units, dq, fees = np.array([10.0]), np.zeros(1), np.zeros(1)
        costs = PerOrderCosts(fixed=fixed).cost_table(1)
        status, _, cash = trade(units, 0.0, quotes(np.ones(1)), order([0.0]), terms(costs, 1), fills(dq, fees))
        assert (status, units[0] + cash) == expected


def test_an_account_of_less_than_one_coin_waits_as_a_large_one_does() -> None:
    """The 0.6 that wait in B leave 0.4 to A."""
    units, dq, fees = np.array([0.3, 0.6]), np.zeros(2), np.zeros(2)
    waits = order([0.5, 0.5], active=[True, False])
    status, scaled, cash = trade(units, 0.1, quotes(np.ones(2)), waits, terms(free(2), 2), fills(dq, fees))
    assert (status, scaled) == (FILLED, True)
    assert units == pytest.approx([0.4, 0.6], rel=1e-12)
    assert cash == pytest.approx(0.0, abs=1e-12)


def test_a_purchase_whose_fee_would_make_it_a_sale_is_not_made_beside_a_waiting_asset() -> None:
    """A wants 300 and has 260, B's 739 wait, 1 is in cash: of the 1 a fee of 2 leaves a sale of 1, so nothing trades."""
    units, dq, fees = np.array([260.0, 739.0]), np.zeros(2), np.zeros(2)
    waits, costs = order([0.3, 0.7], active=[True, False]), PerOrderCosts(fixed=2.0).cost_table(2)
    status, scaled, cash = trade(units, 1.0, quotes(np.ones(2)), waits, terms(costs, 2), fills(dq, fees))
    assert (status, scaled, cash, units.tolist(), fees.any()) == (FILLED, True, 1.0, [260.0, 739.0], False)


def test_costs_above_the_value_trade_nothing_beside_an_asset_that_waits_too() -> None:
    units, dq, fees = np.array([1.0, 1.0]), np.zeros(2), np.zeros(2)
    waiting = order([0.9, 0.1], active=[True, False])
    dear = terms(PerOrderCosts(fixed=500.0).cost_table(2), 2)
    status, scaled, cash = trade(units, 0.0, quotes(np.array([10.0, 10.0])), waiting, dear, fills(dq, fees))
    assert (status, scaled, cash, units.tolist()) == (UNAFFORDABLE, False, 0.0, [1.0, 1.0])


def test_recipients_are_judged_by_their_shares_of_what_the_other_orders_and_all_costs_leave() -> None:
    """A sale of 22 costs 20; of the 2 orders of 1 and 5 leave -4: 3 for B, which pays 1, and 1 for C, which pays 5."""
    frees = order([0.0] * 4, active=[True, False, False, False], recipients=[0.0, 0.75, 0.25, 0.0])
    x, costs, filled = np.array([-22.0, -1.0, -3.0, 0.0]), percent(0.0, 4), fills(np.zeros(4), np.zeros(4))
    costs.fixed[:] = [20.0, 1.0, 5.0, 0.0]
    assert _mark_recipients(1000.0, False, quotes(np.ones(4)), frees, x, costs, filled) == 1
    assert filled.left_out.tolist() == [0, 0, 1, 0]


def test_where_no_recipient_is_ruled_out_by_its_own_costs_all_of_them_are() -> None:
    """A sale of 22 costs 20; of the 2 two orders of 4 leave -6, or 3 each if it were to spend: enough for neither."""
    frees = order([0.0] * 3, active=[True, False, False], recipients=[0.0, 0.5, 0.5])
    x, costs, filled = np.array([-22.0, -3.0, 1.0]), percent(0.0, 3), fills(np.zeros(3), np.zeros(3))
    costs.fixed[:] = [20.0, 2.0, 2.0]
    assert _mark_recipients(1000.0, False, quotes(np.ones(3)), frees, np.array([-22.0, 1.0, 1.0]), costs, filled) == 0
    assert _mark_recipients(1000.0, False, quotes(np.ones(3)), frees, x, costs, filled) == 2
    assert filled.left_out.tolist() == [0, 1, 1]
    costs.fixed[1:], filled.left_out[:] = 0.5, 0  # 1 is left, 0.5 each: as much as it costs
    assert _mark_recipients(1000.0, False, quotes(np.ones(3)), frees, x, costs, filled) == 2
    costs.fixed[1:], filled.left_out[:] = 0.4, 0  # 1.2 are left, 0.6 each for 0.4
    assert _mark_recipients(1000.0, False, quotes(np.ones(3)), frees, x, costs, filled) == 1
    assert filled.left_out.tolist() == [0, 1, 1]


def test_what_is_rounding_to_the_account_is_judged_only_where_it_is_sold_in_whole_shares() -> None:
    """A trillionth of the account is 10: of the 2 set free neither 1 is judged, or B's alone, where others are placed."""
    frees = order([0.0] * 3, active=[True, False, False], recipients=[0.0, 0.5, 0.5])
    x, costs, filled = np.array([-22.0, -1.0, 1.0]), percent(0.0, 3), fills(np.zeros(3), np.zeros(3))
    costs.fixed[:] = [20.0, 2.0, 2.0]
    value = 10.0 / TRADE_TOLERANCE
    assert _mark_recipients(value, False, quotes(np.ones(3)), frees, x, costs, filled) == 0
    assert _mark_recipients(value, True, quotes(np.ones(3)), frees, x, costs, filled) == 1
    assert filled.left_out.tolist() == [0, 1, 1]


def test_a_trim_that_can_pay_its_own_fee_but_not_its_recipient_s_is_made_alone() -> None:
    """B's 5.7 of 6 go for a fee of 5; a second fee would be more than the account is worth. C has no part in it."""
    units, dq, fees = np.array([0.3, 5.7, 0.0]), np.zeros(3), np.zeros(3)
    trim = order([0.0] * 3, active=[False, True, False], recipients=[1.0, 0.0, 0.0])
    costs, filled = PerOrderCosts(fixed=5.0).cost_table(3), fills(dq, fees)
    status, _, cash = trade(units, 0.0, quotes(np.ones(3)), trim, terms(costs, 3), filled)
    assert (status, units.tolist(), filled.left_out.tolist()) == (ORDERS_LEFT_OUT, [0.3, 0.0, 0.0], [1, 0, 0])
    assert cash == pytest.approx(0.7, rel=1e-12)


def test_a_release_whose_fee_is_more_than_the_account_stays_in_cash() -> None:
    units, filled = np.zeros(1), fills(np.zeros(1), np.zeros(1))
    freed = order([0.0], active=[False], recipients=[1.0], release=5.0)
    dear = terms(PerOrderCosts(fixed=9.9).cost_table(1), 1)
    status, _, cash = trade(units, 5.0, quotes(np.ones(1)), freed, dear, filled)
    assert (status, units[0], cash, filled.left_out.tolist()) == (ORDERS_LEFT_OUT, 0.0, 5.0, [1])


def test_orders_that_nothing_can_pay_for_are_named_and_those_that_were_none_are_not() -> None:
    units, filled = np.array([1.0, 0.0, 4.0]), fills(np.zeros(3), np.zeros(3))
    dear = terms(PerOrderCosts(fixed=500.0).cost_table(3), 3)
    status, _, cash = trade(units, 5.0, quotes(np.ones(3)), order([0.5, 0.1, 0.4]), dear, filled)
    assert (status, cash, units.tolist()) == (UNAFFORDABLE, 5.0, [1.0, 0.0, 4.0])
    assert filled.left_out.tolist() == [1, 1, 0]
