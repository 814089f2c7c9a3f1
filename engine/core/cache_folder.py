"""Folders for what is compiled once for an installation, each named by all that the result depends on."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import platformdirs


def hash_files(files: Iterable[Path]) -> str:
    """Return what names one state of ``files``: a hash of their names and contents."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def find_cache_folder(name: str, package: Path, told: str | None = None) -> Path | None:
    """Return the folder ``name``: where the user has ``told``, or else beside the sources or with the user.

    None when none of these can be written. All of them are as private as the sources themselves.
    """
    homes = [Path(told)] if told else [package / "__pycache__", platformdirs.user_cache_path("portfolio-engine")]
    for home in homes:
        try:
            (home / name).mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(home / name, os.W_OK):
            return home / name
    return None


def remove_stale_caches(folder: Path | None) -> None:
    """Remove what other states of the sources have left beside ``folder``: what bears its name up to the first dash."""
    if folder is not None:
        for other in folder.parent.glob(f"{folder.name.partition('-')[0]}-*"):
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
