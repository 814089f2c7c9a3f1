"""Baskets drawn at random: some of many names, each set as likely as any other, in an order that is random too."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import IntArray
from engine.simulation.kernel.counted_random import STEP, mix, stream_key
from engine.simulation.kernel.jit import njit_nogil

_32 = np.uint64(32)


@njit_nogil
def fill_baskets(baskets: IntArray, first: int, count: int, seed: np.uint64) -> None:
    """Overwrite ``baskets`` (S, k) with k of ``count`` names each, by number: those of the draws from ``first`` on.

    The first k steps of a shuffle (Fisher and Yates 1938; Durstenfeld 1964, doi:10.1145/364520.364540). A draw is a
    function of seed and number alone.
    """
    names = np.empty(count, dtype=np.int64)
    for row in range(baskets.shape[0]):
        place = stream_key(seed, first + row)
        for number in range(count):
            names[number] = number
        for at in range(baskets.shape[1]):
            left = np.uint64(count - at)
            chosen = at + np.int64(((mix(place) >> _32) * left) >> _32)
            place += STEP
            baskets[row, at] = names[chosen]
            names[chosen] = names[at]
