"""A publication is killed, interrupted or runs out of disk at its every system call (`tests/support/kills.py`)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.configs import ROOT
from tests.support.kills import SCENARIOS_OF_COMMANDS, build_library


@pytest.mark.parametrize(
    ("every", "scenario"),
    [
        (2, "publish"),
        (12, "signed"),
        (4, "scratch"),
        *(
            pytest.param(9, scenario, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])
            for scenario in SCENARIOS_OF_COMMANDS
        ),
    ],
)
def test_old_or_new_whole_and_nothing_left_after_the_next_start(every: int, scenario: str, tmp_path: Path) -> None:
    library = build_library(tmp_path)
    if isinstance(library, str):
        pytest.skip(library)
    command = [sys.executable, "-m", "tests.support.kills", str(every), scenario]
    environment = {**os.environ, "LD_PRELOAD": str(library)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("; 0 wrong") >= 3
