"""One plan over many histories drawn from joint returns: the metrics it has in each by itself, to the last bit.

Histories are those of :mod:`engine.simulation.kernel.batch.resampled_closes`: the same number is the same history for
every plan over one table of returns, so that differences between plans are paired.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.errors import DataError
from engine.core.waiting import WAITING
from engine.data.market import Market
from engine.portfolio.policy import Band
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.resampled_closes import Resampling, fill_history
from engine.simulation.kernel.batch.run_path_lanes import chunk_size, run_path_lanes
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.run_setup import AS_WRITTEN, BOUGHT_AND_HELD
from engine.sweep.batch.batch_inputs import build_inputs
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.market_arrays import build_batch_market
from engine.sweep.batch.planner import MarketPlanner, VariantColumns
from engine.sweep.batch.policy_groups import TradingTerms, Variant, group_policies
from engine.sweep.batch.run_batch import ThreadBuffers, aligned_zeros, reference_metrics

CHUNK_HISTORIES: Final = 1024
"""Histories that a thread runs and evaluates at a time."""


@dataclass(frozen=True)
class ResampledHistories:
    """Histories drawn in blocks from joint returns.

    ``returns`` (R, N) simple returns of R sessions, in the columns of a market; ``mean_block`` mean length of a block,
    at least 1 [sessions].
    """

    returns: FloatArray
    seed: int
    mean_block: float

    def source(self, opening: FloatArray, columns: list[int]) -> Resampling:
        """Return what the kernel draws from, for some columns and their (n,) closes of the first session."""
        growth = np.ascontiguousarray(1.0 + self.returns[:, columns])
        restart = np.uint64(int(2.0**64 / self.mean_block) - 1)
        return Resampling(growth, opening, np.uint64(self.seed), restart)


def path_metric_table(  # noqa: PLR0913  (a plan, its histories, how they are run)
    market: Market,
    variant: Variant,
    histories: ResampledHistories,
    numbers: IntArray,
    risk_free: float | FloatArray = 0.0,
    threads: int = 1,
    *,
    held: bool = False,
) -> FloatArray:
    """Return (S, len(SWEEP_METRICS)) the metrics of a variant over histories; NaN where one does not exist.

    A history has the variant's sessions, all its assets from the first to the last, and their first closes in it. What
    lanes cannot run, a rule that has to be asked or an account worth nothing, is run by ``simulate``, one by one.

    Parameters
    ----------
    market : gives sessions, interest and first closes
    numbers : (S,) which histories, from 0 on
    risk_free : a rate a session, or (T,) one for each of the market's
    threads : how many work at a time; the bits do not depend on it
    held : after the opening nothing is decided and no cap watched (S18)

    Raises
    ------
    DataError
        When an asset of the variant has no close in its sessions, or no return above -1 in a row of the table.

    """
    span = slice(variant.start, variant.end)
    flat, columns = _flat_market(market, variant.policy.tickers, span)
    free = risk_free if isinstance(risk_free, float) else risk_free[span]
    own = variant._replace(start=0, end=len(flat.dates))
    source = histories.source(np.ascontiguousarray(flat.prices[0]), columns)
    known = np.isfinite(source.opening) & np.isfinite(source.growth).all(axis=0) & (source.growth > 0.0).all(axis=0)
    if not known.all():
        lacking = ", ".join(flat.assets[at] for at in np.flatnonzero(~known))
        raise DataError(f"{lacking}: histories need a first close, and a return above -100 % in every row of the table")
    result = np.full((len(numbers), len(SWEEP_METRICS)), np.nan)
    planner = MarketPlanner(flat)
    if (batch := _columns(planner, own, held=held)) is not None:
        batch_market, pattern_rows = build_batch_market(planner, batch.key, free)
        inputs = build_inputs(planner, batch_market, pattern_rows, batch)
        plans = inputs.plans_for(np.zeros(LANE_COUNT, dtype=np.int64))
        _run_all(batch_market, plans, source, numbers, result, threads)
    for at in np.flatnonzero(np.isnan(result[:, 0])).tolist():
        WAITING.tick()
        history = dataclasses.replace(flat, prices=_closes(source, int(numbers[at]), len(flat.dates)))
        result[at] = reference_metrics(history, own, free, BOUGHT_AND_HELD if held else AS_WRITTEN)
    return result


def runs_in_lanes(market: Market, variant: Variant, *, held: bool = False) -> bool:
    """Return whether histories of a variant are run side by side, not one by one; arguments as above."""
    flat, _ = _flat_market(market, variant.policy.tickers, slice(variant.start, variant.end))
    own = variant._replace(start=0, end=len(flat.dates))
    return _columns(MarketPlanner(flat), own, held=held) is not None


@dataclass(frozen=True)
class _NeverDecides:
    """The schedule of what is bought and held."""

    decides: bool = False

    def calendar(self, dates: DateArray) -> dict[int, str]:  # noqa: ARG002
        """Return no decision."""
        return {}

    def band(self, dates: DateArray) -> Band | None:  # noqa: ARG002
        """Return no band."""
        return None


def _columns(planner: MarketPlanner, variant: Variant, *, held: bool) -> VariantColumns | None:
    """Return a variant in columns, as it is or bought and held; None when only ``simulate`` can run it."""
    if not held:
        return VariantColumns.from_variants(planner, [variant])
    if (group := group_policies(planner.market.assets, [variant.policy])) is None:
        return None
    terms, schedule, only = (
        TradingTerms(variant.account, variant.costs, variant.taxation),
        _NeverDecides(),
        np.zeros(1, dtype=np.int64),
    )
    if (key := planner.batch_key(group, 0, terms, schedule, variant.start, variant.end)) is None:
        return None
    return VariantColumns(dataclasses.replace(key, watches_caps=False), group, [terms], [schedule], only, only, only)


def _flat_market(market: Market, tickers: tuple[str, ...], span: slice) -> tuple[Market, list[int]]:
    """Return a market of some sessions at which nothing happens, and the columns of its assets in ``market``.

    All assets keep the first close that they have in ``span``.
    """
    columns = sorted(market.column_index(ticker) for ticker in tickers)
    closes = market.prices[span, columns]
    first = np.take_along_axis(closes, np.isfinite(closes).argmax(axis=0)[None], axis=0)
    shape = closes.shape
    flat = dataclasses.replace(
        market,
        dates=market.dates[span],
        assets=tuple(market.assets[column] for column in columns),
        prices=np.broadcast_to(first, shape),
        listed=np.ones(shape, dtype=np.bool_),
        age=np.zeros(shape, dtype=np.int64),
        cash_rate=market.cash_rate[span],
    )
    return flat, columns


def _closes(source: Resampling, number: int, sessions: int) -> FloatArray:
    """Return (T, n) the closes of a history, multiplied in the order in which the kernel does."""
    rows = np.empty(sessions - 1, dtype=np.int64)
    with np.errstate(over="ignore"):  # whole numbers of 64 bits wrap around where nothing is compiled
        fill_history(rows, number, source.seed, source.restart, len(source.growth))
    return np.multiply.accumulate(np.vstack([source.opening, source.growth[rows]]))


def _run_all(
    market: BatchMarket, plans: BatchPlans, source: Resampling, numbers: IntArray, result: FloatArray, threads: int
) -> None:
    """Overwrite ``result`` (S, len(SWEEP_METRICS)); histories that need ``simulate`` get no final value."""
    n, capital = len(source.opening), float(plans.terms[0, 0])

    def run(begin: int) -> None:
        own = numbers[begin : begin + CHUNK_HISTORIES]
        buffers = ThreadBuffers.allocate(n, len(own))
        chunk = aligned_zeros(chunk_size(n, len(market.capped) > 0))
        padded = np.append(own, np.repeat(own[-1:], -len(own) % LANE_COUNT))
        with np.errstate(all="ignore"):  # what a mask leaves out may divide by nothing
            run_path_lanes(padded, market, plans, source, buffers.state, chunk, buffers.outputs, buffers.block_sums)
        result[begin : begin + len(own)] = buffers.fill_metrics(market, np.full(len(own), capital))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(run, range(0, len(numbers), CHUNK_HISTORIES)))
