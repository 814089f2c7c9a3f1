"""Plans of any rules whose withdrawals take all there is: where the engine ends them, and the reference ledger."""

from __future__ import annotations

import random

import pytest

from engine.simulation.ledger import ledger_checks
from tests.reference.cases import random_spent_case
from tests.reference.comparison import Tally, agreements


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 40), *(pytest.param(seed, 250, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_the_money_ends_on_the_day_and_with_the_payment_of_the_reference(seed: int, plans: int) -> None:
    """Trades, values, the last session and what it paid agree (S11), but where the law leaves more than one answer."""
    rng = random.Random(f"spent {seed}")
    tally = Tally()
    spent = left = 0
    for plan in agreements(lambda: random_spent_case(rng), plans, tally):
        reference, ledger = plan.reference, plan.ledger
        assert ledger_checks(ledger, plan.market.truncate(ledger.dates[-1])).worst_cash_residual < 1e-9
        spent, left = spent + (reference.last is not None), left + (reference.value[-1] > 0)
    assert tally.compared > 0.7 * plans  # of the others money is stuck in what has no close
    assert spent > 0.3 * plans
    assert left > 0
    assert tally.inexact < 0.03 * plans + 1
    assert len(tally.others) <= plans // 100, tally.others
