"""Where a table begins and ends: the names of its columns below a preamble, its rows above a footer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engine.core.errors import DataError
from engine.data.csv_reader import refuse_ragged
from engine.data.sources.grid import Grid
from engine.data.sources.roles import column_role, fold_name

_MOST_ROWS_ABOVE: Final = 300
_SAMPLE: Final = 50
_WORD: Final = r"[^\W\d_]{2,10}\.?"
_DATE: Final = re.compile(
    rf"(?:{_WORD},? )?(?:(?:19|20|21)\d\d[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.](?:\d{{4}}|\d\d)|"
    rf"\d\d?\.?[- /]{_WORD}[- /,]{{0,2}}\d{{2,4}}|{_WORD}[- ]\d\d?(?:st|nd|rd|th)?,? \d{{4}}|{_WORD}[- ]\d{{2,4}}|"
    r"(?:19|20|21)\d\d-\d\d|(?:19|20)\d\d(?:0[1-9]|1[0-2])[0-3]\d)(?:[T ,].*|\d{2,6})?",
    re.IGNORECASE,
)
_SERIAL: Final = re.compile(r"[0-9]{5,6}(?:\.[0-9]+)?|[0-9]{9,19}(?:\.[0-9]+)?(?:e\+?[0-9]+)?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[^\w]{0,3}[0-9][0-9.,'\s]*(?:e[+-]?[0-9]+)?[^\w]{0,3}(?:[kmb]|[a-z]{3})?", re.IGNORECASE)
_PANDAS_LABELS: Final = {"price", "ticker"}


@dataclass(frozen=True)
class Table:
    """The rows of one table, and the names above them.

    ``names`` one a column, ``above`` the other row of a header of two, else none; ``date`` the column of its dates,
    None where none looks like dates; ``line`` of the header, 0 for a table without one.
    """

    file: str
    names: list[str]
    above: list[str]
    date: int | None
    line: int
    rows: list[list[str]]
    lines: list[int]
    notes: tuple[str, ...] = ()

    def column(self, at: int) -> list[str]:
        """Return the cells of a column."""
        return [row[at] for row in self.rows]

    def texts(self, at: int) -> list[str] | None:
        """Return the cells of a column that holds texts, None of one that holds numbers."""
        if all(not row[at] or _NUMBER.fullmatch(row[at]) for row in self.rows[:_SAMPLE]):
            return None
        return self.column(at)

    @property
    def where(self) -> str:
        """File and line of the header, for messages."""
        return f"{self.file}:{self.line}" if self.line else self.file


def is_date_like(cell: str, *, numbers: bool = False) -> bool:
    """Tell whether a cell may be a date; ``numbers``: or a count of days or seconds."""
    return _DATE.fullmatch(cell) is not None or (numbers and _SERIAL.fullmatch(cell) is not None)


def find_table(grid: Grid) -> Table:
    """Return the table of a grid.

    Raises
    ------
    DataError
        When there is no row below the header, or rows have more or fewer cells than it.

    """
    begin, date = _first_row(grid.rows)
    if date is None:  # let who reads the dates say what is wrong with them
        begin = 1
    rows, lines = grid.rows[begin:], grid.lines[begin:]
    if not rows:
        raise DataError(f"{grid.file}: found a header and no rows, expected closes; fetch the file again")
    end = len(rows) if date is None else _end(rows, date)
    notes = [f"{grid.file}: the lines from {lines[end]} on hold no dates and are left out"] if end < len(rows) else []
    if begin > 1 and _names_currencies(grid.rows[begin - 1], date or 0):
        begin -= 1
        found = ", ".join(dict.fromkeys(filter(None, grid.rows[begin][1:])))
        notes.append(
            f"{grid.file}:{grid.lines[begin]}: the currencies {found} are not read; say them by data.currencies"
        )
    names, above = _names(grid.rows[:begin], date or 0)
    rows, lines = rows[:end], lines[:end]
    line = grid.lines[begin - 1] if begin else 0
    width = max(map(len, rows))
    dated = date is not None and date < len(names) and column_role(names[date]) == "date"
    if names and not dated and {len(row) for row in rows} == {len(names) + 1} and any(row[-1] for row in rows):
        names, above = ["", *names], ["", *above] if above else []  # R writes no name above the names of rows
    names = names or [f"#{at + 1}" for at in range(width)]
    width = len(names)
    if {len(row) for row in rows} != {width}:
        rows = [row[:width] if len(row) > width and not any(row[width:]) else row for row in rows]
        refuse_ragged(grid.file, [(line, names), *zip(lines, rows, strict=True)])
    return Table(grid.file, names, above, date, line, rows, lines, tuple(notes))


def _first_row(rows: Sequence[Sequence[str]]) -> tuple[int, int | None]:
    """Return the first row that has a date and a number and goes on below, and the column of its dates."""
    for at, row in enumerate(rows[:_MOST_ROWS_ABOVE]):
        label = rows[at - 1] if at else ()
        below = rows[at + 1] if at + 1 < len(rows) else row
        dates = [
            column
            for column, cell in enumerate(row)
            if _may_be_date(cell, label, column) and column < len(below) and _may_be_date(below[column], label, column)
        ]
        if dates and any(_NUMBER.fullmatch(cell) for column, cell in enumerate(row) if column != dates[0]):
            named = [column for column in dates if column < len(label) and column_role(label[column]) == "date"]
            return at, (named or dates)[0]
    return 0, None


def _may_be_date(cell: str, label: Sequence[str], column: int) -> bool:
    if not cell:
        return False
    name = label[column] if column < len(label) else ""
    return is_date_like(
        cell, numbers=column_role(name) in {"date", "time"} or (not name and column == 0 and bool(label))
    )


def _names_currencies(row: Sequence[str], date: int) -> bool:
    """Tell a row of currencies, as Datastream writes below its names and codes, from one of names."""
    return date < len(row) and column_role(row[date]) == "currency"


def _names(header: Sequence[list[str]], date: int) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and the other row of a header of two."""
    rows = [row for at, row in enumerate(header) if not at or row != header[at - 1]]  # yfinance repeats its tickers
    while rows and not any(cell for at, cell in enumerate(rows[-1]) if at != date) and len(rows) > 1:
        rows = rows[:-1]  # the index's name alone
        if len(rows) > 1 and _are_two_rows(rows[-2], rows[-1], date, labelled=True):
            return _two_rows(rows[-2], rows[-1])
    if not rows:
        return [], []
    labelled = len(rows) > 1 and {fold_name(row[date]) for row in rows[-2:] if date < len(row)} == _PANDAS_LABELS
    if len(rows) > 1 and _are_two_rows(rows[-2], rows[-1], date, labelled=labelled):
        return _two_rows(rows[-2], rows[-1])
    return list(rows[-1]), []


