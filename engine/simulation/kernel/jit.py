"""How kernels are compiled, and where the result is kept: in a folder named by a hash of all their sources.

Numba's own cache notices an edit of the file that a function stands in, but not of the functions it calls elsewhere
(numba issues 8359 and 9483); a folder for each state of the sources cannot serve an old kernel.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar, cast

import numba
import platformdirs

PACKAGE: Final = Path(__file__).parent

Function = TypeVar("Function", bound=Callable[..., object])


def jit(function: Function) -> Function:
    """Compile ``function``; keep the result on disk where there is a place for it."""
    if FOLDER is None:
        return cast("Function", numba.njit(error_model="numpy")(function))
    with _cached_in(FOLDER):
        return cast("Function", numba.njit(cache=True, error_model="numpy")(function))


def released(function: Function) -> Function:
    """Compile ``function`` as ``jit`` does; other threads run while it does."""
    if FOLDER is None:
        return cast("Function", numba.njit(nogil=True, error_model="numpy")(function))
    with _cached_in(FOLDER):
        return cast("Function", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def inner(function: Function) -> Function:
    """Compile ``function`` for those in the kernel that call it, and for nobody else: nothing of it is kept on disk."""
    return cast("Function", numba.njit(error_model="numpy")(function))


def inlined(function: Function) -> Function:
    """Compile ``function`` into its caller: what runs every session, or has one caller and need not be linked twice."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))


def fingerprint(package: Path) -> str:
    """Return what names one state of the kernel: a hash of its sources and of the records they take."""
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.py")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def place(package: Path) -> Path | None:
    """Return the folder for compiled kernels: where numba is told to keep them, beside the sources, or with the user.

    None when none of these can be written.
    """
    told = os.environ.get("NUMBA_CACHE_DIR")
    homes = [Path(told)] if told else [package / "__pycache__", platformdirs.user_cache_path("portfolio-engine")]
    name = f"kernel-{fingerprint(package)}"
    for home in homes:
        try:
            (home / name).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(home / name, os.W_OK):
            return home / name
    return None


@contextmanager
def _cached_in(folder: Path) -> Iterator[None]:
    """Let numba keep what is declared meanwhile in ``folder``."""
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


def compiled(function: str) -> bool:
    """Return whether an earlier process left ``function`` of this state on disk; if not, its first call compiles."""
    off = bool(numba.config.DISABLE_JIT)  # type: ignore[attr-defined]
    return off or (FOLDER is not None and any(FOLDER.rglob(f"*.{function}-*.nbi")))


def tidy() -> None:
    """Remove what other states of the sources have left beside this one's folder."""
    if FOLDER is not None:
        for other in FOLDER.parent.glob("kernel-*"):
            if other != FOLDER:
                shutil.rmtree(other, ignore_errors=True)


FOLDER: Final = place(PACKAGE)
"""Where this process finds and keeps compiled kernels, or None."""
