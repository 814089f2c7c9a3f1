"""How often the best variant of one half of a history is no better than the middle one of the other half.

Combinatorially symmetric cross-validation: Bailey, Borwein, Lopez de Prado and Zhu (2017), "The probability of backtest
overfitting", doi:10.21314/JCF.2016.322. A history is cut into an even number of blocks; for every way to take half of
them, the variant with the best Sharpe ratio there is ranked by its Sharpe ratio on the other half.

The conventions, as other libraries have others (R's pbo divides by N, where one figure of nine variants is 0.49 and not
0.66): the best is the first of equals; its rank, 1 for the worst of N, is the middle one where others are equal; its
relative rank is ``w = rank / (N + 1)``, its logit ``ln(w / (1 - w))``; a logit of 0, the middle itself, is overfit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.core.powers import logarithm

if TYPE_CHECKING:
    from engine.simulation.kernel.split_ranks import BlockSets, BlockSums, Winners

BLOCKS: Final = 16
"""Blocks that a history is cut into, as the paper's: 12,870 splits."""
MOST_BLOCKS: Final = 20
"""Blocks above which there are more splits than anybody waits for."""

_SLAB: Final = 4096
"""Variants that a thread takes at a time, a multiple of eight."""
_SAMPLE: Final = 64
"""One variant in so many is looked at first: where a space is sorted, not every one is better than all before it."""
_ROUNDING: Final = 1e-12
"""A variance that is less of the mean square is only rounding."""


@dataclass(frozen=True)
class Overfitting:
    """What all ``splits`` of a history into two halves say of choosing the best of the one for the other.

    ``probability`` of overfitting: the share of splits whose best is no better than the middle one on the other half.
    ``loss_probability`` is the share where its Sharpe ratio there is below 0. ``slope`` is that of its Sharpe ratio
    there on that where it was chosen, by least squares; None where one of them has no variance. ``mean_logit`` is the
    mean of the logits of its relative rank: below 0, choosing does harm.
    """

    probability: float
    splits: int
    loss_probability: float
    slope: float | None
    mean_logit: float


def cut_periods(periods: int, blocks: int = BLOCKS) -> IntArray:
    """Return (blocks + 1,) where each block begins, and the end; the first ones are a period longer where need be.

    No period is left out, where pypbo leaves out the oldest and ffn the newest.

    >>> cut_periods(18, 4).tolist()
    [0, 5, 10, 14, 18]
    """
    base, longer = divmod(periods, blocks)
    return np.concatenate(([0], np.add.accumulate(base + (np.arange(blocks) < longer).astype(np.int64))))


