"""A thousand random small cases, kept by the engine and by the slow reference ledger in exact fractions."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from engine.core.errors import AccountError, StalePriceError
from engine.simulation.ledger import check_ledger
from tests.reference.cases import random_case
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
        value = np.array([float(v) for v in reference.value])
        units = np.array([[float(u) for u in row] for row in reference.units])
        gap = np.abs(ledger.value / value - 1.0)
        assert gap.max() < 1e-10, f"seed {seed} case {number}: value differs at session {int((gap > 1e-10).argmax())}"
        assert np.abs(ledger.units - units).max() <= 1e-9 * max(1.0, np.abs(units).max()), f"seed {seed} case {number}"
        assert np.abs(ledger.cash - [float(c) for c in reference.cash]).max() < 1e-6
        assert check_ledger(ledger, market).worst_cash_residual < 1e-12
        compared += 1
    assert compared > 90
