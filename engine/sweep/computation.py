"""A sweep from its config to its table: load, compute what is not finished, write."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final, Generic, TypeAlias, cast

from engine.backtest.config import RunConfig
from engine.backtest.loading import config_tickers, last_price_day, price_request
from engine.backtest.outputs import RunResult
from engine.backtest.workflow import LoadedPrices, load_checked, run_backtest, slice_window
from engine.core.yaml_document import KeyPath, Tree
from engine.data.quality import Finding
from engine.data.sources.base import PriceRequest
from engine.portfolio.policy import PolicyT
from engine.sweep.config import SweepConfig
from engine.sweep.executors import ChunkTask, Executor
from engine.sweep.journal import Journal
from engine.sweep.results_table import RESULTS_FILE as RESULTS
from engine.sweep.results_table import ResultsWriter
from engine.sweep.space import Points, Space
from engine.sweep.variants import PointConfigs
from engine.sweep.worker import SweepJob

BYTES_PER_POINT: Final = 6_000
"""Memory that one point takes while its chunk is computed, with a margin."""
MIN_CHUNK_POINTS, MAX_CHUNK_POINTS = 256, 16_384
"""Points of a chunk."""

RejectionCounts: TypeAlias = dict[str, tuple[int, int]]
"""Why points are no variants: how many for this reason, and the first of them."""
ProgressCallback = Callable[[int, int], None]
"""Told how many points are done, of how many."""


@dataclass(frozen=True)
class PreparedSweep(Generic[PolicyT]):
    """A sweep ready to run: its config, the config's own plan, the space around it, its points and closes."""

    config: SweepConfig[PolicyT]
    base_config: RunConfig[PolicyT]
    space: Space
    points: Points
    findings: tuple[Finding, ...]
    job: SweepJob[PolicyT]

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


def extract_base_config(config: SweepConfig[PolicyT], schema: type[RunConfig[PolicyT]]) -> RunConfig[PolicyT]:
    """Return the config's own plan, without what varies."""
    return schema.model_validate({key: value for key, value in config.canonical().items() if key != "sweep"})


def prepare(
    config: SweepConfig[PolicyT],
    plan: RunConfig[PolicyT],
    space: Space,
    schema: Callable[[], type[RunConfig[PolicyT]]],
) -> PreparedSweep[PolicyT]:
    """Load every close that a variant may need; raises DataError when the prices do not allow a run."""
    closes, findings = load_checked(plan, request_for_sweep(plan, space))
    key = f"{config.sha256()} {closes.provenance.sha256}"
    job = SweepJob(schema, cast("dict[str, Tree]", plan.canonical()), space, closes, key)
    return PreparedSweep(config, plan, space, space.points(), findings, job)


def request_for_sweep(plan: RunConfig[PolicyT], space: Space) -> PriceRequest:
    """Return what any variant may ask of the source: the plan's own tickers, and those that values bring in."""
    own = price_request(plan)
    variants = PointConfigs(plan, space)
    brought = (ticker for at in range(len(space.axes)) for ticker in variants.tickers_on_axis(at))
    tickers = tuple(dict.fromkeys([*own.tickers, *brought]))
    if plan.window.end is None:
        return PriceRequest(tickers, own.start, None, own.exchange)
    ends = [plan.window.end]
    for axis in space.axes:
        if axis.section == "window":
            found = [_parse_window_end(axis.path, value.text) for value in axis.values]
            ends += [end for end in found if end]
            if axis.path == ("window",) and None in found:
                return PriceRequest(tickers, own.start, None, own.exchange)
    return PriceRequest(tickers, own.start, last_price_day(max(ends)), own.exchange)


def _parse_window_end(path: KeyPath, text: Tree) -> dt.date | None:
    """Return the last day that a value of a window's axis asks for; None where it is no date."""
    last = text.get("end") if isinstance(text, dict) else text if path[-1] == "end" else None
    try:
        return dt.date.fromisoformat(str(last))
    except ValueError:
        return None


def run_base_config(sweeping: PreparedSweep[PolicyT]) -> RunResult:
    """Run the config's own plan with all it is compared with; no intervals are drawn."""
    plan = sweeping.base_config
    closes = sweeping.job.closes.select(config_tickers(plan), price_request(plan).end)
    market, start = slice_window(closes.to_market(plan.account.cash.rate), plan.window)
    return run_backtest(plan, LoadedPrices(market, start, sweeping.findings), intervals=False)


def compute_results(
    sweeping: PreparedSweep[PolicyT], journal: Journal, crew: Executor, rows: int, progress: ProgressCallback
) -> RejectionCounts:
    """Compute every point that ``journal`` does not have, and write all of them beside it; return why some are none.

    ``rows`` points make a chunk. Chunks come in any order and are written in theirs.

    Raises
    ------
    OutputError
        When the folder cannot be written to, or workers are lost again and again.

    """
    count = sweeping.points.count
    reasons: RejectionCounts = {}
    gaps = list(journal.missing_ranges(count))
    table = ResultsWriter(journal.path.parent / RESULTS, sweeping.space, sweeping.points)
    with table:
        written = _write_finished_chunks(journal, table, reasons, 0)
        progress(journal.finished_count(), count)
        for content in crew.chunks(sweeping.job, _split_into_tasks(sweeping.points, gaps, rows)):
            journal.append(content)
            written = _write_finished_chunks(journal, table, reasons, written)
            progress(journal.finished_count(), count)
        if written != count:
            raise RuntimeError(f"{written} of {count} points are there")
        table.close()
    return reasons


def _write_finished_chunks(journal: Journal, table: ResultsWriter, reasons: RejectionCounts, at: int) -> int:
    """Write the chunks that follow point ``at`` without a gap; return where they end."""
    while at in journal.chunk_locations:
        chunk = journal.read_chunk(at)
        table.append(chunk)
        for reason, (count, first) in chunk.rejections.items():
            known = reasons.get(reason, (0, first))
            reasons[reason] = (known[0] + count, known[1])
        at = chunk.last
    return at


def _split_into_tasks(points: Points, gaps: list[tuple[int, int]], rows: int) -> Iterator[ChunkTask]:
    for begin, end in gaps:
        for first in range(begin, end, rows):
            yield first, points.indices_between(first, min(first + rows, end))


def chunk_size(memory: int, workers: int, count: int) -> int:
    """Return how many points make a chunk, so that all that are computed at once fit in ``memory`` [bytes]."""
    fitting = memory // (BYTES_PER_POINT * workers)
    even = -(-count // (4 * workers))
    return max(MIN_CHUNK_POINTS, min(fitting, even, MAX_CHUNK_POINTS))
