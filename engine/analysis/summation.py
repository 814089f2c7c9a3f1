"""Sums in one fixed order, so that a run and a sweep give the same bits: left to right, in 16 blocks added last.

A figure that a run prints and a sweep prints too has to have the same bits. Floating sums depend on their order, and
numpy's depend on how many there are, so neither is left to chance here. Deviations are taken from the first value, not
from the mean: one pass is enough then, and as the first deviation is zero, ``Q - S^2 / n`` is at least ``Q / n``, so
that what cancels costs no more digits than the sum itself (Chan, Golub and LeVeque 1983, doi:10.2307/2683386).

Functions of sums take numbers, or arrays of them, one for each variant of a sweep.
"""

from __future__ import annotations

from typing import TypeVar

from engine.core.arrays import FloatArray
from engine.simulation.kernel.records import RETURN_BLOCKS

Number = TypeVar("Number", float, FloatArray)


def block_ends(count: int) -> list[int]:
    """Return where each of the blocks of ``count`` values ends."""
    return [(block + 1) * count // RETURN_BLOCKS for block in range(RETURN_BLOCKS)]


def mean_from_sums(count: int, shift: Number, sums: Number) -> Number:
    """Return the mean of ``count`` values from the sum of their deviations from ``shift``."""
    return shift + sums / count


def variance_from_sums(count: int, sums: Number, squares: Number) -> Number:
    """Return the variance (n - 1) of ``count`` values from sums of deviations from the first and of their squares."""
    return (squares - sums * sums / count) / (count - 1)
