"""Tables as one XLSX workbook: a sheet a table, every cell of its type, no formula anywhere.

openpyxl writes the file. Its numbers have 16 digits, so they are handed to it as text that is declared a number: the
shortest text that is read back as the same float. The same tables give the same bytes: no clock is in the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final

from engine.core.errors import OutputError, shorten, spell_out_controls
from engine.core.extras import install_command
from engine.report.export.table import ExportCell, ExportTable

if TYPE_CHECKING:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_MISSING: Final = f"xlsx: openpyxl is not installed; run `{install_command('excel')}`, or export --to csv"
_MOST_ROWS: Final = 1_048_576
_MOST_COLUMNS: Final = 16_384
_MOST_CHARACTERS: Final = 32_767
_ESCAPE: Final = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Where text reads as the workbook format's own escape of a character, as ``_x000D_``."""
_CLOCK: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")
_THE_DAY: Final = b"2000-01-01T00:00:00Z"
_FIRST_DAY: Final = date(1900, 3, 1)
"""Before it spreadsheets count a day that never was."""


def xlsx_bytes(tables: Sequence[ExportTable]) -> bytes:
    """Return a workbook of ``tables``.

    Raises
    ------
    OutputError
        When openpyxl is not installed, or a table is larger than a sheet can be.

    """
    try:
        from openpyxl import Workbook  # noqa: PLC0415  (an extra, and a third of a second)
    except ImportError:
        raise OutputError(_MISSING) from None
    book = Workbook(write_only=True)
    for table in tables:
        _require_room(table)
        sheet = book.create_sheet(table.name)
        sheet.freeze_panes = "A2"
        sheet.append(_cells(sheet, [column.name for column in table.columns]))
        for row in table.rows():
            sheet.append(_cells(sheet, row))
    stream = io.BytesIO()
    book.save(stream)
    return _without_clock(stream.getvalue())


def _require_room(table: ExportTable) -> None:
    rows = len(table.columns[0].cells) + 1
    if rows > _MOST_ROWS or len(table.columns) > _MOST_COLUMNS:
        size = f"{rows:,} rows and {len(table.columns):,} columns"
        message = f"a sheet has at most {_MOST_ROWS:,} and {_MOST_COLUMNS:,}; export --to parquet"
        raise OutputError(f"xlsx: {table.name}: {size}, {message}")


def _cells(sheet: WriteOnlyWorksheet, row: Iterable[ExportCell]) -> list[WriteOnlyCell | None]:
    return [None if cell is None else _typed_cell(sheet, cell) for cell in row]


def _typed_cell(sheet: WriteOnlyWorksheet, content: ExportCell) -> WriteOnlyCell:
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415

    if isinstance(content, date) and content >= _FIRST_DAY:
        cell = WriteOnlyCell(sheet, value=content)
        cell.number_format = "yyyy-mm-dd"
        return cell
    is_text = isinstance(content, str | date)
    cell = WriteOnlyCell(sheet, value=_plain_text(str(content)) if is_text else repr(content))
    cell.data_type = "s" if is_text else "n"  # never what its first character suggests
    return cell


def _plain_text(text: str) -> str:
    """Return text that a workbook can hold: no control character, none of its own escapes, no more than fits."""
    return shorten(_ESCAPE.sub("_x005F_", spell_out_controls(text, keep="\n\t")), _MOST_CHARACTERS)


def _without_clock(content: bytes) -> bytes:
    """Return the archive with one day in place of every time that its writing left in it."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "docProps/core.xml":
                part = _CLOCK.sub(rb"\g<1>" + _THE_DAY, part)
            new.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), part, zipfile.ZIP_DEFLATED)
    return stream.getvalue()
