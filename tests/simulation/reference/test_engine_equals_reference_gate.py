"""Satellites chosen among those that pass a quality gate, against the slow reference ledger."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction as F

import pytest

from engine.core.errors import AccountError, StalePriceError
from tests.reference.cases import random_rule_case
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import Case, LedgerError, run
from tests.reference.rules import Gate

CASES = 60


def gated_case(rng: random.Random) -> Case:
    """Draw a case that chooses, and filings that pass, fail and lack the figure."""
    case = random_rule_case(rng)
    while case.choose is None:
        case = random_rule_case(rng)
    rows = range(len(case.prices))
    filings = {
        name: [
            (row, rng.choice([F(1), F(2), F(-1), None]))
            for row in sorted(rng.sample(rows, rng.randrange(place == 0, 6)))
        ]
        for place, name in enumerate(case.choose.names)
    }
    gate = Gate({name: filed for name, filed in filings.items() if filed}, *_answers(rng))
    return replace(case, choose=replace(case.choose, gate=gate))


def _answers(rng: random.Random) -> tuple[str, str]:
    return rng.choice(["out", "in"]), rng.choice(["sell", "keep"])


def test_a_gate_lets_through_whom_the_reference_lets_through() -> None:
    """Equal to the last digits of the reference's fractions, whoever fails, is unknown or is kept."""
    rng = random.Random("gate")
    compared = shut_out = 0
    for number in range(CASES):
        case = gated_case(rng)
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_ledger(case)
            continue
        ledger, _ = engine_ledger(case)
        assert not (difference := first_difference(case, reference, ledger)), f"case {number}: {difference}"
        assert case.choose is not None
        shut_out += run(replace(case, choose=replace(case.choose, gate=None))).units != reference.units
        compared += 1
    assert compared > 0.8 * CASES
    assert shut_out > 0.2 * CASES
