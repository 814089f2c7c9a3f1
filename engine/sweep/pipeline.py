"""A whole sweep: prepare, compute with a crew, look at the table, put the files in place."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.portfolio.policy import PolicyT
from engine.simulation import kernel
from engine.sweep.computation import (
    MIN_CHUNK_POINTS,
    PreparedSweep,
    ProgressCallback,
    chunk_size,
    compute_results,
    run_base_config,
)
from engine.sweep.executors import Executor, ProcessExecutor, SerialExecutor
from engine.sweep.journal import JOURNAL_FILE as JOURNAL
from engine.sweep.journal import Journal
from engine.sweep.outputs import clean_staging, publish, staging_folder
from engine.sweep.preflight import no_valid_point
from engine.sweep.results_table import RESULTS_FILE as RESULTS
from engine.sweep.statistics import SweepResults
from engine.sweep.summary import SweepSummary, summarise
from engine.sweep.worker import ChunkEvaluator

MIN_POINTS_FOR_PROCESSES: Final = 20_000
"""Points from which on more processes are worth starting, when variants run side by side."""
MIN_SEQUENTIAL_POINTS_FOR_PROCESSES: Final = 200
"""The same, when each runs through the spine."""


@dataclass(frozen=True)
class SweepOptions:
    """Where results go, who computes them, how much memory chunks may take [bytes], whether to go on with a sweep.

    ``workers`` 0 leaves their number to the sweep; ``scheduler`` is a Dask address or empty.
    """

    folder: Path
    workers: int
    scheduler: str
    memory: int
    resume: bool


def run_sweep(
    sweeping: PreparedSweep[PolicyT], options: SweepOptions, progress: ProgressCallback, build: Callable[[Path], object]
) -> SweepSummary:
    """Run a sweep to its files; return what it shows.

    Raises
    ------
    EngineError
        When config, prices, folder, workers or scheduler do not allow it, or no point is a valid run; what was there
        before is untouched.

    """
    made = staging_folder(options.folder)
    count = sweeping.points.count
    crew, hands = _choose_executor(options, sweeping)
    with Journal.open(made / JOURNAL, sweeping.identity, resume=options.resume) as journal:
        refused = compute_results(sweeping, journal, crew, chunk_size(options.memory, hands, count), progress)
        if sum(points for points, _ in refused.values()) == count:
            journal.delete()
            clean_staging(options.folder)
            with suppress(OSError):  # what is in there is an earlier sweep's
                options.folder.rmdir()
            raise no_valid_point(sweeping.base_config, sweeping.space, sweeping.points, refused)
        run = run_base_config(sweeping)
        summary = summarise(SweepResults(made / RESULTS, sweeping.space, sweeping.points), run, refused)
        publish(sweeping, run, summary, options.folder, build)
        journal.delete()
    clean_staging(options.folder)
    return summary


def _choose_executor(options: SweepOptions, sweeping: PreparedSweep[PolicyT]) -> tuple[Executor, int]:
    """Return who computes, and how many of them at once."""
    cores, count = os.cpu_count() or 1, sweeping.points.count
    if options.scheduler:
        from engine.sweep.dask_executor import DaskExecutor  # noqa: PLC0415  (an extra)

        return DaskExecutor(options.scheduler), cores
    worker, first = ChunkEvaluator(sweeping.job), sweeping.points.indices_between(0, 1)
    hands = options.workers
    if not hands:
        hands = (
            cores
            if count
            >= (
                MIN_POINTS_FOR_PROCESSES
                if worker.is_batchable(first[0].tolist())
                else MIN_SEQUENTIAL_POINTS_FOR_PROCESSES
            )
            else 1
        )
    hands = min(hands, -(-count // MIN_CHUNK_POINTS) or 1)  # one a chunk: more would have nothing to do
    if hands == 1:
        return SerialExecutor(), 1
    if not kernel.is_compiled("run_lanes"):
        worker.evaluate(0, first)  # once here rather than in every process at a time
    return ProcessExecutor(hands), hands
