"""The greatest of many variants' resampled means, draw by draw: the inner loops of tests of whole spaces.

A draw of the stationary bootstrap takes every period a number of times. The mean of what it drew, less the mean of what
was, is then a sum of few terms: a period that is drawn once is left out, one that is not drawn is taken away, and one
that is drawn three times is added twice. Where blocks are long it takes fewer terms to say it by the edges of blocks,
with sums up to each period. Both are *swaps*: as many rows of a table are added as are taken away, and none multiplied.
Variants stand beside each other in registers, so what a variant gives depends on no other.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.resampled_closes import fill_history
from engine.simulation.kernel.batch.simd import Lanes, load, splat, store, where
from engine.simulation.kernel.jit import njit_inline, njit_nogil
from engine.simulation.kernel.records import LANE_COUNT

TILE = 2 * LANE_COUNT
"""Variants whose periods stand in the fastest memory together: two registers a period."""
MEAN, VARIANCE, LONG_RUN_VARIANCE = range(3)
"""Rows of moments: the mean, the variance of a period and n times that of the mean of a draw."""
LOWER, CONSISTENT, UPPER, PLAIN = range(4)
"""Rows of maxima: Hansen's three recentrings, studentised, and White's, which is not."""

RowArray: TypeAlias = NDArray[np.uint32]
"""Where rows of a tile begin."""


@njit_nogil
def count_swaps(draws: int, count: int, seed: np.uint64, restart: np.uint64) -> tuple[int, int]:
    """Return how many swaps ``draws`` draws of ``count`` periods need: said by periods, and said by edges."""
    rows, times = np.empty(count, np.int64), np.empty(count, np.int64)
    by_period, by_edge = 0, 0
    for draw in range(draws):
        _fill_times(times, rows, draw, seed, restart)
        for t in range(count):
            by_period += max(times[t] - 1, 0)
            by_edge += max(times[t - 1] - times[t], 0)
    return by_period, by_edge


@njit_nogil
def fill_swaps(
    added: RowArray, removed: RowArray, ends: IntArray, by_edge: bool, count: int, seed: np.uint64, restart: np.uint64
) -> None:
    """Overwrite ``added`` and ``removed`` with the places of rows in a tile; those of a draw end before ``ends``."""
    rows, times = np.empty(count, np.int64), np.empty(count, np.int64)
    more, less = 0, 0
    for draw in range(ends.size):
        _fill_times(times, rows, draw, seed, restart)
        for t in range(count):
            change = times[t - 1] - times[t] if by_edge else times[t] - 1
            for _ in range(change):
                added[more] = t * TILE
                more += 1
            for _ in range(-change):
                removed[less] = t * TILE
                less += 1
        ends[draw] = more


@njit_inline
def _fill_times(times: IntArray, rows: IntArray, draw: int, seed: np.uint64, restart: np.uint64) -> None:
    """Overwrite ``times`` (n,) with how often each period is in a draw."""
    fill_history(rows, draw, seed, restart, rows.size)
    times[:] = 0
    for row in rows:
        times[row] += 1


@njit_nogil
def fill_moments(moments: FloatArray, slab: FloatArray, columns: IntArray, kept: float) -> None:
    """Overwrite ``columns`` of ``moments`` (3, W) with those of the variants of ``slab`` (n, W).

    ``kept`` is the chance that a block goes on. The variance of the mean is that of the stationary bootstrap itself,
    the sum over all lags of covariances with the weights of Politis and Romano (1994), by recursion over periods.
    """
    n = slab.shape[0]
    tile = np.empty((n, TILE))
    last = 1.0
    for _ in range(n - 1):
        last *= kept
    going_on, far, count = splat(kept), splat(last), splat(float(n))
    found = np.empty(LANE_COUNT)
    for begin in range(0, columns.size, TILE):
        _fill_tile(tile, slab, columns, begin)
        for at in range(0, TILE, LANE_COUNT):
            mean = _centre(tile, at)
            near, sloped = splat(0.0), splat(0.0)
            for t in range(n - 1):
                row = load(tile, (n - 2 - t) * TILE + at)
                sloped = going_on * (row + near + sloped)
                near = going_on * (row + near)
            squares, products = splat(0.0), splat(0.0)
            for t in range(n - 1, -1, -1):
                row, before = load(tile, t * TILE + at), load(tile, (t - 1 if t else n - 1) * TILE + at)
                squares = squares + row * row
                products = products + row * (near - sloped / count)
                sloped = going_on * (row + near + sloped - count * far * before)
                near = going_on * (row + near - far * before)
            variance = squares / count
            long_run = variance + splat(2.0) * products / count
            _scatter(moments[MEAN], mean, found, columns, begin + at)
            _scatter(moments[VARIANCE], variance, found, columns, begin + at)
            _scatter(moments[LONG_RUN_VARIANCE], long_run, found, columns, begin + at)


@njit_inline
def _scatter(moment: FloatArray, values: Lanes, found: FloatArray, columns: IntArray, begin: int) -> None:
    """Write eight variants' values to their columns; those beyond the last are copies."""
    store(found, 0, values)
    for lane in range(min(LANE_COUNT, columns.size - begin)):
        moment[columns[begin + lane]] = found[lane]


