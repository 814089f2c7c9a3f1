"""Plans of any rules in an account with a yearly fee: the engine against the reference ledger."""

from __future__ import annotations

import random
from fractions import Fraction as F

import pytest

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.core.errors import AccountError, StalePriceError
from tests.reference.cases import random_fee_case
from tests.reference.differences import figures_that_differ, first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.figures import figures
from tests.reference.ledger import LedgerError, run


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 30), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 7))]
)
def test_yearly_fees_and_what_is_sold_for_them_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Fees, trades, values and figures agree (S11), but where the law leaves more than one answer.

    That is as in the plans of small orders: a session at which no value after costs solves the equation exactly, and,
    in less than one plan of a hundred, which of several orders is left out first.
    """
    rng = random.Random(f"fees {seed}")
    compared = charged = sold = inexact = 0
    others: list[str] = []
    for number in range(plans):
        case = random_fee_case(rng)
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
        if difference := first_difference(case, reference, ledger):
            inexact += bool(reference.jumps)
            others += [] if reference.jumps else [f"plan {number}: {difference}"]
            continue
        fees = {row: float(fee) for row, fee in reference.fees.items() if fee}
        paid = {int(row) + case.opening: ledger.fees[row] for row in ledger.fees.nonzero()[0]}
        assert paid == pytest.approx(fees, rel=1e-10, abs=1e-9), f"plan {number}"
        found = compute_metrics(Performance.from_ledger(ledger, 0.0))
        wanted = figures(case, reference, [day.item() for day in market.dates[case.opening :]], F(0))
        assert figures_that_differ(wanted, found) == {}, f"plan {number}"
        compared, charged, sold = compared + 1, charged + len(fees), sold + ("yearly fee" in ledger.reasons)
    assert compared > 0.85 * plans
    assert charged > 2 * plans
    assert sold > 0.3 * plans
    assert inexact < 0.03 * plans
    assert len(others) <= plans // 100, others
