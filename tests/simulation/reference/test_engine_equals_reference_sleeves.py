"""Sleeves that rebalance inside themselves against the slow reference ledger, in plans of all rules."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from engine.simulation.ledger import ledger_checks
from tests.reference.cases import random_rule_case
from tests.reference.combinations import random_combination, sleeves
from tests.reference.comparison import Tally, agreements
from tests.reference.differences import largest_value_gap
from tests.reference.ledger import Case


def sleeve_case(rng: random.Random) -> Case:
    """Draw a case that has sleeves, half of them without satellites that are watched, so that any name may be inside."""
    while True:
        case = (random_rule_case if rng.random() < 0.6 else random_combination)(rng)
        if rng.random() < 0.5:
            case = replace(case, caps={}, review=None, choose=None)
        if found := sleeves(rng, case):
            inside = sorted({name for groups in found.values() for names in groups for name in names})
            kept = frozenset(rng.sample(inside, 1)) if rng.random() < 0.2 else case.never_sold
            return replace(case, sleeves=found, never_sold=kept)


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 50), *(pytest.param(seed, 300, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_sleeves_that_rebalance_inside_themselves_are_those_of_the_reference(seed: int, plans: int) -> None:
    """To 1e-12; what trades inside one is its assets alone, and cash never falls by it.

    One plan in a hundred differs where a flow meets assets that a sleeve has just made equally overweight: an exact tie.
    """
    rng = random.Random(f"sleeves {seed}")
    tally, traded = Tally(), 0
    for plan in agreements(lambda: sleeve_case(rng), plans, tally):
        case, ledger = plan.case, plan.ledger
        assert largest_value_gap(plan.reference, ledger) < 1e-12, plan.number
        assert ledger_checks(ledger, plan.market).worst_cash_residual < 1e-12
        assert F(0) <= min(plan.reference.cash)
        for k, reason in enumerate(ledger.reasons):
            if reason.startswith("sleeve"):
                traded += 1
                inside = {case.tickers.index(name) for name in reason.split(":")[0].removeprefix("sleeve ")}
                assert all(quantity == 0.0 or j in inside for j, quantity in enumerate(ledger.trades[k]))
                moved = np.nansum(ledger.trades[k] * ledger.prices[k])
                assert moved + ledger.costs[k].sum() < 1e-9 * ledger.capital
    assert tally.compared > 0.8 * plans
    assert traded > plans
    assert len(tally.others) <= plans // 100, tally.others
