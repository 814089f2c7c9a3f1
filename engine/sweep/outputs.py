"""From a finished computation to the files of a sweep, all of them in place or none."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import yaml

from engine.backtest.manifest import MANIFEST_FILE, REPORT_FILE
from engine.backtest.output_folders import CONFIG_FILE, SUMMARY_FILE, SWEEP_KIND, refuse_other_kind
from engine.backtest.run_summary import package_versions
from engine.backtest.signed_files import page_fault
from engine.core.errors import EngineError, OutputError
from engine.core.files import atomic_write, file_sha256
from engine.core.json_files import to_json
from engine.core.publication import stage_folder
from engine.portfolio.policy import PolicyT
from engine.sweep.computation import PreparedSweep
from engine.sweep.finished_sweep import FinishedSweep, read_sweep
from engine.sweep.journal import JOURNAL_FILE
from engine.sweep.results_table import RESULTS_FILE
from engine.sweep.summary import SweepManifest, SweepSummary

STAGING_NAME: Final = "unfinished"
"""The folder, beside the results, of what is not a result yet."""


def staging_folder(folder: Path) -> Path:
    """Return the place in ``folder`` where a sweep is made; raises OutputError when something else is there."""
    place = folder / STAGING_NAME
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise OutputError(f"{place}: a folder is expected there; move it away or choose another --out")
    table = place / RESULTS_FILE
    if os.path.lexists(table) and not (place / JOURNAL_FILE).exists():
        raise OutputError(f"{table}: is no sweep's, which has a journal; move it away or choose another --out")
    return place


def publish_files(
    sweep: PreparedSweep[PolicyT], summary: SweepSummary, folder: Path, render: Callable[[FinishedSweep], str]
) -> None:
    """Put the results in place in ``folder`` with what belongs to them and the page that ``render`` makes, all signed.

    A fault on the way leaves the results of an earlier sweep as they were; the journal has those of this one.
    """
    config_text = yaml.safe_dump(sweep.config.canonical(), sort_keys=False, allow_unicode=True)
    with stage_folder(folder, lambda place: refuse_other_kind(place, SWEEP_KIND)) as staging:
        (staging_folder(folder) / RESULTS_FILE).rename(staging / RESULTS_FILE)
        manifest = SweepManifest(
            versions=package_versions(sweep.plug_ins),
            config_sha256=sweep.config.sha256(),
            plan_sha256=sweep.plan_sha256,
            data_sha256=sweep.job.closes.provenance.sha256,
            identity=dict(sweep.identity),
            files={RESULTS_FILE: file_sha256(staging / RESULTS_FILE)},
        )
        files: Mapping[str, bytes] = {
            CONFIG_FILE: config_text.encode(),
            SUMMARY_FILE: to_json(summary.to_plain()),
            REPORT_FILE: render(FinishedSweep(staging, summary, manifest, config_text)).encode(),
        }
        for name, content in files.items():
            atomic_write(staging / name, content)
            manifest = manifest.sign(name, content)
        atomic_write(staging / MANIFEST_FILE, manifest.to_bytes())


def clean_staging(folder: Path) -> None:
    """Remove what a finished sweep does not need any more; what somebody else put there stays."""
    staging = staging_folder(folder)
    with suppress(OSError):
        for name in (RESULTS_FILE, JOURNAL_FILE):  # in this order: what tells whose they are goes last
            (staging / name).unlink(missing_ok=True)
        staging.rmdir()


def is_finished(sweep: PreparedSweep[PolicyT], folder: Path) -> bool:
    """Tell whether ``folder`` holds the results of just this sweep, whole."""
    if (staging_folder(folder) / JOURNAL_FILE).exists():
        return False
    try:
        manifest = read_sweep(folder).manifest
    except EngineError:
        return False
    return manifest.identity == sweep.identity and not page_fault(folder, manifest)


def finished_summary(sweep: PreparedSweep[PolicyT], folder: Path) -> SweepSummary | None:
    """Return the summary of just this sweep where ``folder`` holds it whole, else None.

    What a sweep that was killed after its last file left beside it is removed.
    """
    if not is_finished(sweep, folder):
        return None
    summary = SweepSummary.model_validate_json((folder / SUMMARY_FILE).read_text(encoding="utf-8"))
    clean_staging(folder)
    return summary