@njit_inline
def _fill_tile(tile: FloatArray, slab: FloatArray, columns: IntArray, begin: int) -> None:
    """Overwrite ``tile`` (n, TILE) with variants from a place in ``columns`` on; after the last it comes again."""
    for lane in range(TILE):
        column = columns[min(begin + lane, columns.size - 1)]
        for t in range(tile.shape[0]):
            tile[t, lane] = slab[t, column]


@njit_inline
def _centre(tile: FloatArray, at: int) -> Lanes:
    """Take the mean from eight variants of a tile and return it."""
    n = tile.shape[0]
    total = splat(0.0)
    for t in range(n):
        total = total + load(tile, t * TILE + at)
    mean = total / splat(float(n))
    for t in range(n):
        store(tile, t * TILE + at, load(tile, t * TILE + at) - mean)
    return mean


@njit_nogil
def raise_maxima(
    maxima: FloatArray,
    slab: FloatArray,
    columns: IntArray,
    terms: FloatArray,
    added: RowArray,
    removed: RowArray,
    ends: IntArray,
    by_edge: bool,
) -> None:
    """Raise ``maxima`` (draws, 4, 8) to what ``columns`` of ``slab`` (n, W) have in each draw, if that is greater.

    ``terms`` (W, 3) are what a variant's sum is multiplied by to be studentised, and what the lower and the consistent
    recentring then add to it.
    """
    n = slab.shape[0]
    tile, own = np.empty((n, TILE)), np.empty(3 * TILE)
    plain = splat(1.0 / np.sqrt(float(n)))
    for begin in range(0, columns.size, TILE):
        _fill_tile(tile, slab, columns, begin)
        for lane in range(TILE):
            column = columns[min(begin + lane, columns.size - 1)]
            for k in range(3):
                own[k * TILE + lane] = terms[column, k]
        for at in range(0, TILE, LANE_COUNT):
            _centre(tile, at)
            if by_edge:
                _accumulate(tile, at)
        scale, scale_2 = load(own, 0), load(own, LANE_COUNT)
        lower, lower_2 = load(own, TILE), load(own, TILE + LANE_COUNT)
        consistent, consistent_2 = load(own, 2 * TILE), load(own, 2 * TILE + LANE_COUNT)
        first = 0
        for draw in range(ends.size):
            more, more_2, less, less_2 = splat(0.0), splat(0.0), splat(0.0), splat(0.0)
            for swap in range(first, ends[draw]):
                place, other = int(np.int64(added[swap])), int(np.int64(removed[swap]))
                more = more + load(tile, place)
                more_2 = more_2 + load(tile, place + LANE_COUNT)
                less = less + load(tile, other)
                less_2 = less_2 + load(tile, other + LANE_COUNT)
            first = ends[draw]
            more, more_2 = more - less, more_2 - less_2
            z, z_2 = more * scale, more_2 * scale_2
            at = draw * 4 * LANE_COUNT
            _raise(maxima, at + LOWER * LANE_COUNT, z + lower, z_2 + lower_2)
            _raise(maxima, at + CONSISTENT * LANE_COUNT, z + consistent, z_2 + consistent_2)
            _raise(maxima, at + UPPER * LANE_COUNT, z, z_2)
            _raise(maxima, at + PLAIN * LANE_COUNT, more * plain, more_2 * plain)


@njit_inline
def _accumulate(tile: FloatArray, at: int) -> None:
    """Replace eight variants of a tile by their sums over the periods before each."""
    total = splat(0.0)
    for t in range(tile.shape[0]):
        row = load(tile, t * TILE + at)
        store(tile, t * TILE + at, total)
        total = total + row


@njit_inline
def _raise(maxima: FloatArray, at: int, x: Lanes, y: Lanes) -> None:
    """Raise eight maxima to the greater of two values, lane by lane."""
    greater, so_far = where(x > y, x, y), load(maxima, at)
    store(maxima, at, where(greater > so_far, greater, so_far))
