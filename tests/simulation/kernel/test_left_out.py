"""Orders that are not worth placing, in the kernel: what is left out, what the others do then, by hand (S3)."""

from __future__ import annotations

import numpy as np
import pytest

from engine.portfolio.costs import PerOrderCosts
from engine.simulation.kernel.cash_flows import invest_cash, raise_cash
from engine.simulation.kernel.records import BELOW_MIN_ORDER, EATEN_BY_COSTS, NO_WHOLE_SHARE, Order, OrderFills
from engine.simulation.kernel.trade import FILLED, ORDERS_LEFT_OUT, trade
from tests.support.kernels import order, quotes, terms
from tests.support.markets import free


def placed(units, cash: float, wanted: Order, *, fee: float = 0.0, least: float = 0.0, price=None, whole: bool = False):
    """Trade at prices of 1 unless given; return status, units, cash and why orders were left out."""
    n = len(units)
    held, fills = np.array(units, float), OrderFills.allocate(n)
    rule = terms(PerOrderCosts(fixed=fee).cost_table(n) if fee else free(n), n, whole=whole)._replace(min_order=least)
    status, _, left = trade(held, cash, quotes(np.ones(n) if price is None else price), wanted, rule, fills)
    return status, held.tolist(), left, fills.left_out.tolist()


def test_an_opening_order_smaller_than_its_fee_is_left_out_and_its_money_stays() -> None:
    """300 less three fees of 10: 3 % of 270 are 8.10; A alone has 94 % of 290, and 17.40 stay."""
    status, units, cash, why = placed([0, 0, 0], 300.0, order([0.94, 0.03, 0.03]), fee=10.0)
    assert (status, why) == (ORDERS_LEFT_OUT, [0, EATEN_BY_COSTS, EATEN_BY_COSTS])
    assert [*units, cash] == pytest.approx([272.6, 0.0, 0.0, 17.4], rel=1e-12)


@pytest.mark.parametrize(("least", "bought"), [(40.0, 40.0), (40.01, 0.0)])
def test_an_order_below_the_least_is_left_out_and_one_of_just_it_is_not(least: float, bought: float) -> None:
    status, units, cash, why = placed([0, 0], 1000.0, order([0.96, 0.04]), least=least)
    assert (units, cash) == ([960.0, bought], pytest.approx(40.0 - bought))
    assert (status, why[1]) == ((FILLED, 0) if bought else (ORDERS_LEFT_OUT, BELOW_MIN_ORDER))


def test_a_sale_left_out_scales_what_the_others_may_have() -> None:
    """A third each of 1500: A's 20 too much stay, B and C share 980."""
    _, units, cash, why = placed([520, 560, 420], 0.0, order([1 / 3, 1 / 3, 1 / 3]), least=30.0)
    assert units == pytest.approx([520.0, 490.0, 490.0], rel=1e-12)
    assert (cash, why) == (pytest.approx(0.0, abs=1e-9), [BELOW_MIN_ORDER, 0, 0])


def test_what_a_withdrawal_does_not_sell_here_it_sells_there() -> None:
    """100 are raised from 96, 2 and 2 %: sales of about 2 would cost 9.90, so A sells 109.90."""
    raised = order([0, 0, 0], active=[False] * 3, recipients=[0.96, 0.02, 0.02], release=-100.0)
    _, units, cash, why = placed([19200, 400, 400], 0.0, raised, fee=9.9)
    assert [*units, cash] == pytest.approx([19090.1, 400.0, 400.0, 100.0], rel=1e-12)
    assert why == [0, EATEN_BY_COSTS, EATEN_BY_COSTS]


@pytest.mark.parametrize("held", [[485, 0, 515], [300, 185, 515]])
def test_a_trim_sells_though_what_it_brings_is_too_little_for_the_core(held: list[float]) -> None:
    """C goes to half of 990 and brings 20 less 10; two purchases would cost 20, whatever the core holds."""
    trim = order([0, 0, 0.5], active=[False, False, True], recipients=[0.85, 0.15, 0.0])
    _, units, cash, why = placed(held, 0.0, trim, fee=10.0)
    assert [*units, cash] == pytest.approx([*held[:2], 495.0, 10.0], rel=1e-12)
    assert why == [EATEN_BY_COSTS, EATEN_BY_COSTS, 0]


