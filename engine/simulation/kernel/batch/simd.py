"""Eight variants at once: numbers and masks of eight lanes, on which ordinary arithmetic is done.

A loop that numba compiles is vectorised by LLVM only where its innermost loop runs over lanes; its state then lives in
memory, and a session costs more loads and stores than sums. Here the state of eight variants lives in registers for as
long as nothing is traded, and code reads as it would for one variant. Strict IEEE: each operation is the scalar one,
eight times (:mod:`.registers`). Without a compiler (``NUMBA_DISABLE_JIT=1``) eight lanes are an (8,) array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numba
import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.records import WIDTH

Lanes: TypeAlias = FloatArray
"""(8,) one number for each of eight variants."""

Mask: TypeAlias = BoolArray
"""(8,) a statement that is true of some of eight variants."""


Array = TypeVar("Array", FloatArray, BoolArray, IntArray)

__all__ = [
    "WIDTH",
    "Lanes",
    "Mask",
    "borrowed",
    "every",
    "load",
    "none_of",
    "size_of",
    "some",
    "spread",
    "store",
    "where",
]


def borrowed(array: Array) -> Array:
    """Return an array that is not counted as in use; the caller keeps it alive."""
    return array


def _store(array: FloatArray, at: int, x: Lanes) -> None:
    array[at : at + WIDTH] = x


every: Callable[[float], Lanes]
"""A number in every lane."""
spread: Callable[[FloatArray, int], Lanes]
"""The element of a flat array at an index, in every lane; the index is not negative and not checked."""
load: Callable[[FloatArray, int], Lanes]
"""Eight neighbours of a flat array from an index on."""
store: Callable[[FloatArray, int, Lanes], None]
"""Write eight numbers into a flat array from an index on."""
where: Callable[[Mask, Lanes, Lanes], Lanes]
"""The one in the lanes of a mask, the other elsewhere."""
some: Callable[[Mask], bool]
"""Whether a mask is true in any lane."""
none_of: Callable[[Mask], Mask]
"""The lanes that are not in a mask."""
size_of: Callable[[Lanes], Lanes]
"""Absolute values."""

if TYPE_CHECKING or numba.config.DISABLE_JIT:
    every = lambda number: np.full(WIDTH, number)  # noqa: E731
    spread = lambda array, at: np.full(WIDTH, array[at])  # noqa: E731
    load = lambda array, at: array[at : at + WIDTH].copy()  # noqa: E731
    store, where, some, none_of, size_of = _store, np.where, np.any, np.logical_not, np.abs
else:
    from engine.simulation.kernel.batch.llvm_vectors import (
        borrowed,
        every,
        load,
        none_of,
        size_of,
        some,
        spread,
        store,
        where,
    )
