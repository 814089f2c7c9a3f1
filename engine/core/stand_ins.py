"""Copies of files that are read in place of those that a config names, so that it says what it said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from engine.core.json_files import Json


@dataclass(frozen=True)
class StandIns:
    """``places`` has the copy of each path as a config writes it; ``hashes`` what is there, of what is not copied."""

    places: Mapping[str, Path] = field(default_factory=dict)
    hashes: Mapping[str, Json] = field(default_factory=dict)


_CURRENT: ContextVar[StandIns | None] = ContextVar("stand_ins", default=None)


@contextmanager
def read_instead(stand_ins: StandIns) -> Iterator[None]:
    """Have the copies read, within this block and thread, wherever their originals are named."""
    token = _CURRENT.set(stand_ins)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def find_stand_in(path: str) -> str:
    """Return where the file is read that a config calls ``path``."""
    current = _CURRENT.get()
    return str(current.places.get(path, path)) if current else path


def known_hash(path: str) -> Json:
    """Return the hash of what ``path`` named when it was kept; None where that is to be read."""
    current = _CURRENT.get()
    return current.hashes.get(path) if current else None
