"""The machine that everything is timed on: what it is, and what it can do at most, a product of two matrices."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Final

import numpy as np

MATRIX_SIZE: Final = 1500
MATRIX_FLOPS: Final = 2.0 * MATRIX_SIZE**3


def describe_machine(threads: int) -> dict[str, str]:
    """Return what identifies the machine and its software."""
    cpus = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:(.*)", cpus.read_text(encoding="utf-8") if cpus.is_file() else "")
    return {
        "processor": model[1].strip() if model else platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "threads used": str(threads),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "engine": ", ".join(filter(None, [version("portfolio-engine"), commit_text(Path(__file__).parents[3])])),
    }


def commit_text(root: Path) -> str:
    """Return which commit is checked out in ``root``, as ``commit 0123456789ab``; nothing where there is none."""
    try:
        head = (root / ".git" / "HEAD").read_text(encoding="utf-8").strip()
        if head.startswith("ref: "):
            head = _resolve(root / ".git", head.removeprefix("ref: "))
    except (OSError, UnicodeDecodeError):
        return ""
    return f"commit {head[:12]}" if head else ""


def _resolve(git: Path, name: str) -> str:
    """Return the commit of a branch, from its own file or from those that are packed; "" where it is in neither."""
    if (git / name).is_file():
        return (git / name).read_text(encoding="utf-8").strip()
    packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")


def load_text(begin: float | None, end: float | None) -> str:
    """Return how many processes wanted to run on average of a minute, before everything was timed and at its end."""
    return "not known" if begin is None or end is None else f"{begin:.2f} before, {end:.2f} at the end"


def system_load() -> float | None:
    """Return the load of the last minute, None where the system does not tell."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def matrix_product(threads: int) -> Callable[[], object]:
    """Return the call that multiplies two matrices (dgemm), by numpy on so many threads."""
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415

    left, right = np.random.default_rng(1).random((2, MATRIX_SIZE, MATRIX_SIZE))
    libraries = ThreadpoolController().select(user_api="blas")

    def multiply() -> object:
        with libraries.limit(limits=threads):
            return left @ right

    return multiply


def session_flops(assets: int, capped: int) -> int:
    """Return the additions, subtractions, products and divisions of one session of one variant.

    Marking and all statistics, rebalances left out; comparisons, minima, maxima and choices are not counted.
    """
    return 2 * assets + 16 + (capped + 5 if capped else 0)
