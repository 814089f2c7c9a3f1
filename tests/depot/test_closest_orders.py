"""The closest whole orders are the closest of all that there are, tried one by one."""

from __future__ import annotations

import dataclasses
import os

import pytest

from engine.depot.orders import best_rounding, closest_search
from engine.depot.orders.closeness import BestChoice
from engine.portfolio.costs import BrokerCosts
from tests.support.own_depots import Depot
from tests.support.whole_orders import whole_orders


def assert_closest(seed: int) -> None:
    """Fail where other orders come closer, or are as close and fewer, or where cash could fall below what stays."""
    depot = whole_orders(seed)
    sized, possible = depot.sized(), depot.possible()
    if not possible.size:
        return  # what is above a cap cannot be sold in orders that are worth placing
    found, far = depot.quantities(sized), depot.far(possible)
    least = far.min()
    fewest = (possible[:, far <= least + depot.tolerance] != 0.0).sum(axis=0).min()
    assert depot.far(found)[0] == pytest.approx(least, abs=depot.tolerance), depot
    assert (found != 0.0).sum() == fewest, depot
    assert min(sized.cash, sized.worst_cash) >= depot.terms.reserve - 1e-6, depot
    assert sized.notes[0] == "no other whole orders come closer: proven by the engine's own search"
    tested = depot.quantities(depot.sized(best=False))
    if (possible == tested).all(axis=0).any():
        assert depot.far(found)[0] <= depot.far(tested)[0] + depot.tolerance, depot


def test_no_whole_orders_of_150_depots_come_closer() -> None:
    """Of one to six assets, four tariffs and none, caps, spreads, reserves, least orders, and at most one or two."""
    for seed in range(150):
        assert_closest(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [range(at, at + 500) for at in range(1000, 4000, 500)], ids=str)
def test_no_whole_orders_of_three_thousand_depots_come_closer(seeds: range) -> None:
    for seed in seeds:
        assert_closest(seed)


def test_selling_two_of_three_beside_the_whole_first_is_closer_than_selling_all_three() -> None:
    """As tested 113.80 is left; HiGHS had found nothing closer than that, and 111.82 is possible."""
    depot = Depot(("A", "B"), (1, 3), (82.53, 91.79), (0.1, 0.1), 221.0, costs=BrokerCosts(tariff="comdirect"))
    assert depot.orders() == {"B": -3.0}
    assert dataclasses.replace(depot, best=BestChoice()).orders() == {"A": -1.0, "B": -2.0}


def test_of_orders_that_come_as_close_the_fewest_are_made() -> None:
    """A stays 50 above its target, so that B and C are 50 short in any case: C alone is bought."""
    depot = Depot(("A", "B", "C"), (2, 0, 0), (125.0, 1.0, 1.0), (0.5, 0.125, 0.375), 150.0)
    assert dataclasses.replace(depot, best=BestChoice()).orders() == {"C": 150.0}


def test_a_search_that_is_cut_short_says_so_and_is_no_further_off_than_as_tested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(closest_search, "_STEPS", 0)
    for seed in range(10):
        depot = dataclasses.replace(whole_orders(seed), fewest=None)
        sized = depot.sized()
        tested = depot.quantities(depot.sized(best=False))
        assert depot.far(depot.quantities(sized))[0] <= depot.far(tested)[0] + depot.tolerance
        assert sized.worst_cash >= depot.terms.reserve - 1e-6
        assert sized.notes[0].endswith("closer: the engine's own search was cut short"), sized.notes


def test_the_solver_writes_nothing_where_orders_are_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """Any quantity of A can be ordered: HiGHS is asked, and named."""
    depot = Depot(("A", "B"), (1.5, 3), (82.53, 91.79), (0.5, 0.5), 221.0, best=BestChoice(), parts=("A",))
    assert depot.sized().notes[0] == "no other orders come closer, as HiGHS has it, within its tolerances"
    assert capfd.readouterr() == ("", "")


def test_what_compiled_code_prints_is_dropped_and_what_comes_after_is_not(capfd: pytest.CaptureFixture[str]) -> None:
    with best_rounding._silence():
        os.write(1, b"tmpSolver.run();")
    os.write(1, b"{}")
    assert capfd.readouterr().out == "{}"


def test_a_purchase_that_cash_cuts_below_its_worth_is_left_out() -> None:
    """5 shares are what is paid; at 9.90 they cost more than 2 % of their 300."""
    costs = BrokerCosts(tariff="comdirect")
    sized = Depot(("A", "B"), (0, 8), (60.0, 60.0), (2 / 3, 1 / 6), 332.0, costs=costs, max_fee=0.02).sized()
    assert not sized.orders
    assert [one.ticker for one in sized.left_out] == ["B", "A"]
