"""The reference ledger gives the examples of the rule book that were worked out by hand."""

from __future__ import annotations

import pytest

from tests.reference.ledger import run
from tests.reference.worked_examples import EXAMPLES, SMALL


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_by_hand(name: str) -> None:
    """The ledger gives the values, trades and reviews that were worked out by hand."""
    wanted = EXAMPLES[name]
    result = run(wanted.case)
    assert [(event.row, event.kind) for event in result.events[1:]] == [(row, kind) for row, kind, _ in wanted.events]
    for event, (_, _, quantities) in zip(result.events[1:], wanted.events, strict=True):
        assert max(abs(x - y) for x, y in zip(event.quantities, quantities, strict=True)) < SMALL
    assert max(abs(x - y) for x, y in zip(result.value, wanted.value, strict=True)) < SMALL
    assert result.reviews == list(wanted.reviews)
