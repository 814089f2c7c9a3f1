"""Random plans taxed by a German bank or by assessment: the engine against the reference ledger in fractions."""

from __future__ import annotations

import pytest

from tests.reference.taxes.agreement import compare
from tests.reference.taxes.random_plans import random_german_plan

BLOCK, BLOCKS = 20, 100


@pytest.mark.parametrize("block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, BLOCKS))])
def test_values_taxes_and_lots_of_a_plan_are_those_of_the_reference(block: int) -> None:
    """To 1e-10 of the account's value or capital; where an order jumps, or money cannot be raised, there is nothing to compare."""
    found = compare(random_german_plan, "germany", range(block * BLOCK, (block + 1) * BLOCK))
    assert not found.others
    assert found.inexact <= 3
    assert found.plans - found.inexact > 0.8 * BLOCK
