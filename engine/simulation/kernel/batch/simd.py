"""Eight variants at once: numbers and masks of eight lanes, on which ordinary arithmetic is done.

A loop that numba compiles is vectorised by LLVM only where its innermost loop runs over lanes; its state then lives in
memory, and a session costs more loads and stores than sums. Here the state of eight variants lives in registers for as
long as nothing is traded, and code reads as it would for one variant. Strict IEEE: each operation is the scalar one,
eight times (:mod:`.llvm_vectors`). Without a compiler (``NUMBA_DISABLE_JIT=1``) eight lanes are an (8,) array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numba
import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.batch.state_layout import ASSETS_BEGIN
from engine.simulation.kernel.records import LANE_COUNT

Lanes: TypeAlias = FloatArray
"""(8,) one number for each of eight variants."""

Mask: TypeAlias = BoolArray
"""(8,) a statement that is true of some of eight variants."""


def _store(array: FloatArray, at: int, x: Lanes) -> None:
    array.reshape(-1)[at : at + LANE_COUNT] = x


splat: Callable[[float], Lanes]
"""A number in every lane."""
broadcast_load: Callable[[FloatArray, int], Lanes]
"""The element of an array at an index into all of it, in every lane; the index is not negative and not checked."""
load: Callable[[FloatArray, int], Lanes]
"""Eight neighbours of an array from an index on."""
gather: Callable[[FloatArray, IntArray, int, int], Lanes]
"""The elements of an array a number of places after eight places, which are neighbours in an array from an index on."""
store: Callable[[FloatArray, int, Lanes], None]
"""Write eight numbers into an array from an index on."""
offset: Callable[[int, int, int], int]
"""Where the register of a field of asset ``a``, of ``n``, begins in the state."""
where: Callable[[Mask, Lanes, Lanes], Lanes]
"""The one in the lanes of a mask, the other elsewhere."""
any_lane: Callable[[Mask], bool]
"""Whether a mask is true in any lane."""
count_lanes: Callable[[Mask], int]
"""In how many lanes a mask is true."""
not_: Callable[[Mask], Mask]
"""The lanes that are not in a mask."""
fabs: Callable[[Lanes], Lanes]
"""Absolute values."""

if TYPE_CHECKING or numba.config.DISABLE_JIT:
    splat = lambda number: np.full(LANE_COUNT, number)  # noqa: E731
    broadcast_load = lambda array, at: np.full(LANE_COUNT, array.flat[at])  # noqa: E731
    load = lambda array, at: array.reshape(-1)[at : at + LANE_COUNT].copy()  # noqa: E731
    gather = lambda array, places, at, shift: array.reshape(-1)[places[at : at + LANE_COUNT] + shift]  # noqa: E731
    offset = lambda field, a, n: ASSETS_BEGIN + (field * n + a) * LANE_COUNT  # noqa: E731
    store, where, any_lane, not_, fabs = _store, np.where, np.any, np.logical_not, np.abs
    count_lanes = lambda mask: int(np.count_nonzero(mask))  # noqa: E731
else:
    from engine.simulation.kernel.batch import llvm_vectors as llvm

    splat, broadcast_load, load, store, where = llvm.splat, llvm.broadcast_load, llvm.load, llvm.store, llvm.where
    gather, offset, any_lane, not_, fabs = llvm.gather, llvm.offset, llvm.any_lane, llvm.not_, llvm.fabs
    count_lanes = llvm.count_lanes
