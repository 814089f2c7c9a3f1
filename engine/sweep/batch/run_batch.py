"""Lanes: many variants of a plan at once, with the figures that each would have by itself, to the last bit.

``batch_key`` says which variants may run side by side, ``metrics_for_variants`` runs them through :mod:`engine.kernel.lanes` and
``reference_metrics`` runs one through ``simulate``. Both end in the same figures, from the same sums in the same order
(:mod:`engine.sums`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.simulation.kernel.batch.records import BLOCK_REGISTERS, OUTPUT_REGISTERS, BatchSums
from engine.simulation.kernel.batch.run_lanes import run_lanes
from engine.simulation.kernel.batch.simd import LANE_COUNT
from engine.simulation.kernel.batch.state_layout import state_size
from engine.simulation.kernel.records import RETURN_BLOCKS
from engine.simulation.simulate import simulate
from engine.sweep.batch.batch_inputs import BatchInputs, build_inputs
from engine.sweep.batch.batch_metrics import SWEEP_METRICS, metrics_from_ledger, metrics_from_sums
from engine.sweep.batch.market_arrays import PatternedMarket, build_market
from engine.sweep.batch.planner import BatchKey, Variant, VariantColumns, clear_caches, policy_cache_for

__all__ = [
    "SWEEP_METRICS",
    "BatchKey",
    "Variant",
    "VariantColumns",
    "batch_key",
    "clear_caches",
    "metrics_for_columns",
    "metrics_for_variants",
    "reference_metrics",
]

VARIANTS_PER_CHUNK: Final = 4096
"""Variants that a thread prepares, runs and evaluates at a time."""


def batch_key(variant: Variant, market: Market) -> BatchKey | None:
    """Return what variants must share to be run in one call of :func:`metrics_for_variants`; None when only the spine can run it.

    ``market`` must be the same object for all variants of a sweep, its cash rate that of the variant's account.
    """
    return policy_cache_for(market).batch_key(variant)


def metrics_for_variants(
    market: Market, variants: Sequence[Variant], risk_free: float | FloatArray = 0.0, threads: int = 1
) -> FloatArray:
    """Return (S, len(FIGURES)) the figures of ``variants``, all of one family; NaN where one does not exist.

    Parameters
    ----------
    market : as given to :func:`batch_key`
    variants : S of one family, in any order
    risk_free : a rate a session, or (T,) one for each of the market's
    threads : how many work at a time; the bits do not depend on it

    """
    return metrics_for_columns(market, VariantColumns.from_variants(variants), risk_free, threads)


def metrics_for_columns(
    market: Market, columns: VariantColumns, risk_free: float | FloatArray = 0.0, threads: int = 1
) -> FloatArray:
    """Run variants in columns; otherwise as :func:`metrics_for_variants`."""
    planner, count = policy_cache_for(market), len(columns.target_index)
    shared = planner.batch_key(columns.target_variants[0])
    if shared is None:
        return np.array([reference_metrics(market, columns.make_variant(number), risk_free) for number in range(count)])
    course = build_market(planner, shared, risk_free)
    roster = build_inputs(planner, shared, course, columns)
    result = np.empty((count, len(SWEEP_METRICS)))
    scratch: SimpleQueue[_ThreadBuffers] = SimpleQueue()
    for _ in range(threads):
        scratch.put(_ThreadBuffers.allocate(len(shared.assets), min(VARIANTS_PER_CHUNK, count)))

    def work(lanes: IntArray) -> None:
        mine = scratch.get()
        try:
            result[lanes] = _run_chunk(course, roster, lanes, mine)
        finally:
            scratch.put(mine)

    order = roster.lane_order
    # the first is half as long, so that threads do not all come to the interpreter at the same time
    chunks = [
        order[max(begin, 0) : begin + VARIANTS_PER_CHUNK]
        for begin in range(-VARIANTS_PER_CHUNK // 2, len(order), VARIANTS_PER_CHUNK)
    ]
    if threads == 1 or len(chunks) == 1:
        list(map(work, chunks))
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, chunks))
    for number in np.flatnonzero(np.isnan(result[:, 0])).tolist():
        result[number] = reference_metrics(market, columns.make_variant(number), risk_free)
    return result


class _ThreadBuffers(NamedTuple):
    """A thread's own memory, used again for every chunk: fresh pages would cost as much as the figures.

    ``state`` (size_of_room(n),) begins where a line of the cache does, as each of its registers will; ``outputs``
    (len(KEPT), S), ``block_sums`` (BLOCKS, len(BLOCKED), S), ``metrics`` (S, len(FIGURES)).
    """

    state: FloatArray
    outputs: FloatArray
    block_sums: FloatArray
    metrics: FloatArray

    @classmethod
    def allocate(cls, assets: int, count: int) -> _ThreadBuffers:
        """Return memory for ``count`` variants of so many assets."""
        size, width = state_size(assets), _padded_width(count)
        room = np.empty(size + LANE_COUNT)
        begin = -(room.ctypes.data // room.itemsize) % LANE_COUNT
        return cls(
            room[begin : begin + size],
            np.empty((len(OUTPUT_REGISTERS), width)),
            np.empty((RETURN_BLOCKS, len(BLOCK_REGISTERS), width)),
            np.empty((width, len(SWEEP_METRICS))),
        )


def _run_chunk(course: PatternedMarket, roster: BatchInputs, lanes: IntArray, mine: _ThreadBuffers) -> FloatArray:
    """Return the figures of some variants, by number; those that only the spine can run have no final value.

    They are (S, len(FIGURES)) of the scratch memory, so good until its next use.
    """
    count, groups = len(lanes), -(-len(lanes) // LANE_COUNT)
    plans = roster.lane_plans(np.append(lanes, np.repeat(lanes[-1:], _padded_width(count) - count)))
    with np.errstate(all="ignore"):  # what a mask leaves out may divide by nothing
        run_lanes(0, groups, course.market, plans, mine.state, mine.outputs, mine.block_sums)
    sums = BatchSums(*mine.outputs[:, :count], *mine.block_sums[:, :, :count].transpose(1, 0, 2))
    metrics_from_sums(sums, plans.terms[0, :count], course.market, mine.metrics[:count])
    return mine.metrics[:count]


def _padded_width(count: int) -> int:
    """Return how long a row of ``count`` variants is: whole groups, and one more.

    Rows of a power of two would all begin in the same few places of the cache, and drive each other out of it.
    """
    return count + -count % LANE_COUNT + LANE_COUNT


def reference_metrics(market: Market, variant: Variant, risk_free: float | FloatArray = 0.0) -> FloatArray:
    """Return (len(FIGURES),) the same figures through ``simulate``; arguments as in :func:`metrics_for_variants`."""
    cut, policy = policy_cache_for(market).market_until(variant.end), variant.own_policy
    costs = variant.costs.cost_table(len(cut.assets))
    ledger = simulate(cut, policy, variant.account, costs, start=variant.start)
    free = risk_free if isinstance(risk_free, float) else risk_free[: variant.end]
    return metrics_from_ledger(ledger, cut, policy, free)
