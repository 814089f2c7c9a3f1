"""How kernels are compiled, and where the result is kept: in a folder named by a hash of all their sources.

Numba's own cache notices an edit of the file that a function stands in, but not of the functions it calls elsewhere
(numba issues 8359 and 9483); a folder for each state of the sources cannot serve an old kernel.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, cast

import numba
import platformdirs

from engine.portfolio import cost_table

KERNEL_FOLDER: Final = Path(__file__).parent

Function = TypeVar("Function", bound=Callable[..., object])


def njit_cached(function: Function) -> Function:
    """Compile ``function``; keep the result on disk where there is a place for it."""
    return _njit_on_disk(function)


def njit_nogil(function: Function) -> Function:
    """Compile ``function`` as ``njit_cached`` does; other threads run while it does."""
    return _njit_on_disk(function, nogil=True)


def _njit_on_disk(function: Function, *, nogil: bool = False) -> Function:
    if CACHE_FOLDER is None:
        return cast("Function", numba.njit(nogil=nogil, error_model="numpy")(function))
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
    numba.config.CACHE_DIR = str(CACHE_FOLDER)  # type: ignore[attr-defined]
    try:
        return cast("Function", numba.njit(cache=True, nogil=nogil, error_model="numpy")(function))
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


def njit_private(function: Function) -> Function:
    """Compile ``function`` for those in the kernel that call it, and for nobody else: nothing of it is kept on disk."""
    return cast("Function", numba.njit(error_model="numpy")(function))


def njit_inline(function: Function) -> Function:
    """Compile ``function`` into its caller: what runs every session, or has one caller and need not be linked twice."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))


def source_hash(package: Path) -> str:
    """Return what names one state of the kernel: a hash of its sources and of the records they take."""
    digest = hashlib.sha256()
    for source in (*sorted(package.rglob("*.py")), Path(cost_table.__file__)):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def find_cache_folder(package: Path) -> Path | None:
    """Return the folder for compiled kernels: where numba is told to keep them, beside the sources, or with the user.

    None when none of these can be written.
    """
    told = os.environ.get("NUMBA_CACHE_DIR")
    homes = [Path(told)] if told else [package / "__pycache__", platformdirs.user_cache_path("portfolio-engine")]
    name = f"kernel-{source_hash(package)}"
    for home in homes:
        try:
            (home / name).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(home / name, os.W_OK):
            return home / name
    return None


def is_compiled(function: str) -> bool:
    """Return whether an earlier process left ``function`` of this state on disk; if not, its first call compiles."""
    off = bool(numba.config.DISABLE_JIT)  # type: ignore[attr-defined]
    return off or (CACHE_FOLDER is not None and any(CACHE_FOLDER.rglob(f"*.{function}-*.nbi")))


def remove_stale_caches() -> None:
    """Remove what other states of the sources have left beside this one's folder."""
    if CACHE_FOLDER is not None:
        for other in CACHE_FOLDER.parent.glob("kernel-*"):
            if other != CACHE_FOLDER:
                shutil.rmtree(other, ignore_errors=True)


CACHE_FOLDER: Final = find_cache_folder(KERNEL_FOLDER)
"""Where this process finds and keeps compiled kernels, or None."""
