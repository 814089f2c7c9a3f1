"""Blocks of sessions drawn with replacement: the inner loop of the stationary bootstrap."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.counted_random import STEP, mix, stream_key
from engine.simulation.kernel.jit import njit_nogil

_HIGH = np.uint64(32)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_AT_ONCE = 64
"""Blocks that are drawn together."""


@njit_nogil
def fill_resampled(drawn: FloatArray, openings: FloatArray, products: FloatArray, lengths: IntArray, seed: int) -> None:
    """Overwrite ``drawn`` (2, draws) with two growth factors over ``n`` sessions in blocks, times their ``openings``.

    ``products`` (2 n + 1, 2) multiplies up the factors of the sessions, twice in a row: after the last comes the
    first. A block of sessions is then one quotient. Its length is drawn from ``lengths``, as many as a power of two.
    """
    n = np.uint64(products.shape[0] // 2)
    inverses, short = 1.0 / products[: products.shape[0] // 2], lengths.astype(np.uint32)
    mask = np.uint64(lengths.size) - _ONE
    starts, which = np.empty(_AT_ONCE, dtype=np.uint64), np.empty(_AT_ONCE, dtype=np.uint64)
    for draw in range(drawn.shape[1]):
        place = stream_key(np.uint64(seed), draw)
        mine, other, left = openings[0], openings[1], n
        while left > _NONE:  # places are without a sign: that none counts from the end need not be looked at
            for block in range(_AT_ONCE):  # eight in a register
                bits = mix(place + np.uint64(block) * STEP)
                starts[block], which[block] = ((bits >> _HIGH) * n) >> _HIGH, bits & mask
            place += np.uint64(_AT_ONCE) * STEP
            for block in range(_AT_ONCE):
                start = starts[block]
                length = min(np.uint64(short[which[block]]), left)
                mine *= products[start + length, _NONE] * inverses[start, _NONE]
                other *= products[start + length, _ONE] * inverses[start, _ONE]
                left -= length
                if left == _NONE:
                    break
        drawn[0, draw], drawn[1, draw] = mine, other


@njit_nogil
def fill_resampled_together(
    drawn: FloatArray, openings: FloatArray, products: FloatArray, lengths: IntArray, seed: int
) -> None:
    """Overwrite ``drawn`` (draws, K) with K growth factors over the same drawn blocks; else as ``fill_resampled``.

    ``products`` (2 n + 1, K) is that of each column, as two of them have it there, and ``openings`` is (K,).
    """
    n, columns = products.shape[0] // 2, products.shape[1]
    mask = np.uint64(lengths.size) - _ONE
    for draw in range(drawn.shape[0]):
        place = stream_key(np.uint64(seed), draw)
        drawn[draw] = openings
        left = n
        while left > 0:
            bits = mix(place)
            place += STEP
            start = np.int64(((bits >> _HIGH) * np.uint64(n)) >> _HIGH)
            length = min(lengths[np.int64(bits & mask)], left)
            for column in range(columns):
                drawn[draw, column] *= products[start + length, column] / products[start, column]
            left -= length
