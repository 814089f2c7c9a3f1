"""One plan over many histories, eight to a register: each has closes of its own, made while they are marked.

A stretch of sessions is made at a time, short enough to stay in the nearest cache, and marked and traded there by the
code that runs a sweep's variants. No history is ever written down, so any number of them takes the same memory.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.events import close_stretch, handle_events, initialise, store_outputs
from engine.simulation.kernel.batch.mark_to_market import DAY, mark_stretch, row_stride
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.resampled_closes import DrawArray, Resampling, fill_closes, fill_places
from engine.simulation.kernel.counted_random import stream_key
from engine.simulation.kernel.jit import njit_nogil, njit_private
from engine.simulation.kernel.records import LANE_COUNT

CHUNK_NUMBERS: Final = 2048
"""How many numbers, roughly, a stretch of closes has: half of a nearest cache of 32 kB."""


def chunk_size(n: int, caps: bool) -> int:
    """Return how many numbers a stretch of closes of ``n`` assets takes, the session before and at least one more.

    Not for kernels, so that asking compiles nothing: the stride is that of ``row_stride``.
    """
    stride = (n + 1 + (n if caps else 0)) * LANE_COUNT
    return max(CHUNK_NUMBERS // stride, 2) * stride


@njit_nogil
def run_path_lanes(
    histories: IntArray,
    market: BatchMarket,
    plans: BatchPlans,
    source: Resampling,
    state: FloatArray,
    chunk: FloatArray,
    outputs: FloatArray,
    block_sums: FloatArray,
) -> None:
    """Run the first eight of ``plans`` over ``histories`` (S,), a multiple of eight, by number.

    ``market`` has the days, the caps and the interest; its prices are not read. Overwrites ``state`` (state_size(n),)
    and ``chunk`` (chunk_size(n, caps),), the thread's own, ``outputs`` (len(OUTPUT_REGISTERS), S) and ``block_sums``
    (RETURN_BLOCKS, len(BLOCK_REGISTERS), S). ``chunk`` is to hold zeros, or what an earlier run of the plan left.
    """
    keys, rows = np.zeros(LANE_COUNT, dtype=np.uint64), np.zeros(LANE_COUNT, dtype=np.int64)
    places = np.zeros(chunk.size, dtype=np.int64)  # eight a session, which are fewer than its closes
    for at in range(0, histories.size, LANE_COUNT):
        for lane in range(LANE_COUNT):
            keys[lane] = stream_key(source.seed, histories[at + lane])
        _run_group(at, market, plans, source, state, chunk, keys, rows, places, outputs, block_sums)


@njit_private
def _run_group(
    at: int,
    market: BatchMarket,
    plans: BatchPlans,
    source: Resampling,
    state: FloatArray,
    chunk: FloatArray,
    keys: DrawArray,
    rows: IntArray,
    places: IntArray,
    outputs: FloatArray,
    block_sums: FloatArray,
) -> None:
    """Run eight histories: each stretch's closes, and in it each session's events and all sessions up to the next."""
    sessions, n = market.fresh.shape
    stride = row_stride(n, market.capped.size > 0, LANE_COUNT)
    initialise(0, state, plans.terms, market.packed[n + DAY])
    t, block, due, begin, ready = min(0, sessions), 0, 0, 0, 0
    while t < sessions:
        if t == ready:
            begin, last = t, (ready - begin) * stride
            for place in range(stride):
                chunk[place] = chunk[last + place]
            ready = min(t + chunk.size // stride - 1, sessions)
            fill_places(t, ready, keys, rows, places, source)
            fill_closes(t, ready, places, chunk, market, source)
        row = t - begin + 1
        due = handle_events(t, due, 0, state, market, plans, chunk, row, LANE_COUNT)
        stop = min(market.stops[t], due, ready) - begin + 1
        row = mark_stretch(row, stop, state, chunk, LANE_COUNT, market)
        t = begin + row - 1
        block = close_stretch(t, at, block, state, market, block_sums)
    store_outputs(at, state, outputs)
