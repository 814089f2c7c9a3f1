"""Ctrl-C at moments spread over a command's life; ``python -m tests.support.interrupts`` tries every one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.interrupts import PLANS, interrupted


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLANS)
def test_an_interrupt_leaves_one_line_and_nothing_else(kind: str, tmp_path: Path) -> None:
    """While modules load, workers start, chunks are computed and files are put in place; a terminal tells all of them."""
    for after in (0.3, 0.6, 1.2, 2.4, 4.8):
        became = interrupted(kind, after, tmp_path / kind)[0]
        assert became in {"one line", "before the engine", "done"}, f"{after} s: {became}"
