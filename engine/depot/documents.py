"""A broker's file as text, with what its first lines name: read once, never written, and of bounded size."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Final

from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.csv_reader import read_bytes

MAX_BYTES: Final = 50_000_000
MAX_LINES: Final = 200_000
"""Lines of a table, and elements of XML that are read: those of decades of a busy depot are fewer."""
_MAX_LINE: Final = 100_000
"""Characters of a line of a table: a row of two hundred columns has fewer."""
_SEPARATORS: Final = ";,\t"
_HEADER_LINES: Final = 5
"""Lines that are not blank among which a header is looked for: one may have a title above it."""
_MOST_HEADERS: Final = 20
_NO_TEXT: Final = {
    b"PK\x03\x04": "a workbook or a packed file (zip)",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a packed file (gzip)",
    b"\xfd7zXZ": "a packed file (xz)",
    b"%PDF": "a PDF",
}
"""What a file may be that was saved instead of exported, by its first bytes."""
_SPACE: Final = re.compile(r"\s+")
_NUMBER_OF_SOMETHING: Final = re.compile(r"[0-9]{4}")


@dataclass(frozen=True)
class HeaderLine:
    """A line that may name columns: its place, what separates its cells, and the cells, folded."""

    line: int
    separator: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """A file as it was read: ``name`` as the user wrote its path."""

    name: str
    text: str
    sha256: str
    headers: tuple[HeaderLine, ...]

    @property
    def is_xml(self) -> bool:
        """Tell whether this is markup and no table."""
        return self.text[:1000].lstrip().startswith("<")


def open_document(path: str) -> Document:
    """Return the file at ``path``: UTF-8, else as Windows writes it (cp1252).

    Raises DataError when there is no such file, it is larger than 50 MB, no text, or no file that a program wrote.
    """
    raw = read_bytes(path, MAX_BYTES)
    text = _decode(path, raw)
    document = Document(path, text, hashlib.sha256(raw).hexdigest(), ())
    if document.is_xml:
        return document
    _refuse_long_tables(path, text)
    return Document(path, text, document.sha256, tuple(_header_lines(text)))


def _decode(path: str, raw: bytes) -> str:
    for start, kind in _NO_TEXT.items():
        if raw.startswith(start):
            raise DataError(f"{path}: found {kind}, expected a text file; export it as CSV or XML")
    if b"\0" in raw:
        raise DataError(f"{path}: found a zero byte, expected a text file; export it as CSV or XML once more")
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError as error:
            place = error.start
    message = f"found text that is neither UTF-8 nor Windows' own (cp1252) at byte {place:,}"
    raise DataError(f"{path}: {message}; export it once more, and do not save it from another program")


def _refuse_long_tables(path: str, text: str) -> None:
    if text.count("\n") > MAX_LINES:
        raise DataError(f"{path}: more than {MAX_LINES:,} lines; is this the file you mean?")
    start = line = 0
    while start < len(text):
        line += 1
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if end - start > _MAX_LINE:
            message = f"found a line of {end - start:,} characters, expected at most {_MAX_LINE:,}"
            raise DataError(f"{path}:{line}: {message}; is this the file you mean?")
        start = end + 1


def _header_lines(text: str) -> Iterator[HeaderLine]:
    found = 0
    for number, line in enumerate(_first_lines(text), 1):
        if not line.strip(" ;,\t\r"):
            continue
        separator = max(_SEPARATORS, key=line.count)
        try:
            cells = next(csv.reader([line.rstrip("\r")], delimiter=separator), [])
        except csv.Error:
            cells = []
        yield HeaderLine(number, separator, tuple(map(fold, cells)))
        found += 1
        if found == _HEADER_LINES:
            return


def _first_lines(text: str) -> Iterator[str]:
    start = 0
    for _ in range(50):
        end = text.find("\n", start)
        if end < 0:
            yield text[start:]
            return
        yield text[start:end]
        start = end + 1


def fold(name: str) -> str:
    """Return the name of a column as it is compared: small letters, one space between words.

    >>> fold(" Schlußkurs  in EUR ")
    'schlusskurs in eur'
    """
    return _SPACE.sub(" ", name).strip(" \ufeff'\"").casefold()


def show_headers(document: Document, known: Container[str]) -> str:
    """Return ``the columns`` and the names of the line that has most of the ``known`` ones.

    What may be the number of an account is left out. A line that has none of them is no header but may be
    anybody's data, and is not shown.
    """
    counted = [(sum(name in known for name in header.names), header) for header in document.headers]
    count, header = max(counted, key=lambda pair: pair[0], default=(0, None))
    if header is None or not count:
        return "no known columns"
    names = [name for name in header.names if name]
    return "the columns " + shortlist(
        (name if not _NUMBER_OF_SOMETHING.search(name) else "..." for name in names), _MOST_HEADERS
    )
