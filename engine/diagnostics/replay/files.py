"""Files of a folder beside those that were made again: the same bytes, or the first place where they differ."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.backtest.manifest import MANIFEST_FILE, MAX_MANIFEST_BYTES, REPORT_FILE, Manifest
from engine.backtest.run_summary import package_versions
from engine.backtest.signed_files import MAX_TABLE_BYTES, SignedFiles
from engine.core.errors import shorten
from engine.core.regular_files import read_regular

_SHOWN: Final = 60
"""Characters of a value that are told."""
_SIGNED: Final = frozenset({"files", "sha256", "trades_sha256"})
"""Keys of a manifest that follow from the other files."""
_FILE_NAME: Final = re.compile(r"\w[\w.-]{0,99}", re.ASCII)
"""What the files of a folder are called: none leads out of it."""


@dataclass(frozen=True)
class FileMatch:
    """A file by its name, and where it first differs from what was made again; ``""`` where it does not."""

    name: str
    where: str = ""


@dataclass(frozen=True)
class VersionChange:
    """A package whose version is another one here; ``""`` where it is not there at all."""

    package: str
    then: str
    now: str


def compare_files(folder: Path, again: Path, manifest: Manifest, files: SignedFiles) -> tuple[FileMatch, ...]:
    """Return for each file that ``manifest`` signs, and for itself, whether the one in ``again`` has the same bytes.

    What follows from others comes after them: the page, then the manifest. Raises OutputError when one cannot be read.
    """
    names = sorted(
        {*manifest.files, MANIFEST_FILE}, key=lambda name: (name == MANIFEST_FILE, name == REPORT_FILE, name)
    )
    found = []
    for name in names:
        content = files.read_bytes(folder / name, MAX_TABLE_BYTES)
        try:
            other = read_regular(again / name, MAX_TABLE_BYTES)
        except FileNotFoundError:
            found.append(FileMatch(name, "is not made any more"))
            continue
        found.append(FileMatch(name, "" if content == other else locate_difference(name, content, other)))
    return tuple(found)


def compare_versions(manifest: Manifest) -> tuple[VersionChange, ...]:
    """Return the packages that are not those with which a folder was made."""
    then = manifest.versions
    now = package_versions(name for name in then if name != "python")
    names = dict.fromkeys((*then, *now))
    changes = (VersionChange(name, then.get(name, ""), now.get(name, "")) for name in names)
    return tuple(one for one in changes if one.then != one.now)


def locate_difference(name: str, one: bytes, other: bytes) -> str:
    """Return where two contents of a file first differ, and what stands there in either."""
    suffix = Path(name).suffix
    try:
        if suffix == ".json":
            pair = json.loads(one), json.loads(other)
            found = next(_differing_values(*pair, leave_out=_SIGNED if name == MANIFEST_FILE else frozenset()), "")
            return found or "digests of files that differ"
        if suffix == ".parquet":
            return _differing_cell(one, other)
        if suffix == ".zip":
            return _differing_member(one, other)
    except (ValueError, OverflowError, RecursionError, OSError, pa.ArrowException, zipfile.BadZipFile):
        return "it cannot be read"
    return _differing_line(one, other)


def _differing_values(
    one: object, other: object, place: str = "", leave_out: frozenset[str] = frozenset()
) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys((*one, *other)):
            at = f"{place}.{key}" if place else str(key)
            if key in leave_out and not place:
                continue
            if key not in one or key not in other:
                yield f"{shorten(at, _SHOWN)}: is only in {'the folder' if key in one else 'what was made again'}"
            else:
                yield from _differing_values(one[key], other[key], at)
    elif isinstance(one, list) and isinstance(other, list):
        for number, (x, y) in enumerate(zip_longest(one, other)):
            yield from _differing_values(x, y, f"{place}[{number}]")
    elif type(one) is not type(other) or one != other:
        yield f"{shorten(place, _SHOWN)}: {_told(one)} is written, {_told(other)} comes out"


def _differing_line(one: bytes, other: bytes) -> str:
    lines = (text.decode("utf-8", "replace").splitlines() for text in (one, other))
    for number, (x, y) in enumerate(zip_longest(*lines), start=1):
        if x != y:
            both = min(len(x or ""), len(y or ""))
            at = next((k for k in range(both) if x[k] != y[k]), both)
            begin = max(0, at - 20) if max(len(x or ""), len(y or "")) > _SHOWN else 0
            pair = (_told(None if text is None else text[begin : begin + _SHOWN]) for text in (x, y))
            return "line {}: {} is written, {} comes out".format(number, *pair)
    return "the ends of its lines"


def _differing_cell(one: bytes, other: bytes) -> str:
    tables = [pq.ParquetFile(pa.BufferReader(content)).read() for content in (one, other)]
    names = tables[0].column_names
    if names != tables[1].column_names:
        return next(_differing_values(names, tables[1].column_names, "columns"))
    if tables[0].num_rows != tables[1].num_rows:
        return f"{tables[0].num_rows:,} rows are written, {tables[1].num_rows:,} come out"
    first = tables[0].column(0)
    for at, name in enumerate(names):
        columns = [table.column(at).combine_chunks() for table in tables]
        if columns[0].equals(columns[1]):
            continue
        values: Sequence[Sequence[object]] = [column.to_pylist() for column in columns]
        row = next((k for k, pair in enumerate(zip(*values, strict=True)) if not _same(*pair)), None)
        if row is not None:
            pair = (_told(column[row]) for column in values)
            at_row = str(first[row].as_py()).removesuffix(" 00:00:00")
            return "{}, {}: {} is written, {} comes out".format(name, at_row, *pair)
    return "the same values in other bytes"


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.array(one).tobytes() == np.array(other).tobytes())
    return one == other


def _differing_member(one: bytes, other: bytes) -> str:
    members = []
    for content in (one, other):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members.append({name: archive.read(name) for name in archive.namelist()})
    for name in dict.fromkeys((*members[0], *members[1])):
        if name not in members[0] or name not in members[1]:
            return f"{name}: is only in {'the folder' if name in members[0] else 'what was made again'}"
        if members[0][name] != members[1][name]:
            return f"{name}: {locate_difference(name, members[0][name], members[1][name])}"
    return "the same members in other bytes"


def _told(value: object) -> str:
    return "nothing" if value is None else shorten(value if isinstance(value, str) else repr(value), _SHOWN)


def read_manifest(folder: Path, files: SignedFiles) -> Manifest:
    """Return what is common to the manifests of runs, sweeps and luck; raises DataError when it signs no file of it."""
    path = folder / MANIFEST_FILE
    manifest = files.parse_record(path, files.read_bytes(path, MAX_MANIFEST_BYTES), Manifest)
    for name in manifest.files:
        if not _FILE_NAME.fullmatch(name):
            raise files.damage_error(path, f"it signs '{shorten(name, _SHOWN)}', which is no file of the {files.kind}")
    return manifest
