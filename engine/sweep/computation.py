"""A sweep from its config to its table: load, compute what is not finished, write."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import platform
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from typing import Generic, cast

from engine.backtest.config import RunConfig
from engine.backtest.loading import config_tickers, dated_candidates, last_price_day, price_request
from engine.backtest.outputs import RunResult
from engine.backtest.plan_identity import plan_sha256
from engine.backtest.prices import LoadedPrices, load_checked
from engine.backtest.workflow import run_backtest
from engine.core.errors import DataError, UnknownTickerError
from engine.core.plug_ins import plug_in_versions, versions_in_text
from engine.core.yaml_tree import KeyPath, Tree
from engine.data.closes import Closes
from engine.data.quality.findings import Finding
from engine.data.sources.base import PriceRequest
from engine.portfolio.policy import PolicyT
from engine.portfolio.tariffs import load_tariffs
from engine.sweep.axes import parse_date
from engine.sweep.batch.batch_metrics import plug_in_figures, sweep_metrics
from engine.sweep.config import SweepConfig
from engine.sweep.executors import ChunkTask, Executor
from engine.sweep.journal import Journal
from engine.sweep.results_table import RESULTS_FILE, ResultsWriter
from engine.sweep.section_values import RejectionCounts, count_rejections
from engine.sweep.space import Points, Space
from engine.sweep.variant_lookup import variant_config, variant_id
from engine.sweep.variants import PointConfigs
from engine.sweep.worker import SweepJob

ProgressCallback = Callable[[int, int], None]
"""Told how many points are done, of how many."""


@dataclass(frozen=True)
class PreparedSweep(Generic[PolicyT]):
    """A sweep ready to run: its config, the one that its axes vary, the space around it, its points and closes."""

    config: SweepConfig[PolicyT]
    base_config: RunConfig[PolicyT]
    space: Space
    points: Points
    findings: tuple[Finding, ...]
    job: SweepJob[PolicyT]

    @cached_property
    def plan_sha256(self) -> str:
        """The hash of the plan, by content: variants are called by it."""
        return plan_sha256(self.config.canonical(), self.job.closes.provenance.sha256)

    @property
    def metadata(self) -> dict[str, str]:
        """What the table of results says of where it comes from."""
        return {
            "name": self.config.name,
            "currency": self.config.account.currency,
            "config_sha256": self.config.sha256(),
            "plan_sha256": self.plan_sha256,
            "data_sha256": self.job.closes.provenance.sha256,
            "sweep": json.dumps(self.config.canonical()["sweep"], sort_keys=True),
        }

    def identify(self, point: int) -> tuple[str, str]:
        """Return the id of a valid point, and the SHA-256 of its config."""
        config = variant_config(self.base_config, self.space, self.points, point)
        return variant_id(self.plan_sha256, point), config.sha256()

    @property
    def plug_ins(self) -> dict[str, str]:
        """The packages of others that take part in any variant, with their versions."""
        return versions_in_text(json.dumps(self.config.canonical())) | plug_in_versions(self.base_config)

    @property
    def identity(self) -> dict[str, str]:
        """What must be equal for two sweeps to have the same results."""
        packages = ("portfolio-engine", "numba", "numpy", "pyarrow", "scipy")
        versions = [platform.python_version(), *(version(name) for name in packages)]
        versions += [f"{name} {one}" for name, one in self.plug_ins.items()]
        return {
            "config": self.config.sha256(),
            "data": self.job.closes.provenance.sha256,
            "versions": " ".join(versions),
        }


def extract_base_config(config: SweepConfig[PolicyT], schema: type[RunConfig[PolicyT]]) -> RunConfig[PolicyT]:
    """Return the config of a run that the axes vary."""
    return schema.model_validate({key: value for key, value in config.canonical().items() if key != "sweep"})


def prepare(
    config: SweepConfig[PolicyT],
    base_config: RunConfig[PolicyT],
    space: Space,
    schema: Callable[[], type[RunConfig[PolicyT]]],
) -> PreparedSweep[PolicyT]:
    """Load every close that a variant may need; raises DataError when the prices do not allow a run."""
    closes, findings, unknown = _load_known(base_config, request_for_sweep(base_config, space))
    _require_one_use_of_dividends(base_config, space, closes)
    tree, of_plug_ins = cast("dict[str, Tree]", base_config.canonical()), plug_in_figures(space.sweep.rank_by)
    job = SweepJob(schema, tree, space, closes, unknown, of_plug_ins)
    return PreparedSweep(config, base_config, space, space.points(), findings, job)


def _load_known(
    base_config: RunConfig[PolicyT], request: PriceRequest
) -> tuple[Closes, tuple[Finding, ...], Mapping[str, str]]:
    """Load the closes of a request without tickers that only variants name and the source does not know.

    Returns also what is said of each of these, and of the names of dated lists that have no price. Raises DataError
    when the base config's own prices do not allow a run.
    """
    own, unknown = config_tickers(base_config), dict[str, str]()
    while True:
        try:
            closes, findings, missing = load_checked(base_config, request)
        except UnknownTickerError as error:
            if not error.tickers or set(error.tickers) & set(own):
                raise
            unknown |= zip(error.tickers, map(str, error.args), strict=True)
            known = tuple(ticker for ticker in request.tickers if ticker not in unknown)
            request = dataclasses.replace(request, tickers=known)
        else:
            return closes, findings, {**unknown, **missing}


def _require_one_use_of_dividends(base_config: RunConfig[PolicyT], space: Space, closes: Closes) -> None:
    """Raise DataError where variants would do different things with dividends: all of them share the closes (S16)."""
    texts = [value.text for axis in space.axes if axis.path == ("account", "shares") for value in axis.values]
    whole = [value.text for axis in space.axes if axis.path == ("account",) for value in axis.values]
    texts += [text.get("shares", "fractional") for text in whole if isinstance(text, dict)]
    varied, use = {str(text) for text in texts} - {base_config.account.shares}, base_config.data.dividends
    has_events = closes.shares is not None or closes.dividends is not None
    if has_events and varied and use in {None, "reinvest"}:
        raise DataError(
            f"account.shares is {' and '.join(sorted({*varied, base_config.account.shares}))} among the variants, and "
            "dividends of whole shares are not reinvested in them; write data.dividends: towards_targets, or cash"
        )


def request_for_sweep(base_config: RunConfig[PolicyT], space: Space) -> PriceRequest:
    """Return what any variant may ask of the source: the base config's tickers, and those that values bring in."""
    own = price_request(base_config)
    configs = PointConfigs(base_config, space)
    others = (ticker for place in range(len(space.axes)) for ticker in configs.tickers_on_axis(place))
    tickers = tuple(dict.fromkeys([*own.tickers, *others]))
    lists = (dated_candidates(one) for place in range(len(space.axes)) for one in configs.strategies_on_axis(place))
    held = {ticker for other in base_config.compare.benchmarks for ticker in other.strategy.tickers}
    optional = own.optional.union(*lists) - held - (set(base_config.strategy.tickers) - own.optional)
    starts, ends, tariffs = [base_config.window.start], [base_config.window.end], list(own.tariffs)
    for axis in space.axes:
        texts = [value.text for value in axis.values]
        if axis.section == "window":
            starts += _window_days(axis.path, texts, "start")
            ends += _window_days(axis.path, texts, "end")
        elif axis.section == "costs":
            tariffs += [load_tariffs()[name].currency for name in _tariffs_on(axis.path, texts)]
    start = min((one for one in starts if one), default=None) if None not in starts else None
    last = last_price_day(max(one for one in ends if one)) if None not in ends else None
    return PriceRequest(tickers, start, last, own.exchange, tuple(dict.fromkeys(tariffs)), optional)


