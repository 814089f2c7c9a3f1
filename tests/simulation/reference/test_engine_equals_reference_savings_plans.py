"""Plans of any rules whose contributions a savings plan charges: the engine against the reference ledger."""

from __future__ import annotations

import random

import pytest

from tests.reference.cases import random_savings_case
from tests.reference.comparison import Tally, agreements


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 30), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 7))]
)
def test_savings_plans_and_spreads_by_name_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, costs and values agree (S11), but where the law leaves more than one answer, as in small orders."""
    rng = random.Random(f"savings plan {seed}")
    tally = Tally()
    charged = sum(
        int(plan.ledger.contributions.sum()) for plan in agreements(lambda: random_savings_case(rng), plans, tally)
    )
    assert tally.compared > 0.85 * plans
    assert charged > plans
    assert tally.inexact < 0.03 * plans
    assert len(tally.others) <= plans // 100, tally.others
