"""The rule book against the slow reference ledger: hand-calculated examples, and four thousand random cases."""

from __future__ import annotations

import random
from fractions import Fraction as F

import pytest

from engine.simulation.ledger import ledger_checks
from tests.reference.cases import random_rule_case
from tests.reference.comparison import Tally, agreements
from tests.reference.differences import review_actions, wanted_actions
from tests.reference.engine_runs import engine_ledger
from tests.reference.worked_examples import EXAMPLES

FAST_ROUNDS = 2
ROUNDS = 40


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_engine_gives_what_was_worked_out_by_hand(name: str) -> None:
    wanted = EXAMPLES[name]
    ledger, _ = engine_ledger(wanted.case)
    assert ledger.value == pytest.approx([float(v) for v in wanted.value], abs=0.005)  # to the cent
    assert ledger.value == pytest.approx([float(v) for v in wanted.value], rel=1e-12)
    after = [(int(row) + wanted.case.opening, trades) for row, trades in zip(ledger.rows, ledger.trades, strict=True)][
        1:
    ]
    if not ledger.rebalances[0]:
        after = [(int(ledger.rows[0]) + wanted.case.opening, ledger.trades[0]), *after]
    assert [row for row, _ in after] == [row for row, _, _ in wanted.events]
    for (row, trades), (_, kind, quantities) in zip(after, wanted.events, strict=True):
        assert trades == pytest.approx([float(q) for q in quantities], abs=1e-9), f"{kind} at row {row}"
    assert review_actions(ledger, wanted.case) == wanted_actions(wanted.reviews)


@pytest.mark.parametrize(
    "seed", [*range(FAST_ROUNDS), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(FAST_ROUNDS, ROUNDS))]
)
def test_the_engine_agrees_with_the_reference_ledger_on_a_hundred_cases_of_the_rule_book(seed: int) -> None:
    rng = random.Random(f"rules {seed}")
    tally = Tally()
    for plan in agreements(lambda: random_rule_case(rng), 100, tally):
        assert ledger_checks(plan.ledger, plan.market).worst_cash_residual < 1e-12
        assert F(0) <= min(plan.reference.cash)
    assert (tally.inexact, tally.others) == (0, [])
    assert tally.compared > 90
