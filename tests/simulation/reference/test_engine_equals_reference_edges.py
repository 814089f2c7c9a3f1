"""Small accounts, worked out by hand, in which random plans of all rules once differed from the reference ledger."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from engine.portfolio.policy import Band
from engine.simulation.band_targets import plan_partial_rebalance
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.exact_inputs import market, mix
from tests.reference.ledger import Case, Cost, run
from tests.reference.rules import Review


def trades_of(case: Case) -> list[tuple[int, list[float]]]:
    """Return rows and quantities of the reference's trades, which are the engine's."""
    reference = run(case)
    assert first_difference(case, reference, engine_ledger(case)[0]) is None
    return [(event.row, [float(quantity) for quantity in event.quantities]) for event in reference.events]


def test_a_destination_is_never_above_the_cap_that_a_reached_weight_is_above() -> None:
    """B's 2 % cap is below 2.42 %, which whole shares reached: the way from 1.77 % ends at 2 %, a third of A's too."""
    w, target, caps = np.array([0.495, 0.0176]), np.array([0.516, 0.0242]), np.array([np.inf, 0.02])
    band = Band(np.inf, 0.1, np.ones(1, dtype=np.bool_), 0.5, 0.0)
    part = plan_partial_rebalance(w, target, caps, band, np.ones(2, dtype=np.bool_))
    assert part is not None
    way = (0.02 - 0.0176) / (0.0242 - 0.0176)
    assert part.goal_weights == pytest.approx([0.495 + way * 0.021, 0.02], abs=1e-15)


def test_a_weight_above_its_cap_is_not_moved_further_above_it() -> None:
    """D at 41.5 % is above its cap of 41.2 % and below 42 %, which whole shares reached: A alone says how far all go."""
    w, target, caps = np.array([0.185, 0.415]), np.array([0.155, 0.42]), np.array([np.inf, 0.412])
    band = Band(0.02, np.inf, np.ones(1, dtype=np.bool_), 1.0, 0.01)
    part = plan_partial_rebalance(w, target, caps, band, np.ones(2, dtype=np.bool_))
    assert part is not None
    assert part.goal_weights == pytest.approx([0.165, 0.415 + 2 / 3 * 0.005], abs=1e-15)


def test_a_contribution_that_cannot_pay_for_all_buys_what_costs_less_than_its_share_of_what_is_missing() -> None:
    """4 are paid in, orders of A and B cost 3 each: 2 are missing, half of it less than 3; C's order is free, its 2 buy."""
    case = Case(
        "ABC",
        market([10, 10], [10, 10], [10, 10]),
        mix(A="0.25", B="0.25", C="0.5"),
        capital=F(806),
        flows={1: F(4)},
        invest="pro_rata",
        costs={name: Cost(minimum=F(3)) for name in "AB"},
    )
    assert trades_of(case)[1] == (1, [0, 0, pytest.approx(0.2)])


@pytest.mark.parametrize("price", ["0.1", "0.3", "0.7", "1.1", "3", "7", "11.13", "97.31", "139.959917857617"])
def test_a_contribution_buys_the_first_of_two_that_lack_as_much_whatever_their_last_bits(price: str) -> None:
    """A and B lack 50 of 150 when C has doubled and 50 are paid in: A buys 5 shares at 10, or its like at other prices."""
    for a, b in ((price, "10"), ("10", price)):
        closes = market([a, a], [b, b], [10, 20])
        case = Case("ABC", closes, mix(A="1/3", B="1/3", C="1/3"), capital=F(300), flows={1: F(50)})
        row, traded = trades_of(case)[1]
        assert (row, traded) == (1, pytest.approx([50 / float(a), 0, 0], rel=1e-12))


@pytest.mark.parametrize("price", [7, 9, 11, 13, 17, 19, 23])
def test_the_first_of_two_equal_remainders_keeps_its_share(price: int) -> None:
    """Of three shares each of B and C a fifth is withdrawn: 2.4 of both are left, and cash allows for one more, B's."""
    closes = market([price] * 2, [price] * 2, [price] * 2)
    weights = mix(A="0.4", B="0.3", C="0.3")
    case = Case("ABC", closes, weights, capital=F(10 * price), flows={1: -2 * F(price)}, invest="pro_rata", whole=True)
    assert trades_of(case)[1] == (1, [-1, 0, -1])


def test_what_a_trim_sets_free_is_judged_before_it_is_rounded_to_shares() -> None:
    """C's 20 shares at 50.125 are 2.51 above 10 %: 1.91 after costs, less than A's and B's orders; neither lacks as much as it costs."""
    case = Case(
        "ABC",
        market([40] * 3, [40] * 3, [50, "50.125", "50.125"]),
        mix(A="0.5", B="0.4", C="0.1"),
        core=mix(A="0.5", B="0.4"),
        capital=F("10042.8"),
        caps=mix(C="0.1"),
        watch_caps=True,
        costs={"A": Cost(fixed=F(1)), "B": Cost(fixed=F(1)), "C": Cost(fixed=F("0.5"), spread=F("0.0403"))},
        whole=True,
    )
    assert trades_of(case) == [(0, [125, 100, 20]), (2, [0, 0, -1])]


def test_the_core_is_not_sold_to_pay_for_a_trim_that_whole_shares_make_worth_its_fee() -> None:
    """B's 19 shares at 53.50 are 17.84 above 10 %, less than 20 an order; its one share is not, and A stays as it is."""
    case = Case(
        "AB",
        market([1, 1, 1], [50, "53.5", "53.5"]),
        mix(A="0.9", B="0.1"),
        core=mix(A="0.9"),
        capital=F(10000),
        caps=mix(B="0.1"),
        watch_caps=True,
        costs=dict.fromkeys("AB", Cost(fixed=F(20))),
        whole=True,
    )
    assert trades_of(case) == [(0, [8964, 19]), (2, [0, -1])]


def test_a_contribution_that_brings_an_asset_to_its_cap_buys_it() -> None:
    """B is held at its cap of 15 %, and 15 % of what is paid in leave it there: rounding does not leave it out."""
    steps = [(t + 1) // 2 for t in range(40)]  # each contribution meets the closes of the rebalance before it
    case = Case(
        "AB",
        market([16.16 + step / 100 for step in steps], [101.065617200072 + step / 16 for step in steps]),
        mix(A="17/20", B="3/20"),
        mix(A="17/20"),
        F(20000),
        decisions=dict.fromkeys(range(1, 40, 2), "calendar"),
        flows=(flows := {t: F(100 + 7 * t) for t in range(2, 40, 2)}),
        invest="pro_rata",
        caps=mix(B="3/20"),
    )
    trades = trades_of(case)
    assert all(min(quantities) > 0 for row, quantities in trades if row in flows)


def test_an_exit_that_is_not_filled_does_not_lift_a_bar_from_before() -> None:
    """B falls beyond its limit when a rebalance is to sell it, and again at an exit: the next rebalance sells, not buys."""
    columns = market([100] * 9, [100, 100, 80, 72, 90, 80, 72, 80, 80])
    review = Review(
        ("B",),
        F("0.15"),
        thesis="never",
        intact="keep",
        broken="exit",
        unknown="keep",
        proceeds="cash",
        reenter="never",
    )
    case = Case(
        "AB", columns, mix(A="1/2", B="1/2"), mix(A="1/2"), decisions=dict.fromkeys((3, 7), "calendar"), review=review
    )
    assert trades_of(replace(case, margin=F("0.005")))[-1] == (7, [pytest.approx(0.02), -0.5])
