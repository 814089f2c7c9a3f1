"""A sweep that is killed loses no finished chunk and ends with the same bytes (`tests/support/sweep_kills.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sweep_kills import kill_and_go_on


@pytest.mark.parametrize("kills", [2, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(3000)])])
def test_a_killed_sweep_loses_nothing_and_ends_with_the_same_bytes(kills: int, tmp_path: Path) -> None:
    tally = kill_and_go_on(kills, seed=kills, place=tmp_path)
    assert tally.kills == kills
    assert max(tally.kept) > 0  # some were killed in the middle
