"""Tables of brokers: columns are found by their names, wherever they stand, and cells are read as the layout writes."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeVar

from engine.core.errors import shorten
from engine.core.security_codes import find_code_fault, tidy_code
from engine.core.shortlist import shortlist
from engine.depot.cells import (
    ISO,
    PLAIN,
    CellError,
    DayForm,
    NumberForm,
    parse_day,
    parse_number,
    split_money,
    to_currency,
)
from engine.depot.documents import Document, HeaderLine, fold, show_headers
from engine.depot.faults import Faults, quote_cell
from engine.depot.records import MAX_NAME, Codes

_ZERO: Final = Decimal(0)
_FoundT = TypeVar("_FoundT")


@dataclass(frozen=True)
class Columns:
    """Which columns a layout has.

    ``read`` has, by the reader's word for it, the names of each column that is read, as :func:`fold` returns them;
    ``needed`` those words whose columns tell the layout, each ``a|b`` for one of both; ``known`` names that are not
    read, and not told either; ``foreign`` names that no file of this layout has. ``footers``: shorter rows at the end
    are no rows. ``remedy`` says what to do about a cell that does not fit.
    """

    read: Mapping[str, tuple[str, ...]]
    needed: tuple[str, ...]
    known: frozenset[str] = frozenset()
    foreign: frozenset[str] = frozenset()
    numbers: NumberForm = PLAIN
    days: DayForm = ISO
    footers: bool = False
    remedy: str = "export the file once more, unchanged by another program"

    def find_header(self, document: Document) -> HeaderLine | None:
        """Return the first line of ``document`` that names what is needed, and nothing foreign."""
        return next((header for header in document.headers if self._has_needed(set(header.names))), None)

    def recognises(self, document: Document) -> bool:
        """Tell whether ``document`` is of this layout."""
        return self.find_header(document) is not None

    def names_found(self, document: Document) -> int:
        """Return how many of the columns that are read the best line of ``document`` names."""
        return max(
            (sum(bool(self._places(word, header)) for word in self.read) for header in document.headers), default=0
        )

    def _has_needed(self, names: set[str]) -> bool:
        def has(word: str) -> bool:
            return any(_matches(name, one, self.read) for name in names for one in word.split("|"))

        return not names & self.foreign and all(map(has, self.needed))

    def _places(self, word: str, header: HeaderLine) -> list[int]:
        return [at for at, name in enumerate(header.names) if _matches(name, word, self.read)]

    def find_places(self, header: HeaderLine, faults: Faults) -> dict[str, int]:
        """Return where each column stands; one that stands there twice is a fault."""
        places: dict[str, int] = {}
        for word in self.read:
            found = self._places(word, header)
            if len(found) > 1:
                message = f"column '{header.names[found[0]]}' stands there twice"
                faults.add(header.line, message, "export the file once more, or remove one")
            if found:
                places[word] = found[0]
        return places


def _matches(name: str, word: str, read: Mapping[str, tuple[str, ...]]) -> bool:
    """Tell whether a column's ``name`` is one of ``word``'s; those that end in ``*`` go on in any way."""
    return any(name == one or (one[-1] == "*" and name.startswith(one[:-1])) for one in read[word])


@dataclass(frozen=True)
class Table:
    """The rows of a document under its header."""

    document: Document
    columns: Columns
    header: HeaderLine
    places: Mapping[str, int]
    faults: Faults
    notes: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are not blank; one with more or fewer cells than the header is a fault."""
        short: list[tuple[int, int]] = []
        for line, cells in self._split():
            width = len(cells)
            if width > len(self.header.names) and not any(cells[len(self.header.names) :]):
                width = len(self.header.names)
            if width < len(self.header.names) and self.columns.footers:
                short.append((line, width))
                continue
            for before in [*short, *([(line, width)] if width != len(self.header.names) else [])]:
                self._add_ragged(*before)
            short.clear()
            if width == len(self.header.names):
                yield Row(self, line, cells)

    def _add_ragged(self, line: int, width: int) -> None:
        message = f"found {width} cells, expected {len(self.header.names)} as in the header"
        self.faults.add(line, message, "export the file once more; it may be cut off")

    def _split(self) -> Iterator[tuple[int, list[str]]]:
        text = io.StringIO(self.document.text, newline="")
        for _ in range(self.header.line):
            text.readline()
        reader = csv.reader(text, delimiter=self.header.separator)
        try:
            for row in reader:
                line = self.header.line + reader.line_num
                cells = [cell.strip() for cell in row]
                if any(cells):
                    yield line, cells
        except csv.Error as error:
            line = self.header.line + reader.line_num
            self.faults.add(line, f"not a row of a table ({error})", "export the file once more")


