"""A sweep replayed: its lists beside its table, and some of its variants run again one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.arrays import IntArray
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.batch_metrics import CAP_METRICS
from engine.sweep.computation import PreparedSweep, run_config
from engine.sweep.config import RANKING_SIGNS
from engine.sweep.finished_sweep import FinishedSweep
from engine.sweep.results_table import RESULTS_FILE, ResultsReader
from engine.sweep.variant_lookup import variant_config

_SPREAD_VARIANTS: Final = 6
"""Variants that are run again, evenly spread over the table; the first and the last of the ranking beside them."""

_LISTS = FigureGroup("lists", "results.parquet, beside the variants that summary.json lists")
_VARIANTS = FigureGroup("variants", "run again one by one, as `engine run --variant` does, beside results.parquet")


def replay_lists(sweep: FinishedSweep) -> Iterator[ReferenceFigure]:
    """Yield the figures of the variants that the summary lists, and how many rows there are."""
    table = ResultsReader(sweep.path / RESULTS_FILE)
    points = table.numbers("point", np.int64)
    yield _LISTS.figure("variants", sweep.summary.sweep.variants, len(points))
    listed = [*sweep.summary.best, *sweep.summary.worst]
    rows = np.searchsorted(points, [one.point for one in listed])
    for name in listed[0].figures if listed else ():
        column = table.numbers(name, np.float64)
        for one, row in zip(listed, rows.tolist(), strict=True):
            found = float(column[row]) if row < len(points) and points[row] == one.point else np.nan
            yield _LISTS.compare(f"{one.id}: {name}", one.figures[name], found if np.isfinite(found) else None)


def replay_variants(sweep: FinishedSweep, prepared: PreparedSweep[PolicyT]) -> Iterator[ReferenceFigure]:
    """Yield the figures of some variants, each run by itself."""
    table = ResultsReader(sweep.path / RESULTS_FILE)
    points = table.numbers("point", np.int64)
    metrics = {name: table.numbers(name, np.float64) for name in RANKING_SIGNS if name not in CAP_METRICS}
    for row in _chosen_rows(sweep, points).tolist():
        point = int(points[row])
        config = variant_config(prepared.base_config, prepared.space, prepared.points, point)
        found = run_config(prepared, _alone(config)).comparison.strategy.metrics
        for name, column in metrics.items():
            written = float(column[row]) if np.isfinite(column[row]) else None
            yield _VARIANTS.compare(f"point {point}: {name}", written, found[name])


def _chosen_rows(sweep: FinishedSweep, points: IntArray) -> IntArray:
    spread = np.linspace(0, len(points) - 1, _SPREAD_VARIANTS).astype(np.int64)
    ends = [one.point for one in (*sweep.summary.best[:1], *sweep.summary.worst[:1])]
    listed = np.flatnonzero(np.isin(points, ends))
    return np.unique(np.concatenate([spread, listed]))


def _alone(config: RunConfig[PolicyT]) -> RunConfig[PolicyT]:
    """Return a config with nothing to compare with."""
    compare = config.compare.model_copy(update={"buy_and_hold": False, "benchmarks": (), "published": None})
    return config.model_copy(update={"compare": compare})
