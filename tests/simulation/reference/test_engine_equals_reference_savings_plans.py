"""Plans of any rules whose contributions a savings plan charges: the engine against the reference ledger."""

from __future__ import annotations

import random

import pytest

from engine.core.errors import AccountError, StalePriceError
from tests.reference.cases import random_savings_case
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import LedgerError, run


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 30), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 7))]
)
def test_savings_plans_and_spreads_by_name_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, costs and values agree (S11), but where the law leaves more than one answer, as in small orders."""
    rng = random.Random(f"savings plan {seed}")
    compared = by_plan = inexact = 0
    others: list[str] = []
    for number in range(plans):
        case = random_savings_case(rng)
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_ledger(case)
            continue
        try:
            ledger, _ = engine_ledger(case)
        except AccountError as error:
            others.append(f"plan {number}: refused, {error}")
            continue
        if difference := first_difference(case, reference, ledger):
            inexact += bool(reference.jumps)
            others += [] if reference.jumps else [f"plan {number}: {difference}"]
            continue
        compared, by_plan = compared + 1, by_plan + int(ledger.contributions.sum())
    assert compared > 0.85 * plans
    assert by_plan > plans
    assert inexact < 0.03 * plans
    assert len(others) <= plans // 100, others
