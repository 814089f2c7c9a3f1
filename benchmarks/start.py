"""How long the program takes to begin: ``python benchmarks/start.py [TREE]``, TREE being another state beside this one.

Each command is a process of its own, in an empty folder; states and commands take turns, and the median of the rounds
is printed: processor time, which other programs on the machine disturb least, and what a clock on the wall says.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parents[1]
CONFIG: Final = "configs/quickstart.yaml"
COMMANDS: Final = {
    "python alone": ("-c", "pass"),
    "import engine": ("-c", "import engine"),
    "engine --help": ("-m", "engine", "--help"),
    "engine run --help": ("-m", "engine", "run", "--help"),
    "engine validate": ("-m", "engine", "validate", "{tree}/" + CONFIG),
}


def seconds(tree: Path, command: tuple[str, ...], folder: Path) -> tuple[float, float]:
    """Return what a command of a tree takes: processor time of user and system, and elapsed [s]."""
    home = {"PYTHONPATH": str(tree), "XDG_STATE_HOME": str(folder), "HOME": str(folder)}
    job = [sys.executable, *(part.format(tree=tree) for part in command)]
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(job, cwd=folder, env={**os.environ, **home}, capture_output=True, check=True)
    elapsed, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, elapsed


def main() -> None:
    """Print a table: a row a command, for each tree processor time and elapsed time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", nargs="?", type=Path, help="a checkout of another state, measured in turns with this")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    trees = {"before": options.tree.resolve(), "here": HERE} if options.tree else {"here": HERE}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        took: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for turn in range(options.rounds + 1):  # the first writes bytecode and calendars, and is not counted
            for name, command in COMMANDS.items():
                for label, tree in trees.items():
                    found = seconds(tree, command, folder)
                    if turn:
                        took.setdefault((name, label), []).append(found)
    print(f"{'[ms]':<20}" + "".join(f"{label + ' cpu':>14}{label + ' wall':>14}" for label in trees))
    for name in COMMANDS:
        medians = [statistics.median(value) for label in trees for value in zip(*took[name, label], strict=True)]
        print(f"{name:<20}" + "".join(f"{1000.0 * value:>14,.0f}" for value in medians))


if __name__ == "__main__":
    main()
