"""What a plan is, by content: two copies of the same files, wherever they lie, are one plan (S14)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import cast

from engine.core.files import file_sha256
from engine.core.stand_ins import find_stand_in, known_hash


def config_sha256(config: Mapping[str, object]) -> str:
    """Return the SHA-256 of a canonical config as JSON, with the content of files instead of their places."""
    return hashlib.sha256(json.dumps(_replace_paths(config), sort_keys=True).encode()).hexdigest()


def plan_sha256(config: Mapping[str, object], closes_sha256: str) -> str:
    """Return ``config_sha256`` with ``closes_sha256`` in place of the whole source: the same prices from anywhere."""
    data = {**cast("Mapping[str, object]", config["data"]), "source": closes_sha256}
    return config_sha256({**config, "data": data})


def _replace_paths(node: object) -> object:
    """Return plain data with the hash of each file that a key `path` names in place of the path."""
    if isinstance(node, dict):
        return {key: content_hash(item) if key == "path" else _replace_paths(item) for key, item in node.items()}
    return [_replace_paths(item) for item in node] if isinstance(node, list) else node


def content_hash(path: object) -> object:
    """Return the hash of a file, or of a folder's price files and their names, which are tickers."""
    if (known := known_hash(str(path))) is not None:
        return known
    place = Path(find_stand_in(str(path))).expanduser()
    if place.is_dir():
        from engine.data.price_files.read_file import is_price_file  # noqa: PLC0415  (few plans read folders)

        files = sorted(one for one in place.iterdir() if is_price_file(one) and one.is_file())
        return [[file.name, _known_sha256(file)] for file in files]
    return _known_sha256(place) if place.is_file() else path


def _known_sha256(file: Path) -> str:
    """Return a file's SHA-256, computed once while the file stays as it is: a sweep asks for every variant it names."""
    state = file.stat()
    return _sha256(file.resolve(), state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _sha256(file: Path, _changed: int, _size: int) -> str:
    return file_sha256(file)
