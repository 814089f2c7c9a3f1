"""Run one sweep again and again in one process and look at its memory: ``python -m tests.support.soak [VARIANTS]``.

Each is a whole sweep, its files and its page. The first two are not counted: libraries load and buffers find their size.
"""

# ruff: noqa: T201

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from engine import composition
from engine.report.sweep.page import render_sweep
from engine.sweep.computation import prepare
from engine.sweep.pipeline import SweepOptions, run_sweep
from tests.support.sweeps import QUICK

WARM = 2


def memory() -> float:
    """Return what this process has in memory now [MB]; Linux only."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def soak(least: int, folder: Path) -> tuple[int, list[float]]:
    """Run at least so many variants; return how many, and the memory after each sweep [MB]."""
    done, after = 0, []
    while done < least:
        sweep = prepare(*composition.validate_sweep(composition.open_document(QUICK, ())), composition.run_config_class)
        terms = SweepOptions(folder / "soak.sweep", 1, None, 10**8, resume=False)
        run_sweep(sweep, terms, lambda done, total: None, render_sweep)
        after.append(memory())
        done += sweep.points.count if len(after) > WARM else 0
    return done, after


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        variants, taken = soak(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000, Path(place))
    lost = (taken[-1] - taken[WARM - 1]) / variants * 1e5
    print(f"{variants:,} variants in {len(taken)} sweeps: from {taken[WARM - 1]:.0f} to {taken[-1]:.0f} MB", end=", ")
    print(f"most {max(taken):.0f} MB; {lost:+.2f} MB in 100,000 variants")
    sys.exit(lost > 1.0)
