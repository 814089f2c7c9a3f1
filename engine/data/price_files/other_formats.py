"""Text that is no table, whatever the name of its file says: a vendor's .xls may be a page, a saved answer JSON."""

from __future__ import annotations

import re
from typing import Final

from engine.core.errors import DataError

_BEGINNINGS: Final = {
    "a page of a website": re.compile(r"<(?:!doctype html|html|head|body|table|div)\b", re.IGNORECASE),
    "XML": re.compile(r"<(?:\?xml\b|[a-z][\w.-]* [\w.-]+=)", re.IGNORECASE),
    "JSON": re.compile(r'[\[{]\s*["\[{]'),
    "a PDF": re.compile("%PDF-"),
}


def refuse_other_formats(file: str, text: str) -> None:
    """Raise DataError when the text of a file begins as another format does; stooq's <TICKER> is a table."""
    begin = text[:1000].lstrip()
    for name, pattern in _BEGINNINGS.items():
        if pattern.match(begin):
            remedy = "save the prices in it as CSV, .xlsx or Parquet, or download a table from the same place"
            raise DataError(f"{file}: found {name}, expected a table of prices; {remedy}")