def test_a_recipient_that_costs_nothing_takes_its_share_beside_one_left_out() -> None:
    """5 are set free: A's half would cost 4 and leave 1 for both; B has its own half, the other stays in cash."""
    units, fills = np.zeros(2), OrderFills.allocate(2)
    costs = free(2)._replace(fixed=np.array([4.0, 0.0]))
    release = order([0, 0], active=[False, False], recipients=[0.5, 0.5], release=5.0)
    _, _, cash = trade(units, 5.0, quotes(np.ones(2)), release, terms(costs, 2), fills)
    assert (units.tolist(), cash) == ([0.0, 2.5], 2.5)
    assert fills.left_out.tolist() == [EATEN_BY_COSTS, 0]


def test_a_trim_without_a_core_is_left_out_when_its_fee_eats_it() -> None:
    trim = order([0.0, 0.499], active=[False, True])
    assert placed([500, 500], 0.0, trim, fee=5.0)[1:] == ([500.0, 500.0], 0.0, [0, EATEN_BY_COSTS])


def test_a_seller_left_out_of_a_top_up_is_stood_in_for() -> None:
    """C lacks 50; A would sell 45 and B 5, less than an order of 10: A sells 50."""
    short = order([0, 0, 0.1], active=[False, False, True], recipients=[0.9, 0.1, 0.0])._replace(recipients_sell=True)
    _, units, cash, why = placed([800, 150, 50], 0.0, short, least=10.0)
    assert [*units, cash] == pytest.approx([750.0, 150.0, 100.0, 0.0], rel=1e-12, abs=1e-9)
    assert why == [0, BELOW_MIN_ORDER, 0]


def test_an_order_is_judged_after_its_rounding_to_whole_shares() -> None:
    """19 buy one share of 12, 1 is too little for one of 30; with a fee of 12, a share of 12 is not worth it."""
    assert placed([0, 0], 20.0, order([0.95, 0.05]), price=[12.0, 30.0], whole=True)[1:] == (
        [1.0, 0.0],
        8.0,
        [0, NO_WHOLE_SHARE],
    )
    assert placed([0], 31.0, order([1.0]), fee=12.0, price=[12.0], whole=True)[1:] == ([0.0], 31.0, [EATEN_BY_COSTS])


def test_a_contribution_that_its_fee_would_eat_stays_in_cash() -> None:
    """Of 12, a fee of 10 leaves a purchase of 2 to either asset."""
    units, fills = np.array([500.0, 500.0]), OrderFills.allocate(2)
    rule = terms(PerOrderCosts(fixed=10.0).cost_table(2), 2)
    assert invest_cash(units, 12.0, quotes(np.ones(2)), order([0.5, 0.5]), rule, fills) == (ORDERS_LEFT_OUT, 12.0)
    assert (units.tolist(), fills.left_out.tolist()) == ([500.0, 500.0], [EATEN_BY_COSTS] * 2)


def test_a_withdrawal_beside_an_asset_without_a_price_is_one_order_with_one_fee() -> None:
    """B has no close: A's excess over half of 790 is 105, and 105 more of it are sold with them."""
    units, fills = np.array([500.0, 500.0]), OrderFills.allocate(2)
    rule, beside = terms(PerOrderCosts(fixed=10.0).cost_table(2), 2), order([0.5, 0.5], active=[True, False])
    status, cash = raise_cash(units, 0.0, 200.0, 0.0, quotes(np.ones(2)), beside, rule, fills)
    assert (status, fills.fees.tolist()) == (FILLED, [10.0, 0.0])
    assert [*units, cash] == pytest.approx([290.0, 500.0, 200.0], rel=1e-12)
