"""A range of points computed: validated, run, measured. Where it is done changes no bit of it."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.loading import last_price_day
from engine.backtest.workflow import risk_free_per_session, slice_window
from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import EngineError
from engine.core.yaml_document import Tree
from engine.data.market import Market
from engine.data.sources.base import Closes
from engine.portfolio.policy import Policy
from engine.sweep.batch import run_batch as lanes
from engine.sweep.chunk import Chunk, RejectionCounter
from engine.sweep.config_sections import MAX_CACHED_SECTION_VALUES, IndexTuple, Rejection
from engine.sweep.space import AxisIndices, Space
from engine.sweep.variants import ConfigPrefix, PointConfigs, ValidPoint

PolicyT = TypeVar("PolicyT", bound=Policy)


@dataclass(frozen=True)
class SweepJob(Generic[PolicyT]):
    """What every process needs to compute any range: the config's own plan as text, its space, and the closes.

    ``schema`` returns the class that validates the plan; ``key`` names the job: its config and its closes.
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
        """Validate the plan again; what is derived from it is kept for all ranges."""
        self.threads = threads
        self.base_config = job.schema().model_validate(job.config_tree)
        self.closes = job.closes
        self.variants = PointConfigs(self.base_config, job.space)
        self._benchmark_tickers = tuple(
            t for other in self.base_config.compare.benchmarks for t in other.strategy.tickers
        )
        self._shared_windows: dict[object, tuple[MarketWindow, BoolArray]] = {}
        self._is_gapless: dict[object, bool] = {}
        self._batch_keys: dict[object, tuple[MarketWindow | None, lanes.BatchKey | None]] = {}

    def evaluate(self, first: int, digits: AxisIndices) -> Chunk:
        """Compute the points from ``first`` on that have ``digits`` (n, D)."""
        with _gc_paused():
            return self._evaluate(first, digits)

    def _evaluate(self, first: int, digits: AxisIndices) -> Chunk:
        plans: list[ValidPoint[PolicyT]] = []
        numbers: list[int] = []
        refusals = RejectionCounter()
        for number, plan in enumerate(self.variants.validate_all(digits.tolist()), first):
            if isinstance(plan, Rejection):
                refusals.add(number, plan)
            else:
                plans.append(plan)
                numbers.append(number)
        figures, faults = self._compute_metrics(plans)
        for at in sorted(faults):
            refusals.add(numbers[at], faults[at])
        kept = np.delete(np.arange(len(plans)), sorted(faults))
        ids = np.frombuffer(b"".join(plan.sha256 for plan in plans), dtype=np.uint8).reshape(-1, 32)
        return Chunk(
            first,
            first + len(digits),
            np.array(numbers, dtype=np.int64)[kept],
            ids[kept],
            figures[kept],
            refusals.by_reason(),
        )

    def is_batchable(self, digits: Sequence[int]) -> bool:
        """Tell whether a point runs beside others rather than through the spine."""
        plan = self.variants.validate(digits)
        return isinstance(plan, ValidPoint) and self._batch_key(plan)[1] is not None

    def own_window(self, stem: ConfigPrefix[PolicyT]) -> MarketWindow:
        """Return the market that a plan's own config would load."""
        window = stem.window
        end = last_price_day(window.end) if window.end else None
        closes = self.closes.select((*stem.tickers, *self._benchmark_tickers), end)
        return self._slice_window(closes, stem)

    def shared_window(self, stem: ConfigPrefix[PolicyT]) -> MarketWindow | None:
        """Return a market of all closes that is as good as a plan's own: the same sessions, and assets nobody wants.

        None when the plan's own assets lack some of the sessions.
        """
        window, rate = stem.window, stem.account.cash.rate
        key = (window.start, window.end, rate)
        if key not in self._shared_windows:
            end = last_price_day(window.end) if window.end else None
            closes = self.closes.select(self.closes.tickers, end)
            self._shared_windows[key] = self._slice_window(closes, stem), ~np.isnan(closes.closes)
        place, printed = self._shared_windows[key]
        whole = (stem.tickers, window.end)
        if whole not in self._is_gapless:
            columns = [place.market.columns[ticker] for ticker in (*stem.tickers, *self._benchmark_tickers)]
            rows = np.logical_or.reduce(printed[:, columns], axis=1)
            self._is_gapless[whole] = bool(rows[int(rows.argmax()) :].all())
        return place if self._is_gapless[whole] else None

    def _slice_window(self, closes: Closes, stem: ConfigPrefix[PolicyT]) -> MarketWindow:
        window = stem.window
        market = closes.to_market(stem.account.cash.rate)
        cut, start = slice_window(market, window)
        end = len(cut.dates)
        free = risk_free_per_session(self.base_config.compare.risk_free, cut.dates[start:])
        if not isinstance(free, float):
            free = np.concatenate([np.full(start, np.nan), free, np.full(len(market.dates) - end, np.nan)])
        return MarketWindow(market, start, end, free)

    def _compute_metrics(self, plans: Sequence[ValidPoint[PolicyT]]) -> tuple[FloatArray, dict[int, Rejection]]:
        """Run S plans, those of one family together.

        Returns (S, F) their figures, and by position why a plan's prices or account do not allow it.
        """
        figures = np.empty((len(plans), len(lanes.SWEEP_METRICS)))
        faults: dict[int, Rejection] = {}
        alone: list[int] = []
        families: dict[tuple[int, lanes.BatchKey], _BatchMembers[PolicyT]] = {}
        stem, gathered = None, None
        for at, plan in enumerate(plans):
            if plan.prefix is not stem:
                stem = plan.prefix
                place, family = self._batch_key(plan)
                gathered = None
                if place and family:
                    gathered = families.setdefault((id(place), family), _BatchMembers(place))
            if gathered is None:
                alone.append(at)
            else:
                gathered.add(at, plan)
        for one in families.values():
            try:
                figures[one.members] = lanes.metrics_for_columns(
                    one.window.market, one.columns(plans), one.window.risk_free, self.threads
                )
            except EngineError:  # one of them: let each say for itself
                alone += one.members
        for at in alone:
            outcome = self._reference_metrics(plans[at])
            if isinstance(outcome, Rejection):
                faults[at] = outcome
            else:
                figures[at] = outcome
        return figures, faults

    def _batch_key(self, plan: ValidPoint[PolicyT]) -> tuple[MarketWindow | None, lanes.BatchKey | None]:
        """Return where a plan runs beside others, and beside which; nothing when it runs through the spine.

        Asked once for all plans that differ in ``alone`` values only.
        """
        key = plan.prefix.key
        if key not in self._batch_keys:
            if len(self._batch_keys) >= MAX_CACHED_SECTION_VALUES:
                self._batch_keys.clear()
            try:
                place = self.shared_window(plan.prefix)
                family = lanes.batch_key(_build_variant(plan, place), place.market) if place else None
            except EngineError:
                place, family = None, None
            self._batch_keys[key] = place, family
        return self._batch_keys[key]

    def _reference_metrics(self, plan: ValidPoint[PolicyT]) -> FloatArray | Rejection:
        """Run one plan through the spine, on its own market."""
        try:
            place = self.own_window(plan.prefix)
            return lanes.reference_metrics(place.market, _build_variant(plan, place), place.risk_free)
        except EngineError as error:
            return Rejection(str(error))


