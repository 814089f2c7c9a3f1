"""What ``advance`` trades on its own is what ``simulate`` trades when it is asked each time, to the bit."""

from __future__ import annotations

import random

import pytest

from engine.simulation import portfolio_state
from engine.simulation.portfolio_state import PortfolioState
from tests.reference.cases import random_rule_case
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import LedgerError, run

ARRAYS = ("value", "cash", "units", "rows", "targets", "trades", "prices", "costs", "rebalances", "partial_rebalances")


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3))])
def test_trading_on_the_way_is_trading_when_asked_to_the_bit(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, compared = random.Random(f"on the way {seed}"), 0
    for number in range(100):
        case = random_rule_case(rng)
        try:
            run(case)
        except LedgerError:
            continue
        own, _ = engine_ledger(case)
        with monkeypatch.context() as patch:
            patch.setattr(portfolio_state, "BUFFER_SIZE", 0)
            asked, _ = engine_ledger(case)
        for name in ARRAYS:
            assert getattr(own, name).tobytes() == getattr(asked, name).tobytes(), f"seed {seed} case {number}: {name}"
        assert (own.reasons, own.notes, own.reviews) == (asked.reasons, asked.notes, asked.reviews)
        compared += 1
    assert compared > 90


def test_units_are_those_that_every_session_was_marked_with_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, states = random.Random("units"), []
    to_ledger = PortfolioState.to_ledger
    monkeypatch.setattr(PortfolioState, "to_ledger", lambda state, end: states.append(state) or to_ledger(state, end))
    for number in range(100):
        case = random_rule_case(rng)
        try:
            run(case)
        except LedgerError:
            continue
        ledger, _ = engine_ledger(case)
        if states:
            marked = states.pop()
            assert ledger.units.tobytes() == marked.history.units[marked.opening :].tobytes(), f"case {number}"
