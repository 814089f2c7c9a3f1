"""Plans of all rules at once: the engine against the slow reference ledger in exact fractions."""

from __future__ import annotations

import random

import pytest

from tests.reference.combinations import random_combination
from tests.reference.comparison import Tally, agreements
from tests.reference.differences import largest_value_gap


@pytest.mark.parametrize(("seed", "plans"), [(0, 40), pytest.param(1, 3000, marks=pytest.mark.slow)])
def test_plans_of_all_rules_together_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades and values agree, the latter to 1e-12; one in a hundred may differ where the law leaves more than one answer."""
    rng = random.Random(f"combinations {seed}")
    tally = Tally()
    for plan in agreements(lambda: random_combination(rng), plans, tally):
        assert plan.reference.jumps or largest_value_gap(plan.reference, plan.ledger) <= 1e-12, plan.number
    assert tally.compared > 0.8 * plans
    assert not tally.others
    assert tally.inexact <= plans // 100
