"""A known table written in random ways is read as it is or refused, never read as another one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from engine.data.price_files import text_grid
from tests.support.random_layouts import judge, write_table


def _outcomes(folder: Path, seeds: range) -> Counter[str]:
    found: Counter[str] = Counter()
    for seed in seeds:
        outcome = judge(write_table(seed), folder)
        assert not outcome.startswith("wrong"), f"seed {seed}: {outcome}"
        found[outcome.split(":")[0]] += 1
    return found


def test_some_hundred_ways_to_write_a_table(tmp_path: Path) -> None:
    """Most are read, and what is refused is refused in one line."""
    found = _outcomes(tmp_path, range(300))
    assert found["read"] > 180


def test_large_texts_are_split_in_another_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every file were large."""
    monkeypatch.setattr(text_grid, "LARGE", 0)
    assert _outcomes(tmp_path, range(300, 500))["read"] > 100


@pytest.mark.slow
def test_ten_thousand_ways_to_write_a_table(tmp_path: Path) -> None:
    """Separator, decimal sign, form of dates, names of columns, encoding, compression, order and preamble at random."""
    found = _outcomes(tmp_path, range(10_000))
    assert sum(found.values()) == 10_000
    assert found["read"] > 6_000


def test_a_table_read_as_another_one_would_show(tmp_path: Path) -> None:
    """The judge sees a moved day and a close ten times too large."""
    seed = next(seed for seed in range(100) if judge(write_table(seed), tmp_path) == "read")
    moved, larger = write_table(seed), write_table(seed)
    moved.dates[0] = moved.dates[0].replace(year=moved.dates[0].year - 1)
    larger.closes = {ticker: [10.0 * close for close in own] for ticker, own in larger.closes.items()}
    assert "has the dates" in judge(moved, tmp_path)
    assert "has the closes" in judge(larger, tmp_path)
