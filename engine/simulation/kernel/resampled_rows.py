"""Rows of resampled histories: which session of the past stands where in each draw of the stationary bootstrap."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import IntArray
from engine.simulation.kernel.counted_random import STEP, mix, stream_key
from engine.simulation.kernel.jit import njit_nogil

_HIGH = np.uint64(32)
_ONE = np.uint64(1)


@njit_nogil
def fill_resampled_rows(rows: IntArray, first: int, count: int, lengths: IntArray, seed: int) -> None:
    """Overwrite ``rows`` (draws, n) with rows below ``count`` in blocks, of the draws from number ``first`` on.

    Blocks begin anywhere with equal chance and go on behind the last row with the first; their lengths are drawn from
    ``lengths``, as many as a power of two. Draws, and blocks in them, are those of ``fill_resampled``.
    """
    mask = np.uint64(lengths.size) - _ONE
    for draw in range(rows.shape[0]):
        place = stream_key(np.uint64(seed), first + draw)
        at = 0
        while at < rows.shape[1]:
            bits = mix(place)
            place += STEP
            row = np.int64(((bits >> _HIGH) * np.uint64(count)) >> _HIGH)
            length = min(lengths[np.int64(bits & mask)], rows.shape[1] - at)
            for step in range(length):
                rows[draw, at + step] = (row + step) % count
            at += length
