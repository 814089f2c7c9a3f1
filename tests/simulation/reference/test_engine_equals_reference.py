"""Ten thousand random small cases, kept by the engine and by the slow reference ledger in exact fractions."""

from __future__ import annotations

import os
import random

import pytest

from engine.simulation.ledger import ledger_checks
from tests.reference.cases import random_case
from tests.reference.comparison import Tally, agreements

FAST_ROUNDS = 1 if os.environ.get("MUTANTS") else 2
ROUNDS = 100
MAX_INEXACT = 1
"""Of a hundred: where a fixed fee leaves a contribution two answers or none, the law does not say which is right."""


@pytest.mark.parametrize(
    "seed", [*range(FAST_ROUNDS), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(FAST_ROUNDS, ROUNDS))]
)
def test_the_engine_agrees_with_the_reference_ledger_on_a_hundred_random_cases(seed: int) -> None:
    rng = random.Random(seed)
    tally = Tally()
    for plan in agreements(lambda: random_case(rng), 100, tally):
        assert ledger_checks(plan.ledger, plan.market).worst_cash_residual < 1e-12
    assert tally.others == []
    assert tally.inexact <= MAX_INEXACT
    assert tally.compared > 90
