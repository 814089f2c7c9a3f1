"""Closes of histories that never were: joint returns of sessions that were, in blocks drawn anew for each history.

The stationary bootstrap of Politis and Romano (1994), doi:10.1080/01621459.1994.10476870: before each session but the
opening a new block begins with one chance in its mean length, at any row of the table of returns; else the row after
the last follows, the first after the end. Draws are counted, not remembered: what a session of a history draws is a
function of seed, history and session (Steele, Lea and Flood 2014, doi:10.1145/2660193.2660195), whole numbers
throughout. So a history is the same in any order, on any number of threads, and for any plan.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.mark_to_market import PACKED_EXTRAS, capped_begin, row_stride
from engine.simulation.kernel.batch.records import BatchMarket
from engine.simulation.kernel.batch.simd import gather, load, splat, store
from engine.simulation.kernel.counted_random import STEP, mix, stream_key
from engine.simulation.kernel.jit import njit_inline, njit_nogil, njit_private
from engine.simulation.kernel.records import LANE_COUNT

_32, _2 = np.uint64(32), np.uint64(2)

DrawArray: TypeAlias = NDArray[np.uint64]


class Resampling(NamedTuple):
    """What histories are drawn from.

    ``growth`` (R, n) one plus the joint returns, a row a session; ``opening`` (n,) closes of the first session
    [currency/share]; ``seed``; ``restart``: a draw of 64 bits up to this begins a new block.
    """

    growth: FloatArray
    opening: FloatArray
    seed: np.uint64
    restart: np.uint64


@njit_inline
def next_row(row: int, session: int, key: np.uint64, restart: np.uint64, rows: int) -> int:
    """Return which of ``rows`` rows of returns leads to a session, after ``row`` led to the one before."""
    place = key + np.uint64(session) * _2 * STEP
    row += 1
    if row >= rows:
        row = 0
    if mix(place) <= restart or session == 1:
        row = int(np.int64(((mix(place + STEP) >> _32) * np.uint64(rows)) >> _32))
    return row


@njit_nogil
def fill_history(rows: IntArray, history: int, seed: np.uint64, restart: np.uint64, count: int) -> None:
    """Overwrite ``rows`` (T - 1,) with the rows of returns, of ``count``, of a history's sessions after the first."""
    key, row = stream_key(seed, history), 0
    for session in range(rows.size):
        row = next_row(row, session + 1, key, restart, count)
        rows[session] = row


@njit_private
def fill_places(begin: int, end: int, keys: DrawArray, rows: IntArray, places: IntArray, source: Resampling) -> None:
    """Overwrite ``places`` (end - begin, 8) with where the returns of eight histories begin in ``growth``.

    ``keys`` and ``rows`` (8,) are the histories' keys and their rows of the session before, overwritten.
    """
    count, n = source.growth.shape
    for session in range(begin, end):
        for lane in range(LANE_COUNT):
            row = next_row(rows[lane], session, keys[lane], source.restart, count)
            rows[lane] = row
            places[(session - begin) * LANE_COUNT + lane] = row * n


@njit_private
def fill_closes(
    begin: int, end: int, places: IntArray, chunk: FloatArray, market: BatchMarket, source: Resampling
) -> None:
    """Overwrite ``chunk`` with the sessions from ``begin`` to before ``end``, after one row for the session before.

    It is a part of ``packed`` whose prices are registers. ``places`` as :func:`fill_places` has them.
    """
    n, caps = source.opening.size, market.capped.size > 0
    stride, facts_stride = row_stride(n, caps, LANE_COUNT), row_stride(n, caps, 1)
    own, at = capped_begin(n, LANE_COUNT), stride
    for session in range(begin, end):
        for a in range(n):
            if session == 0:
                price = splat(source.opening[a])
            else:
                price = load(chunk, at - stride + a * LANE_COUNT)
                price = price * gather(source.growth, places, (session - begin) * LANE_COUNT, a)
            store(chunk, at + a * LANE_COUNT, price)
        for k in range(market.capped.size):
            place = at + market.capped[k] * LANE_COUNT
            store(chunk, place + own, load(chunk, place))
        for k in range(PACKED_EXTRAS):
            chunk[at + n * LANE_COUNT + k] = market.packed[session * facts_stride + n + k]
        at += stride
