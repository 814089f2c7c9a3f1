"""Random numbers that are counted, not remembered: each is a function of a seed, a stream and a place in it.

So a draw is the same in any order and on any number of threads (Steele, Lea and Flood 2014,
doi:10.1145/2660193.2660195).
"""

from __future__ import annotations

import numpy as np

from engine.simulation.kernel.jit import njit_inline, njit_private

STEP = np.uint64(0x9E3779B97F4A7C15)
"""From one place of a stream to the next."""
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_30, _27, _31 = (np.uint64(number) for number in (30, 27, 31))


@njit_inline
def mix(x: np.uint64) -> np.uint64:
    """Return 64 bits that look like noise, a different one for each ``x``: the finaliser of splitmix64."""
    x = (x ^ (x >> _30)) * _FIRST
    x = (x ^ (x >> _27)) * _SECOND
    return x ^ (x >> _31)


@njit_private
def stream_key(seed: np.uint64, stream: int) -> np.uint64:
    """Return the first place of a stream."""
    return mix(mix(seed + STEP) + np.uint64(stream) * STEP)
