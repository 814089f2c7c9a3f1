"""Plans of any rules whose fees, or least order, are as large as their orders: the engine against the reference ledger."""

from __future__ import annotations

import random
from fractions import Fraction as F

import pytest

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.core.errors import AccountError, StalePriceError
from engine.simulation.kernel.records import NEVER_SOLD
from tests.reference.cases import random_limit_case, random_never_sold_case, random_order_case
from tests.reference.differences import figures_that_differ, first_difference, largest_gap
from tests.reference.engine_runs import engine_ledger
from tests.reference.figures import figures
from tests.reference.ledger import LedgerError, run


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 40), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 11))]
)
def test_small_orders_flows_dividends_and_figures_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, values and figures agree (S3, S11, S12, S13), but where the law leaves more than one answer.

    That is a session at which no value after costs solves the equation exactly, and, in less than one plan of a
    hundred, which of several orders is left out first when whole shares make them so, or a withdrawal that is refused
    because the sales for it are not worth placing.
    """
    rng = random.Random(f"orders {seed}")
    compared = left_out = inexact = 0
    others: list[str] = []
    for number in range(plans):
        case, rate = random_order_case(rng), rng.choice([F(0), F("0.0001")])
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
        found = compute_metrics(Performance.from_ledger(ledger, float(rate)))
        wanted = figures(case, reference, [day.item() for day in ledger.dates], rate)
        assert figures_that_differ(wanted, found) == {}, f"plan {number}"
        compared, left_out = compared + 1, left_out + bool(reference.left_out)
    assert compared > 0.85 * plans
    assert left_out > 0.3 * plans
    assert inexact < 0.03 * plans
    assert len(others) <= plans // 100, others


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 30), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_limit_orders_of_random_plans_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, money and values agree to 1e-12 where orders have limits, but for the same few plans as above (S3, S9)."""
    rng = random.Random(f"limits {seed}")
    left_out = 0
    others: list[str] = []
    for number in range(plans):
        case = random_limit_case(rng)
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
        if not reference.jumps and (difference := first_difference(case, reference, ledger)):
            others.append(f"plan {number}: {difference}")
        elif not reference.jumps:
            assert largest_gap(case, reference, ledger) <= 1e-12, f"plan {number}"
        left_out += bool(reference.left_out)
    assert left_out > 0.7 * plans
    assert len(others) <= plans // 100, others


@pytest.mark.parametrize(
    ("seed", "plans"), [(0, 40), *(pytest.param(seed, 500, marks=pytest.mark.slow) for seed in range(1, 3))]
)
def test_what_is_never_sold_and_all_that_adapts_to_it_are_those_of_the_reference(seed: int, plans: int) -> None:
    """Trades, money and values agree to 1e-12, and both refuse what only a sale of what is kept could pay (S3, S11)."""
    rng = random.Random(f"never {seed}")
    kept = 0
    others: list[str] = []
    for number in range(plans):
        case = random_never_sold_case(rng)
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_ledger(case)
            continue
        ledger, _ = engine_ledger(case)
        difference = first_difference(case, reference, ledger)
        if reference.jumps:
            continue
        if difference or (gap := largest_gap(case, reference, ledger)) > 1e-12:
            others.append(f"plan {number}: {difference or gap}")
        columns = [case.tickers.index(name) for name in case.never_sold]
        assert (ledger.trades[~ledger.payouts][:, columns] >= 0.0).all()
        kept += any((one.causes == NEVER_SOLD).any() for one in ledger.left_out)
    assert kept > 0.5 * plans
    assert not others