def swept_tariffs(space: Space) -> list[str]:
    """Return the brokers' tariffs that values of an axis name."""
    found = [
        _tariffs_on(axis.path, [one.text for one in axis.values]) for axis in space.axes if axis.section == "costs"
    ]
    return list(dict.fromkeys(name for names in found for name in names))


def _tariffs_on(path: KeyPath, texts: list[Tree]) -> list[str]:
    return [name for name in _values_at(path, texts, "tariff") if name in load_tariffs()]


def _values_at(path: KeyPath, texts: list[Tree], key: str) -> list[str]:
    """Return what an axis's values say of a key of its section, "" where one does not."""
    if path[1:] == (key,):
        return [str(text) for text in texts]
    return [str(text.get(key, "")) if isinstance(text, dict) and len(path) == 1 else "" for text in texts]


def _window_days(path: KeyPath, texts: list[Tree], key: str) -> list[dt.date | None]:
    """Return the days that a window's axis asks for, None where a whole window asks for all there are."""
    days = [parse_date(text) for text in _values_at(path, texts, key)]
    return days if len(path) == 1 else [day for day in days if day]  # what is no date is a rejected point


def run_config(sweep: PreparedSweep[PolicyT], config: RunConfig[PolicyT]) -> RunResult:
    """Run the base config, or it in another window, with all it is compared with; nothing is drawn or split."""
    own = config_tickers(config)
    closes = sweep.job.closes.select(own, price_request(config).end)
    findings = tuple(one for one in sweep.findings if not one.ticker or one.ticker in own)
    return run_backtest(config, LoadedPrices(config, closes, findings), intervals=False, parts=False, breakdown=False)


def write_results(
    sweep: PreparedSweep[PolicyT], journal: Journal, executor: Executor, rows: int, progress: ProgressCallback
) -> RejectionCounts:
    """Compute every point that ``journal`` does not have, and write all of them beside it.

    Returns why points are none. ``rows`` points make a chunk. Chunks come in any order and are written in theirs.

    Raises OutputError when the folder cannot be written to, or workers are lost again and again.
    """
    rejections: RejectionCounts = {}
    count = sweep.points.count
    missing = list(journal.missing_ranges(count))
    names = sweep_metrics(taxed=sweep.base_config.tax.kind != "none", of_plug_ins=sweep.job.of_plug_ins)
    path = journal.path.parent / RESULTS_FILE
    with ResultsWriter(path, sweep.space, sweep.points, sweep.metadata, names) as table:
        written = _write_finished_chunks(journal, table, rejections, 0)
        progress(journal.finished_count(), count)
        for chunk in executor.chunks(sweep.job, _split_into_tasks(sweep.points, missing, rows)):
            journal.append(chunk)
            written = _write_finished_chunks(journal, table, rejections, written)
            progress(journal.finished_count(), count)
        if written != count:
            raise RuntimeError(f"{written} of {count} points are there")
        table.close()
    return rejections


def _write_finished_chunks(journal: Journal, table: ResultsWriter, rejections: RejectionCounts, at: int) -> int:
    """Write the chunks that follow point ``at`` without a gap; return where they end."""
    while at in journal.chunk_locations:
        chunk = journal.read_chunk(at)
        table.append(chunk)
        for reason, (count, first) in chunk.rejections.items():
            count_rejections(rejections, reason, count, first)
        at = chunk.last
    return at


def _split_into_tasks(points: Points, missing: list[tuple[int, int]], rows: int) -> Iterator[ChunkTask]:
    for begin, end in missing:
        for first in range(begin, end, rows):
            yield first, points.indices_between(first, min(first + rows, end))
