"""Who is best on half of the blocks of a history, and how many are worse on the other half, for every way to halve it.

A half is a set of blocks of the first part of the history with a set of blocks of the last part: the sums of both are
looked up in tables, so a half of a variant is one addition for its returns and one for their squares. Eight variants
at a time, whose tables stay in the nearest memory.

Halves are compared by ``S |S| / Q``, the sum of returns and that of their squares, without a root: it rises with the
Sharpe ratio. A variant without any return counts as one whose squares add up to almost nothing: its ratio is 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.simd import any_lane, broadcast_load, count_lanes, fabs, load, store
from engine.simulation.kernel.jit import njit_inline, njit_nogil, njit_private
from engine.simulation.kernel.records import LANE_COUNT

_ALMOST_NOTHING = 1e-300
_NEAR = 2.0**-50
"""What a product may miss a quotient by, many times over."""


class BlockSets(NamedTuple):
    """The sets of ``h`` blocks: of the first part of a history and, h blocks on, of the last; ordered by their size.

    ``masks`` (2^h,) bit b for block b; ``parents`` (2^h,) the row of the set without its last block, which ``blocks``
    (2^h,) names; ``begins`` (h + 2,) where the sets of each size begin. A half is a pair of sets, h blocks together: in
    the order of the last part's set, then of the first's.
    """

    masks: IntArray
    parents: IntArray
    blocks: IntArray
    begins: IntArray


class BlockSums(NamedTuple):
    """Sums of the ``returns`` (2 h, S) of every variant in every block, and of their ``squares`` (2 h, S)."""

    returns: FloatArray
    squares: FloatArray


class Winners(NamedTuple):
    """The best variant of each half: ``ratios`` (H,) of squares, signed; ``variants`` (H,), the first of equals.

    ``bars`` (H,) are just below the ratios: who does not reach them is not the best.
    """

    ratios: FloatArray
    variants: IntArray
    bars: FloatArray


@njit_private
def _fill_tables(at: int, sums: BlockSums, sets: BlockSets, tables: FloatArray) -> None:
    """Overwrite ``tables`` (4, 2^h, 8): first part's returns and squares, then the last's, of variants from ``at`` on.

    Where there are no more variants, NaN: it is neither the best nor worse than another.
    """
    h = sets.begins.size - 2
    rows, width = sets.masks.size, sums.returns.shape[1]
    for table in range(4):
        source = sums.squares if table % 2 else sums.returns
        for lane in range(LANE_COUNT):
            tables[table, 0, lane] = _ALMOST_NOTHING if table == 1 else 0.0
        for row in range(1, rows):
            parent, block = sets.parents[row], sets.blocks[row] + h * (table // 2)
            if at + LANE_COUNT <= width:
                found = load(tables, (table * rows + parent) * LANE_COUNT) + load(source, block * width + at)
                store(tables, (table * rows + row) * LANE_COUNT, found)
            else:
                for lane in range(LANE_COUNT):
                    value = source[block, at + lane] if at + lane < width else np.nan
                    tables[table, row, lane] = tables[table, parent, lane] + value


@njit_private
def _settle(half: int, at: int, first: int, last: int, tables: FloatArray, winners: Winners) -> None:
    """Let those of eight variants that are better than the best of a half so far, or as good and before it, be it."""
    for lane in range(LANE_COUNT):
        total = tables[0, first, lane] + tables[2, last, lane]
        ratio = total * abs(total) / (tables[1, first, lane] + tables[3, last, lane])
        best = winners.ratios[half]
        if ratio > best or (ratio == best and at + lane < winners.variants[half]):
            winners.ratios[half] = ratio
            winners.variants[half] = at + lane
            winners.bars[half] = ratio - abs(ratio) * _NEAR


@njit_nogil
def find_winners(begin: int, end: int, step: int, sums: BlockSums, sets: BlockSets, winners: Winners) -> None:
    """Let the best of the variants from ``begin`` to ``end``, eight in every ``step``, be winners; in any order."""
    h, rows = sets.begins.size - 2, sets.masks.size
    tables = np.empty((4, rows, LANE_COUNT))
    squares, last_returns, last_squares = rows * LANE_COUNT, 2 * rows * LANE_COUNT, 3 * rows * LANE_COUNT
    for at in range(begin, end, step):
        _fill_tables(at, sums, sets, tables)
        half = 0
        for size in range(h + 1):
            for last in range(sets.begins[size], sets.begins[size + 1]):
                total_last = load(tables, last_returns + last * LANE_COUNT)
                square_last = load(tables, last_squares + last * LANE_COUNT)
                for first in range(sets.begins[h - size], sets.begins[h - size + 1]):
                    total = load(tables, first * LANE_COUNT) + total_last
                    square = load(tables, squares + first * LANE_COUNT) + square_last
                    if any_lane(total * fabs(total) >= broadcast_load(winners.bars, half) * square):
                        _settle(half, at, first, last, tables, winners)
                    half += 1


@njit_inline
def _add_blocks(mask: int, shift: int, variant: int, source: FloatArray, total: float) -> float:
    """Return ``total`` and the blocks of a set, in the order of the tables."""
    block = shift
    while mask:
        if mask & 1:
            total += source[block, variant]
        mask >>= 1
        block += 1
    return total


@njit_nogil
def fill_halves(sums: BlockSums, sets: BlockSets, variants: IntArray, halves: FloatArray) -> None:
    """Overwrite ``halves`` (H, 2) with the sums of returns and of squares of one of the ``variants`` (H,) in each."""
    h = sets.begins.size - 2
    half = 0
    for size in range(h + 1):
        for last in range(sets.begins[size], sets.begins[size + 1]):
            for first in range(sets.begins[h - size], sets.begins[h - size + 1]):
                variant, low, high = variants[half], sets.masks[first], sets.masks[last]
                halves[half, 0] = _add_blocks(low, 0, variant, sums.returns, 0.0) + _add_blocks(
                    high, h, variant, sums.returns, 0.0
                )
                halves[half, 1] = _add_blocks(low, 0, variant, sums.squares, _ALMOST_NOTHING) + _add_blocks(
                    high, h, variant, sums.squares, 0.0
                )
                half += 1


@njit_nogil
def count_worse(begin: int, end: int, sums: BlockSums, sets: BlockSets, marks: FloatArray, counts: IntArray) -> None:
    """Add to ``counts`` (H,) how many of the variants from ``begin`` to ``end`` are worse than a mark, and not better.

    ``marks`` (2, H) are sums of returns times their size, and of squares. Who is worse counts twice, who is equal once.
    """
    h, rows, count = sets.begins.size - 2, sets.masks.size, counts.size
    tables = np.empty((4, rows, LANE_COUNT))
    squares, last_returns, last_squares = rows * LANE_COUNT, 2 * rows * LANE_COUNT, 3 * rows * LANE_COUNT
    for at in range(begin, end, LANE_COUNT):
        _fill_tables(at, sums, sets, tables)
        half = 0
        for size in range(h + 1):
            for last in range(sets.begins[size], sets.begins[size + 1]):
                total_last = load(tables, last_returns + last * LANE_COUNT)
                square_last = load(tables, last_squares + last * LANE_COUNT)
                for first in range(sets.begins[h - size], sets.begins[h - size + 1]):
                    total = load(tables, first * LANE_COUNT) + total_last
                    square = load(tables, squares + first * LANE_COUNT) + square_last
                    mine = total * fabs(total) * broadcast_load(marks, count + half)
                    other = broadcast_load(marks, half) * square
                    counts[half] += count_lanes(mine < other) + count_lanes(mine <= other)
                    half += 1
