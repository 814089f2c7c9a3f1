"""The best of the first half of the sessions, looked at in the second."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import FloatArray
from engine.sweep.noise_band import BlockFigure, exponential

_ROUNDING = 1e-12
"""A variance below this share of the mean square is rounding."""


@dataclass(frozen=True)
class SplitHalves:
    """The best of the first half by row: its figures in both, and how it stands in the second.

    ``rank`` 1 is the best of ``count``; ``better_than`` is the share of the others that are worse there.
    """

    row: int
    first: float
    second: float
    rank: int
    count: int
    better_than: float
    median: float


def half_figures(figure: BlockFigure, sums: FloatArray, squares: FloatArray) -> FloatArray:
    """Return (2, S) a metric over the first half of the blocks and over the second, NaN where it does not exist.

    ``sums`` and ``squares`` (16, S) are those of returns and of their squares in each block.
    """
    half = len(sums) // 2
    return np.array([figure_of_blocks(figure, sums, squares, part) for part in (slice(0, half), slice(half, None))])


def figure_of_blocks(figure: BlockFigure, sums: FloatArray, squares: FloatArray, blocks: slice) -> FloatArray:
    """Return (S,) a metric over some of the blocks, by the formulas of ``BlockFigure``."""
    count = float(figure.counts[blocks].sum())
    total: FloatArray = np.add.reduce(sums[blocks], axis=0)
    square: FloatArray = np.add.reduce(squares[blocks], axis=0)
    if figure.metric == "cagr":
        years = figure.years * count / float(figure.counts.sum())
        return exponential((total - 0.5 * square) / years) - 1.0
    mean, variance = total / count, (square - total * total / count) / (count - 1.0)
    deviation = np.sqrt(np.where(variance > _ROUNDING * square / count, variance, np.nan))
    if figure.metric == "sharpe":
        return np.asarray((mean - figure.risk_free) / deviation * math.sqrt(figure.periods))
    return np.asarray(deviation * math.sqrt(figure.periods))


def split_halves(first: FloatArray, second: FloatArray, sign: int) -> SplitHalves | None:
    """Return how the best of ``first`` (S,) stands in ``second`` (S,); None where none has both.

    ``sign`` 1 where more is better, -1 where less is. Of equals the first is the best; those that are equal in the
    second half share the better rank.
    """
    known = np.isfinite(first) & np.isfinite(second)
    count = int(known.sum())
    if not count:
        return None
    row = int(np.argmax(np.where(known, sign * first, -np.inf)))
    there = sign * second[known]
    own = sign * second[row]
    above, below = int((there > own).sum()), int((there < own).sum())
    share = below / (count - 1) if count > 1 else 0.0
    median = float(np.median(second[known]))
    return SplitHalves(row, float(first[row]), float(second[row]), above + 1, count, share, median)
