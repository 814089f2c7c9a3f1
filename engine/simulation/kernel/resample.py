"""Blocks of sessions drawn with replacement: the inner loop of the stationary bootstrap."""

from __future__ import annotations

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.jit import njit_nogil


@njit_nogil
def fill_blocks(sessions: IntArray, uniforms: FloatArray, chance: float) -> None:
    """Overwrite ``sessions`` (n,), drawn at random, with blocks: each follows the one before it, the first the last.

    A new block starts, with the session that was drawn, where ``uniforms`` (n,) is at most ``chance`` [fraction].
    """
    for t in range(1, sessions.size):
        if uniforms[t] > chance:
            following = sessions[t - 1] + 1
            sessions[t] = following if following < sessions.size else 0
