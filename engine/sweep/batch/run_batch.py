"""Many variants of a config at once, with the metrics that each would have by itself, to the last bit.

``variant_metric_table`` runs those with one batch key (:mod:`.planner`) through the batch kernel, ``reference_metrics``
runs one through ``simulate``. Both end in the same metrics, from the same sums in the same order
(:mod:`engine.analysis.summation`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, NamedTuple

import numpy as np

from engine.analysis.portfolio_market import PortfolioMarket
from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.data.market import Market
from engine.portfolio.costs import tariff_currency
from engine.simulation.kernel.batch.records import BatchMarket, BatchSums
from engine.simulation.kernel.batch.run_lanes import run_lanes
from engine.simulation.kernel.batch.state_layout import BLOCK_REGISTERS, OUTPUT_REGISTERS, state_size
from engine.simulation.kernel.records import LANE_COUNT, RETURN_BLOCKS
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, PolicyVersion
from engine.simulation.simulate import simulate
from engine.sweep.batch.after_tax import after_tax_table
from engine.sweep.batch.batch_inputs import BatchInputs, build_inputs
from engine.sweep.batch.batch_metrics import SWEEP_METRICS, fill_metrics_from_sums, metric_row, sweep_metrics
from engine.sweep.batch.market_arrays import build_batch_market
from engine.sweep.batch.planner import MarketPlanner, VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_taxed import TaxedBatch, run_taxed_chunk

CHUNK_VARIANTS: Final = 4096
"""Variants that a thread prepares, runs and evaluates at a time."""


def variant_metric_table(
    market: Market, variants: Sequence[Variant], risk_free: float | FloatArray = 0.0, threads: int = 1
) -> FloatArray:
    """Return (S, len(SWEEP_METRICS)) the metrics of ``variants``; NaN where one does not exist.

    Parameters
    ----------
    market : the same object for all variants of a sweep, its cash rate that of their account
    variants : S with one batch key, in any order
    risk_free : a rate a session, or (T,) one for each of the market's
    threads : how many work at a time; the bits do not depend on it

    """
    planner = planner_for(market)
    result = np.full((len(variants), len(SWEEP_METRICS)), np.nan)
    if (columns := VariantColumns.from_variants(planner, variants)) is not None:
        result = batch_metric_table(planner, columns, risk_free, threads)
    for number in np.flatnonzero(np.isnan(result[:, 0])).tolist():
        result[number] = reference_metrics(market, variants[number], risk_free)
    return result


def batch_metric_table(
    planner: MarketPlanner, columns: VariantColumns, risk_free: float | FloatArray = 0.0, threads: int = 1
) -> FloatArray:
    """Return (S, len(SWEEP_METRICS)) the metrics of variants in columns; who needs ``simulate`` has no final value.

    Arguments as in :func:`variant_metric_table`.
    """
    key, taxation, taxed = columns.key, columns.terms[0].taxation, None
    result = np.full((len(columns.policy_index), len(sweep_metrics(taxed=taxation is not None))), np.nan)
    market, pattern_rows = build_batch_market(planner, key, risk_free)
    inputs = build_inputs(planner, market, pattern_rows, columns)
    if taxation is not None:
        taxes = planner.lane_taxes(columns.group, taxation, key.opening_row, key.end_row)
        if taxes is None:
            return result
        taxed = TaxedBatch.build(taxes, inputs, bands=market.bands)
    _run_all(market, inputs, taxed, result, threads)
    return result


def batch_period_sums(
    planner: MarketPlanner,
    columns: VariantColumns,
    ends_of: Callable[[int], list[int]],
    result: FloatArray,
    at: IntArray,
) -> BoolArray:
    """Overwrite the columns ``at`` (S,) of ``result`` (n, ...) with sums of the variants' returns over n periods.

    ``ends_of`` says how many returns there are up to the end of each period, of so many. Returns (S,) who needs
    ``simulate``: their columns mean nothing.
    """
    market, pattern_rows = build_batch_market(planner, columns.key, 0.0, ends_of)
    inputs = build_inputs(planner, market, pattern_rows, columns)
    order, counts = inputs.lane_order, np.diff(market.block_ends, prepend=0).astype(np.float64)[:, None]
    width = _padded_width(min(CHUNK_VARIANTS, len(order)))
    state, outputs = aligned_zeros(state_size(market.fresh.shape[1])), np.empty((len(OUTPUT_REGISTERS), width))
    sums = np.empty((len(counts), 1, width))  # of the sums of a block, those of returns come first
    fallback = np.empty(len(order), dtype=np.bool_)
    for begin in range(0, len(order), CHUNK_VARIANTS):
        variants = order[begin : begin + CHUNK_VARIANTS]
        count = len(variants)
        plans = inputs.plans_for(np.append(variants, np.repeat(variants[-1:], width - count)))
        with np.errstate(all="ignore"):  # what a mask leaves out may divide by nothing
            run_lanes(0, -(-count // LANE_COUNT), market, plans, state, outputs, sums)
        left = dict(zip(BatchSums._fields, outputs[:, :count], strict=False))
        result[:, at[variants]] = sums[:, 0, :count] + counts * left["shift"]
        fallback[variants] = left["needs_fallback"] > 0.0
    return fallback


def reference_metrics(
    market: Market, variant: Variant, risk_free: float | FloatArray = 0.0, version: PolicyVersion = AS_WRITTEN
) -> FloatArray:
    """Return (len(SWEEP_METRICS),) the same metrics through ``simulate``, of a ``version`` of the variant's policy.

    Arguments as in :func:`variant_metric_table`.
    """
    return run_alone(market, variant, risk_free, version)[0]


def run_alone(
    market: Market,
    variant: Variant,
    risk_free: float | FloatArray,
    version: PolicyVersion = AS_WRITTEN,
    of_plug_ins: Sequence[str] = (),
) -> tuple[FloatArray, DateArray]:
    """Return the metrics of a variant through ``simulate``, those of plug-ins last, and its sessions."""
    ledger, own = simulate_variant(market, variant, risk_free, version)
    return metric_row(ledger, own.market, variant.policy, own.risk_free, of_plug_ins), ledger.dates


def simulate_variant(
    market: Market, variant: Variant, risk_free: float | FloatArray, version: PolicyVersion = AS_WRITTEN
) -> tuple[Ledger, PortfolioMarket]:
    """Return the ledger of a variant through ``simulate``, and the market that it saw."""
    cut = planner_for(market).market_until(variant.end, tariff_currency(variant.costs))
    costs = variant.costs.cost_table(cut.assets, cut.foreign)
    start, taxation = variant.start, variant.taxation
    ledger = simulate(cut, variant.policy, variant.account, costs, start=start, version=version, taxation=taxation)
    free = risk_free if isinstance(risk_free, float) else risk_free[: variant.end]
    return ledger, PortfolioMarket(cut, variant.start, free).until(ledger)


def _run_all(
    market: BatchMarket, inputs: BatchInputs, taxed: TaxedBatch | None, result: FloatArray, threads: int
) -> None:
    """Overwrite ``result`` (S, len(SWEEP_METRICS)); who needs ``simulate`` gets no final value."""
    order = inputs.lane_order
    buffers: SimpleQueue[ThreadBuffers] = SimpleQueue()
    for _ in range(threads):
        buffers.put(ThreadBuffers.allocate(market.fresh.shape[1], min(CHUNK_VARIANTS, len(order))))

    def run(variants: IntArray) -> None:
        mine = buffers.get()
        try:
            result[variants] = _run_chunk(market, inputs, taxed, variants, mine)
        finally:
            buffers.put(mine)

    # the first is half as long, so that threads do not all come to the interpreter at the same time
    begins = range(-CHUNK_VARIANTS // 2, len(order), CHUNK_VARIANTS)
    chunks = [order[max(begin, 0) : begin + CHUNK_VARIANTS] for begin in begins]
    if threads == 1 or len(chunks) == 1:
        list(map(run, chunks))
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, chunks))


class ThreadBuffers(NamedTuple):
    """A thread's own memory, used again for every chunk: fresh pages would cost as much as the metrics.

    ``state`` (state_size(n),) begins where a line of the cache does, as each of its registers will; ``outputs``
    (len(OUTPUT_REGISTERS), S), ``block_sums`` (RETURN_BLOCKS, len(BLOCK_REGISTERS), S), ``metrics``
    (S, len(SWEEP_METRICS)).
    """

    state: FloatArray
    outputs: FloatArray
    block_sums: FloatArray
    metrics: FloatArray

    @classmethod
    def allocate(cls, assets: int, count: int) -> ThreadBuffers:
        """Return memory for ``count`` variants of so many assets."""
        width = _padded_width(count)
        return cls(
            aligned_zeros(state_size(assets)),
            np.empty((len(OUTPUT_REGISTERS), width)),
            np.empty((RETURN_BLOCKS, len(BLOCK_REGISTERS), width)),
            np.empty((width, len(SWEEP_METRICS))),
        )

    def fill_metrics(self, market: BatchMarket, capital: FloatArray) -> FloatArray:
        """Return (S, len(SWEEP_METRICS)) what the first S = len(capital) columns come to, good until the next use."""
        count = len(capital)
        sums = BatchSums(*self.outputs[:, :count], *self.block_sums[:, :, :count].transpose(1, 0, 2))
        fill_metrics_from_sums(sums, capital, market, self.metrics[:count])
        return self.metrics[:count]


def _run_chunk(
    market: BatchMarket, inputs: BatchInputs, taxed: TaxedBatch | None, variants: IntArray, buffers: ThreadBuffers
) -> FloatArray:
    """Return the metrics of some variants, by number; those that only ``simulate`` can run have no final value.

    They are (S, len(SWEEP_METRICS)) of the buffers, so good until their next use, and of taxed ones those after tax.
    """
    if taxed is not None:
        left = run_taxed_chunk(market, inputs, taxed, variants, (buffers.state, buffers.outputs, buffers.block_sums))
        capital = inputs.terms[0, inputs.variant_index[variants]]
        table = buffers.fill_metrics(market, capital)
        return np.hstack([table, after_tax_table(left, table[:, 0], capital, market.days)])
    count, groups = len(variants), -(-len(variants) // LANE_COUNT)
    plans = inputs.plans_for(np.append(variants, np.repeat(variants[-1:], _padded_width(count) - count)))
    with np.errstate(all="ignore"):  # what a mask leaves out may divide by nothing
        run_lanes(0, groups, market, plans, buffers.state, buffers.outputs, buffers.block_sums)
    return buffers.fill_metrics(market, plans.terms[0, :count])


def aligned_zeros(size: int) -> FloatArray:
    """Return (size,) zeros that begin where a line of the cache does."""
    room = np.zeros(size + LANE_COUNT)
    begin = -(room.ctypes.data // room.itemsize) % LANE_COUNT
    return room[begin : begin + size]


def _padded_width(count: int) -> int:
    """Return how long a row of ``count`` variants is: whole groups, and one more.

    Rows of a power of two would all begin in the same few places of the cache, and drive each other out of it.
    """
    return count + -count % LANE_COUNT + LANE_COUNT
