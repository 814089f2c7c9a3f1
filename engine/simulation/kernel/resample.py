"""Blocks of sessions drawn with replacement: the inner loop of the stationary bootstrap."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.jit import njit_nogil


@njit_nogil
def fill_resampled(
    sessions: IntArray, uniforms: FloatArray, chances: FloatArray, series: FloatArray, drawn: FloatArray
) -> None:
    """Fill ``drawn`` (p, k, n) with ``series`` (p, k, n) at sessions in blocks: each follows the one before it.

    After the last comes the first. A new block of the group ``p`` starts, with the session (n,) that was drawn, where
    ``uniforms`` (n,) is at most its ``chances`` (p,) [fraction].
    """
    n = sessions.size
    chosen = np.empty(n, np.int64)
    for p in range(chances.size):
        chosen[0] = session = sessions[0]
        for t in range(1, n):
            following = session + 1 if session + 1 < n else 0
            session = following if uniforms[t] > chances[p] else sessions[t]
            chosen[t] = session
        for k in range(series.shape[1]):
            for t in range(n):
                drawn[p, k, t] = series[p, k, chosen[t]]
