"""Tables that a user writes, of prices, open orders or corrections: a line of names, commas, points in numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Final

from engine.core.errors import DataError
from engine.core.regular_files import read_regular
from engine.core.shortlist import shortlist
from engine.depot.faults import quote_cell

_MAX_BYTES: Final = 1_000_000


def read_user_table(
    path: Path, every: Collection[str], some: Collection[str], expected: str
) -> list[tuple[int, dict[str, str]]]:
    """Return the lines of a CSV file with their numbers, cells by the name of their column in small letters.

    Raises DataError, which says what is ``expected``, where a column of ``every`` is missing or all of ``some`` are.
    """
    text = read_regular(path, _MAX_BYTES).decode("utf-8-sig", errors="replace")
    if "\0" in text:
        raise DataError(f"{path}: found a zero byte, expected a text file; save it as CSV in UTF-8")
    reader = csv.DictReader(io.StringIO(text, newline=None))
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if not set(every) <= set(names) or (some and not set(some) & set(names)):
            found = shortlist(quote_cell(name) for name in names if name) or "nothing"
            raise DataError(f"{path}:1: found the columns {found}, expected {expected}")
        if twice := sorted({name for name in names if name and names.count(name) > 1}):
            raise DataError(f"{path}:1: found the column {quote_cell(twice[0])} twice, expected one; remove one")
        reader.fieldnames = names
        return [
            (reader.line_num, {name: (cell or "").strip() for name, cell in row.items() if isinstance(name, str)})
            for row in reader
        ]
    except csv.Error as error:
        line = reader.reader.line_num
        raise DataError(f"{path}:{line}: not a row of a table ({error}); write it once more") from None
