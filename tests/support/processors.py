"""The same runs on the processors that libraries let one pretend to have: ``python -m tests.support.processors``.

NumPy, OpenBLAS and Arrow choose code by what the processor can do, and the last bit of a vectorised power, logarithm or
matrix product depends on that choice. Each processor is a process of its own that runs every plan; every file written
must have the same bytes (S14), except those of optimised plans, whose weights agree within ``WEIGHT_TOLERANCE``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

ROOT: Final = Path(__file__).parents[2]
CONFIGS: Final = ROOT / "configs"
PRICES: Final = ROOT.parent / "shared" / "data" / "prices.parquet"
WEIGHT_TOLERANCE: Final = 1e-9
OPTIMISED: Final = "optimised"
"""The name of the only plan whose numbers may differ, by as much as a solver's weights do."""

AVX512: Final = [name for name in __cpu_dispatch__ if __cpu_features__[name] and ("512" in name or name == "X86_V4")]
AVX2: Final = [name for name in __cpu_dispatch__ if __cpu_features__[name]]


def processors(*, every: bool) -> dict[str, dict[str, str]]:
    """Return names of processors -> what the environment says to pretend to be one; the first is this machine."""
    less = {"NPY_DISABLE_CPU_FEATURES": " ".join(AVX512), "ARROW_USER_SIMD_LEVEL": "AVX2", "PYTHONHASHSEED": "1"}
    least = {"NPY_DISABLE_CPU_FEATURES": " ".join(AVX2), "ARROW_USER_SIMD_LEVEL": "NONE", "PYTHONHASHSEED": "2"}
    result = {
        "this processor": {"PYTHONHASHSEED": "0"},
        "without AVX-512, OpenBLAS for Haswell": {**less, "OPENBLAS_CORETYPE": "Haswell"},
        "without AVX2, OpenBLAS for Nehalem": {**least, "OPENBLAS_CORETYPE": "Nehalem"},
    }
    if every:
        result |= {
            "without AVX-512": less,
            "without AVX2": least,
            "OpenBLAS for Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
            "OpenBLAS for SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
        }
    return result


def jobs(*, every: bool) -> Iterator[list[str]]:
    """Yield the arguments of each run of the command, the folder left to be named."""
    quick = str(CONFIGS / "quickstart.yaml")
    yield ["run", quick]
    yield ["run", quick, "--set", "name=cash", "--set", "account.cash.rate=3%"]
    yield ["sweep", str(CONFIGS / "sweeps" / "quickstart_sweep.yaml")]
    if PRICES.is_file():
        prices = ["--set", "data.source.kind=files", "--set", f"data.source.path={PRICES}"]
        for name in ("us_small_caps", "us_small_caps_savings", OPTIMISED):
            yield ["run", str(CONFIGS / f"{name}.yaml"), *prices]
        some = [] if every else ["--set", "sweep.mode={kind: random, samples: 2000, seed: 1}"]
        yield ["sweep", str(CONFIGS / "sweeps" / "article_space.yaml"), *prices, *some]


def run_jobs(arguments: Sequence[Sequence[str]], environment: Mapping[str, str], out: Path) -> dict[str, str]:
    """Run the command once for each of ``arguments``, in one process, and return the SHA-256 of every file."""
    code = (
        "import json, sys\n"
        "from engine.cli import main\n"
        "for arguments in json.loads(sys.argv[1]):\n"
        "    sys.argv = ['engine', *arguments]\n"
        "    if code := main(): sys.exit(code)\n"
    )
    told = json.dumps([[*each, "--out", str(out)] for each in arguments])
    own = {"XDG_STATE_HOME": str(out / "state"), "COLUMNS": "100"}
    subprocess.run(
        [sys.executable, "-c", code, told],
        env={**os.environ, **own, **environment},
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    files = sorted(path for path in out.rglob("*") if path.is_file() and "state" not in path.parts)
    return {str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def weight_difference(left: Path, right: Path) -> float:
    """Return the largest difference between two files of weights."""
    tables = [pq.read_table(path) for path in (left, right)]
    assert tables[0].schema == tables[1].schema
    numbers = [
        np.column_stack([table[name] for name in table.column_names if str(table.schema.field(name).type) == "double"])
        for table in tables
    ]
    return float(np.nanmax(np.abs(numbers[0] - numbers[1])))


def main() -> int:
    """Run everything on every processor; return how many files differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", action="store_true", help="each processor alone, and the whole article space")
    every = parser.parse_args().every
    wanted: dict[str, str] = {}
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, environment) in enumerate(processors(every=every).items()):
            found = run_jobs(list(jobs(every=every)), environment, Path(scratch) / str(number))
            wanted = wanted or found
            apart = [file for file in wanted.keys() | found.keys() if wanted.get(file) != found.get(file)]
            apart = sorted(file for file in apart if not file.startswith(f"{OPTIMISED}/"))
            wrong += len(apart)
            sys.stdout.write(f"{name}: {len(found)} files, {len(apart)} differ {' '.join(apart)}\n")
            sys.stdout.flush()
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
