"""What is compared side by side, read from folders: finished runs, and the plans of finished sweeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.output_folders import CONFIG_FILE, RUN_KIND, SWEEP_KIND, folder_kind, kind_words
from engine.backtest.outputs import RunResult
from engine.backtest.signed_files import fit_together
from engine.core.errors import DataError, OutputError
from engine.core.publication import lock_folder, resolve_links
from engine.evidence.side_by_side import Contestant
from engine.portfolio.policy import PolicyT
from engine.sweep.computation import PreparedSweep, run_config
from engine.sweep.finished_sweep import FinishedSweep, read_sweep

_MOST: int = 50


def read_contestants(folders: Sequence[Path], prepare: Callable[[Path], PreparedSweep[PolicyT]]) -> list[Contestant]:
    """Return what is in ``folders``, in their order; ``prepare`` makes a sweep ready to run from its config.

    The plan of a sweep is run again, for a sweep keeps no series. Two of one name are told apart by their folders.

    Raises
    ------
    OutputError
        When there are fewer than two folders or more than 50, one is named twice, or one holds something else.
    DataError
        When a file is damaged, or a sweep's prices are not those that it was made of.

    """
    if not 2 <= len(folders) <= _MOST:
        raise OutputError(f"compare: {len(folders)} named; 2 to {_MOST} folders of runs or sweeps are compared")
    twice = [folder for folder, times in Counter(resolve_links(folder) for folder in folders).items() if times > 1]
    if twice:
        raise OutputError(f"{twice[0]}: is named twice; name each folder once")
    found = [_read(folder, prepare) for folder in folders]
    names = Counter(one.label for one in found)
    return [replace(one, label=f"{one.label} ({one.place})") if names[one.label] > 1 else one for one in found]


def _read(folder: Path, prepare: Callable[[Path], PreparedSweep[PolicyT]]) -> Contestant:
    kind = folder_kind(folder)
    if kind not in {"", RUN_KIND, SWEEP_KIND}:
        raise OutputError(
            f"{folder}: holds {kind_words(kind)}; compare takes folders that `engine run` or `engine sweep` wrote"
        )
    with lock_folder(folder):
        finished = read_sweep(folder) if kind == SWEEP_KIND else read_run(folder)
    with fit_together(folder):
        if isinstance(finished, FinishedSweep):
            return _from_sweep(finished, prepare)
        return _from_run(finished)


def _from_run(run: FinishedRun) -> Contestant:
    summary = run.summary
    strategy, rival = summary.portfolios["strategy"], summary.versus.get("buy_and_hold")
    free = run.section("compare").get("risk_free", 0.0)
    dates, level = run.own_level("strategy")
    held_dates, held = run.own_level("buy_and_hold") if rival else (None, None)
    return Contestant(
        label=summary.name,
        place=str(run.path),
        kind=RUN_KIND,
        currency=summary.account.currency,
        frequency=strategy.frequency or "daily",
        dates=dates,
        level=level,
        data=summary.data.sha256,
        risk_free=float(free) if isinstance(free, float | int) else None,
        held_dates=held_dates,
        held=held,
        interval=rival.cagr_difference_interval if rival else None,
        plan=summary.plan_sentence or "",
        tax_law=summary.tax_law or "",
    )


def _from_sweep(sweep: FinishedSweep, prepare: Callable[[Path], PreparedSweep[PolicyT]]) -> Contestant:
    prepared = prepare(sweep.path / CONFIG_FILE)
    if prepared.plan_sha256 != sweep.manifest.plan_sha256:
        raise DataError(f"{sweep.path}: its prices or config are not those that it was made of; sweep again")
    return _from_result(run_config(prepared, prepared.base_config), sweep)


def _from_result(result: RunResult, sweep: FinishedSweep) -> Contestant:
    own, rival = result.comparison.strategy, result.comparison.portfolios.get("buy_and_hold")
    versus = result.comparison.versus.get("buy_and_hold")
    free = own.performance.risk_free
    compare = result.config.get("compare")
    stated = compare.get("risk_free", 0.0) if isinstance(compare, dict) else 0.0
    return Contestant(
        label=sweep.summary.name,
        place=str(sweep.path),
        kind=SWEEP_KIND,
        currency=sweep.summary.account.currency,
        frequency=own.market.frequency,
        dates=own.performance.dates,
        level=own.performance.level,
        data=sweep.summary.data.sha256,
        risk_free=float(stated) if isinstance(free, float) and isinstance(stated, float | int) else None,
        held_dates=rival.performance.dates if rival else None,
        held=rival.performance.level if rival else None,
        interval=versus.cagr_difference_interval if versus else None,
        plan=sweep.summary.plan_sentence or "",
        tax_law=result.tax_law,
    )
