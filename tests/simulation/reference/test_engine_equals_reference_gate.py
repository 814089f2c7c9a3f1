"""Satellites chosen among those that pass a quality gate, against the slow reference ledger."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest

from tests.reference.cases import random_rule_case
from tests.reference.combinations import name_satellites
from tests.reference.comparison import Tally, agreements
from tests.reference.differences import largest_value_gap
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import Case
from tests.reference.rules import Gate


def gated_case(rng: random.Random) -> Case:
    """Draw a case that chooses or names its satellites, and filings that pass, fail and lack the figure."""
    case = random_rule_case(rng)
    while case.choose is None:
        case = random_rule_case(rng)
    case = name_satellites(rng, case) if rng.random() < 0.4 else case
    assert case.choose is not None
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


@pytest.mark.parametrize(("seed", "cases"), [("gate3", 40), pytest.param("gates", 600, marks=pytest.mark.slow)])
def test_a_gate_lets_through_whom_the_reference_lets_through(seed: str, cases: int) -> None:
    """Equal to 1e-12, whoever fails, is unknown or is kept, of names that are ranked and of those that are named."""
    rng = random.Random(seed)
    tally, shut_out = Tally(), 0
    kinds: Counter[tuple[bool, str, str]] = Counter()
    for plan in agreements(lambda: gated_case(rng), cases, tally):
        case = plan.case
        assert largest_value_gap(plan.reference, plan.ledger) < 1e-12, plan.number
        assert case.choose is not None
        assert case.choose.gate is not None
        ungated, _ = engine_ledger(replace(case, choose=replace(case.choose, gate=None)))
        if not np.array_equal(ungated.units, plan.ledger.units):
            shut_out += 1
            kinds[case.choose.by == "named", case.choose.gate.unknown, case.choose.gate.on_fail] += 1
    assert not tally.others
    assert tally.compared > 0.8 * cases
    assert shut_out > 0.2 * cases
    assert len(kinds) == 8, kinds
