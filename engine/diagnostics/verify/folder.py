"""``engine verify DIR``: the files of a finished run or sweep held against their digests, then against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from engine.backtest.config import RunConfig
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.kept_prices import files_of
from engine.backtest.output_folders import CONFIG_FILE, RUN_KIND, SWEEP_KIND, folder_kind, refuse_own_depot
from engine.backtest.plan_identity import config_sha256
from engine.backtest.signed_files import RUN_FILES, fit_together, page_fault
from engine.core.errors import ContradictionError, EngineError, OutputError
from engine.data.sources.store_files import stored_files
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.diagnostics.verify.gate_replay import replay_gate
from engine.diagnostics.verify.run_figures import recompute_figures
from engine.diagnostics.verify.run_replay import ReplayedRun, replay_run
from engine.diagnostics.verify.run_structure import require_structure
from engine.diagnostics.verify.series_replay import recompute_series
from engine.diagnostics.verify.summary_replay import replay_summary, replay_words
from engine.diagnostics.verify.sweep_replay import replay_lists, replay_variants
from engine.diagnostics.verify.tax_replay import replay_taxes
from engine.portfolio.policy import PolicyT
from engine.sweep.computation import PreparedSweep
from engine.sweep.finished_sweep import FinishedSweep, read_sweep

_CONFIG: Final = FigureGroup("config", "config.resolved.yaml and the files that it names, beside manifest.json")


def read_finished(folder: Path) -> FinishedRun | FinishedSweep:
    """Read a folder with its page.

    Raises EngineError with a line for each file that is missing, unreadable, or not the one that the manifest signs.
    """
    kind = folder_kind(folder)
    refuse_own_depot(folder, kind)
    if kind not in {RUN_KIND, SWEEP_KIND}:
        raise OutputError(
            f"{folder}: no folder of a finished run or sweep, nor of stored prices; name what `engine run` wrote"
        )
    finished = read_sweep(folder) if kind == SWEEP_KIND else read_run(folder)
    if fault := page_fault(folder, finished.manifest):
        raise fault
    return finished


def find_stored(folder: Path) -> list[tuple[str, Path]]:
    """Return the files of a price store with their kinds where ``folder`` is one and no folder of results."""
    return [] if folder_kind(folder) else stored_files(folder)


def verify_finished(
    finished: FinishedRun | FinishedSweep,
    prepare: Callable[[Path], PreparedSweep[PolicyT]],
    load: Callable[[Path], RunConfig[PolicyT]] | None = None,
) -> tuple[list[ReferenceFigure], tuple[str, ...]]:
    """Return what a folder's files say as written and as it comes out of its other files, and what they cannot show.

    ``prepare`` makes a sweep ready to run from its config, ``load`` that of a run which kept its prices.

    Raises DataError for a file that lacks what another names.
    """
    with fit_together(finished.path):
        return _verify_sweep(finished, prepare) if isinstance(finished, FinishedSweep) else _verify_run(finished, load)


def _verify_run(
    run: FinishedRun, load: Callable[[Path], RunConfig[PolicyT]] | None
) -> tuple[list[ReferenceFigure], tuple[str, ...]]:
    require_structure(run)
    with files_of(run.kept):
        config, changed = _config_figures(run)
    own = [*replay_run(run), *replay_gate(run), *replay_taxes(run)]
    own += [*recompute_figures(run), *recompute_series(run), *replay_words(run)]
    if run.kept is not None and load is not None:  # then there is nothing that its files cannot show
        return [*config, *own, *replay_summary(run, load)], changed
    return [*config, *own], (*changed, *_unchecked(ReplayedRun(run)))


def _config_figures(run: FinishedRun) -> tuple[list[ReferenceFigure], tuple[str, ...]]:
    """Return the config's hash beside the manifest's; of a config that names files another one says nothing."""
    try:
        found = config_sha256(run.config) if isinstance(run.config, dict) else ""
    except (TypeError, ValueError):
        raise RUN_FILES.damage_error(run.path / CONFIG_FILE, "a key or value is neither text nor a number") from None
    if found != run.manifest.config_sha256 and _names_a_file(run.config):
        return [], ("whether the config is the run's: it, or a file that it names, is another here",)
    return [_CONFIG.figure("SHA-256", run.manifest.config_sha256, found)], ()


def _names_a_file(node: object) -> bool:
    if isinstance(node, dict):
        return "path" in node or any(map(_names_a_file, node.values()))
    return isinstance(node, list) and any(map(_names_a_file, node))


def _verify_sweep(
    sweep: FinishedSweep, prepare: Callable[[Path], PreparedSweep[PolicyT]]
) -> tuple[list[ReferenceFigure], tuple[str, ...]]:
    """Return a sweep's lists beside its table and, where its prices are at hand, some of its variants run again."""
    lists = list(replay_lists(sweep))
    try:
        prepared = prepare(sweep.path / CONFIG_FILE)
    except EngineError as error:
        return lists, (f"the variants, which cannot be run again here: {str(error).splitlines()[0]}",)
    if prepared.plan_sha256 != sweep.manifest.plan_sha256:
        return lists, ("the variants: the prices at hand, or another file of the config, are not those of the sweep",)
    variants = list(replay_variants(sweep, prepared))
    count = len({one.name.split(":")[0] for one in variants})
    rest = f"the variants but {count} of {sweep.summary.sweep.variants:,} that were run again; effects"
    return [*lists, *variants], (rest,)


def require_agreement(figures: Sequence[ReferenceFigure], folder: Path) -> None:
    """Raise ContradictionError where a figure does not come out of the files."""
    wrong = [one for one in figures if not one.agrees]
    if wrong:
        first = wrong[0]
        raise ContradictionError(
            f"{folder}: {len(wrong)} of {len(figures)} figures do not come out of its files; first {first.group}, "
            f"{first.name}: {first.expected} is written, {first.found} comes out of {first.source}",
            folder=folder,
        )


def _unchecked(replayed: ReplayedRun) -> Iterator[str]:
    """Yield what the files of a run do not determine."""
    others = [name for name in replayed.run.summary.portfolios if name != "strategy"]
    yield "prices between orders, and whether the orders are what the config asks for: `engine replay` asks the source"
    yield "what takes the run apart (risk, gains, ...): that needs prices, as `engine run --keep-prices` keeps"
    if others:
        yield f"orders, costs and weights of {', '.join(others)}: the files have their values and levels only"
    if others and replayed.flows.any():
        yield "levels of these at sessions with flows: their costs are not in the files"
    unknown = [name for name in others if replayed.flows_of(name, replayed.series("equity", name)[0]) is None]
    if unknown:
        yield f"paid_in and xirr of {', '.join(unknown)}: percentages are of values before costs, not in the files"
    other = [name for name in others if not replayed.has_frequency_of(name)]
    if other:
        yield f"differences to {', '.join(other)}, whose sessions are of another frequency"
    if replayed.pays_dividends:
        yield "how much cash came from dividends: it is held to be no less than without them"
    elif replayed.may_split:
        yield "shares between orders: dividends that are reinvested make them more"
    if not isinstance(replayed.account.cash.rate, float):
        yield "cash: the dated rate that it earns is not in the folder"
    if replayed.run.summary.gate:
        yield "whether the filings say what the findings of the gate do: their table is not in the folder"
    if replayed.risk_free is None:
        yield "ratios over the risk-free rate: its dated series is not in the folder"
