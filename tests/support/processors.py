"""The same runs on the processors that libraries let one pretend to have: ``python -m tests.support.processors``.

NumPy, OpenBLAS, Arrow, numba and the C library choose code by what the processor can do, and the last bit of a
vectorised power, a logarithm or a matrix product depends on that choice. Each processor is a process of its own that
runs every plan; every file must have the same bytes (S14), and the weights of an optimised plan the same value within
``WEIGHT_TOLERANCE``.
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
import pyarrow as pa
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
    """Return names of processors -> what the environment says to pretend to be one; the first is this machine.

    ``every``: also what each library is told alone, and what takes long: kernels compiled anew for a processor of 2008,
    by a C library that knows none of the instructions that came since.
    """
    less = {"NPY_DISABLE_CPU_FEATURES": " ".join(AVX512), "ARROW_USER_SIMD_LEVEL": "AVX2", "PYTHONHASHSEED": "1"}
    least = {"NPY_DISABLE_CPU_FEATURES": " ".join(AVX2), "ARROW_USER_SIMD_LEVEL": "NONE", "PYTHONHASHSEED": "2"}
    old = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F,-AVX", "NUMBA_CPU_NAME": "nehalem"}
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
            "a processor of 2008": {**least, **old, "OPENBLAS_CORETYPE": "Nehalem", "NUMBA_CPU_FEATURES": ""},
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
    """Return the largest difference between two files of weights, which have to be of the same assets and sessions."""
    one, other = (pq.read_table(path) for path in (left, right))
    assert (one.schema, one.num_rows) == (other.schema, other.num_rows), f"{left} and {right} are of other sessions"
    numbers = [
        name for name, kind in zip(one.schema.names, one.schema.types, strict=True) if pa.types.is_floating(kind)
    ]
    apart = [np.abs(one[name].to_numpy() - other[name].to_numpy()) for name in numbers]
    return float(np.nanmax(apart))


def compare_processors(*, every: bool) -> int:
    """Run everything on every processor; return 1 when a file differs or a weight does by more than it may."""
    wanted: dict[str, str] = {}
    wrong = False
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, environment) in enumerate(processors(every=every).items()):
            out = Path(scratch) / str(number)
            found = run_jobs(list(jobs(every=every)), environment, out)
            wanted = wanted or found
            apart = sorted(file for file in wanted.keys() | found.keys() if wanted.get(file) != found.get(file))
            solved = [file for file in apart if file.startswith(f"{OPTIMISED}/")]
            apart = [file for file in apart if file not in solved]
            weights = [folder / OPTIMISED / "weights.parquet" for folder in (Path(scratch) / "0", out)]
            far = weight_difference(*weights) if solved else 0.0
            wrong |= bool(apart) or not far <= WEIGHT_TOLERANCE
            said = f"{len(apart)} differ {' '.join(apart)}" if apart else "the same bytes"
            said += f"; {len(solved)} of the optimised plan differ, weights by {far:.1e}" if solved else ""
            sys.stdout.write(f"{name}: {len(found)} files, {said}\n")
            sys.stdout.flush()
    return int(wrong)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", action="store_true", help="each processor alone, and the whole article space")
    sys.exit(compare_processors(every=parser.parse_args().every))
