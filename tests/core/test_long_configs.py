"""The longest that every key of a config can be is answered: valid, or refused in lines that say where."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.long_configs import all_cases, measure


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_every_long_config_is_answered() -> None:
    """None ends as a bug of the engine, or is still at work after twenty seconds."""
    failed: dict[str, Any] = {}
    for case in all_cases():
        cost = measure(case)
        if cost.code not in (0, 1):
            failed[case.name] = cost.said[-300:]
    assert not failed


@pytest.mark.slow
def test_every_section_of_a_config_is_among_the_cases() -> None:
    """The schema is walked: strategies, sources, costs, flows, reviews and what stands inside them."""
    names = " ".join(case.name for case in all_cases() if not case.name.startswith("plan:"))
    wanted = {"CoreSatellite", "Optimised", "FromUniverse", "Stock", "Verdict", "CashFlowPlan", "Sleeve", "GroupBounds"}
    assert not {one for one in wanted if f"<{one}>" not in names}
