"""Workbooks of Excel and LibreOffice as rows of cells: which sheet is read, and its cells as text."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from engine.core.did_you_mean import suggestion
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.price_files import workbook_process
from engine.data.price_files.grid import CellGrid, ReadingKeys
from engine.data.price_files.header_rows import is_date_like
from engine.data.price_files.number_forms import Decimal, prove_decimal, read_number, split_unit

Row: TypeAlias = "list[str | float]"

MAX_UNPACKED: Final = 1_000_000_000
"""Bytes of a workbook's members once they are unpacked."""
_REMEDY: Final = "open it and save it again, or save the sheet as CSV"
_EXACT: Final = 1e15
"""Below, a whole number is written with all its digits."""
_SECONDS: Final = 120.0
_OLD_EXCEL: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP: Final = b"PK\x03\x04"
_SERIALS: Final = (10_000, 80_000)
"""Days since 1899-12-30 that a date of 1927 to 2119 has in a cell that is not formatted as one."""


def is_workbook(content: bytes) -> bool:
    """Tell whether bytes are a workbook, whatever their file is called."""
    if content.startswith(_OLD_EXCEL):
        return True
    return content.startswith(_ZIP) and any(
        mark in content for mark in (b"[Content_Types].xml", b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet")
    )


def read_workbook(file: str, content: bytes, keys: ReadingKeys) -> CellGrid:
    """Return the cells of the sheet that holds prices.

    A number keeps its value, a date is written as 2024-01-31; ``lines`` are rows of the sheet.

    Raises
    ------
    DataError
        When the workbook is damaged, too large or protected, has no such sheet, or several that may be meant.

    """
    sheets = _read_sheets(file, content, keys.sheet)
    filled = {name: rows for name, rows in sheets.items() if any(cell != "" for row in rows for cell in row)}
    if not filled:
        raise DataError(
            f"{file}: found no filled cell in {_say_sheets(sheets)}, expected dates and closes; save it again"
        )
    name = next(iter(filled)) if len(filled) == 1 else _choose_sheet(file, filled)
    others = [f"'{other}'" for other in filled if other != name]
    notes = (f"{file}: the sheet '{name}' is read, {shortlist(others)} not",) if others else ()
    rows = filled[name][keys.skip_rows or 0 :]
    if _counts_from_1904(content) and not any(isinstance(cell, str) and _is_date(cell) for row in rows for cell in row):
        message = (
            "found numbers of days since 1904, expected dates; format the column of dates as dates and save it again"
        )
        raise DataError(f"{file}: {message}")
    return dataclasses.replace(_to_grid(file, rows, 1 + (keys.skip_rows or 0), keys), notes=notes)


def _read_sheets(file: str, content: bytes, wanted: str | None) -> dict[str, list[Row]]:
    """Return the rows of the sheets, read by a process that may fail."""
    import subprocess  # noqa: PLC0415  (few files are workbooks)

    if content.startswith(_ZIP):
        _check_archive(file, content)
    elif "EncryptedPackage".encode("utf-16-le") in content:
        raise DataError(f"{file}: found a workbook with a password, expected one without; save it without a password")
    command = [sys.executable, "-P", str(Path(workbook_process.__file__)), *([] if wanted is None else [wanted])]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603  (our own file)
    except subprocess.TimeoutExpired:
        raise DataError(f"{file}: found a workbook that takes longer than {_SECONDS:g} s to read; {_REMEDY}") from None
    if done.returncode:
        bound = f"{workbook_process.MEMORY / 1e9:g} GB"
        raise DataError(f"{file}: found a workbook that is damaged or takes more than {bound} of memory; {_REMEDY}")
    answer = json.loads(done.stdout)
    if "stray" in answer:
        raise DataError(
            f"{file}: found {answer['stray']}, expected one table; clear the stray cells, or name another `sheet:`"
        )
    if "fault" in answer:
        first = " ".join(str(answer["fault"]).split())
        raise DataError(f"{file}: found no readable Excel or OpenDocument workbook ({first}); {_REMEDY}")
    if wanted is not None and not answer["sheets"]:
        names = [str(name) for name in answer["names"]]
        raise DataError(
            f"{file}: found no sheet '{wanted}'{suggestion(wanted, names)}, expected one of {_say_sheets(names)}; "
            "correct `sheet:` in data.source"
        )
    found: dict[str, list[Row]] = answer["sheets"]
    return found


def _check_archive(file: str, content: bytes) -> None:
    """Raise DataError when a zipped workbook unpacks to more than prices need, or a bit in it has turned.

    The library that reads it stops where its cells end, which is before the checksums are compared.
    """
    import zipfile  # noqa: PLC0415  (few files are workbooks)
    import zlib  # noqa: PLC0415

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            damaged = archive.testzip() if unpacked <= MAX_UNPACKED else None
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        RuntimeError,
        ValueError,
        LookupError,
        struct.error,
    ) as error:
        raise DataError(f"{file}: found a damaged workbook ({error}); {_REMEDY}") from None
    if damaged:
        raise DataError(f"{file}: found a damaged workbook (the checksum of {damaged} differs); {_REMEDY}")
    if unpacked > MAX_UNPACKED:
        found = f"found a workbook of {unpacked:,} bytes unpacked, expected at most {MAX_UNPACKED:,}"
        raise DataError(f"{file}: {found}; save the sheet of prices as CSV")


