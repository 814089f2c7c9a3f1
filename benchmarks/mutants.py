"""Break the core on purpose, one small change at a time, and count how many the tests notice.

cosmic-ray makes the mutants; each runs in a copy of the checkout, against the tests that guard its module, with numba
switched off so that a changed kernel needs no compiling. ``--sample 0.2`` tries a seeded fifth of them. Survivors are
printed as differences: each is either a test to write or a change that does not matter.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
GUARDS = {
    "engine/costs.py": ["tests/test_costs.py"],
    "engine/sessions.py": ["tests/test_sessions.py"],
    "engine/metrics.py": ["tests/test_metrics.py"],
    "engine/kernel.py": [
        "tests/test_fee_fixpoint.py",
        "tests/test_kernel.py",
        "tests/test_costs.py",
        "tests/test_reference_ledger.py",
    ],
}
CONFIG = """[cosmic-ray]
module-path = "{module}"
timeout = 120.0
excluded-modules = []
test-command = "{python} -m pytest -x -q -p no:cacheprovider -p no:randomly -o addopts= {tests}"
[cosmic-ray.distributor]
name = "local"
"""


def main() -> None:
    """Run the mutants of the modules named on the command line, or of all four."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("modules", nargs="*", default=list(GUARDS))
    parser.add_argument("--sample", type=float, default=1.0)
    options = parser.parse_args()
    total = killed = 0
    for module in options.modules:
        done, dead = score(module, options.sample)
        print(f"{module}: {dead} of {done} killed, {dead / max(done, 1):.1%}", flush=True)
        total, killed = total + done, killed + dead
    print(f"all: {killed} of {total} killed, {killed / max(total, 1):.1%}")


def score(module: str, sample: float) -> tuple[int, int]:
    """Return how many mutants of a module were tried and how many were killed."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(
            ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "runs", "__pycache__", ".*_cache", ".hypothesis")
        )
        if (ROOT.parent / "shared").exists():
            (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")
        config, session = copy / "mutants.toml", copy / "mutants.sqlite"
        config.write_text(CONFIG.format(module=module, python=sys.executable, tests=" ".join(GUARDS[module])))
        environment = {
            **os.environ,
            "NUMBA_DISABLE_JIT": "1",
            "PYTHONPATH": str(copy),
            "PYTHONDONTWRITEBYTECODE": "1",
            "MUTANTS": "1",
        }
        tool = str(Path(sys.executable).parent / "cosmic-ray")
        subprocess.run([tool, "init", str(config), str(session)], cwd=copy, env=environment, check=True)
        thin(session, sample)
        subprocess.run([tool, "exec", str(config), str(session)], cwd=copy, env=environment, check=True)
        with sqlite3.connect(session) as store:
            rows = store.execute(
                "select test_outcome, diff from work_results where worker_outcome = 'NORMAL'"
            ).fetchall()
    survivors = [diff for outcome, diff in rows if outcome == "SURVIVED"]
    for diff in survivors:
        print("\n".join(line for line in diff.splitlines() if line.startswith(("@@", "+ ", "- ", "+\t", "-\t"))), "\n")
    return len(rows), len(rows) - len(survivors)


def thin(session: Path, sample: float) -> None:
    """Keep a seeded share of the mutants."""
    with sqlite3.connect(session) as store:
        jobs = [
            row[0]
            for row in store.execute(
                "select job_id from mutation_specs order by module_path, operator_name, occurrence"
            ).fetchall()
        ]
        drop = random.Random(1).sample(jobs, round(len(jobs) * (1.0 - sample)))
        store.executemany("delete from mutation_specs where job_id = ?", [(job,) for job in drop])
        store.executemany("delete from work_items where job_id = ?", [(job,) for job in drop])


if __name__ == "__main__":
    main()
