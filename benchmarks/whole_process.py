"""Wall time of whole commands on this machine: help, a warm run, the very first run. Medians of several, in Markdown.

Run it as ``python benchmarks/whole_process.py [CONFIG [--set K=V ...]]``; without arguments it times the quickstart.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENGINE = Path(sys.executable).parent / "engine"


def seconds(*arguments: str, rounds: int = 5, **environment: str) -> tuple[float, float]:
    """Return median and maximum wall time of a command."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            start = time.perf_counter()
            subprocess.run(
                [str(ENGINE), *arguments],
                cwd=folder,
                env={**os.environ, **environment},
                check=True,
                capture_output=True,
            )
            taken.append(time.perf_counter() - start)
    return statistics.median(taken), max(taken)


def main() -> None:
    """Print the table."""
    job = (
        [str(Path(sys.argv[1]).resolve()), *sys.argv[2:]]
        if len(sys.argv) > 1
        else [str(ROOT / "configs/quickstart.yaml")]
    )
    rows = [("`engine --help`", seconds("--help", rounds=7), 0.3)]
    seconds("run", *job, rounds=1)
    rows.append(("`engine run`, warm, report included", seconds("run", *job), 2.5))
    with tempfile.TemporaryDirectory() as cache:
        rows.append(
            ("`engine run`, first ever (kernels compile)", seconds("run", *job, rounds=1, NUMBA_CACHE_DIR=cache), 20.0)
        )
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {Path(job[0]).name}\n")
    print("| command | median | slowest | aim |\n|---|---|---|---|")
    for name, (median, slowest), aim in rows:
        print(f"| {name} | {median:.2f} s | {slowest:.2f} s | {aim:g} s |")


if __name__ == "__main__":
    main()
