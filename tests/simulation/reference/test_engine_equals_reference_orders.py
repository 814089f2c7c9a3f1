"""Plans of any rules whose fees, or least order, are as large as their orders: the engine against the reference ledger."""

from __future__ import annotations

import random
from fractions import Fraction as F

import pytest

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.simulation.kernel.records import NEVER_SOLD
from tests.reference.cases import random_limit_case, random_never_sold_case, random_order_case
from tests.reference.comparison import Tally, agreements
from tests.reference.differences import figures_that_differ, largest_gap
from tests.reference.figures import figures
from tests.reference.ledger import Case


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 40), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 11))]
)
def test_small_orders_flows_dividends_and_figures_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, values and figures agree (S3, S11, S12, S13), but where the law leaves more than one answer.

    That is a session at which no value after costs solves the equation exactly, and, in less than one plan of a
    hundred, which of several orders is left out first when whole shares make them so, or a withdrawal that is refused
    because the sales for it are not worth placing.
    """
    rng = random.Random(f"orders {seed}")
    rate = F(0)

    def draw() -> Case:
        nonlocal rate
        case, rate = random_order_case(rng), rng.choice([F(0), F("0.0001")])
        return case

    tally, left_out = Tally(), 0
    for plan in agreements(draw, plans, tally):
        found = compute_metrics(Performance.from_ledger(plan.ledger, float(rate)))
        wanted = figures(plan.case, plan.reference, [day.item() for day in plan.ledger.dates], rate)
        assert figures_that_differ(wanted, found) == {}, f"plan {plan.number}"
        left_out += bool(plan.reference.left_out)
    assert tally.compared > 0.85 * plans
    assert left_out > 0.3 * plans
    assert tally.inexact < 0.03 * plans
    assert len(tally.others) <= plans // 100, tally.others


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 30), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_limit_orders_of_random_plans_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, money and values agree to 1e-12 where orders have limits, but for the same few plans as above (S3, S9)."""
    rng = random.Random(f"limits {seed}")
    tally, left_out = Tally(), 0
    for plan in agreements(lambda: random_limit_case(rng), plans, tally):
        assert plan.reference.jumps or largest_gap(plan.case, plan.reference, plan.ledger) <= 1e-12, plan.number
        left_out += bool(plan.reference.left_out)
    assert left_out > 0.7 * plans
    assert len(tally.others) <= plans // 100, tally.others


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 40), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 3))]
)
def test_what_is_never_sold_and_all_that_adapts_to_it_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, money and values agree to 1e-12, and both refuse what only a sale of what is kept could pay (S3, S11)."""
    rng = random.Random(f"never {seed}")
    tally, kept = Tally(), 0
    for plan in agreements(lambda: random_never_sold_case(rng), plans, tally):
        case, ledger = plan.case, plan.ledger
        assert plan.reference.jumps or largest_gap(case, plan.reference, ledger) <= 1e-12, plan.number
        columns = [case.tickers.index(name) for name in case.never_sold]
        assert (ledger.trades[~ledger.payouts][:, columns] >= 0.0).all()
        kept += any((one.causes == NEVER_SOLD).any() for one in ledger.left_out)
    assert kept > 0.5 * plans
    assert not tally.others
