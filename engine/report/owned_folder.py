"""A folder of one command's files, in which nothing is replaced that the command did not put there so."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from engine.backtest.manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, Manifest, is_manifest_sealed
from engine.backtest.signed_files import MAX_FILE_BYTES
from engine.core.errors import OutputError
from engine.core.files import atomic_write
from engine.core.publication import stage_folder
from engine.core.regular_files import read_regular, regular_sha256


def publish_owned(  # noqa: PLR0913  (what a manifest says of them)
    folder: Path,
    files: Mapping[str, bytes],
    kind: str,
    command: str,
    *,
    config: str = "",
    data: str = "",
    private: bool = False,
) -> list[Path]:
    """Put ``files`` into ``folder``, all or none, and a manifest of ``kind`` that signs them; return their places.

    Files of the same kind that are still as an earlier ``command`` left them stay signed. ``config`` and ``data`` are
    the SHA-256 of what they were made of; what is ``private`` can be read by its owner alone.

    Raises
    ------
    OutputError
        When a file would be replaced that is another's, or was changed since.

    """
    with stage_folder(folder, lambda place: _require_ours(place, (*files, MANIFEST_FILE), kind, command)) as staging:
        earlier = _read_manifest(folder, kind)
        manifest = Manifest(
            kind=kind,
            versions={"portfolio-engine": version("portfolio-engine")},
            config_sha256=config,
            data_sha256=data,
            files=earlier.files if earlier else {},
        )
        for name, content in files.items():
            atomic_write(staging / name, content)
            manifest = manifest.sign(name, content)
        atomic_write(staging / MANIFEST_FILE, manifest.to_bytes())
        for name in (*files, MANIFEST_FILE) if private else ():
            (staging / name).chmod(0o600)
    return [folder / name for name in files]


def _read_manifest(place: Path, kind: str) -> Manifest | None:
    try:
        content = read_regular(place / MANIFEST_FILE, MAX_MANIFEST_BYTES)
        manifest = Manifest.model_validate_json(content)
    except (OSError, ValueError):
        return None
    return manifest if manifest.kind == kind and is_manifest_sealed(content) else None


def _require_ours(place: Path, names: Iterable[str], kind: str, command: str) -> None:
    """Raise OutputError where a file would be replaced that is not as the command left it."""
    manifest = _read_manifest(place, kind)
    for path in (place / name for name in names):
        if not os.path.lexists(path) or (manifest and _is_as_left(path, manifest)):
            continue
        why = f"is not as `{command}` left it and would be replaced"
        raise OutputError(f"{path}: {why}; move it away or choose another --out")


def _is_as_left(path: Path, manifest: Manifest) -> bool:
    if path.name == MANIFEST_FILE:
        return True
    try:
        return manifest.files.get(path.name) == regular_sha256(path, MAX_FILE_BYTES)
    except OSError:
        return False
