"""The verbs as functions: a config in, frames out, nothing printed or written unless ``out`` names a folder."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

from engine import composition
from engine.core.errors import EngineError, prefix_errors
from engine.library.opened_configs import OpenedConfig, open_config

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from engine.library.allocation_frames import AllocationFrames
    from engine.library.luck_frames import LuckFrames
    from engine.library.opened_configs import Config
    from engine.library.price_frames import PriceFrames
    from engine.library.price_tables import Prices
    from engine.library.sweep_frames import SweepFrames
    from engine.library.validation import Validation
    from engine.report.run.frames import RunFrames
    from engine.sweep.pipeline import SweepOptions

    Folder = str | Path

_WORKERS = range(257)


def run(
    config: Config,
    overrides: Sequence[str],
    prices: Prices | None,
    out: Folder | None,
    *,
    variant: str | int = "",
    keep_prices: bool = False,
) -> RunFrames:
    """Return a run as ``engine.run`` does."""
    from engine.backtest.loaded_run import load_and_run
    from engine.backtest.output_folders import run_folders
    from engine.evidence.trial_registry import count_run
    from engine.library.compilation_warning import warn_of_compilation
    from engine.report.notebook_progress import show_progress
    from engine.report.run.frames import RunFrames

    opened, told = open_config(config, overrides, prices), list[str]()
    with opened.provide_prices(), show_progress():
        loaded = composition.select_run(opened.document, str(variant))
        name = f"{loaded.name}-{loaded.sha256()[:12]}" if str(variant) else loaded.name
        folder = None if out is None else run_folders(Path(out), [Path(opened.document.name)], [name])[0]
        warn_of_compilation()
        result, _ = load_and_run(loaded, keep=keep_prices)
    if folder is not None:
        from engine.report.run.page import publish_run  # a config that is refused needs no templates

        publish_run(result, folder)
    count_run(result, told.append)
    frames = RunFrames.from_run(result)
    return dataclasses.replace(frames, warnings=(*frames.warnings, *told)) if told else frames


def sweep(
    config: Config,
    overrides: Sequence[str],
    prices: Prices | None,
    out: Folder | None,
    *,
    workers: int = 0,
    evidence: bool = True,
) -> SweepFrames:
    """Return a sweep as ``engine.sweep`` does."""
    from engine.backtest.output_folders import SWEEP_KIND, output_folder, refuse_other_kind
    from engine.core.publication import lock_folder
    from engine.core.scratch import scratch_folder
    from engine.sweep.pipeline import MEMORY, SweepOptions

    if isinstance(workers, bool) or not isinstance(workers, int) or workers not in _WORKERS:
        raise EngineError(f"workers: found {workers!r}, expected a whole number from 0 to 256; 0 takes one a core")
    opened = open_config(config, overrides, prices)
    if not opened.is_sweep:
        from engine.core.yaml_tree import refusal

        remedy = "add one, as {axes: {strategy.rebalance.month: all}}, or call engine.run"
        raise refusal(opened.document.name, "has no sweep", remedy, "sweep")
    if out is None:
        with scratch_folder() as folder:
            return _run_sweep(opened, SweepOptions(folder / "sweep", workers, None, MEMORY, resume=False), evidence)
    name = composition.validate_sweep(opened.document)[0].name
    folder = output_folder(Path(out), f"{name}.{SWEEP_KIND}")
    with lock_folder(folder):  # what a killed sweep left unfinished is finished first
        refuse_other_kind(folder, SWEEP_KIND)
    return _run_sweep(opened, SweepOptions(folder, workers, None, MEMORY, resume=False), evidence)


def _run_sweep(opened: OpenedConfig, options: SweepOptions, evidence: bool) -> SweepFrames:  # noqa: FBT001
    """Run a sweep to its folder, and return what is there."""
    import pyarrow.parquet as pq

    from engine.evidence.trial_registry import count_trials
    from engine.library.compilation_warning import warn_of_compilation
    from engine.library.sweep_frames import SweepFrames
    from engine.report.notebook_progress import show_progress
    from engine.report.sweep.page import render_sweep
    from engine.sweep.computation import prepare
    from engine.sweep.pipeline import run_sweep
    from engine.sweep.results_table import RESULTS_FILE

    warn_of_compilation()
    with opened.provide_prices(), show_progress() as progress:
        loaded, base_config, space = composition.validate_sweep(opened.document)
        prepared = prepare(loaded, base_config, space, composition.run_config_class)
        threads = options.workers or os.cpu_count() or 1
        examine = composition.sweep_examination(threads) if evidence else None
        summary, told = run_sweep(prepared, options, progress, render_sweep, examine), list[str]()
    count_trials(summary.data.sha256, prepared.plan_sha256, summary.sweep.distinct, told.append)
    return SweepFrames(
        name=summary.name,
        results=pq.read_table(options.folder / RESULTS_FILE).to_pandas(),
        warnings=(*summary.warnings, *told),
        summary=summary,
        base_config=base_config,
        _space=space,
        _plan_sha256=prepared.plan_sha256,
    )


def optimise(
    config: Config,
    overrides: Sequence[str],
    prices: Prices | None,
    out: Folder | None,
    *,
    as_of: str | dt.date | None = None,
) -> AllocationFrames:
    """Return weights as ``engine.optimise`` does."""
    from engine.backtest.allocation import parse_as_of, propose_weights
    from engine.backtest.output_folders import output_folder
    from engine.library.allocation_frames import AllocationFrames

    opened = open_config(config, overrides, prices)
    loaded = composition.select_run(opened.document)
    folder = None if out is None else output_folder(Path(out), loaded.name)
    with opened.provide_prices():
        proposal = propose_weights(loaded, parse_as_of(None if as_of is None else str(as_of)))
    if folder is not None:
        from engine.report.allocation import write_proposal
        from engine.report.held_weights import read_held_weights

        write_proposal(proposal, folder, read_held_weights(folder, loaded.sha256(), proposal.decided))
    return AllocationFrames.from_proposal(proposal)


def validate(config: Config, overrides: Sequence[str]) -> Validation:
    """Return what a config means, as ``engine.validate`` does."""
    import io

    from engine.library.validation import Validation
    from engine.report.config_terminal import print_config
    from engine.report.console import recording_console

    opened, out = open_config(config, overrides), recording_console()
    with prefix_errors(opened.document.name):
        space = None
        if opened.is_sweep:
            from engine.report.sweep.terminal import print_space

            _, plan, space = composition.validate_sweep(opened.document)
        else:
            plan = composition.validate_run(opened.document)
        print_config(plan, opened.document.name, out)
        if space is not None:
            print_space(space, out)
    points = 0 if space is None else space.requested_count
    printed = out.file.getvalue() if isinstance(out.file, io.StringIO) else ""
    lines = tuple(line.rstrip() for line in printed.strip().splitlines())
    return Validation(plan.name, "sweep" if space is not None else "run", plan, points, lines)


def data(
    config: Config, overrides: Sequence[str], prices: Prices | None, *, fetch: bool = False, refresh: bool = False
) -> PriceFrames:
    """Return prices as ``engine.data`` does."""
    from engine.backtest.prices import load_members, prepare_closes, quality_findings
    from engine.data.sources.base import SupportsFetch
    from engine.library.price_frames import PriceFrames
    from engine.report.notebook_progress import show_progress

    opened = open_config(config, overrides, prices)
    with opened.provide_prices(), show_progress():
        loaded, request = composition.request_of(opened.document)
        source, report = loaded.data.source, None
        if (fetch or refresh) and isinstance(source, SupportsFetch):
            report = source.fetch(request, refresh=refresh)
        closes, _ = load_members(loaded.data, request)
        findings = quality_findings(closes, loaded.data.calendar, loaded.window)
        found = PriceFrames.from_closes(closes, findings, report)
        if found.usable:
            prepare_closes(loaded, closes, request)  # what a run does next refuses what it cannot convert
    return found


def luck(
    config: Config, overrides: Sequence[str], prices: Prices | None, out: Folder | None, *, universe: Folder = ""
) -> LuckFrames:
    """Return the luck of a plan as ``engine.luck`` does."""
    from engine.backtest.output_folders import LUCK_KIND, output_folder, refuse_other_kind
    from engine.library.compilation_warning import warn_of_compilation
    from engine.library.luck_frames import LuckFrames
    from engine.report.notebook_progress import show_progress

    opened = open_config(config, overrides, prices)
    loaded = composition.select_run(opened.document)
    folder = None if out is None else output_folder(Path(out), f"{loaded.name}.{LUCK_KIND}")
    if folder is not None:
        refuse_other_kind(folder, LUCK_KIND)
    warn_of_compilation()
    with opened.provide_prices(), show_progress():
        summary = composition.measure_luck(loaded, str(universe), os.cpu_count() or 1)
    if folder is not None:
        from engine.report.evidence.luck_page import publish_luck  # a config that is refused needs no templates

        publish_luck(loaded, summary, folder)
    return LuckFrames.from_summary(summary, loaded.canonical())
