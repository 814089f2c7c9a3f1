"""Configs to begin with, one of each kind, and the schema that makes editors check them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Final

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import OutputError
from engine.core.files import atomic_write
from engine.core.json_files import Json, to_json
from engine.core.regular_files import read_regular

SCHEMA_FILE: Final = "portfolio-engine.schema.json"
"""Written beside a config: editors find it by a path, which needs no network."""
SCHEMA_ID: Final = "urn:portfolio-engine:config"
"""What the schema is called; the version follows."""
_MODELINE: Final = f"# yaml-language-server: $schema={SCHEMA_FILE}\n"
_MAX_SCHEMA_BYTES: Final = 10_000_000
_NEXT_VERBS: Final[Mapping[str, tuple[str, ...]]] = {
    "plan": ("validate", "run"),
    "savings": ("validate", "run"),
    "small-caps": ("data fetch", "run"),
    "sweep": ("validate", "sweep"),
    "optimised": ("validate", "run"),
    "taxed": ("data fetch", "run"),
}
"""The kinds of starters, and what is done with them next."""
SAMPLED: Final = frozenset({"plan", "savings", "sweep", "optimised"})
"""Those on prices of the sample."""


def starter_text(kind: str) -> str:
    """Return a starter with the line by which editors find its schema; raises OutputError for an unknown kind."""
    if kind not in _NEXT_VERBS:
        near = did_you_mean(kind, list(_NEXT_VERBS), "")
        raise OutputError(f"--kind: '{kind}' is none of {', '.join(_NEXT_VERBS)}{'; ' if near else ''}{near}")
    name = "starter.yaml" if kind == "plan" else f"starters/{kind}.yaml"
    return _MODELINE + resources.files("engine.backtest").joinpath(name).read_text(encoding="utf-8")


def write_starter(path: Path, kind: str, schema: Callable[[], dict[str, Json]]) -> tuple[str, ...]:
    """Write the starter of a kind and the schema beside it; return the verbs that come next.

    Raises OutputError when the config is there already, or another file has the schema's name.
    """
    text = starter_text(kind)
    if path.exists():
        raise OutputError(f"{path}: is there already; name another file")
    beside = path.parent / SCHEMA_FILE
    if not _is_replaceable(beside):
        raise OutputError(f"{beside}: is there already and no schema of this program; name another folder")
    atomic_write(beside, to_json(schema()))
    atomic_write(path, text.encode())
    return _NEXT_VERBS[kind]


def _is_replaceable(path: Path) -> bool:
    """Tell whether a file is not there, or a schema that some version of this program wrote."""
    try:
        found = json.loads(read_regular(path, _MAX_SCHEMA_BYTES))
    except FileNotFoundError:
        return True
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and str(found.get("$id", "")).startswith(SCHEMA_ID)
