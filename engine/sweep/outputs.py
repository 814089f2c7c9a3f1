"""From a finished computation to the files of a sweep, all of them in place or none."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeVar

import yaml

from engine.backtest.outputs import MANIFEST, PACKAGES, SWEEP, Json, keep_apart, to_json
from engine.core.errors import OutputError
from engine.core.files import alone_in, atomic_write, take_places
from engine.portfolio.policy import Policy
from engine.sweep.computation import Sweeping
from engine.sweep.journal import NAME as JOURNAL
from engine.sweep.results_table import NAME as RESULTS
from engine.sweep.summary import Findings, summary_of

PolicyT = TypeVar("PolicyT", bound=Policy)

UNFINISHED: Final = "unfinished"
"""The folder, beside the results, of what is not a result yet."""
CONFIG: Final = "config.resolved.yaml"
SUMMARY: Final = "summary.json"
PUBLISHED: Final = (CONFIG, MANIFEST, "report.html", RESULTS, SUMMARY)
"""The files of a finished sweep."""


def workshop(folder: Path) -> Path:
    """Return the place in ``folder`` where a sweep is made; raises OutputError when it is something else."""
    place = folder / UNFINISHED
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise OutputError(f"{place}: a folder is expected there; move it away or choose another --out")
    return place


def publish(
    sweeping: Sweeping[PolicyT], found: Findings, folder: Path, build: Callable[[Path], object]
) -> dict[str, Json]:
    """Write what belongs to the results beside them, ``build`` the report, and put all in place in ``folder``.

    Returns the content of ``summary.json``. A fault on the way leaves the results of an earlier sweep as they were.
    """
    made = workshop(folder)
    summary = summary_of(found)
    files: Mapping[str, bytes] = {
        CONFIG: yaml.safe_dump(sweeping.config.canonical(), sort_keys=False, allow_unicode=True).encode(),
        SUMMARY: to_json(summary),
    }
    signatures: dict[str, Json] = {RESULTS: _sha256(made / RESULTS)}
    for name, content in files.items():
        signatures[name] = hashlib.sha256(content).hexdigest()
        atomic_write(made / name, content)
    manifest: dict[str, Json] = {
        "kind": SWEEP,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "config_sha256": sweeping.config.sha256(),
        "plan_sha256": found.run.config_sha256,
        "data_sha256": sweeping.job.closes.provenance.sha256,
        "identity": dict(sweeping.identity),
        "files": signatures,
    }
    atomic_write(made / MANIFEST, to_json(manifest))
    build(made)
    with alone_in(folder):
        keep_apart(folder, SWEEP)
        take_places([made / name for name in PUBLISHED], folder)
    return summary


def tidy(folder: Path) -> None:
    """Remove what a finished sweep does not need any more; what somebody else put there stays."""
    made = workshop(folder)
    with suppress(OSError):
        for path in [made / JOURNAL, *(made / name for name in PUBLISHED), *made.glob(".*.tmp")]:
            path.unlink(missing_ok=True)
        made.rmdir()


def is_finished(sweeping: Sweeping[PolicyT], folder: Path) -> bool:
    """Tell whether ``folder`` holds the results of just this sweep, whole."""
    if (workshop(folder) / JOURNAL).exists():
        return False
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        signed = all(manifest["files"][name] == _sha256(folder / name) for name in (RESULTS, CONFIG, SUMMARY))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(signed and manifest.get("identity") == sweeping.identity)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