def _choose_sheet(file: str, sheets: dict[str, list[Row]]) -> str:
    """Return the only sheet that has dated numbers."""
    dated = [name for name, rows in sheets.items() if sum(map(_is_dated, rows)) > 1]
    if len(dated) == 1:
        return dated[0]
    found = f"found {'dated numbers in' if dated else 'no dated numbers in any of'} {_say_sheets(dated or sheets)}"
    raise DataError(
        f"{file}: {found}, expected one sheet of prices; name it: `sheet: {(dated or list(sheets))[0]}` in data.source"
    )


def _is_dated(row: Row) -> bool:
    """Tell whether a row has a date and beside it a number."""
    filled = [cell for cell in row if cell != ""]
    dates = [cell for cell in filled if _is_date(cell)]
    return bool(dates) and any(cell is not dates[0] and _is_number(cell) for cell in filled)


def _is_date(cell: str | float) -> bool:
    if isinstance(cell, str):
        return is_date_like(cell.strip())
    return _SERIALS[0] <= cell < _SERIALS[1] and cell == int(cell)


def _is_number(cell: str | float) -> bool:
    return not isinstance(cell, str) or split_unit(cell.strip()) is not None


def _say_sheets(names: Sequence[str] | dict[str, list[Row]]) -> str:
    return shortlist(f"'{name}'" for name in names)


def _counts_from_1904(content: bytes) -> bool:
    """Tell whether bare numbers of days begin in 1904, as Excel on a Macintosh counted; dated cells know it."""
    if content.startswith(_OLD_EXCEL):
        return b"\x22\x00\x02\x00\x01\x00" in content  # the record of the date system
    import zipfile  # noqa: PLC0415  (few files are workbooks)

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        books = [archive.read(name) for name in archive.namelist() if name.endswith("workbook.xml")]
    return any(re.search(rb"""date1904\s*=\s*["'](?:1|true)""", book) for book in books)


def _to_grid(file: str, rows: list[Row], first: int, keys: ReadingKeys) -> CellGrid:
    """Return the filled rows, the first of which is that row of the sheet, without the empty columns around them.

    Numbers are written with the decimal sign that numbers kept as text have, so that one rule reads both.
    """
    used = sorted({at for row in rows for at, cell in enumerate(row) if cell != ""})
    if not used:
        above = f" from row {first} on, expected dates and closes; lower `skip_rows:`"
        raise DataError(f"{file}: found no filled cell{above}")
    columns = slice(used[0], used[-1] + 1)
    filled = [(line, row[columns]) for line, row in enumerate(rows, first) if any(cell != "" for cell in row)]
    decimal = keys.decimal or _decimal_of_texts(file, filled)
    texts = [[_to_text(cell, decimal) for cell in row] for _, row in filled]
    return CellGrid(file, texts, [line for line, _ in filled], decimal)


def _decimal_of_texts(file: str, filled: Sequence[tuple[int, Row]]) -> Decimal:
    """Return the decimal sign of numbers that are kept as text; a point where there are none.

    Raises DataError where they do not tell, and where they stand among numbers: a spreadsheet that took some for
    numbers and left others as they were did not know their decimal sign.
    """
    kept = [
        (line, at, cell)
        for line, row in filled
        for at, cell in enumerate(row)
        if isinstance(cell, str) and ("." in cell or "," in cell) and _may_be_number(cell)
    ]
    numbers = {at for _, row in filled for at, cell in enumerate(row) if not isinstance(cell, str)}
    for line, at, cell in kept:
        if at in numbers:
            message = f"found the text {cell!r} in a column of numbers, expected a number"
            raise DataError(f"{file}:{line}: {message}; make it one in the workbook")
    decimal = prove_decimal(cell for _, _, cell in kept) if kept else "."
    if decimal is None:
        message = f"found the number {kept[0][2]!r} as text, and nothing tells its decimal sign"
        raise DataError(f"{file}:{kept[0][0]}: {message}; write `decimal: '.'` or `decimal: ','` in data.source")
    return decimal


def _may_be_number(cell: str) -> bool:
    parts = split_unit(cell.strip())
    return parts is not None and any(read_number(parts[0], sign) is not None for sign in (".", ","))


def _to_text(cell: str | float, decimal: Decimal) -> str:
    if isinstance(cell, str):
        return " ".join(cell.split())
    if abs(cell) < _EXACT and cell == int(cell):
        return str(int(cell))
    return repr(float(cell)).replace(".", decimal)
