"""A table as CSV: ISO dates, points as decimals, UTF-8 with LF, and no text that a spreadsheet would compute."""

from __future__ import annotations

import io
import re
from datetime import date
from typing import Final
from unicodedata import category

from engine.core.errors import spell_out_controls
from engine.report.export.table import LINE_BREAKS, ExportCell, ExportTable

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FORMULA_SIGNS: Final = frozenset("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
"""What a formula begins with in one spreadsheet or another; the last four are as wide as an ideograph."""
_QUOTED: Final = frozenset(',;"|\t\r\n ')
"""What a cell is quoted for, because it parts cells or lines in one country's spreadsheets or another's."""


def csv_bytes(table: ExportTable) -> bytes:
    """Return a table as the bytes of a CSV file: a header, then one line a row; an empty cell is a missing figure."""
    stream = io.StringIO()
    heads = [_quote(guard_formula(column.name)) for column in table.columns]
    stream.write(",".join(heads) + "\n")
    for row in table.rows():
        stream.write(",".join(map(_cell_text, row)) + "\n")
    return stream.getvalue().encode("utf-8")


def guard_formula(text: str) -> str:
    """Return ``text`` with an apostrophe before it where a spreadsheet would take it for a formula; numbers stay.

    >>> guard_formula("=1+1"), guard_formula(" -2+3"), guard_formula("-2.5"), guard_formula("BRK-B")
    ("'=1+1", "' -2+3", '-2.5', 'BRK-B')
    """
    if text[:1] in _FORMULA_SIGNS and text and not _NUMBER.fullmatch(text):
        return f"'{text}"
    for char in text:
        if category(char)[0] not in "ZC":
            return f"'{text}" if char in _FORMULA_SIGNS and not _NUMBER.fullmatch(text.strip()) else text
    return text


def _cell_text(cell: ExportCell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _quote(guard_formula(cell))
    return cell.isoformat() if isinstance(cell, date) else repr(cell)


def _quote(text: str) -> str:
    text = spell_out_controls(text, LINE_BREAKS)
    if not _QUOTED.intersection(text) and text:
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
