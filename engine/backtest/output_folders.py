"""Folders of results: what they are called, what kind each holds, and what is never written over."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.backtest.manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, REPORT_FILE
from engine.backtest.tax_files import LOTS_FILE, TAXES_FILE
from engine.core.errors import ConfigError, Fault, OutputError
from engine.core.publication import resolve_links
from engine.core.regular_files import read_regular

SUMMARY_FILE: Final = "summary.json"
CONFIG_FILE: Final = "config.resolved.yaml"
KEPT_FILE: Final = "kept_prices.zip"
"""What ``--keep-prices`` adds; how it is made and read stands in ``kept_file.py``."""
RUN_KIND, SWEEP_KIND, LUCK_KIND = "run", "sweep", "luck"
EXPORT_KIND, COMPARISON_KIND = "table export", "comparison"
ORDERS_KIND, DEPOT_KIND = "orders", "depot"
"""What a folder can hold, as its manifest says under ``kind``."""
_TABLES: Final = {
    RUN_KIND: (
        "equity.parquet",
        "levels.parquet",
        "weights.parquet",
        "trades.csv",
        TAXES_FILE,
        LOTS_FILE,
        "months.parquet",
        "rolling.parquet",
        KEPT_FILE,
    ),
    SWEEP_KIND: ("results.parquet",),
    LUCK_KIND: (),
    EXPORT_KIND: (),
    COMPARISON_KIND: (),
    ORDERS_KIND: (),
    DEPOT_KIND: (),
}
"""What only the one kind has, the first of them always."""


def output_folder(out: Path, name: str) -> Path:
    """Return ``out/name``, refusing a path that leaves ``out`` through a link."""
    blocked = next((one for one in (out, *out.parents) if os.path.lexists(one)), None)
    if blocked is not None and blocked.exists() and not blocked.is_dir():
        raise OutputError(f"{blocked}: is a file, expected a folder; choose another --out")
    folder = resolve_links(out / name)
    if resolve_links(out) != folder.parent:
        raise OutputError(f"{out / name}: leads outside {out}; remove the link or choose another --out")
    return folder


def refuse_same_name(configs: Sequence[Path], names: Sequence[str]) -> None:
    """Raise ConfigError when two configs would write the same folder; ``names`` are those of their folders."""
    for i, name in enumerate(names):
        earlier = [k for k in range(i) if names[k].casefold() == name.casefold() and configs[k] != configs[i]]
        if earlier:
            message = f"'{name}' is also the name of {configs[earlier[0]]}"
            raise ConfigError([Fault(str(configs[i]), "name", message, "give one of them another name")])


def run_folders(out: Path, configs: Sequence[Path], names: Sequence[str]) -> list[Path]:
    """Return the folder in ``out`` of the run of each config, by name.

    Raises ConfigError for two of one name, OutputError for a folder that leads outside or holds something else.
    """
    refuse_same_name(configs, names)
    folders = [output_folder(out, name) for name in names]
    for folder in folders:
        refuse_other_kind(folder, RUN_KIND)
    return folders


def signs_kept_prices(folder: Path) -> bool:
    """Tell whether a run that kept its prices is in ``folder``."""
    try:
        return KEPT_FILE in json.loads(read_regular(folder / MANIFEST_FILE, MAX_MANIFEST_BYTES))["files"]
    except (OSError, ValueError, TypeError, LookupError, RecursionError):  # none, or a damaged one
        return False


def folder_kind(folder: Path) -> str:
    """Return what ``folder`` holds, ``run``, ``sweep`` or another kind, finished or not; empty when it is none."""
    try:
        found = json.loads(read_regular(folder / MANIFEST_FILE, MAX_MANIFEST_BYTES)).get("kind")
    except (OSError, ValueError, AttributeError, RecursionError):  # none, or a damaged one
        found = None
    if isinstance(found, str) and found in _TABLES:
        return found
    if (folder / "unfinished" / "sweep.journal").exists():
        return SWEEP_KIND
    whole = (kind for kind, tables in _TABLES.items() if tables and (folder / tables[0]).exists())
    return next(whole, "") if (folder / CONFIG_FILE).exists() else ""


def kind_words(kind: str) -> str:
    """Return a kind as a sentence says it."""
    own = {ORDERS_KIND: "orders of `engine orders`", DEPOT_KIND: "a comparison of `engine depot`"}
    return own.get(kind, f"a {kind}")


def refuse_own_depot(folder: Path, kind: str) -> None:
    """Raise OutputError for what was made of a broker's file, which no folder keeps."""
    if kind in {ORDERS_KIND, DEPOT_KIND}:
        remedy = f"run `engine {kind}` again with the same files to compare them"
        raise OutputError(f"{folder}: holds {kind_words(kind)}, made from a broker's file that is not kept; {remedy}")


def refuse_other_kind(folder: Path, kind: str) -> None:
    """Raise OutputError when ``folder`` holds the other kind, or files of somebody else's that would be replaced."""
    found = folder_kind(folder)
    if found and found != kind:
        raise OutputError(f"{folder}: holds {kind_words(found)}; give the {kind} another name or another --out")
    for path in (folder / name for name in (CONFIG_FILE, MANIFEST_FILE, SUMMARY_FILE, REPORT_FILE, *_TABLES[kind])):
        if not found and os.path.lexists(path):
            raise OutputError(f"{path}: is no {kind}'s and would be replaced; move it away or choose another --out")
