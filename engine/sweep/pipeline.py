"""A whole sweep: choose who computes it, compute, look at the table, put the files in place."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from engine.core.interrupts import advise_on_interrupt
from engine.portfolio.policy import PolicyT
from engine.sweep.computation import PreparedSweep, ProgressCallback, run_config, write_results
from engine.sweep.evidence_record import SweepEvidence
from engine.sweep.examination import ExaminedSweep
from engine.sweep.executors import Executor, ProcessExecutor, ThreadExecutor
from engine.sweep.finished_sweep import FinishedSweep
from engine.sweep.journal import JOURNAL_FILE, Journal
from engine.sweep.outputs import clean_staging, publish_files, staging_folder
from engine.sweep.preflight import no_valid_point
from engine.sweep.results_table import RESULTS_FILE, ResultsReader
from engine.sweep.scheduler import Scheduler
from engine.sweep.statistics import SweepResults
from engine.sweep.summary import SweepSummary, summarise
from engine.sweep.variants import PointConfigs
from engine.sweep.worker import ChunkEvaluator

BYTES_PER_POINT: Final = 6_000
"""Memory that one point takes while its chunk is computed, with a margin."""
MIN_CHUNK_POINTS, MAX_CHUNK_POINTS = 256, 8_192
"""Points of a chunk."""
MIN_SEQUENTIAL_POINTS: Final = 200
"""Points from which on more processes are worth starting, where each runs through ``simulate``."""
MEMORY: Final = 256_000_000
"""What chunks take together where nothing else is said [bytes]."""
SAMPLED_POINTS: Final = 64
"""Points that are looked at to choose between threads and processes."""


@dataclass(frozen=True)
class SweepOptions:
    """Where results go, who computes them, how much memory chunks may take [bytes], whether to go on with a sweep.

    ``workers`` 0 leaves their number to the sweep; ``scheduler`` is one of Dask, whose workers compute instead.
    """

    folder: Path
    workers: int
    scheduler: Scheduler | None
    memory: int
    resume: bool


def run_sweep(
    sweep: PreparedSweep[PolicyT],
    options: SweepOptions,
    progress: ProgressCallback,
    render: Callable[[FinishedSweep], str],
    examine: Callable[[ExaminedSweep[PolicyT]], SweepEvidence] | None = None,
) -> SweepSummary:
    """Run a sweep to its files; return what it shows.

    ``examine`` is asked, before anything is published, whether the best is better than luck.

    Raises EngineError when config, prices, folder, workers or scheduler do not allow it, or no point is a valid run;
    what was there before is untouched.
    """
    staging, is_new = staging_folder(options.folder), not options.folder.exists()
    count = sweep.points.count
    executor, workers = _choose_executor(options, sweep)
    advise_on_interrupt("what is finished is kept, go on with --resume")
    with Journal.open(staging / JOURNAL_FILE, sweep.identity, resume=options.resume) as journal:
        rejections = write_results(sweep, journal, executor, _chunk_size(options.memory, workers, count), progress)
        if sum(points for points, _ in rejections.values()) == count:
            clean_staging(options.folder)
            if is_new:
                with suppress(OSError):
                    options.folder.rmdir()
            raise no_valid_point(sweep.base_config, sweep.space, sweep.points, rejections)
        table = ResultsReader(staging / RESULTS_FILE)
        configs = PointConfigs(sweep.base_config, sweep.space, sweep.job.unknown)
        results = SweepResults(table, sweep.space, sweep.points, configs.equal_values())
        summary = summarise(sweep, configs, results, run_config(sweep, sweep.base_config), rejections, examine)
        del results  # what it read of a million variants is not needed by the report
        publish_files(sweep, summary, options.folder, render)
        clean_staging(options.folder)
    advise_on_interrupt("")
    return summary


def _choose_executor(options: SweepOptions, sweep: PreparedSweep[PolicyT]) -> tuple[Executor, int]:
    """Return who computes, and how many of them at once."""
    cores, count = os.cpu_count() or 1, sweep.points.count
    if options.scheduler is not None:
        from engine.sweep.dask_executor import DaskExecutor  # noqa: PLC0415  (an extra)

        return DaskExecutor(options.scheduler), cores
    sampled = np.unique(np.linspace(0, count - 1, SAMPLED_POINTS).astype(np.int64))
    evaluator, some = ChunkEvaluator(sweep.job), sweep.points.indices(sampled)
    batched = evaluator.runs_in_batches(some)
    workers = options.workers or (cores if batched or count >= MIN_SEQUENTIAL_POINTS else 1)
    workers = min(workers, -(-count // MIN_CHUNK_POINTS) or 1)  # one a chunk: more would have nothing to do
    if batched or workers == 1:
        return ThreadExecutor(workers), workers
    return ProcessExecutor(workers), workers


def _chunk_size(memory: int, workers: int, count: int) -> int:
    """Return how many points make a chunk, so that all that are computed at once fit in ``memory`` [bytes]."""
    fitting = memory // (BYTES_PER_POINT * workers)
    even = -(-count // (4 * workers))
    return max(MIN_CHUNK_POINTS, min(fitting, even, MAX_CHUNK_POINTS))
