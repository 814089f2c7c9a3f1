"""Every file of a price store held against the digest in it: none of them is used again before it is needed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from engine.core.errors import DataError
from engine.core.regular_files import read_regular
from engine.data.sources.exchange_calendar import decode_calendar
from engine.data.sources.price_store import MAX_STORED_BYTES, decode_mark, decode_series, file_stem


def _verify_series(path: Path, content: bytes) -> None:
    found = decode_series(path, content)
    if found is not None and file_stem(found.ticker) != path.stem:
        raise DataError(f"{path}: these stored prices are of {found.ticker}; `engine data fetch` gets them again")


def _verify_mark(path: Path, content: bytes) -> None:
    mark = decode_mark(content)
    if mark is None or file_stem(mark[1]) != path.stem:
        raise DataError(f"{path}: damaged: it is no mark of a missing ticker as it was written; remove it")


def _verify_calendar(path: Path, content: bytes) -> None:
    if decode_calendar(content) is None:
        raise DataError(f"{path}: damaged: its sessions do not match their SHA-256; remove it, it is made anew")


class _Kind(NamedTuple):
    name: re.Pattern[str]
    verify: Callable[[Path, bytes], None]


_KINDS: Final = {
    "series": _Kind(re.compile(r"[a-z0-9_]*-[0-9a-f]{12}\.parquet"), _verify_series),
    "missing tickers": _Kind(re.compile(r"[a-z0-9_]*-[0-9a-f]{12}\.absent"), _verify_mark),
    "calendars": _Kind(re.compile(r"\w+-\d{1,4}-\d{1,4}-.+\.days"), _verify_calendar),
}
"""What lies in a store: the names of its files, and what each has to be."""


def stored_files(folder: Path) -> list[tuple[str, Path]]:
    """Return the files of a store, or of one of its folders, with their kinds; what is not of a store is left out."""
    own = list(folder.iterdir()) if folder.is_dir() else []
    paths = [*own, *(path for place in own if place.is_dir() for path in place.iterdir())]
    return sorted((kind, path) for path in paths if (kind := _kind_of(path)))


def _kind_of(path: Path) -> str:
    return next((kind for kind, one in _KINDS.items() if one.name.fullmatch(path.name)), "")


def verify_stored(files: list[tuple[str, Path]]) -> Counter[str]:
    """Return how many files there are of each kind; raises DataError with a line for each that is damaged."""
    faults: list[str] = []
    for kind, path in files:
        try:
            _KINDS[kind].verify(path, read_regular(path, MAX_STORED_BYTES))
        except OSError as error:
            faults.append(f"{path}: cannot be read: {error.strerror}; remove it")
        except DataError as error:
            faults += error.args
    if faults:
        raise DataError(*faults)
    return Counter(kind for kind, _ in files)
