"""Random taxed plans, run by the engine and by the taxed reference ledger: how many agree, and how well."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pytest

from engine.core.errors import AccountError, StalePriceError
from engine.tax.law import TaxLaw
from tests.reference.ledger import LedgerError
from tests.reference.taxes.attributes import Law, TaxedCase
from tests.reference.taxes.engine_laws import law_of
from tests.reference.taxes.engine_runs import engine_taxed, largest_gap
from tests.reference.taxes.ledger import run_taxed
from tests.reference.taxes.roots import NoTaxSettles

AGREES = 1e-10


@dataclass
class Agreement:
    """``worst`` of those that agree; ``inexact``: a jump, or a ruin, leaves the reference without an exact answer."""

    plans: int = 0
    worst: float = 0.0
    inexact: int = 0
    others: list[str] = field(default_factory=list)


def compare(
    draw: Callable[[random.Random], TaxedCase],
    country: str,
    seeds: Iterable[int],
    law: Callable[[Law], TaxLaw] = law_of,
) -> Agreement:
    """Run the plan of each seed twice; each that differs is said by its seed, with its first difference."""
    found = Agreement()
    for seed in seeds:
        taxed = draw(random.Random(f"{country} {seed}"))
        found.plans += 1
        try:
            run, taxes = run_taxed(taxed)
        except NoTaxSettles:
            found.inexact += 1
            continue
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_taxed(taxed, law(taxed.law))
            found.inexact += 1
            continue
        gap = largest_gap(taxed, run, taxes, engine_taxed(taxed, law(taxed.law)))
        if gap.size <= AGREES:
            found.worst = max(found.worst, gap.size)
        elif run.jumps:
            found.inexact += 1
        else:
            found.others.append(f"{country} {seed}: {gap.what}")
    return found
