"""Random plans at flat rates: the engine against the reference ledger in fractions, as German stocks in one pot."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction as F

import pytest

from engine.tax.flat import FlatTax
from tests.reference.taxes.agreement import compare
from tests.reference.taxes.attributes import Germany, Law, Stock, TaxedCase
from tests.reference.taxes.random_plans import random_german_plan


def random_flat_plan(rng: random.Random) -> TaxedCase:
    """Draw a German plan of stocks whose losses meet everything, without allowance, church tax or foreign tax."""
    taxed = random_german_plan(rng)
    none = F(0)
    law = replace(taxed.law, assets={name: Stock() for name in taxed.law.assets}, one_pot=True, allowance=none)
    return replace(taxed, law=replace(law, church=none, opening_stocks=none, opening_other=none))


def flat(law: Law) -> FlatTax:
    """Return the same at one rate."""
    assert isinstance(law, Germany)
    return FlatTax(
        gains=0.26375,
        income=0.26375,
        losses="carry",
        losses_against="all",
        collect="assessment" if law.assessed else "bank",
        short_of_cash="outside" if law.outside else "sell",
    )


@pytest.mark.parametrize("block", [0, *(pytest.param(block, marks=pytest.mark.slow) for block in range(1, 50))])
def test_a_flat_rate_with_losses_carried_against_all_is_german_tax_of_stocks_in_one_pot(block: int) -> None:
    found = compare(random_flat_plan, "flat", range(10 * block, 10 * block + 10), flat)
    assert not found.others
    assert found.inexact <= 1
