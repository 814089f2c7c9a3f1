"""Blocks of sessions drawn with replacement: the inner loop of the stationary bootstrap."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.counted_random import STEP, mix, stream_key
from engine.simulation.kernel.jit import njit_nogil

_HIGH = np.uint64(32)
_ONE = np.uint64(1)


@njit_nogil
def fill_resampled(drawn: FloatArray, openings: FloatArray, products: FloatArray, lengths: IntArray, seed: int) -> None:
    """Overwrite ``drawn`` (2, draws) with two growth factors over ``n`` sessions in blocks, times their ``openings``.

    ``products`` (2 n + 1, 2) multiplies up the factors of the sessions, twice in a row: after the last comes the
    first. A block of sessions is then one quotient. Its length is drawn from ``lengths``, as many as a power of two.
    """
    n = products.shape[0] // 2
    inverses = 1.0 / products[:n]
    mask = np.uint64(lengths.size) - _ONE
    for draw in range(drawn.shape[1]):
        place = stream_key(np.uint64(seed), draw)
        mine, other, left = openings[0], openings[1], n
        while left > 0:
            bits = mix(place)
            place += STEP
            start = np.int64(((bits >> _HIGH) * np.uint64(n)) >> _HIGH)
            length = min(lengths[np.int64(bits & mask)], left)
            mine *= products[start + length, 0] * inverses[start, 0]
            other *= products[start + length, 1] * inverses[start, 1]
            left -= length
        drawn[0, draw], drawn[1, draw] = mine, other
