"""CSV files of prices, rates and research: found, read, split into cells that know their lines; days as dates."""

from __future__ import annotations

import csv
import datetime as dt
import io
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from engine.core.did_you_mean import did_you_mean
from engine.core.errors import DataError, shorten
from engine.core.stand_ins import find_stand_in

_OTHER_SEPARATORS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}
MAX_FILE_BYTES: Final = 500_000_000
MAX_LIST_BYTES: Final = 16_000_000
"""Bytes of a list that is read row by row into Python's own objects: names, verdicts, rates, values of an index."""
MAX_TABLE_ROWS: Final = 500_000
MAX_DATED_ROWS: Final = 100_000
"""Rows of a series of dates and values: one a day since 1752."""

Day: TypeAlias = dt.date | np.datetime64
"""A calendar day; what it says about the time of day is left out."""


@dataclass(frozen=True)
class CsvRows:
    """A CSV: its header, and under it ``cells``, each row with its line number in ``lines``."""

    header: tuple[str, ...]
    lines: tuple[int, ...]
    cells: tuple[tuple[str, ...], ...]


def to_date(day: Day) -> dt.date:
    """Return ``day`` as a plain date."""
    if isinstance(day, np.datetime64):
        plain: dt.date = day.astype("datetime64[D]").item()
        return plain
    return dt.date(day.year, day.month, day.day)  # a datetime is a date with a time


def resolve_file(path: str) -> Path:
    """Return the regular file at ``path``; a relative one starts at the working directory.

    Raises DataError when there is none, or something other than a file.
    """
    if not path.strip():
        raise DataError("found no path, expected a file; name the file")
    try:
        place = Path(find_stand_in(path)).expanduser()
        mode = place.stat().st_mode
    except (OSError, ValueError, RuntimeError):  # a zero byte, a home that does not exist
        message = "found no such file; a relative path starts at the working directory"
        raise DataError(f"{path}: {message}, {Path.cwd()}") from None
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a device"
        raise DataError(f"{path}: found {kind}, expected a file; name the file")
    return place


def read_bytes(path: str, most: int = MAX_LIST_BYTES) -> bytes:
    """Return the bytes of the file at ``path``; raises DataError as :func:`resolve_file`, or for more than ``most``."""
    place = resolve_file(path)
    try:
        if place.stat().st_size > most:
            raise DataError(f"{path}: more than {most:,} bytes; is this the file you mean?")
        return place.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions") from None


def numbered_rows(
    name: str, raw: bytes, *, strict: bool = True, most: int = MAX_TABLE_ROWS
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line of a CSV; blank ones have no cells.

    Raises DataError when it is not UTF-8 text, has more rows than ``most`` below its header, or its quotes do not close
    or, if ``strict``, have text beside them.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: not UTF-8 text at byte {error.start}; save it as CSV in UTF-8") from None
    if "\0" in text:
        raise DataError(f"{name}: found a zero byte, expected a text file; save it as CSV in UTF-8")
    reader = csv.reader(io.StringIO(text, newline=""), strict=strict)
    try:
        for count, row in enumerate(reader):
            if count > most:
                message = f"more than {most:,} rows; is this the file you mean?"
                raise DataError(f"{name}:{reader.line_num}: {message}")
            yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{name}:{reader.line_num}: not CSV ({error}); save it as CSV in UTF-8") from None


def dated_rows(name: str, raw: bytes, *, strict: bool = True) -> list[tuple[int, list[str]]]:
    """Return line number and cells of a CSV of days and values, without blank lines.

    Raises DataError as :func:`numbered_rows`, when there is but one column, or a line has more or fewer than the first.
    """
    rows = [
        (line, row)
        for line, row in numbered_rows(name, raw, strict=strict, most=MAX_DATED_ROWS)
        if any(map(str.strip, row))
    ]
    if rows and len(rows[0][1]) == 1:
        line, (found,) = rows[0]
        raise DataError(f"{name}:{line}: found one column, '{shorten(found, 40)}', expected two; save it with commas")
    refuse_ragged(name, rows)
    return rows


def refuse_ragged(name: str, rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Raise DataError with every line that has more or fewer cells than the first."""
    ragged = [
        f"{name}:{line}: found {len(row)} cells, expected {len(rows[0][1])} as in the header; "
        "complete the line, and put text that has commas in quotes"
        for line, row in rows
        if len(row) != len(rows[0][1])
    ]
    if ragged:
        raise DataError(*ragged)


def parse_csv(name: str, raw: bytes, most: int = MAX_TABLE_ROWS) -> CsvRows:
    """Split the text of a CSV; blank lines are left out.

    Raises DataError when it is not CSV in UTF-8, has no header or more than ``most`` rows, or a row has more or fewer
    cells than the header.
    """
    lines = numbered_rows(name, raw, most=most)
    stripped = [(line, tuple(cell.strip() for cell in row)) for line, row in lines]
    rows = [(line, row) for line, row in stripped if any(row)]
    if not rows:
        raise DataError(f"{name}: found no header; write the columns' names into the first line")
    first, header = rows[0]
    for separator, called in _OTHER_SEPARATORS.items():
        if len(header) == 1 and separator in header[0]:
            raise DataError(f"{name}:{first}: found {called} between the columns; save it with commas")
    refuse_duplicate_columns(f"{name}:{first}", header)
    refuse_ragged(name, rows)
    return CsvRows(header, tuple(line for line, _ in rows[1:]), tuple(row for _, row in rows[1:]))


def find_column_name(name: str, header: Sequence[str], *accepted: str) -> str:
    """Return the column of ``header`` that has the first of the ``accepted`` names, in any case.

    Raises DataError when there is none.
    """
    for wanted in accepted:
        for column in header:
            if column.lower() == wanted:
                return column
    remedy = did_you_mean(accepted[0], header) if header else "it has no columns"
    raise DataError(f"{name}: column '{accepted[0]}' is missing; {remedy}")


def refuse_duplicate_columns(where: str, header: Sequence[str]) -> None:
    """Raise DataError when a column stands in ``header`` twice."""
    twice = sorted(column for column, count in Counter(header).items() if count > 1)
    if twice:
        raise DataError(f"{where}: column '{twice[0]}' stands there twice; rename or remove one")
