"""A sweep from its config to its table: load, compute what is not finished, write."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Generic, TypeAlias, TypeVar, cast

from engine.backtest.config import RunConfig
from engine.backtest.loading import beyond, request_of, tickers_of
from engine.backtest.outputs import Run
from engine.backtest.workflow import Prices, gated, run, windowed
from engine.core.yaml_document import KeyPath, Tree
from engine.data.quality import Finding
from engine.data.sources.base import Request
from engine.portfolio.policy import Policy
from engine.sweep.config import SweepConfig
from engine.sweep.executors import Crew, Task
from engine.sweep.journal import Journal
from engine.sweep.results_table import NAME as RESULTS
from engine.sweep.results_table import Table
from engine.sweep.space import Points, Space
from engine.sweep.variants import Variants
from engine.sweep.worker import Job

PolicyT = TypeVar("PolicyT", bound=Policy)

POINT_BYTES: Final = 6_000
"""Memory that one point takes while its chunk is computed, with a margin."""
SMALLEST, LARGEST = 256, 16_384
"""Points of a chunk."""

Reasons: TypeAlias = dict[str, tuple[int, int]]
"""Why points are no variants: how many for this reason, and the first of them."""
Progress = Callable[[int, int], None]
"""Told how many points are done, of how many."""


@dataclass(frozen=True)
class Sweeping(Generic[PolicyT]):
    """A sweep ready to run: its config, the config's own plan, the space around it, its points and closes."""

    config: SweepConfig[PolicyT]
    plan: RunConfig[PolicyT]
    space: Space
    points: Points
    findings: tuple[Finding, ...]
    job: Job[PolicyT]

    @property
    def identity(self) -> dict[str, str]:
        """What must be equal for two sweeps to have the same results."""
        packages = ("portfolio-engine", "numba", "numpy", "pyarrow", "scipy")
        versions = [platform.python_version(), *(version(name) for name in packages)]
        return {
            "config": self.config.sha256(),
            "data": self.job.closes.provenance.sha256,
            "versions": " ".join(versions),
        }


def plan_of(config: SweepConfig[PolicyT], schema: type[RunConfig[PolicyT]]) -> RunConfig[PolicyT]:
    """Return the config's own plan, without what varies."""
    return schema.model_validate({key: value for key, value in config.canonical().items() if key != "sweep"})


def prepared(
    config: SweepConfig[PolicyT],
    plan: RunConfig[PolicyT],
    space: Space,
    schema: Callable[[], type[RunConfig[PolicyT]]],
) -> Sweeping[PolicyT]:
    """Load every close that a variant of ``plan`` may need; raises DataError when the prices do not allow a run."""
    closes, findings = gated(plan, requested(plan, space))
    key = f"{config.sha256()} {closes.provenance.sha256}"
    job = Job(schema, cast("dict[str, Tree]", plan.canonical()), space, closes, key)
    return Sweeping(config, plan, space, space.points(), findings, job)


def requested(plan: RunConfig[PolicyT], space: Space) -> Request:
    """Return what any variant may ask of the source: the plan's own tickers, and those that values bring in."""
    own = request_of(plan)
    variants = Variants(plan, space)
    brought = (ticker for at in range(len(space.axes)) for ticker in variants.brought_by(at))
    tickers = tuple(dict.fromkeys([*own.tickers, *brought]))
    if plan.window.end is None:
        return Request(tickers, own.start, None, own.exchange)
    ends = [plan.window.end]
    for axis in space.axes:
        if axis.section == "window":
            found = [_end(axis.path, value.text) for value in axis.values]
            ends += [end for end in found if end]
            if axis.path == ("window",) and None in found:
                return Request(tickers, own.start, None, own.exchange)
    return Request(tickers, own.start, beyond(max(ends)), own.exchange)


def _end(path: KeyPath, text: Tree) -> dt.date | None:
    """Return the last day that a value of a window's axis asks for; None where it is no date."""
    last = text.get("end") if isinstance(text, dict) else text if path[-1] == "end" else None
    try:
        return dt.date.fromisoformat(str(last))
    except ValueError:
        return None


def own_run(sweeping: Sweeping[PolicyT]) -> Run:
    """Run the config's own plan with all it is compared with; no intervals are drawn."""
    plan = sweeping.plan
    closes = sweeping.job.closes.only(tickers_of(plan), request_of(plan).end)
    market, start = windowed(closes.market(plan.account.cash.rate), plan.window)
    return run(plan, Prices(market, start, sweeping.findings), lambda pairs, _: [None] * len(pairs))


def compute(sweeping: Sweeping[PolicyT], journal: Journal, crew: Crew, rows: int, progress: Progress) -> Reasons:
    """Compute every point that ``journal`` does not have, and write all of them beside it; return why some are none.

    ``rows`` points make a chunk. Chunks come in any order and are written in theirs.

    Raises
    ------
    OutputError
        When the folder cannot be written to, or workers are lost again and again.

    """
    count = sweeping.points.count
    reasons: Reasons = {}
    gaps = list(journal.gaps(count))
    table = Table(journal.path.parent / RESULTS, sweeping.space, sweeping.points)
    with table:
        written = _written(journal, table, reasons, 0)
        progress(journal.done(), count)
        for content in crew.chunks(sweeping.job, _tasks(sweeping.points, gaps, rows)):
            journal.add(content)
            written = _written(journal, table, reasons, written)
            progress(journal.done(), count)
        if written != count:
            raise RuntimeError(f"{written} of {count} points are there")
        table.close()
    return reasons


def _written(journal: Journal, table: Table, reasons: Reasons, at: int) -> int:
    """Write the chunks that follow point ``at`` without a gap; return where they end."""
    while at in journal.chunks:
        chunk = journal.read(at)
        table.add(chunk)
        for reason, (count, first) in chunk.refused.items():
            known = reasons.get(reason, (0, first))
            reasons[reason] = (known[0] + count, known[1])
        at = chunk.last
    return at


def _tasks(points: Points, gaps: list[tuple[int, int]], rows: int) -> Iterator[Task]:
    for begin, end in gaps:
        for first in range(begin, end, rows):
            yield first, points.digits(first, min(first + rows, end))


def chunk_rows(memory: int, workers: int, count: int) -> int:
    """Return how many points make a chunk, so that all that are computed at once fit in ``memory`` [bytes]."""
    fitting = memory // (POINT_BYTES * workers)
    even = -(-count // (4 * workers))
    return max(SMALLEST, min(fitting, even, LARGEST))
