"""A whole sweep: prepare, compute with a crew, look at the table, put the files in place."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from engine.backtest.outputs import Json
from engine.portfolio.policy import Policy
from engine.simulation import kernel
from engine.sweep.computation import SMALLEST, Progress, Sweeping, chunk_rows, compute, own_run
from engine.sweep.executors import Crew, Here, Processes
from engine.sweep.journal import NAME as JOURNAL
from engine.sweep.journal import Journal
from engine.sweep.outputs import publish, tidy, workshop
from engine.sweep.preflight import nothing_valid
from engine.sweep.results_table import NAME as RESULTS
from engine.sweep.statistics import Results
from engine.sweep.summary import Findings, findings
from engine.sweep.worker import Worker

PolicyT = TypeVar("PolicyT", bound=Policy)

PAYING: Final = 20_000
"""Points from which on more processes are worth starting, when variants run side by side."""
PAYING_ALONE: Final = 200
"""The same, when each runs through the spine."""


@dataclass(frozen=True)
class Options:
    """Where results go, who computes them, how much memory chunks may take [bytes], whether to go on with a sweep.

    ``workers`` 0 leaves their number to the sweep; ``scheduler`` is a Dask address or empty.
    """

    folder: Path
    workers: int
    scheduler: str
    memory: int
    resume: bool


def conduct(
    sweeping: Sweeping[PolicyT], options: Options, progress: Progress, build: Callable[[Path], object]
) -> tuple[Findings, dict[str, Json]]:
    """Run a sweep to its files; return what it shows and the content of ``summary.json``.

    Raises
    ------
    EngineError
        When config, prices, folder, workers or scheduler do not allow it, or no point is a valid run; what was there
        before is untouched.

    """
    made = workshop(options.folder)
    count = sweeping.points.count
    crew, hands = _crew(options, sweeping)
    with Journal.open(made / JOURNAL, sweeping.identity, resume=options.resume) as journal:
        refused = compute(sweeping, journal, crew, chunk_rows(options.memory, hands, count), progress)
        if sum(points for points, _ in refused.values()) == count:
            journal.drop()
            tidy(options.folder)
            with suppress(OSError):  # what is in there is an earlier sweep's
                options.folder.rmdir()
            raise nothing_valid(sweeping.plan, sweeping.space, sweeping.points, refused)
        results = Results(made / RESULTS, sweeping.space, sweeping.points)
        found = findings(results, own_run(sweeping), refused)
        summary = publish(sweeping, found, options.folder, build)
        journal.drop()
    tidy(options.folder)
    return found, summary


def _crew(options: Options, sweeping: Sweeping[PolicyT]) -> tuple[Crew, int]:
    """Return who computes, and how many of them at once."""
    cores, count = os.cpu_count() or 1, sweeping.points.count
    if options.scheduler:
        from engine.sweep.dask_executor import Cluster  # noqa: PLC0415  (an extra)

        return Cluster(options.scheduler), cores
    worker, first = Worker(sweeping.job), sweeping.points.digits(0, 1)
    hands = options.workers
    if not hands:
        hands = cores if count >= (PAYING if worker.runs_beside(first[0].tolist()) else PAYING_ALONE) else 1
    hands = min(hands, -(-count // SMALLEST) or 1)  # one a chunk: more would have nothing to do
    if hands == 1:
        return Here(), 1
    if not kernel.compiled("run_lanes"):
        worker.chunk(0, first)  # once here rather than in every process at a time
    return Processes(hands), hands
