"""Random plans run twice, by the engine and by the reference ledger: those on which they agree, and what the others are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from engine.core.errors import AccountError, StalePriceError
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import Case, LedgerError, Run, run


@dataclass
class Tally:
    """How many plans agree, how many differ where the law leaves more than one answer, and what the others do.

    The law does so at a session at which no value after costs solves the equation exactly (``Run.jumps``).
    """

    compared: int = 0
    inexact: int = 0
    others: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Agreement:
    """A plan on which the engine and the reference agree, by its number, and what both made of it."""

    number: int
    case: Case
    reference: Run
    ledger: Ledger
    market: Market


def agreements(draw: Callable[[], Case], plans: int, tally: Tally) -> Iterator[Agreement]:
    """Yield the plans that agree; what the reference refuses the engine refuses, and the rest is kept in ``tally``."""
    for number in range(plans):
        case = draw()
        try:
            reference = run(case)
        except LedgerError:
            with pytest.raises((AccountError, StalePriceError)):
                engine_ledger(case)
            continue
        try:
            ledger, market = engine_ledger(case)
        except AccountError as error:
            tally.others.append(f"plan {number}: refused, {error}")
            continue
        if difference := _end_difference(reference, ledger) or first_difference(case, reference, ledger):
            tally.inexact += bool(reference.jumps)
            tally.others += [] if reference.jumps else [f"plan {number}: {difference}"]
            continue
        tally.compared += 1
        yield Agreement(number, case, reference, ledger, market)


def _end_difference(reference: Run, ledger: Ledger) -> str:
    """Return how the ends differ, "" where they do not: the session, what was due of the last withdrawal, what was paid."""
    if len(ledger.dates) != len(reference.value):
        return f"{len(ledger.dates)} sessions, not {len(reference.value)}"
    mine, wanted = (tuple(map(float, one or (0, 0))) for one in (ledger.last_withdrawal, reference.last))
    return "" if mine == pytest.approx(wanted, rel=1e-12, abs=1e-9) else f"last withdrawal {mine}, not {wanted}"
