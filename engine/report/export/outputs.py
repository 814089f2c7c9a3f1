"""Where exported tables go: a folder beside the run's, in which nothing is replaced that was not put there so."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Final

from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, Manifest, is_manifest_sealed
from engine.backtest.outputs import RUN_KIND, folder_kind
from engine.backtest.signed_files import MAX_FILE_BYTES, fit_together
from engine.core.did_you_mean import did_you_mean
from engine.core.errors import OutputError
from engine.core.files import atomic_write
from engine.core.publication import lock_folder, stage_folder
from engine.core.regular_files import read_regular, regular_sha256
from engine.report.export.csv_file import csv_bytes
from engine.report.export.markdown import markdown_page
from engine.report.export.parquet_file import parquet_bytes
from engine.report.export.run_tables import TABLES
from engine.report.export.xlsx_file import xlsx_bytes

FORMATS: Final = ("csv", "xlsx", "parquet", "markdown")
ALL_TABLES: Final = "all"
_EXPORT_KIND: Final = "export"


def export_run(folder: Path, to: str, what: str, out: Path | None = None) -> list[Path]:
    """Write tables of the run in ``folder`` into ``out``, else into the folder beside it that ends in ``.export``.

    Returns what was written.

    Raises
    ------
    OutputError
        When there is no such format, table or run, or a file would be replaced that was not exported, or was changed.
    DataError
        When a file of the run is damaged.

    """
    _require_known("--to", to, FORMATS)
    _require_known("--what", what, (*TABLES, ALL_TABLES))
    if to == "markdown" and what != ALL_TABLES:
        raise OutputError("--what: markdown is one page of verdict, figures, years and falls; leave --what away")
    found = folder_kind(folder)
    if found and found != RUN_KIND:
        raise OutputError(f"{folder}: holds a {found}; a folder that `engine run` wrote is expected")
    with lock_folder(folder):
        run = read_run(folder)
    with fit_together(folder):
        files = _files(run, to, list(TABLES) if what == ALL_TABLES else [what])
    place = Path(os.path.abspath(folder)) if out is None else out  # noqa: PTH100  (a link's own name is wanted)
    place = place.with_name(f"{place.name}.export") if out is None else place
    with stage_folder(place, lambda there: _require_ours(there, (*files, MANIFEST_FILE))) as staging:
        manifest = _manifest(run, place)
        for name, content in files.items():
            atomic_write(staging / name, content)
            manifest = manifest.sign(name, content)
        atomic_write(staging / MANIFEST_FILE, manifest.to_bytes())
    return [place / name for name in files]


def _require_known(option: str, word: str, known: Iterable[str]) -> None:
    names = list(known)
    if word not in names:
        near = did_you_mean(word, names, "")
        raise OutputError(f"{option}: '{word}' is none of {', '.join(names)}{'; ' if near else ''}{near}")


def _files(run: FinishedRun, to: str, names: list[str]) -> dict[str, bytes]:
    if to == "markdown":
        return {"run.md": markdown_page(run).encode("utf-8")}
    tables = [TABLES[name](run) for name in names]
    if to == "xlsx":
        return {"run.xlsx" if len(names) > 1 else f"{names[0]}.xlsx": xlsx_bytes(tables)}
    write = csv_bytes if to == "csv" else parquet_bytes
    return {f"{table.name}.{to}": write(table) for table in tables}


def _manifest(run: FinishedRun, place: Path) -> Manifest:
    """Return what signs the files of this export, and those of earlier ones that are still there as they were."""
    earlier = _read_manifest(place)
    return Manifest(
        kind=_EXPORT_KIND,
        versions={"portfolio-engine": version("portfolio-engine")},
        config_sha256=run.manifest.config_sha256,
        data_sha256=run.manifest.data_sha256,
        files=earlier.files if earlier else {},
    )


def _read_manifest(place: Path) -> Manifest | None:
    try:
        content = read_regular(place / MANIFEST_FILE, MAX_MANIFEST_BYTES)
        manifest = Manifest.model_validate_json(content)
    except (OSError, ValueError):
        return None
    return manifest if manifest.kind == _EXPORT_KIND and is_manifest_sealed(content) else None


def _require_ours(place: Path, names: Iterable[str]) -> None:
    """Raise OutputError where a file would be replaced that is not as an export left it."""
    manifest = _read_manifest(place)
    for path in (place / name for name in names):
        if not os.path.lexists(path) or (manifest and _is_as_exported(path, manifest)):
            continue
        why = "is not as `engine export` left it and would be replaced"
        raise OutputError(f"{path}: {why}; move it away or choose another --out")


def _is_as_exported(path: Path, manifest: Manifest) -> bool:
    if path.name == MANIFEST_FILE:
        return True
    try:
        return manifest.files.get(path.name) == regular_sha256(path, MAX_FILE_BYTES)
    except OSError:
        return False
