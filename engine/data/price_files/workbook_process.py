"""A process of its own that reads a workbook: a damaged or hostile one ends it, with its memory, and not the engine.

The library that reads workbooks lays a sheet out as a whole: one cell at the far corner of an otherwise empty sheet
asks for 500 GB, and a process that is denied them is aborted, which nothing can catch. Run by
:mod:`engine.data.price_files.workbooks` as a file, so it imports nothing of the engine: a workbook in, JSON out.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
from contextlib import suppress
from itertools import pairwise
from typing import Final, TypeAlias

MEMORY: Final = 3_000_000_000
"""Bytes of address space, where the system lets a process bound itself."""
MOST_EMPTY_COLUMNS: Final = 1000
"""Side by side within a sheet: a stray cell far to the right makes a million cells of sixty rows."""

Cell: TypeAlias = "str | float | bool | dt.date | dt.datetime | dt.time | dt.timedelta"


def read_sheets(content: bytes, wanted: str | None) -> dict[str, object]:
    """Return the names of the sheets, and the rows of each that is shown, or of the one ``wanted``, from row 1 on.

    Rows begin at the first filled column; an empty one has no cells. ``stray`` says which sheet is mostly a gap.
    """
    import python_calamine  # noqa: PLC0415  (after the limits are set)

    with python_calamine.load_workbook(io.BytesIO(content)) as book:
        known = [one for one in book.sheets_metadata if one.typ == python_calamine.SheetTypeEnum.WorkSheet]
        shown = [one.name for one in known if one.visible == python_calamine.SheetVisibleEnum.Visible]
        names = shown if wanted is None else [one.name for one in known if one.name == wanted]
        sheets: dict[str, list[list[str | float]]] = {}
        for name in names:
            sheet = book.get_sheet_by_name(name)
            first_row, first_column = sheet.start or (0, 0)
            rows = [row if row.count("") < len(row) else [] for row in sheet.iter_rows()]
            if gap := _widest_gap(rows, sheet.width):
                begin, end = (first_column + at + 1 for at in gap)
                return {"stray": f"the sheet '{name}' with no cell between its columns {begin:,} and {end:,}"}
            sheets[name] = [[]] * first_row + [[_plain(cell) for cell in row] for row in rows]
    return {"names": [one.name for one in known], "sheets": sheets}


def _widest_gap(rows: list[list[Cell]], width: int) -> tuple[int, int] | None:
    """Return the filled columns around the most empty ones side by side; None where there are few."""
    if width <= MOST_EMPTY_COLUMNS:
        return None
    filled = sorted({at for row in rows for at, cell in enumerate(row) if cell != ""})
    widest = max(pairwise(filled), key=lambda gap: gap[1] - gap[0], default=(0, 0))
    return widest if widest[1] - widest[0] > MOST_EMPTY_COLUMNS else None


def _plain(cell: Cell) -> str | float:
    """Return a cell as text or a number; a day as 2024-01-31, a stamp with its time of day."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float | int | str):
        return cell
    text = str(cell)
    return text.removesuffix(" 00:00:00") if isinstance(cell, dt.datetime) else text


if __name__ == "__main__":
    with suppress(ImportError, ValueError, OSError):  # a system without such limits
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = read_sheets(sys.stdin.buffer.read(), sys.argv[1] if len(sys.argv) > 1 else None)
    except Exception as error:  # noqa: BLE001  (whatever the library raises is a fault of the file)
        answer = {"fault": str(error) or type(error).__name__}
    json.dump(answer, sys.stdout)
