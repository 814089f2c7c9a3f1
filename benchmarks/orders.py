"""How long `engine orders` takes beyond the start of the program: ``python benchmarks/orders.py`` (``make orders``).

200 positions of a plan of 200 assets, ten years of closes as traded in one Parquet file. Whole processes, medians of
seconds of CPU, in turns with those of one position: they start the same program and load the same kernels. `engine
validate`, which loads none, is beside them.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

POSITIONS: Final = 200
SESSIONS: Final = 2600
MOST: Final = 0.5
ROUNDS: Final = 7


def write_files(folder: Path, positions: int) -> tuple[list[str], list[str]]:
    """Write prices, a config and a depot; return the commands that validate the config, and that make its orders."""
    folder.mkdir()
    rng = np.random.default_rng(200)
    names = [f"T{at:03d}" for at in range(positions)]
    days = np.busday_offset("2026-11-30", np.arange(-SESSIONS, 0), roll="backward").astype("datetime64[ns]")
    closes = np.round(40.0 * np.cumprod(1.0 + rng.normal(0.0003, 0.012, (SESSIONS, positions)), axis=0), 4)
    pd.DataFrame(closes, pd.DatetimeIndex(days, name="date"), names).to_parquet(folder / "prices.parquet")
    weights = ", ".join(f"{name}: {99.5 / positions}%" for name in names)
    config = folder / "plan.yaml"
    config.write_text(
        f"name: plan\ndata: {{source: {{kind: files, path: '{folder / 'prices.parquet'}', closes: raw}}}}\n"
        f"window: {{start: 2018-01-02}}\naccount: {{capital: 1000000, shares: whole}}\n"
        f"strategy: {{kind: fixed_mix, weights: {{{weights}}}, rebalance: {{kind: annual, month: january}}}}\n"
        "costs: {kind: broker, tariff: interactive_brokers_fixed}\n"
    )
    held = "\n".join(f"{name},{rng.integers(50, 200)}" for name in names)
    (folder / "held.csv").write_text(f"ticker,quantity\n{held}\nCASH,25000\n")
    engine = [sys.executable, "-m", "engine"]
    orders = ["--holdings", str(folder / "held.csv"), "--as-of", "2026-11-30", "--now", "--out", str(folder / "out")]
    return [*engine, "validate", str(config)], [*engine, "orders", str(config), *orders]


def seconds(command: list[str]) -> float:
    """Return the CPU of one process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Print the medians; exit code 1 when orders take longer than they may."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as place:
        validate, orders = write_files(Path(place) / "many", POSITIONS)
        commands = [validate, write_files(Path(place) / "one", 1)[1], orders]
        for command in commands:
            seconds(command)  # compiled before
        taken = [[seconds(command) for command in commands] for _ in range(ROUNDS)]
    checked, start, whole = (statistics.median(one) for one in zip(*taken, strict=True))
    print(f"validate {checked:.2f} s, orders of one position {start:.2f} s, of {POSITIONS} positions {whole:.2f} s")
    print(f"{whole - start:.2f} s beyond the start of the program, at most {MOST} s")
    return 0 if whole - start <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
