"""The reference ledger on orders that their costs would eat (S3) and on flows that are large (S12), worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import pytest

from tests.reference.exact_inputs import market, mix, q
from tests.reference.ledger import Case, Run, levels, run
from tests.reference.rules import Cost, Review


def fixed(tickers: str, fee: str) -> dict[str, Cost]:
    """Charge the same fee for every order."""
    return {ticker: Cost(fixed=F(fee)) for ticker in tickers}


def trades(result: Run) -> list[tuple[int, str, list[F]]]:
    """List row, kind and quantities of all events."""
    return [(event.row, event.kind, list(event.quantities)) for event in result.events]


@pytest.mark.parametrize(("tickers", "fee", "capital"), [("ABCDEF", "9.9", "50"), ("AB", "5", "10")])
def test_nothing_is_traded_where_the_fees_of_all_orders_are_the_account(tickers: str, fee: str, capital: str) -> None:
    """Six orders at 9.90 cost 59.40 of 50, two at 5 all of 10: no V' > 0 solves V' = V - C."""
    weights = {name: F(1, len(tickers)) for name in tickers}
    result = run(Case(tickers, market(*[[10]] * len(tickers)), weights, capital=F(capital), costs=fixed(tickers, fee)))
    assert (result.value, trades(result), result.unsolved) == ([F(capital)], [], [0])


def test_an_opening_order_below_its_fee_is_left_out_and_the_rest_is_solved_again() -> None:
    """Of 100 at 5 an order: V' = 90, B's 4 % are 3.60 < 5; without B, A gets 96 % of 95 and the rest is cash."""
    case = Case("AB", market([10], [10]), mix(A="0.96", B="0.04"), costs=fixed("AB", "5"))
    result = run(case)
    assert trades(result) == [(0, "opening", q("9.12", 0))]
    assert (result.value, result.cash, result.left_out) == (q(95), q("3.8"), [(0, "B")])


def test_an_order_below_the_least_order_is_left_out_and_one_of_exactly_it_is_not() -> None:
    """Of 100, 4 are below a least order of 5 and stay in cash; at 4 they are not."""
    case = Case("AB", market([10], [10]), mix(A="0.96", B="0.04"), min_order=F(5))
    assert (run(case).units, run(case).cash) == ([tuple(q("9.6", 0))], q(4))
    assert run(replace(case, min_order=F(4))).units == [tuple(q("9.6", "0.4"))]


def test_a_held_asset_that_is_left_out_scales_the_others_down() -> None:
    """A and B are 50 of 100 when C lists: both would sell 2 to buy 4 of C.

    With a least order of 3 neither sells, so the cash for C is missing: its target is scaled down to what there is, 0.
    """
    closes = market([10, 10, 10], [10, 10, 10], [None, 10, 10])
    case = Case(
        "ABC",
        closes,
        mix(A="0.48", B="0.48", C="0.04"),
        core=mix(A="0.48", B="0.48"),
        decisions={2: ""},
        min_order=F(3),
    )
    assert trades(run(case)) == [(0, "opening", q(5, 5, 0))]
    assert run(replace(case, min_order=F(2))).units[-1] == tuple(q("4.8", "4.8", "0.4"))


def test_a_trim_below_its_fee_is_left_out_and_its_core_alone_where_that_is_too_small() -> None:
    """B rises by a tenth, from 10 % of the account, its cap.

    At 1 an order of B the opening leaves 99, so B is 10.89 of 99.99 and would sell 0.991 for 1. At 0.90 an order of A
    B is 10.901 of 100.091 and sells 0.8919, with which A would be bought for 0.90.
    """
    case = Case(
        "AB",
        market([9, 9, 9], [1, "1.1", "1.1"]),
        mix(A="0.9", B="0.1"),
        core=mix(A="0.9"),
        caps=mix(B="0.1"),
        watch_caps=True,
    )
    free = run(case)
    assert [event.kind for event in free.events] == ["opening", "trim"]
    fee = {"B": Cost(minimum=F(1))}
    assert [event.kind for event in run(replace(case, costs=fee)).events] == ["opening"]
    core_fee = {"A": Cost(minimum=F("0.9"))}
    result = run(replace(case, costs=core_fee))
    assert [(event.kind, event.quantities[0]) for event in result.events][1:] == [("trim", 0)]
    assert (result.cash[-1], result.left_out) == (F("0.8919"), [(2, "A")])


def test_a_withdrawal_pro_rata_leaves_out_sales_below_their_fee() -> None:
    """20 of 100 at 5 an order: A brings 18 of the 20 (23.40 after costs), B 2 (2.60) < 5; so A alone sells 25."""
    case = Case(
        "AB", market([10, 10], [10, 10]), mix(A="0.9", B="0.1"), flows={1: F(-20)}, invest="pro_rata", capital=F(110)
    )
    result = run(replace(case, costs=fixed("AB", "5")))
    assert trades(result) == [(0, "opening", q(9, 1)), (1, "flow", q("-2.5", 0))]
    assert (result.value[-1], result.left_out) == (F(75), [(1, "B")])


def test_an_exit_below_its_fee_is_left_out_and_the_satellite_is_not_barred() -> None:
    """B falls from 5 to 4 of 100, less than a least order of 4.50: nothing is sold, and the next rebalance holds it again."""
    case = Case(
        "AB",
        market([10, 10, 10, 10], [5, 4, 4, 4]),
        mix(A="0.95", B="0.05"),
        core=mix(A="0.95"),
        review=Review("B", F("0.1")),
    )
    assert [event.kind for event in run(case).events] == ["opening", "exit"]
    kept = run(replace(case, min_order=F("4.5"), decisions={3: ""}))
    assert [event.kind for event in kept.events] == ["opening"]
    assert kept.left_out == [(2, "A"), (2, "B"), (3, "A"), (3, "B")]


# -- returns linked at flows (S12)


def test_a_return_is_linked_at_a_flow_hundreds_of_times_the_account() -> None:
    """Capital 1, 500 paid in twice, 0.25 % a trade at a price of 100: factors multiply to 0.99378265, never below 0."""
    flows = {1: F(500), 2: F(500)}
    case = Case("A", market([100] * 3), mix(A="1"), capital=F(1), flows=flows, costs={"A": Cost(rate=F("0.0025"))})
    result = run(case)
    level = levels(case, result)
    assert float(result.value[-1]) == pytest.approx(998.5037, abs=5e-5)
    assert float(level[-1] / level[0]) == pytest.approx(0.99378265, abs=5e-9)


def test_fees_of_small_purchases_are_borne_by_the_money_that_is_there_then() -> None:
    """Capital 5, 400 paid in three times, 2 an order: 3/5 x 401/403 x 799/801 x 1197/1199 = 0.59453826."""
    case = Case(
        "A",
        market([100] * 4),
        mix(A="1"),
        capital=F(5),
        flows=dict.fromkeys((1, 2, 3), F(400)),
        costs=fixed("A", "2"),
    )
    result = run(case)
    level = levels(case, result)
    assert result.value == q(3, 401, 799, 1197)
    assert level[-1] / level[0] == F(3, 5) * F(401, 403) * F(799, 801) * F(1197, 1199)
    assert float(level[-1] / level[0]) == pytest.approx(0.59453826, abs=5e-9)


def test_a_withdrawal_is_part_of_the_value_its_day_ends_with() -> None:
    """A falls by half on the day 20 of 50 are withdrawn at 1 a sale: factor 50/100 x (29 + 20)/50."""
    case = Case("A", market([10, 5]), mix(A="1"), capital=F(101), flows={1: F(-20)}, costs=fixed("A", "1"))
    level = levels(case, run(case))
    assert level == [F(101), F(100), F(49)]


def test_a_level_that_has_reached_zero_stays_there_while_contributions_go_on() -> None:
    """A is paid out at nothing; what is paid in afterwards is cash, and the level stays 0."""
    closes = market([10, 10, None, None], [None, None, 5, 5])
    case = Case("AB", closes, mix(A="1"), haircut=F(1), flows=dict.fromkeys((2, 3), F(50)))
    assert run(case).value == q(100, 100, 50, 100)
    assert levels(case, run(case)) == q(100, 100, 100, 0, 0)
