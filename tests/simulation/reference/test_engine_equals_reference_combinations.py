"""Plans of all rules at once: the engine against the slow reference ledger in exact fractions."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.core.errors import AccountError, StalePriceError
from tests.reference.combinations import random_combination
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import LedgerError, run


@pytest.mark.parametrize(("seed", "plans"), [(0, 40), pytest.param(1, 3000, marks=pytest.mark.slow)])
def test_plans_of_all_rules_together_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades and values agree, the latter to 1e-12, but where the law leaves more than one answer.

    Those are sessions at which no value after costs solves the equation exactly (`Run.jumps`).
    """
    rng = random.Random(f"combinations {seed}")
    compared = inexact = 0
    others: list[str] = []
    for number in range(plans):
        case = random_combination(rng)
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
        if len(ledger.dates) != len(reference.value):
            others.append(f"plan {number}: {len(ledger.dates)} sessions, not {len(reference.value)}")
            continue
        if difference := first_difference(case, reference, ledger):
            inexact += bool(reference.jumps)
            others += [] if reference.jumps else [f"plan {number}: {difference}"]
            continue
        value = np.array([float(value) for value in reference.value])
        off = np.abs(ledger.value - value) > 1e-12 * np.maximum(value, 1.0)
        assert reference.jumps or not off.any(), f"plan {number}"
        compared += 1
    assert compared > 0.8 * plans
    assert inexact < 0.03 * plans
    assert len(others) <= plans // 100, others
