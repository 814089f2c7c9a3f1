"""What a plan is, by content: two copies of the same files, wherever they lie, are one plan (S14)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from engine.core.files import file_sha256


def plan_sha256(config: Mapping[str, object], closes_sha256: str) -> str:
    """Return the SHA-256 of a canonical config, with the content of files instead of their places.

    ``closes_sha256`` stands for the whole source of prices.
    """
    data = {**cast("Mapping[str, object]", config["data"]), "source": closes_sha256}
    return hashlib.sha256(json.dumps(_replace_paths({**config, "data": data}), sort_keys=True).encode()).hexdigest()


def _replace_paths(node: object) -> object:
    """Return plain data with the hash of each file that a key `path` names in place of the path."""
    if isinstance(node, dict):
        return {key: _content_hash(item) if key == "path" else _replace_paths(item) for key, item in node.items()}
    return [_replace_paths(item) for item in node] if isinstance(node, list) else node


def _content_hash(path: object) -> object:
    file = Path(str(path)).expanduser()
    return file_sha256(file) if file.is_file() else path