class _BatchMembers(Generic[PolicyT]):
    """Plans of one family, as they come: neighbours share a stem."""

    def __init__(self, place: MarketWindow) -> None:
        """Begin with none."""
        self.window = place
        self.members: list[int] = []
        self._kinds: list[lanes.Variant] = []
        self._kind: list[int] = []
        self._moments: dict[IndexTuple, tuple[int, lanes.Variant]] = {}
        self._moment: list[int] = []
        self._stem: ConfigPrefix[PolicyT] | None = None

    def add(self, at: int, plan: ValidPoint[PolicyT]) -> None:
        """Add the plan at a position."""
        if plan.prefix is not self._stem:
            self._stem = plan.prefix
            self._kinds.append(_build_variant(plan, self.window))
        if plan.calendar_key not in self._moments:
            self._moments[plan.calendar_key] = len(self._moments), _build_variant(plan, self.window)
        self.members.append(at)
        self._kind.append(len(self._kinds) - 1)
        self._moment.append(self._moments[plan.calendar_key][0])

    def columns(self, plans: Sequence[ValidPoint[PolicyT]]) -> lanes.VariantColumns:
        """Return them as lanes take them, from all ``plans``."""
        return lanes.VariantColumns(
            self._kinds,
            [variant for _, variant in self._moments.values()],
            np.array(self._kind, dtype=np.int64),
            np.array(self._moment, dtype=np.int64),
            lambda number: _build_variant(plans[self.members[number]], self.window),
        )


def _build_variant(plan: ValidPoint[PolicyT], place: MarketWindow) -> lanes.Variant:
    stem = plan.prefix
    return lanes.Variant(
        stem.strategy,
        stem.account,
        stem.costs,
        place.start,
        place.end,
        stem.targets_key,
        plan.calendar_key,
        plan.build_strategy,
    )


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
