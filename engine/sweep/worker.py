"""A range of points computed: validated, run, measured. Where it is done changes no bit of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.analysis.performance import Performance
from engine.backtest.config import RunConfig
from engine.backtest.prices import taxation_of
from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.errors import EngineError
from engine.core.plug_in_entries import PlugInError
from engine.core.yaml_tree import Tree
from engine.data.closes import Closes
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.batch_metrics import sweep_metrics
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import PolicyGroup, TradingTerms, Variant
from engine.sweep.batch.run_batch import batch_metric_table, batch_period_sums, run_alone, simulate_variant
from engine.sweep.chunk import Chunk
from engine.sweep.market_windows import MarketWindow, MarketWindows
from engine.sweep.point_table import PointTable, build_point_table
from engine.sweep.section_values import Rejection, RejectionCounts, count_rejections
from engine.sweep.space import AxisIndices, Space
from engine.sweep.strategy_table import NO_GROUP, REJECTED, StrategyTable
from engine.sweep.variants import PlanTerms, PointConfigs, with_values
from engine.tax.book import Taxation


@dataclass(frozen=True, eq=False)
class SweepJob(Generic[PolicyT]):
    """What every process needs to compute any range: the base config as text, its space, and the closes.

    ``schema`` returns the class that validates the config; ``unknown`` says of tickers that only variants name why the
    source has no price of them; ``of_plug_ins`` are the figures of plug-ins that are asked for. Equal is only what is
    the same object.
    """

    schema: Callable[[], type[RunConfig[PolicyT]]]
    config_tree: dict[str, Tree]
    space: Space
    closes: Closes
    unknown: Mapping[str, str] = field(default_factory=dict)
    of_plug_ins: tuple[str, ...] = ()


class Batch(NamedTuple):
    """Points of a chunk, by position, that run side by side over a market."""

    window: MarketWindow
    columns: VariantColumns
    positions: IntArray


class ChunkEvaluator(Generic[PolicyT]):
    """Computes ranges of one job; several threads may ask at a time."""

    def __init__(self, job: SweepJob[PolicyT]) -> None:
        """Validate the base config again; what is derived from it is kept for all ranges."""
        base_config = job.schema().model_validate(job.config_tree)
        self.configs = PointConfigs(base_config, job.space, job.unknown)
        self.strategies = StrategyTable(self.configs.sections["strategy"], job.closes.tickers, job.unknown)
        self.windows = MarketWindows(base_config, job.closes)
        self.of_plug_ins = job.of_plug_ins
        self.metrics = sweep_metrics(taxed=base_config.tax.kind != "none", of_plug_ins=job.of_plug_ins)
        self._taxations: dict[tuple[str, str], Taxation | None] = {}

    def evaluate(self, first: int, indices: AxisIndices) -> Chunk:
        """Compute the points from ``first`` on that have ``indices`` (n, D)."""
        table, count = build_point_table(self.configs, self.strategies, indices), len(indices)
        metrics, spans = np.empty((count, len(self.metrics))), np.empty((count, 3), dtype=np.int32)
        batches, sequential = (
            self._plan(table) if not self.of_plug_ins else ([], np.flatnonzero(table.group != REJECTED).tolist())
        )
        for window, columns, at in batches:
            try:
                metrics[at] = batch_metric_table(planner_for(window.market), columns, window.risk_free)
                for alone in at[np.isnan(metrics[at, 0])].tolist():
                    metrics[alone] = self._simulate(indices[alone].tolist(), window)[0]
            except EngineError:  # one of them: let each say for itself
                sequential += at.tolist()
            spans[at] = _span(window.market.dates[columns.key.opening_row : columns.key.end_row])
        rejected = dict(table.rejections)
        for alone in sequential:
            try:
                metrics[alone], spans[alone] = self._simulate(indices[alone].tolist())
            except PlugInError:
                raise
            except EngineError as error:
                rejected[alone] = Rejection(str(error))
        reasons: RejectionCounts = {}
        for refused in sorted(rejected):
            count_rejections(reasons, rejected[refused].reason, 1, first + refused)
        valid = np.delete(np.arange(count), sorted(rejected))
        return Chunk(first, first + count, first + valid, spans[valid], metrics[valid], dict(sorted(reasons.items())))

    def period_sums(self, indices: AxisIndices, ends_of: Callable[[int], list[int]], result: FloatArray) -> IntArray:
        """Overwrite ``result`` (n, S) with sums of returns over n periods of the points that have ``indices`` (S, D).

        All of them are runs. ``ends_of`` says how many returns there are up to the end of each period, of so many.
        Returns the positions of those that only ``simulate`` can run: their columns mean nothing.
        """
        batches, sequential = self._plan(build_point_table(self.configs, self.strategies, indices))
        for window, columns, at in batches:
            if columns.terms[0].taxation is not None:  # their returns are not kept by period
                sequential += at.tolist()
                continue
            try:
                fallback = batch_period_sums(planner_for(window.market), columns, ends_of, result, at)
                sequential += at[fallback].tolist()
            except EngineError:  # one of them
                sequential += at.tolist()
        return np.array(sorted(sequential), dtype=np.int64)

    def performance(self, indices: Sequence[int]) -> Performance:
        """Return what one point earned through ``simulate``; raises EngineError when it is no run."""
        variant, window = self._variant(indices)
        ledger, own = simulate_variant(window.market, variant, window.risk_free)
        return Performance.from_ledger(ledger, own.risk_free, own.market.periods_per_year)

    def runs_in_batches(self, indices: AxisIndices) -> bool:
        """Return whether points with ``indices`` (n, D) run in batches rather than through ``simulate``, if at all."""
        return not self.of_plug_ins and not self._plan(build_point_table(self.configs, self.strategies, indices))[1]

    def _plan(self, table: PointTable) -> tuple[list[Batch], list[int]]:
        """Return the valid points, by position, in batches, and those that only ``simulate`` can run."""
        batches: list[Batch] = []
        sequential = np.flatnonzero(table.group == NO_GROUP).tolist()
        for group, terms, at in table.families():
            try:
                window = self.windows.of(group.policy, terms)
            except EngineError:  # let each say for itself
                sequential += at.tolist()
                continue
            for positions in table.split_by_targets(group, at):
                try:
                    columns = self._columns(table, group, window, positions)
                except EngineError:  # a schedule of one of them: let each say for itself
                    columns = None
                if columns is None:
                    sequential += positions.tolist()
                else:
                    batches.append(Batch(window, columns, positions))
        return batches, sequential

    def _columns(
        self, table: PointTable, group: PolicyGroup, window: MarketWindow, positions: IntArray
    ) -> VariantColumns | None:
        """Return points of one family that want the same assets in columns; None if only ``simulate`` can run them."""
        rows = table.rows[positions]
        charged, terms_index = np.unique(table.terms_index[positions], return_inverse=True)
        used, values_index = np.unique(table.values_index[positions], return_inverse=True)
        schedules = [with_values(group.policy, table.values[one]).schedule for one in used.tolist()]
        terms = [self._trading_terms(table.terms[one]) for one in charged.tolist()]
        key = planner_for(window.market).taxed_batch_key(
            group, int(rows[0]), terms[int(terms_index[0])], schedules[0], window.start, window.end
        )
        index = rows, terms_index, values_index
        return None if key is None else VariantColumns(key, group, terms, schedules, *index)

    def _simulate(
        self, indices: Sequence[int], window: MarketWindow | None = None
    ) -> tuple[FloatArray, npt.NDArray[np.int32]]:
        """Return metrics and span of one point through ``simulate``; raises EngineError when it is no run.

        ``window``: one that is as good as its own.
        """
        variant, window = self._variant(indices, window)
        metrics, dates = run_alone(window.market, variant, window.risk_free, of_plug_ins=self.of_plug_ins)
        return metrics, _span(dates)

    def _variant(self, indices: Sequence[int], window: MarketWindow | None = None) -> tuple[Variant, MarketWindow]:
        """Return the plan of one point, and the market that it runs over."""
        point = self.configs.validate(indices)
        if isinstance(point, Rejection):
            raise TypeError(point.reason)
        policy, terms = point.strategy, point.terms
        window = window or self.windows.of(policy, terms)
        account, costs, taxation = self._trading_terms(terms)
        return Variant(policy, account, costs, window.start, window.end, taxation), window

    def _trading_terms(self, terms: PlanTerms) -> TradingTerms:
        """Return with what a policy trades, its law ready to be asked."""
        law = terms.tax.model_dump_json(), terms.account.shares
        if law not in self._taxations:  # the same object for all that are taxed alike, as tables are kept by it
            self._taxations[law] = taxation_of(terms.tax, self.configs.base_config.data, terms.account)
        return TradingTerms(terms.account, terms.costs, self._taxations[law])


def _span(dates: DateArray) -> npt.NDArray[np.int32]:
    """Return (3,) the first day and the last since 1970, and how many sessions there are."""
    days = dates[[0, -1]].astype("datetime64[D]").astype(np.int32)
    return np.array([*days, len(dates)], dtype=np.int32)
