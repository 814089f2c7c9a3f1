"""Sums in one fixed order, so that a run and a sweep give the same bits: left to right, in 16 blocks added last.

A figure that a run prints and a sweep prints too has to have the same bits. Floating sums depend on their order, and
numpy's depend on how many there are, so neither is left to chance here. Deviations are taken from the first value, not
from the mean: one pass is enough then, and as the first deviation is zero, ``Q - S^2 / n`` is at least ``Q / n``, so
that what cancels costs no more digits than the sum itself (Chan, Golub and LeVeque 1983, doi:10.2307/2683386).

Functions of sums take numbers, or arrays of them, one for each variant of a sweep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.records import RETURN_BLOCKS

Number = TypeVar("Number", float, FloatArray)


def block_ends(count: int) -> list[int]:
    """Return where each of the blocks of ``count`` values ends."""
    return [(block + 1) * count // RETURN_BLOCKS for block in range(RETURN_BLOCKS)]


def sum_sequential(x: FloatArray) -> float:
    """Return the sum of ``x``, from left to right; that of nothing, and of negative zeros, is 0."""
    return 0.0 + float(np.add.accumulate(x)[-1]) if len(x) else 0.0


def block_sums(x: FloatArray) -> FloatArray:
    """Return (BLOCKS,) the sums of the blocks of ``x``."""
    ends = block_ends(len(x))
    return np.array([sum_sequential(x[begin:end]) for begin, end in zip([0, *ends], ends, strict=False)])


@dataclass(frozen=True)
class Moments1D:
    """What mean and variance of a series of ``count`` values come from, gathered in one pass.

    ``shift`` is the first value, ``sums`` (BLOCKS,) are of the deviations from it, ``squares`` of their squares.

    >>> Moments1D.from_series(np.array([1.0, 2.0, 3.0])).variance
    1.0
    """

    count: int
    shift: float
    sums: FloatArray
    squares: FloatArray

    @classmethod
    def from_series(cls, x: FloatArray) -> Moments1D:
        """Return the moments of at least one value."""
        shift = float(x[0])
        deviations = x - shift
        return cls(len(x), shift, block_sums(deviations), block_sums(deviations * deviations))

    @property
    def mean(self) -> float:
        """The mean of the series."""
        return mean_from_sums(self.count, self.shift, sum_sequential(self.sums))

    @property
    def variance(self) -> float:
        """The variance of the series, n - 1; for two values or more."""
        return variance_from_sums(self.count, sum_sequential(self.sums), sum_sequential(self.squares))

    @property
    def is_constant(self) -> bool:
        """Whether all values are the same, but for differences whose squares are nothing (below 1e-161)."""
        return sum_sequential(self.squares) == 0.0


def mean_from_sums(count: int, shift: Number, sums: Number) -> Number:
    """Return the mean of ``count`` values from the sum of their deviations from ``shift``."""
    return shift + sums / count


def variance_from_sums(count: int, sums: Number, squares: Number) -> Number:
    """Return the variance (n - 1) of ``count`` values from sums of deviations from the first and of their squares."""
    return (squares - sums * sums / count) / (count - 1)
