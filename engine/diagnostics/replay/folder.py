"""``engine replay DIR``: a finished folder made again in a temporary place, each file beside the one that is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic

from engine.backtest.config import RunConfig
from engine.backtest.finished_run import read_run
from engine.backtest.output_folders import CONFIG_FILE, LUCK_KIND, RUN_KIND, SWEEP_KIND, folder_kind, refuse_own_depot
from engine.backtest.outputs import RunResult
from engine.backtest.signed_files import RUN_FILES, SWEEP_FILES
from engine.core.errors import DataError, OutputError, prefix_errors
from engine.core.publication import lock_folder
from engine.core.scratch import scratch_folder
from engine.diagnostics.replay.files import FileMatch, VersionChange, compare_files, compare_versions, read_manifest
from engine.diagnostics.replay.rerun import rerun_run
from engine.evidence.luck.outputs import LUCK_FILES
from engine.evidence.luck.summary import LuckSummary
from engine.portfolio.policy import PolicyT
from engine.sweep.computation import PreparedSweep
from engine.sweep.examination import Examine
from engine.sweep.finished_sweep import FinishedSweep, read_sweep
from engine.sweep.pipeline import SweepOptions, run_sweep

_SWEEP_MEMORY: Final = 256_000_000
"""What chunks may take together [bytes]; the files do not depend on it (S14)."""


@dataclass(frozen=True)
class Makers(Generic[PolicyT]):
    """What makes the files of each kind of folder: functions of the rooms above, and of those that know strategies."""

    load_run: Callable[[Path], RunConfig[PolicyT]]
    publish_run: Callable[[RunResult, Path], None]
    prepare_sweep: Callable[[Path], PreparedSweep[PolicyT]]
    examine_sweep: Examine[PolicyT]
    render_sweep: Callable[[FinishedSweep], str]
    measure_luck: Callable[[RunConfig[PolicyT]], LuckSummary]
    publish_luck: Callable[[RunConfig[PolicyT], LuckSummary, Path], None]


@dataclass(frozen=True)
class FolderReplay:
    """What came of it: each file, and the packages that are of another version than when the folder was made."""

    folder: Path
    files: tuple[FileMatch, ...]
    versions: tuple[VersionChange, ...]

    @property
    def is_same(self) -> bool:
        """Whether every file has the same bytes."""
        return not any(one.where for one in self.files)

    def require_same_files(self) -> None:
        """Raise DataError with the first place where a file came out otherwise."""
        different = [one for one in self.files if one.where]
        if not different:
            return
        first, count = different[0], len(different)
        others = f"{count} of {len(self.files)} files come out otherwise; first " if count > 1 else ""
        if self.versions:
            packages = ", ".join(f"{one.package} {one.then or 'none'}" for one in self.versions)
            remedy = f"install what it was made with ({packages}), or make the folder anew"
        else:
            remedy = f"`engine verify {self.folder}` tells whether its files fit together; else make the folder anew"
        raise DataError(f"{self.folder / first.name}: {others}{first.where}; {remedy}")


def replay_folder(folder: Path, makers: Makers[PolicyT]) -> FolderReplay:
    """Make what is in ``folder`` again and compare it file by file.

    Raises
    ------
    OutputError
        When it is not there, or holds nothing that was finished.
    ConfigError, DataError
        When its config, a file that it names or its prices are not there any more, or a file is damaged.

    """
    ways = {
        RUN_KIND: (_replay_run, RUN_FILES),
        SWEEP_KIND: (_replay_sweep, SWEEP_FILES),
        LUCK_KIND: (_replay_luck, LUCK_FILES),
    }
    kind = folder_kind(folder)
    refuse_own_depot(folder, kind)
    if kind not in ways:
        raise OutputError(f"{folder}: no folder of a finished run, sweep or luck; name what `engine run` wrote")
    make, files = ways[kind]
    with lock_folder(folder), scratch_folder() as place:
        again = place / folder.resolve().name
        make(folder, again, makers)
        manifest = read_manifest(folder, files)
        return FolderReplay(folder, compare_files(folder, again, manifest, files), compare_versions(manifest))


def _replay_run(folder: Path, again: Path, makers: Makers[PolicyT]) -> None:
    makers.publish_run(rerun_run(read_run(folder), makers.load_run), again)


def _replay_sweep(folder: Path, again: Path, makers: Makers[PolicyT]) -> None:
    sweep = read_sweep(folder)
    with prefix_errors(folder):
        prepared = makers.prepare_sweep(folder / CONFIG_FILE)
        _require_prices(folder, sweep.manifest.data_sha256, prepared.job.closes.provenance.sha256)
        examine = None if sweep.summary.evidence is None else makers.examine_sweep
        options = SweepOptions(again, 0, None, _SWEEP_MEMORY, resume=False)
        run_sweep(prepared, options, lambda *_: None, makers.render_sweep, examine)


def _replay_luck(folder: Path, again: Path, makers: Makers[PolicyT]) -> None:
    then = read_manifest(folder, LUCK_FILES)
    config = makers.load_run(folder / CONFIG_FILE)
    with prefix_errors(folder):
        summary = makers.measure_luck(config)
    _require_prices(folder, then.data_sha256, summary.data.sha256, "; name the list by --universe if it had one")
    makers.publish_luck(config, summary, again)


def _require_prices(folder: Path, then: str, now: str, remedy: str = "") -> None:
    if then != now:
        message = "the prices at hand are not those that it was made with: which, its files do not tell"
        raise DataError(f"{folder}: {message}; bring those back{remedy}")
