"""A sweep replayed: its lists beside its table, and some of its variants run again one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.backtest.config import RunConfig
from engine.core.arrays import FloatArray, IntArray
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.portfolio.policy import PolicyT
from engine.sweep.batch.batch_metrics import CAP_METRICS
from engine.sweep.computation import PreparedSweep, run_config
from engine.sweep.config import RANKING_SIGNS, ranking_sign, ranking_signs
from engine.sweep.finished_sweep import FinishedSweep
from engine.sweep.results_table import RESULTS_FILE, ResultsReader
from engine.sweep.variant_lookup import variant_config

_SPREAD_VARIANTS: Final = 6
"""Variants that are run again, evenly spread over the table; the first and the last of the ranking beside them."""

_LISTS = FigureGroup("lists", "results.parquet, beside what summary.json lists, counts and ranks")
_VARIANTS = FigureGroup("variants", "run again one by one, as `engine run --variant` does, beside results.parquet")


def replay_lists(sweep: FinishedSweep) -> Iterator[ReferenceFigure]:
    """Yield what the summary says of the table: the variants it lists, how figures are distributed, and who ranks."""
    yield from _listed_variants(sweep)
    taxed = ResultsReader(sweep.path / RESULTS_FILE).is_taxed
    for metric, sign in ranking_signs(taxed=taxed, rank_by=sweep.summary.sweep.rank_by).items():
        values = sweep.metric(metric)
        yield from _distribution(sweep, metric, values)
        yield from _ranks(sweep, metric, sign * values)


def _listed_variants(sweep: FinishedSweep) -> Iterator[ReferenceFigure]:
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


def _distribution(sweep: FinishedSweep, metric: str, values: FloatArray) -> Iterator[ReferenceFigure]:
    """Yield the ends and the mean of a metric among the variants that are compared."""
    written, known = sweep.summary.distribution[metric], values[np.isfinite(values)]
    found = {"least": known.min(), "mean": known.mean(), "most": known.max()} if len(known) else {}
    yield _LISTS.compare(f"variants without {metric}", written["missing"], len(values) - len(known))
    for name in ("least", "mean", "most"):
        yield _LISTS.compare(f"{name} of {metric}", written[name], float(found[name]) if found else None)


def _ranks(sweep: FinishedSweep, metric: str, good: FloatArray) -> Iterator[ReferenceFigure]:
    """Yield the best of all variants that are compared, and how many are better than each portfolio.

    ``good`` (S,) is the higher the better.
    """
    summary, sign = sweep.summary, ranking_sign(metric)
    if metric == summary.sweep.rank_by and summary.best:
        yield _LISTS.compare(f"best {metric}", summary.best[0].figures[metric], sign * float(np.nanmax(good)))
    for name, ranks in summary.standings.items():
        own = summary.portfolios[name].metrics.get(metric)
        if own is not None and ranks[metric].rank is not None:
            better = 1 + int((good > sign * own).sum())
            yield _LISTS.compare(f"rank of {name} by {metric}", ranks[metric].rank, better)


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
