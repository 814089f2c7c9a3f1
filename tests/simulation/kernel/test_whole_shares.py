"""Whole shares in the kernel: rounding down, the rest spent, caps kept, by hand and by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from engine.portfolio.costs import PerOrderCosts
from engine.simulation.kernel import cost_fixpoint as fixpoint
from engine.simulation.kernel import valuation as measures
from engine.simulation.kernel import whole_shares
from engine.simulation.kernel.order_costs import cash_spent, order_cost, total_cost
from engine.simulation.kernel.trade import trade
from tests.support.kernels import fills, order, quotes, terms
from tests.support.markets import free, percent


def test_recipients_share_a_release_after_costs_and_cash_keeps_the_rest() -> None:
    """101 released at 1 %: 100 bought, half each; 50 of cash untouched."""
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    given_up = order([0.0, 0.0], active=[False, False], recipients=[0.5, 0.5], release=101.0)
    _, _, cash = trade(
        units, 151.0, quotes(np.array([10.0, 5.0])), given_up, terms(percent(0.01, 2), 2), fills(dq, fees)
    )
    assert units == pytest.approx([5.0, 10.0], rel=1e-12)
    assert cash == pytest.approx(50.0, rel=1e-12)
    assert fees.sum() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("cash", [95.0, 130.0, 777.0, 1234.5])
def test_whole_shares_spend_what_a_brute_force_search_can_add(cash: float) -> None:
    """No further share of largest remainder fits: each asset is at its floor or one above, cash never below zero."""
    price, weights = np.array([9.0, 31.0, 7.5]), [0.5, 0.3, 0.2]
    costs = PerOrderCosts(fixed=0.5, rate=0.001).cost_table(3)
    units, dq, fees = np.zeros(3), np.zeros(3), np.zeros(3)
    exact, dx, fx = np.zeros(3), np.zeros(3), np.zeros(3)
    trade(exact, cash, quotes(price), order(weights), terms(costs, 3), fills(dx, fx))
    _, _, left = trade(units, cash, quotes(price), order(weights), terms(costs, 3, whole=True), fills(dq, fees))
    floor = np.floor(exact + 1e-9)
    assert ((units == floor) | (units == floor + 1)).all()
    assert left >= 0.0
    rest = np.where(units == floor, exact - floor, 0.0)
    for a in np.flatnonzero(rest > 1e-9):
        extra = price[a] + order_cost((dq[a] + 1) * price[a], a, quotes(price), costs) - fees[a]
        later = [b for b in range(3) if exact[b] - floor[b] < rest[a] and units[b] > floor[b]]
        assert left - extra < 1e-9 or later


def test_whole_shares_respect_a_cap_to_the_share() -> None:
    units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
    trade(
        units,
        1000.0,
        quotes(np.array([10.0, 33.0])),
        order([0.9, 0.1]),
        terms(free(2), 2, caps=[np.inf, 0.1], whole=True),
        fills(dq, fees),
    )
    assert units.tolist() == [90.0, 3.0]


def test_selling_everything_leaves_no_dust() -> None:
    rng = np.random.default_rng(9)
    for _ in range(200):
        price = rng.uniform(0.01, 900.0, 3)
        units, dq, fees = rng.uniform(0.0, 1e4, 3), np.zeros(3), np.zeros(3)
        trade(units, 0.0, quotes(price), order([0.0, 1.0, 0.0]), terms(percent(0.001, 3), 3), fills(dq, fees))
        assert units[0] == 0.0
        assert units[2] == 0.0


def test_rounding_never_lifts_an_asset_over_its_cap_when_fees_come_out_dearer() -> None:
    """B sells a whole share more than planned and pays more; A, whole to the share at its cap, gives one back."""
    costs = PerOrderCosts(rate=0.05).cost_table(2)
    costs.rate[0] = 0.0
    weights, cap = [0.1, 0.5], 0.1
    exact, dq, fees = np.array([0.0, 100.0]), np.zeros(2), np.zeros(2)
    _, _, cash = trade(exact, 0.0, quotes(np.array([1.0, 10.3])), order(weights), terms(costs, 2), fills(dq, fees))
    value = float(exact @ [1.0, 10.3]) + cash
    price = np.array([0.1 * value / 10.0, 10.3])  # ten shares of A are exactly its cap of the planned value
    units = np.array([0.0, 100.0])
    _, _, cash = trade(
        units, 0.0, quotes(price), order(weights), terms(costs, 2, caps=[cap, np.inf], whole=True), fills(dq, fees)
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


def test_holdings_costs_and_values_count_one_share_and_skip_what_is_not_held() -> None:
    price = np.array([10.0, np.nan, 5.0])
    h = np.empty(3)
    assert measures.fill_holdings(np.array([1.0, 0.0, 2.0]), price, h) == 20.0
    assert h.tolist() == [10.0, 0.0, 10.0]
    one = PerOrderCosts(fixed=1.0).cost_table(3)
    assert total_cost(np.array([1.0, 0.0, -1.0]), quotes(price), one) == 2.0
    assert cash_spent(np.array([1.0, 0.0, -2.0]), quotes(price), one) == (10.0 + 1.0) + (-10.0 + 1.0)
    assert (
        whole_shares.value_after_trades(np.array([3.0, 0.0, 2.0]), 5.0, quotes(price), one, np.array([-2.0, 0.0, -2.0]))
        == 43.0
    )


def test_whole_quantities_are_rounded_down_with_a_billionth_of_a_share_of_grace() -> None:
    """At 10 a share: 1.99 to 1; 2 less 5e-10 to 2; all 5 sold; 3 less 1.5 to 1; D untouched."""
    units, price = np.array([0.0, 0.0, 5.0, 3.0, 4.0]), np.full(5, 10.0)
    dq, rest = np.full(5, 9.0), np.full(5, 9.0)
    whole_shares._round_down(units, quotes(price), np.array([19.9, 20.0 - 5e-9, -50.0, -15.0, 0.0]), dq, rest)
    assert dq.tolist() == [1.0, 2.0, -5.0, -2.0, 0.0]
    assert rest == pytest.approx([0.99, -5e-10, -1.0, 0.5, -1.0], abs=1e-12)


def spent_rest(price, cash: float, reserve: float, dq, rest, *, caps=None, costs=None, units=None) -> list[float]:
    n = len(price)
    dq = np.array(dq, float)
    held = np.zeros(n) if units is None else np.array(units, float)
    whole = terms(costs or free(n), n, caps=caps, whole=True)
    whole_shares._spend_remainder(held, cash, reserve, quotes(price), whole, dq, np.array(rest, float))
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
        _, _, cash = trade(
            units, 100.0, quotes(np.array([price])), order([weights]), terms(free(1), 1, whole=True), fills(dq, fees)
        )
        assert units.tolist() == [bought]
        assert cash == 100.0 - bought * price


def test_the_rest_is_spent_only_where_the_terms_say_so() -> None:
    """60 and 40 of 100 in shares of 35 and 30: 1.71 and 1.33; the 35 left buy a second A unless the rest is kept."""
    for spend, bought in ((True, [2.0, 1.0]), (False, [1.0, 1.0])):
        units, dq, fees = np.zeros(2), np.zeros(2), np.zeros(2)
        rule = terms(free(2), 2, whole=True)._replace(spend_remainder=spend)
        trade(units, 100.0, quotes(np.array([35.0, 30.0])), order([0.6, 0.4]), rule, fills(dq, fees))
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
            np.array([0.0, 10.0]), 120.0, quotes(price), np.array(x), terms(free(2), 2, caps=caps), dq
        )
        assert dq.tolist() == [expected, 0.0]


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


def test_an_unlisted_asset_without_a_price_does_not_keep_shares_above_a_cap() -> None:
    """Of 1000 a cap of 0.1 holds 10 shares at 10, not 12."""
    dq = np.array([12.0, 0.0])
    price, x = np.array([10.0, np.nan]), np.array([100.0, 0.0])
    whole_shares._sell_above_caps(np.zeros(2), 1000.0, quotes(price), x, terms(free(2), 2, caps=[0.1, np.inf]), dq)
    assert dq.tolist() == [10.0, 0.0]


def test_a_cap_is_of_the_value_after_costs_and_a_billionth_above_it_is_rounding() -> None:
    """1000 less a fee of 100 caps A at 90 of 900: a plan of 95 is above it by intent. 100.00000001 of 1000 is at 0.1."""
    dq, caps = np.array([12.0]), [0.1]
    costs = PerOrderCosts(fixed=100.0).cost_table(1)
    whole_shares._sell_above_caps(np.zeros(1), 1000.0, quotes([10.0]), np.array([95.0]), terms(costs, 1, caps=caps), dq)
    assert dq[0] == 12.0
    dq, price = np.array([10.0]), np.array([10.000000001])
    whole_shares._sell_above_caps(np.zeros(1), 1000.0, quotes(price), 10.0 * price, terms(free(1), 1, caps=caps), dq)
    assert dq[0] == 10.0
