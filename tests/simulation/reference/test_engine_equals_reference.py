"""A thousand random small cases, kept by the engine and by the slow reference ledger in exact fractions."""

from __future__ import annotations

import os
import random

import pytest

from engine.core.errors import AccountError, StalePriceError
from engine.simulation.ledger import ledger_checks
from tests.reference.cases import random_case
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_run, market_of_case
from tests.reference.ledger import LedgerError, run

SEEDS = range(1 if os.environ.get("MUTANTS") else 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_engine_agrees_with_the_reference_ledger_on_a_hundred_random_cases(seed: int) -> None:
    rng = random.Random(seed)
    compared = 0
    for number in range(100):
        case = random_case(rng)
        market = market_of_case(case)
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_run(case, market)
            continue
        ledger = engine_run(case, market)
        if difference := first_difference(case, reference, ledger):
            pytest.fail(f"seed {seed} case {number}: {difference}")
        assert ledger_checks(ledger, market).worst_cash_residual < 1e-12
        compared += 1
    assert compared > 90
