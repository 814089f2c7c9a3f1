"""Where exported tables go: a folder beside the run's, in which nothing is replaced that was not put there so."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.output_folders import EXPORT_KIND, RUN_KIND, folder_kind, kind_words
from engine.backtest.signed_files import fit_together
from engine.core.did_you_mean import did_you_mean
from engine.core.errors import OutputError
from engine.core.publication import lock_folder
from engine.report.export.csv_file import csv_bytes
from engine.report.export.markdown import markdown_page
from engine.report.export.parquet_file import parquet_bytes
from engine.report.export.run_tables import TABLES
from engine.report.export.xlsx_file import xlsx_bytes
from engine.report.owned_folder import publish_owned

FORMATS: Final = ("csv", "xlsx", "parquet", "markdown")
ALL_TABLES: Final = "all"


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
        raise OutputError(f"{folder}: holds {kind_words(found)}; a folder that `engine run` wrote is expected")
    with lock_folder(folder):
        run = read_run(folder)
    with fit_together(folder):
        files = _files(run, to, list(TABLES) if what == ALL_TABLES else [what])
    place = Path(os.path.abspath(folder)) if out is None else out  # noqa: PTH100  (a link's own name is wanted)
    place = place.with_name(f"{place.name}.export") if out is None else place
    signed = run.manifest
    return publish_owned(
        place, files, EXPORT_KIND, "engine export", config=signed.config_sha256, data=signed.data_sha256
    )


def _require_known(option: str, word: str, known: Iterable[str]) -> None:
    names = list(known)
    if word not in names:
        near = did_you_mean(word, names, "")
        raise OutputError(f"{option}: '{word}' is none of {', '.join(names)}{'; ' if near else ''}{near}")


def _files(run: FinishedRun, to: str, names: list[str]) -> dict[str, bytes]:
    if to == "markdown":
        return {"run.md": markdown_page(run).encode("utf-8")}
    tables = [table for table in (TABLES[name](run) for name in names) if table is not None]
    if not tables and names[0] in {"taxes", "lots"}:
        raise OutputError(f"{run.path}: has no {names[0]}: nothing in it is taxed; name another table")
    if not tables:
        raise OutputError(f"{run.path}: has no {names[0]}, so it is of an earlier version; run the config again")
    if to == "xlsx":
        return {"run.xlsx" if len(names) > 1 else f"{names[0]}.xlsx": xlsx_bytes(tables)}
    if to == "csv":
        return {f"{table.name}.csv": csv_bytes(table) for table in tables}
    about = {
        "name": run.summary.name,
        "currency": run.summary.account.currency,
        "config_sha256": run.manifest.config_sha256,
    }
    return {f"{table.name}.parquet": parquet_bytes(table, about) for table in tables}
