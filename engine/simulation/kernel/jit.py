"""How kernels are compiled, and where the result is kept: in a folder named by all that it depends on.

Numba's own cache notices an edit of the file that a function stands in, but not of the functions it calls elsewhere
(numba issues 8359 and 9483); a folder for each state of the sources cannot serve an old kernel.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar, cast

import llvmlite
import numba
import numpy as np
from numba.core import event as numba_events
from numba.core.dispatcher import Dispatcher

from engine import tax
from engine.core import powers
from engine.core.cache_folder import CacheFolder, find_cache_folder, hash_files, remove_stale_caches
from engine.portfolio import cost_table
from engine.simulation.kernel.sealed_cache import SealedCache, target_processor

KERNEL_FOLDER: Final = Path(__file__).parent
TAX_FOLDER: Final = Path(tax.__file__).parent
COMPILED_LAWS: Final = (
    "fifo_lots.py",
    "germany/advance_lump_sum.py",
    "germany/tables.py",
    "germany/year.py",
    "united_states/flat_tax.py",
    "united_states/holding_period.py",
    "united_states/netting.py",
)
"""Where the functions and numbers of laws and lots stand that kernels compile as they are."""

Function = TypeVar("Function", bound=Callable[..., object])


def njit_cached(function: Function) -> Function:
    """Compile ``function``; keep the result on disk where there is a place for it."""
    return _njit_on_disk(function)


def njit_nogil(function: Function) -> Function:
    """Compile ``function`` as ``njit_cached`` does; other threads run while it does."""
    return _njit_on_disk(function, nogil=True)


def _njit_on_disk(function: Function, *, nogil: bool = False) -> Function:
    compiled = numba.njit(nogil=nogil, error_model="numpy")(function)
    if CACHE_FOLDER is not None and isinstance(compiled, Dispatcher):  # it is the function itself where numba is off
        before = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        numba.config.CACHE_DIR = str(CACHE_FOLDER)  # type: ignore[attr-defined]
        try:
            with suppress(RuntimeError):  # no file can be made there any more
                compiled._cache = SealedCache(function)  # type: ignore[attr-defined]  # noqa: SLF001
        finally:
            numba.config.CACHE_DIR = before  # type: ignore[attr-defined]
    return cast("Function", compiled)


def njit_private(function: Function) -> Function:
    """Compile ``function`` for those in the kernel that call it, and for nobody else: nothing of it is kept on disk.

    Arrays are lent to it: it makes none, and counts no references to those it is given. Threads that share an array
    would wait for each other at every count, and one alone pays more for the counts of a stop than for a session.
    Neither Python nor C can call it: to compile what unpacks their arguments takes longer than most bodies do.
    """
    private = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # numba's own, not in its types
    compiled = numba.njit(error_model="numpy", **private)(function)  # type: ignore[call-overload]
    if isinstance(compiled, Dispatcher):
        compiled.__class__ = _KernelsOnly
    return cast("Function", compiled)


class _KernelsOnly(Dispatcher):
    """A function without a way in from Python, where a call would end the process."""

    def __call__(self, *_: object) -> None:
        """Raise TypeError."""
        raise TypeError(f"{self.py_func.__qualname__} is for kernels to call; compile it by njit_cached for others")


def njit_inline(function: Function) -> Function:
    """Compile ``function`` into its caller: what runs every session, or has one caller and need not be linked twice."""
    return cast("Function", numba.njit(inline="always", error_model="numpy")(function))


def is_compiled(function: Callable[..., object]) -> bool:
    """Return whether ``function`` has been compiled by this process or an earlier one."""
    if not isinstance(function, Dispatcher):
        return False
    files = getattr(getattr(function, "_cache", None), "_cache_file", None)
    return bool(function.signatures) or (files is not None and Path(files._index_path).exists())  # noqa: SLF001


def announce_compilation(announce: Callable[[], object]) -> None:
    """Call ``announce`` when this process compiles a first kernel, because none of this state is on disk."""
    numba_events.register("numba:compile", _FirstCompilation(announce))  # type: ignore[no-untyped-call]


class _FirstCompilation(numba_events.Listener):
    def __init__(self, announce: Callable[[], object]) -> None:
        self._announce: Callable[[], object] | None = announce

    def on_start(self, event: object) -> None:  # noqa: ARG002  (as numba calls it)
        if self._announce:
            remove_stale_caches(CACHE_FOLDER)
            self._announce()
            self._announce = None

    def on_end(self, event: object) -> None:
        """Do nothing: numba asks for this method."""


def find_kernel_folder(package: Path) -> CacheFolder:
    """Return the folder for compiled kernels of ``package``, named by its sources and what compiles them."""
    laws = (TAX_FOLDER / name for name in COMPILED_LAWS)
    sources = (*sorted(package.rglob("*.py")), Path(cost_table.__file__), Path(powers.__file__), *laws)
    compilers = f"{numba.__version__}-{llvmlite.__version__}-{np.__version__}"
    name = f"kernel-{compilers}-{hash_files(sources, target_processor())}"
    return find_cache_folder(name, package, os.environ.get("NUMBA_CACHE_DIR"))


CACHE_FOLDER, CACHE_REFUSAL = find_kernel_folder(KERNEL_FOLDER)
"""Where this process finds and keeps compiled kernels, or None and why."""
