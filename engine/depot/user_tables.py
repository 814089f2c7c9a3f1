"""Tables that a user writes, of prices, open orders or corrections: a line of names, commas, points in numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path
from typing import Final

from engine.core.errors import DataError
from engine.core.regular_files import read_regular
from engine.depot.faults import quote_cell

_MAX_BYTES: Final = 1_000_000


def read_user_table(
    path: Path, every: Collection[str], some: Collection[str], expected: str
) -> list[tuple[int, dict[str, str]]]:
    """Return the lines of a CSV file with their numbers, cells by the name of their column in small letters.

    Raises DataError, which says what is ``expected``, where a column of ``every`` is missing or all of ``some`` are.
    """
    text = read_regular(path, _MAX_BYTES).decode("utf-8-sig", errors="replace")
    reader = csv.DictReader(io.StringIO(text))
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
        if not set(every) <= set(names) or (some and not set(some) & set(names)):
            found = ", ".join(quote_cell(name) for name in names if name) or "nothing"
            raise DataError(f"{path}:1: found the columns {found}, expected {expected}")
        reader.fieldnames = names
        return [
            (reader.line_num, {name: (cell or "").strip() for name, cell in row.items() if isinstance(name, str)})
            for row in reader
        ]
    except csv.Error as error:
        raise DataError(f"{path}:{reader.line_num}: not a row of a table ({error}); write it once more") from None
