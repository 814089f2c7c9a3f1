"""Plans of any rules whose withdrawals take all there is: where the engine ends them, and the reference ledger."""

from __future__ import annotations

import random

import pytest

from engine.core.errors import AccountError, StalePriceError
from engine.simulation.ledger import Ledger, ledger_checks
from tests.reference.cases import random_spent_case
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import LedgerError, Run, run


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 40), *(pytest.param(seed, 250, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_the_money_ends_on_the_day_and_with_the_payment_of_the_reference(seed: int, plans: int) -> None:
    """Trades, values, the last session and what it paid agree (S11), but where the law leaves more than one answer."""
    rng = random.Random(f"spent {seed}")
    compared = spent = left = inexact = 0
    others: list[str] = []
    for number in range(plans):
        case = random_spent_case(rng)
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_ledger(case)
            continue
        try:
            ledger, market = engine_ledger(case)
        except AccountError as error:
            others.append(f"plan {number}: refused, {error}")
            continue
        difference = first_difference(case, reference, ledger) or _end_difference(reference, ledger)
        if difference:
            inexact += bool(reference.jumps or reference.unsolved)
            others += [] if reference.jumps or reference.unsolved else [f"plan {number}: {difference}"]
            continue
        assert ledger_checks(ledger, market.truncate(ledger.dates[-1])).worst_cash_residual < 1e-9
        compared, spent, left = compared + 1, spent + (reference.last is not None), left + (reference.value[-1] > 0)
    assert compared > 0.7 * plans  # of the others money is stuck in what has no close
    assert spent > 0.3 * plans
    assert left > 0
    assert inexact < 0.03 * plans + 1
    assert len(others) <= plans // 100, others


def _end_difference(reference: Run, ledger: Ledger) -> str:
    """Return how the ends differ, "" where they do not: the session, what was due and what was paid."""
    if len(ledger.dates) != len(reference.value):
        return f"{len(ledger.dates)} sessions, not {len(reference.value)}"
    mine, wanted = (tuple(map(float, one or (0, 0))) for one in (ledger.last_withdrawal, reference.last))
    return "" if mine == pytest.approx(wanted, rel=1e-12, abs=1e-9) else f"last withdrawal {mine}, not {wanted}"