def _are_two_rows(above: Sequence[str], names: Sequence[str], date: int, *, labelled: bool) -> bool:
    """Tell a row of fields above tickers, or the other way round, from the last row of a preamble."""
    own = [name for at, name in enumerate(names) if at != date and name and column_role(name) != "date"]
    other = [name for at, name in enumerate(above) if at != date and name]
    if not own or not other or len(above) > len(names):
        return False
    known, known_above = (all(column_role(name) for name in row) for row in (own, other))
    if not known and not known_above:
        return False
    repeated, repeated_above = len(set(own)) < len(own), len(set(other)) < len(other)
    return labelled or repeated or (repeated_above and len(other) == len(own))


def _two_rows(above: Sequence[str], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return both rows, the upper one filled to the right, as a merged cell is written."""
    filled: list[str] = []
    for at in range(len(names)):
        own = above[at] if at < len(above) else ""
        filled.append(own or (filled[-1] if filled and names[at] else ""))
    return list(names), filled


def _end(rows: Sequence[Sequence[str]], date: int) -> int:
    """Return the number of rows above the footer: rows at the end with neither a date nor a number."""
    end = len(rows)
    while end > 1:
        row = rows[end - 1]
        if len(row) > date and is_date_like(row[date], numbers=True):
            break
        if any(_NUMBER.fullmatch(cell) for cell in row):
            break
        end -= 1
    return end