def sum_blocks(returns: FloatArray, begins: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of ``returns`` (n, W) in each block, and of their squares, both (blocks, W).

    They are added period by period, so the bits of a variant do not depend on how many stand beside it.
    """
    sums, squares = np.zeros((2, len(begins) - 1, returns.shape[1]))
    for block, (begin, end) in enumerate(pairwise(begins.tolist())):
        for row in returns[begin:end]:
            sums[block] += row
            squares[block] += row * row
    return sums, squares


def probability_of_overfitting(
    sums: FloatArray, squares: FloatArray, counts: IntArray, threads: int = 1
) -> Overfitting | None:
    """Return how likely choosing the best is overfitting; None where fewer than two variants have figures.

    ``sums`` and ``squares`` (blocks, S) are those of the returns of S variants in each block, ``counts`` (blocks,) how
    many returns it has. A variant of which a number is missing takes no part. No bit depends on ``threads``. Raises
    ValueError of blocks that are odd in number, or more than 20.
    """
    from engine.simulation.kernel.split_ranks import BlockSums, fill_halves  # noqa: PLC0415  (needs the compiler)

    blocks, width = sums.shape
    if blocks % 2 or not 2 <= blocks <= MOST_BLOCKS:
        raise ValueError(f"{blocks} blocks; an even number from 2 to {MOST_BLOCKS} is expected")
    known = np.isfinite(sums).all(axis=0) & np.isfinite(squares).all(axis=0)
    number = int(known.sum())
    if number < 2:
        return None
    both = (sums, squares) if number == width else (np.where(known, table, np.nan) for table in (sums, squares))
    tables = BlockSums(*(np.ascontiguousarray(table) for table in both))
    sets, halves = block_sets(blocks // 2), half_masks(blocks // 2)
    other = _others(halves, blocks)
    slabs = [(begin, min(begin + _SLAB, width)) for begin in range(0, width, _SLAB)]
    with ThreadPoolExecutor(threads) as pool:
        winners = _find_winners(pool, slabs, threads, tables, sets)
        chosen, held = np.empty((2, len(halves), 2))
        fill_halves(tables, sets, winners.variants, chosen)
        fill_halves(tables, sets, winners.variants[other], held)
        worse = _count_worse(pool, slabs, threads, tables, sets, held)
    sizes = _count_returns(halves, counts)
    slope = _slope(_sharpe_ratios(chosen[other], sizes[other]), _sharpe_ratios(held, sizes))
    overfit, loss = float((worse <= number).mean()), float((held[:, 0] < 0.0).mean())
    return Overfitting(overfit, len(halves), loss, slope, _mean_logit(worse, number))


def block_sets(half: int) -> BlockSets:
    """Return all sets of ``half`` as many blocks as there are, by their size and then by their bits."""
    from engine.simulation.kernel.split_ranks import BlockSets  # noqa: PLC0415

    masks = sorted(range(1 << half), key=lambda mask: (mask.bit_count(), mask))
    rows = {mask: row for row, mask in enumerate(masks)}
    last = [max(mask.bit_length() - 1, 0) for mask in masks]
    parents = [rows[mask & ~(1 << block)] for mask, block in zip(masks, last, strict=True)]
    sizes = [sum(mask.bit_count() < size for mask in masks) for size in range(half + 2)]
    return BlockSets(*(np.array(table, dtype=np.int64) for table in (masks, parents, last, sizes)))


def half_masks(half: int) -> IntArray:
    """Return (H,) the blocks of each half of a history as bits, in the order of the kernel."""
    sets = block_sets(half)
    bounds = sets.begins.tolist()
    parts = [
        (sets.masks[bounds[size] : bounds[size + 1], None] << half)
        | sets.masks[None, bounds[half - size] : bounds[half - size + 1]]
        for size in range(half + 1)
    ]
    return np.concatenate([part.ravel() for part in parts])


def _others(halves: IntArray, blocks: int) -> IntArray:
    """Return (H,) which half has all the blocks that a half has not."""
    places = np.zeros(1 << blocks, dtype=np.int64)
    places[halves] = np.arange(len(halves))
    return places[(1 << blocks) - 1 - halves]


def _find_winners(
    pool: ThreadPoolExecutor, slabs: list[tuple[int, int]], threads: int, tables: BlockSums, sets: BlockSets
) -> Winners:
    """Return the best variant of every half; each thread has its own, and the best of theirs is the best."""
    from engine.simulation.kernel.split_ranks import Winners, find_winners  # noqa: PLC0415

    count = len(half_masks(sets.begins.size - 2))

    def search(mine: list[tuple[int, int]]) -> Winners:
        worst = -math.inf
        winners = Winners(np.full(count, worst), np.full(count, -1, dtype=np.int64), np.full(count, worst))
        for step in (_SAMPLE, 1):
            for begin, end in mine:
                find_winners(begin, end, 8 * step, tables, sets, winners)
        return winners

    found = list(pool.map(search, _deal(slabs, threads)))
    best = found[0]
    for one in found[1:]:
        better = (one.ratios > best.ratios) | ((one.ratios == best.ratios) & (one.variants < best.variants))
        for mine, theirs in zip(best, one, strict=True):
            mine[better] = theirs[better]
    return best


def _count_worse(
    pool: ThreadPoolExecutor,
    slabs: list[tuple[int, int]],
    threads: int,
    tables: BlockSums,
    sets: BlockSets,
    held: FloatArray,
) -> IntArray:
    """Return (H,) twice how many variants are worse in a half than ``held`` (H, 2), and how many are equal."""
    from engine.simulation.kernel.split_ranks import count_worse  # noqa: PLC0415

    marks = np.array([held[:, 0] * np.abs(held[:, 0]), held[:, 1]])

    def count(mine: list[tuple[int, int]]) -> IntArray:
        counts = np.zeros(len(held), dtype=np.int64)
        for begin, end in mine:
            count_worse(begin, end, tables, sets, marks, counts)
        return counts

    total: IntArray = np.add.reduce(list(pool.map(count, _deal(slabs, threads))))
    return total


def _deal(slabs: list[tuple[int, int]], threads: int) -> Iterator[list[tuple[int, int]]]:
    """Yield the slabs of each thread."""
    return (slabs[thread::threads] for thread in range(min(threads, len(slabs))))


def _count_returns(halves: IntArray, counts: IntArray) -> FloatArray:
    """Return (H,) how many returns each half has."""
    total = np.zeros(len(halves))
    for block, count in enumerate(counts.tolist()):
        total += count * ((halves >> block) & 1)
    return total


def _sharpe_ratios(halves: FloatArray, counts: FloatArray) -> FloatArray:
    """Return (H,) Sharpe ratios an observation, n - 1; NaN where ``halves`` (H, 2) do not vary."""
    total, square = halves.T
    squares = square - total * total / counts
    varies = squares > _ROUNDING * square
    ratios = total / counts / np.sqrt(np.where(varies, squares, 1.0) / np.maximum(counts - 1.0, 1.0))
    return np.where(varies, ratios, np.nan)


def _slope(chosen: FloatArray, held: FloatArray) -> float | None:
    """Return the slope of ``held`` (H,) on ``chosen`` (H,) by least squares; None where there is none."""
    if not np.isfinite(chosen).all() or not np.isfinite(held).all():
        return None
    centred = chosen - chosen.sum() / len(chosen)
    spread = float((centred * centred).sum())
    if spread <= _ROUNDING * float((chosen * chosen).sum()):
        return None
    return float((centred * (held - held.sum() / len(held))).sum()) / spread


def _mean_logit(worse: IntArray, number: int) -> float:
    """Return the mean of ``ln(w / (1 - w))``: a rank is half of twice the worse, the equal, itself one, and one."""
    total = 0.0
    for found, splits in zip(*(table.tolist() for table in np.unique(worse + 1, return_counts=True)), strict=True):
        total += splits * logarithm(found / (2.0 * number + 2.0 - found))
    return total / len(worse)
