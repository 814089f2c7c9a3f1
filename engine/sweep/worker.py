"""A range of points computed: validated, run, measured. Where it is done changes no bit of it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.loading import last_price_day
from engine.backtest.workflow import risk_free_per_session, slice_window
from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import EngineError
from engine.core.yaml_document import Tree
from engine.data.market import Market
from engine.data.sources.base import Closes
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.planner import BatchKey, Variant, VariantColumns, distinct_and_index, policy_cache_for
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from engine.sweep.chunk import Chunk, RejectionCounter
from engine.sweep.section_values import MAX_CACHED_SECTION_VALUES, Rejection
from engine.sweep.space import AxisIndices, Space
from engine.sweep.variants import ConfigPrefix, PointConfigs, ValidPoint


@dataclass(frozen=True)
class SweepJob(Generic[PolicyT]):
    """What every process needs to compute any range: the base config as text, its space, and the closes.

    ``schema`` returns the class that validates the config; ``key`` names the job: its config and its closes.
    """

    schema: Callable[[], type[RunConfig[PolicyT]]]
    config_tree: dict[str, Tree]
    space: Space
    closes: Closes
    key: str


@dataclass(frozen=True)
class MarketWindow:
    """A market with the rows that a window takes of it, and the risk-free rate: one a session, or (T,) of them."""

    market: Market
    start: int
    end: int
    risk_free: float | FloatArray


class ChunkEvaluator(Generic[PolicyT]):
    """Computes ranges of one job."""

    def __init__(self, job: SweepJob[PolicyT], threads: int = 1) -> None:
        """Validate the base config again; what is derived from it is kept for all ranges."""
        self.threads = threads
        self.base_config = job.schema().model_validate(job.config_tree)
        self.closes = job.closes
        self.variants = PointConfigs(self.base_config, job.space)
        benchmarks = self.base_config.compare.benchmarks
        self._benchmark_tickers = tuple(ticker for other in benchmarks for ticker in other.strategy.tickers)
        self._shared_windows: dict[object, tuple[MarketWindow, BoolArray]] = {}
        self._is_gapless: dict[object, bool] = {}
        self._batches: dict[object, tuple[MarketWindow, BatchKey] | None] = {}

    def evaluate(self, first: int, indices: AxisIndices) -> Chunk:
        """Compute the points from ``first`` on that have ``indices`` (n, D)."""
        with _gc_paused():
            return self._evaluate(first, indices)

    def _evaluate(self, first: int, indices: AxisIndices) -> Chunk:
        points: list[ValidPoint[PolicyT]] = []
        numbers: list[int] = []
        rejections = RejectionCounter()
        for number, point in enumerate(self.variants.validate_all(indices.tolist()), first):
            if isinstance(point, Rejection):
                rejections.add(point.reason, 1, number)
            else:
                points.append(point)
                numbers.append(number)
        metrics, rejected = self._compute_metrics(points)
        for at in sorted(rejected):
            rejections.add(rejected[at].reason, 1, numbers[at])
        valid = np.delete(np.arange(len(points)), sorted(rejected))
        ids = np.frombuffer(b"".join(point.sha256 for point in points), dtype=np.uint8).reshape(-1, 32)
        valid_numbers, reasons = np.array(numbers, dtype=np.int64)[valid], dict(sorted(rejections.counts.items()))
        return Chunk(first, first + len(indices), valid_numbers, ids[valid], metrics[valid], reasons)

    def is_batchable(self, indices: Sequence[int]) -> bool:
        """Tell whether a point runs in a batch rather than through ``simulate``."""
        point = self.variants.validate(indices)
        return isinstance(point, ValidPoint) and self._batch(point) is not None

    def own_window(self, prefix: ConfigPrefix[PolicyT]) -> MarketWindow:
        """Return the market that a point's own config would load."""
        return self._slice_window((*prefix.tickers, *self._benchmark_tickers), prefix)[0]

    def shared_window(self, prefix: ConfigPrefix[PolicyT]) -> MarketWindow | None:
        """Return a market of all closes that is as good as a point's own: the same sessions, and assets nobody wants.

        None when the point's own assets lack some of the sessions.
        """
        window = prefix.window
        key = (window.start, window.end, prefix.account.cash.rate)
        if key not in self._shared_windows:
            shared, closes = self._slice_window(self.closes.tickers, prefix)
            self._shared_windows[key] = shared, ~np.isnan(closes.closes)
        shared, has_close = self._shared_windows[key]
        assets = (prefix.tickers, window.end)
        if assets not in self._is_gapless:
            columns = [shared.market.columns[ticker] for ticker in (*prefix.tickers, *self._benchmark_tickers)]
            rows = np.logical_or.reduce(has_close[:, columns], axis=1)
            self._is_gapless[assets] = bool(rows[int(rows.argmax()) :].all())
        return shared if self._is_gapless[assets] else None

    def _slice_window(self, tickers: tuple[str, ...], prefix: ConfigPrefix[PolicyT]) -> tuple[MarketWindow, Closes]:
        """Return the market of some tickers with the rows of a point's window, and their closes."""
        window = prefix.window
        closes = self.closes.select(tickers, last_price_day(window.end) if window.end else None)
        market = closes.to_market(prefix.account.cash.rate)
        cut, start = slice_window(market, window)
        end = len(cut.dates)
        free = risk_free_per_session(self.base_config.compare.risk_free, cut.dates[start:])
        if not isinstance(free, float):
            free = np.concatenate([np.full(start, np.nan), free, np.full(len(market.dates) - end, np.nan)])
        return MarketWindow(market, start, end, free), closes

    def _compute_metrics(self, points: Sequence[ValidPoint[PolicyT]]) -> tuple[FloatArray, dict[int, Rejection]]:
        """Run S points, those with one batch key together.

        Returns (S, len(SWEEP_METRICS)), and by position why a point's prices or account do not allow it.
        """
        metrics = np.empty((len(points), len(SWEEP_METRICS)))
        rejected: dict[int, Rejection] = {}
        sequential: list[int] = []
        batches: dict[tuple[int, BatchKey], tuple[MarketWindow, list[int]]] = {}
        prefix, members = None, sequential
        for at, point in enumerate(points):
            if point.prefix is not prefix:
                prefix, members = point.prefix, sequential
                if (batch := self._batch(point)) is not None:
                    window, key = batch  # the entry holds the window, so nothing else can have its id
                    members = batches.setdefault((id(window), key), (window, []))[1]
            members.append(at)
        for window, members in batches.values():
            columns = _to_columns([points[at] for at in members], window)
            try:
                metrics[members] = variant_metric_table(window.market, columns, window.risk_free, self.threads)
            except EngineError:  # one of them: let each say for itself
                sequential += members
        for at in sequential:
            try:
                window = self.own_window(points[at].prefix)
                metrics[at] = reference_metrics(window.market, _to_variant(points[at], window), window.risk_free)
            except EngineError as error:
                rejected[at] = Rejection(str(error))
        return metrics, rejected

    def _batch(self, point: ValidPoint[PolicyT]) -> tuple[MarketWindow, BatchKey] | None:
        """Return where a point runs in a batch, and with which others; None when only ``simulate`` can run it.

        Asked once for all points that differ in independent values only.
        """
        key = point.prefix.key
        if key not in self._batches:
            if len(self._batches) >= MAX_CACHED_SECTION_VALUES:
                self._batches.clear()
            try:
                window = self.shared_window(point.prefix)
                batch = policy_cache_for(window.market).batch_key(_to_variant(point, window)) if window else None
                self._batches[key] = (window, batch) if window and batch else None
            except EngineError:
                self._batches[key] = None
        return self._batches[key]


def _to_columns(points: Sequence[ValidPoint[PolicyT]], window: MarketWindow) -> VariantColumns:
    """Return points with one batch key as the batch takes them; neighbours share a prefix."""
    # the points hold their prefixes, so an id stays one prefix's; equal ones may be two, which only costs a row
    targets, target = distinct_and_index(points, [id(point.prefix) for point in points])
    calendars, calendar = distinct_and_index(points, [point.calendar_key for point in points])
    return VariantColumns(
        [_to_variant(point, window) for point in targets],
        [_to_variant(point, window) for point in calendars],
        target,
        calendar,
        lambda number: _to_variant(points[number], window),
    )


def _to_variant(point: ValidPoint[PolicyT], window: MarketWindow) -> Variant:
    prefix, keys = point.prefix, (point.prefix.targets_key, point.calendar_key)
    terms = (prefix.strategy, prefix.account, prefix.costs)
    return Variant(*terms, window.start, window.end, *keys, point.build_strategy)


@contextmanager
def _gc_paused() -> Iterator[None]:
    """Leave the collector off: of a hundred thousand small records none is in a cycle, and looking takes longer."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
