"""No damaged file of a broker ends in a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.corrupted_depots import read_damaged


def outcomes(seeds: range, folder: Path) -> tuple[int, list[str]]:
    found = [read_damaged(seed, folder) for seed in seeds]
    return sum(count > 0 for count, _ in found), [failure for _, failure in found if failure]


def test_damaged_files_are_read_or_refused(tmp_path: Path) -> None:
    """Some stay readable, most do not: were all refused for one reason, the rest would not be tried."""
    read, failures = outcomes(range(400), tmp_path)
    assert failures == []
    assert 20 < read < 380


@pytest.mark.slow
@pytest.mark.parametrize("thousand", range(20))
def test_twenty_thousand_damaged_files_are_read_or_refused(tmp_path: Path, thousand: int) -> None:
    """As above, so many that rare ones are among them."""
    assert outcomes(range(1000 * thousand, 1000 * thousand + 1000), tmp_path)[1] == []