def open_table(document: Document, columns: Columns, faults: Faults) -> Table:
    """Return the table of ``document``, with a note of the columns that nobody knows.

    Raises DataError when it has no such header, which only a layout named by the user can lead to.
    """
    header = columns.find_header(document)
    if header is None:
        names = {name for every in columns.read.values() for name in every}
        wanted = ", ".join(columns.read[word.split("|")[0]][0] for word in columns.needed)
        faults.add(0, f"found {show_headers(document, names)}, expected {wanted}", "name another --layout, or none")
        faults.raise_all()
        raise AssertionError  # pragma: no cover
    places = columns.find_places(header, faults)
    used = set(places.values())
    unknown = [name for at, name in enumerate(header.names) if name and at not in used and name not in columns.known]
    notes = [f"columns that are not read: {shortlist((shorten(name, 30) for name in unknown), 10)}"] if unknown else []
    return Table(document, columns, header, places, faults, notes)


@dataclass(frozen=True)
class Row:
    """One row: cells by the reader's word for their column; what does not fit is a fault and reads as absent."""

    table: Table
    line: int
    cells: list[str]

    def text(self, word: str) -> str:
        """Return a cell as it stands there, ``""`` when the file has no such column."""
        place = self.table.places.get(word)
        return "" if place is None else self.cells[place]

    def word(self, word: str) -> str:
        """Return a cell as words are compared."""
        return fold(self.text(word)[:200])

    def right_of(self, word: str) -> str:
        """Return the cell beside a column, if its own column has no name."""
        place = self.table.places.get(word)
        names = self.table.header.names
        if place is None or place + 1 >= len(names) or names[place + 1]:
            return ""
        return self.cells[place + 1]

    def number(self, word: str, form: NumberForm | None = None) -> Decimal | None:
        """Return the number of a column, None where it is absent."""
        return self.parse(word, lambda text: parse_number(text, form or self.table.columns.numbers))

    def amount(self, word: str, form: NumberForm | None = None) -> Decimal:
        """Return the number of a column, zero where it is absent."""
        return self.number(word, form) or _ZERO

    def day(self, word: str) -> dt.date | None:
        """Return the day of a column, None where it is absent."""
        return self.parse(word, lambda text: parse_day(text, self.table.columns.days))

    def money(self, word: str, form: NumberForm | None = None) -> tuple[Decimal | None, str]:
        """Return the number of a column and the currency in the same cell, ``""`` where none stands there."""
        digits, code = split_money(self.text(word))
        return self.parse(word, lambda _: parse_number(digits, form or self.table.columns.numbers)), code

    def currency(self, word: str) -> str:
        """Return the code of a column, ``""`` where it is absent; pence stay pence."""
        text = self.text(word)

        def check(code: str) -> str | None:
            return to_currency(code, None)[0] if code else None

        return text if self.parse(word, check) else ""

    def name(self, word: str) -> str:
        """Return what the broker calls the security, at most 60 characters."""
        return " ".join(self.text(word).split())[:MAX_NAME].strip()

    def codes(self, **words: str) -> Codes:
        """Return the codes of the columns; an ISIN whose check digit is wrong is a fault."""
        codes = Codes(**{kind: tidy_code(self.text(word)) for kind, word in words.items()})
        self.check_codes(codes)
        return codes

    def check_codes(self, codes: Codes) -> None:
        """Let what is wrong with an ISIN be a fault."""
        if codes.isin and (wrong := find_code_fault(codes.isin)):
            self.fault(wrong, "compare it with the broker's page")

    def parse(self, word: str, parser: Callable[[str], _FoundT | None]) -> _FoundT | None:
        """Return what ``parser`` makes of a cell; what it refuses is a fault."""
        text = self.text(word)
        try:
            return parser(text)
        except CellError as error:
            place = self.table.places.get(word)
            column = word if place is None else self.table.header.names[place]
            message = f"column '{shorten(column, 40)}': found {quote_cell(text)}, expected {error}"
            self.fault(message, self.table.columns.remedy)
        return None

    def fault(self, message: str, remedy: str) -> None:
        """Let something of this row be a fault."""
        self.table.faults.add(self.line, message, remedy)
