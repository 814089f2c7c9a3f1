"""Where a table begins and ends: the names of its columns below a preamble, its rows above a footer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from engine.core.errors import DataError, shorten
from engine.data.currency_codes import FAMILIAR_CURRENCIES
from engine.data.price_files.date_forms import read_date
from engine.data.price_files.grid import CellGrid, column_cells, row_widths
from engine.data.price_files.roles import column_role, fold_name

_MOST_ROWS_ABOVE: Final = 300
_SAMPLE: Final = 50
_NUMBER: Final = re.compile(r"[^\w]{0,3}[0-9][0-9.,'\s]*(?:e[+-]?[0-9]+)?[^\w]{0,3}(?:[kmb]|[a-z]{3})?", re.IGNORECASE)
_PLAIN_NUMBER: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?")
_YEAR_MONTH_DAY: Final = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:[0-2][0-9]|3[01])")
_CURRENCY: Final = re.compile(r"(?:currency|währung)\W*([A-Z]{3}|GBp|GBX)?", re.IGNORECASE)
_PROSE: Final = re.compile(
    r"(?:prices?|closes?|values?|quote[sd]?|nav|kurse?|preise|werte)\b.*\bin ([A-Z]{3}|GBp)\b.*", re.IGNORECASE
)
_TICKER_ROWS: Final = frozenset({"code", "ticker", "symbol", "ric"})
_LABELLED_ROWS: Final = _TICKER_ROWS | {"name", "isin", "currency", "type", "start", "frequency"}
"""Names of the rows that Datastream and others write between a table's header and its dates."""
_PANDAS_LABELS: Final = {"price", "ticker"}


@dataclass(frozen=True)
class Table:
    """The rows of one table, and the names above them.

    ``names`` one a column, ``above`` the other row of a header of two, else none; ``date`` the column of its dates,
    None where none looks like dates; ``line`` of the header, 0 for a table without one; ``currency`` that the lines
    above it state, ``currencies`` of the columns where a row below the names states them.
    """

    file: str
    names: list[str]
    above: list[str]
    date: int | None
    line: int
    rows: Sequence[list[str]]
    lines: Sequence[int]
    notes: tuple[str, ...] = ()
    currency: str = ""
    currencies: tuple[str, ...] = ()

    def column(self, at: int) -> list[str]:
        """Return the cells of a column."""
        return column_cells(self.rows, at)

    def first_cell(self, at: int) -> str:
        """Return the first cell of a column that is not empty; ``""`` where there is none."""
        cells = (
            cell for most in (1, None) for cell in column_cells(self.rows, at, most)
        )  # mostly it is the very first
        return next(filter(None, cells), "")

    def texts(self, at: int) -> list[str] | None:
        """Return the cells of a column that holds texts, None of one that holds numbers."""
        if all(not cell or _NUMBER.fullmatch(cell) for cell in column_cells(self.rows, at, _SAMPLE)):
            return None
        return self.column(at)

    @property
    def where(self) -> str:
        """File and line of the header, for messages."""
        return f"{self.file}:{self.line}" if self.line else self.file


def is_date_like(cell: str, *, numbers: bool = False) -> bool:
    """Tell whether a cell may be a date; ``numbers``: or a count of days or seconds."""
    if _PLAIN_NUMBER.fullmatch(cell) and not numbers:
        return _YEAR_MONTH_DAY.fullmatch(cell) is not None
    return read_date(cell) is not None


def find_table(grid: CellGrid, known: AbstractSet[str] = frozenset()) -> Table:
    """Return the table of a grid; of several rows of names the one that has some of the ``known`` ones.

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
    currencies: tuple[str, ...] = ()
    if begin > 1 and _names_currencies(grid.rows[begin - 1], date or 0, known):
        begin -= 1
        currencies = tuple(grid.rows[begin])
    names, above = _names(grid.rows[:begin], date or 0, known)
    below = rows[end:]
    rows, lines = rows[:end], lines[:end]
    line = grid.lines[begin - 1] if begin else 0
    widths = row_widths(rows)
    dated = date is not None and date < len(names) and column_role(names[date]) == "date"
    if names and not dated and widths == {len(names) + 1} and any(row[-1] for row in rows):
        names, above = ["", *names], ["", *above] if above else []  # R writes no name above the names of rows
    names = names or [f"#{at + 1}" for at in range(max(widths))]
    if widths != {len(names)}:
        end = len(names)
        rows = [row[:end] if len(row) > end and not any(row[end:]) else row for row in rows]
        _refuse_second_table(grid.file, rows, lines)
        _refuse_ragged(grid.file, end, rows, lines)
    stated = _currency_above([*grid.rows[:begin], *below, []])
    return Table(grid.file, names, above, date, line, rows, lines, tuple(notes), stated, currencies)


def _refuse_ragged(file: str, width: int, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    """Raise DataError with the first row that has more or fewer cells than the header."""
    ragged = [at for at, row in enumerate(rows) if len(row) != width]
    if not ragged:
        return
    first, others = ragged[0], len(ragged) - 1
    more = f" (and {others:,} more such lines)" if others else ""
    remedy = "complete the line" if len(rows[first]) < width else "put text or decimals that have commas in quotes"
    message = f"found {len(rows[first])} cells, expected {width} as in the header{more}"
    raise DataError(f"{file}:{lines[first]}: {message}; {remedy}, or write the right `separator:` in data.source")


def _refuse_second_table(file: str, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    """Raise DataError for a row in the midst of a table that has neither a date nor a number."""
    for row, line in zip(rows, lines, strict=True):
        if not any(is_date_like(cell, numbers=True) or _NUMBER.fullmatch(cell) for cell in row):
            text = shorten(next((cell for cell in row if cell), ""), 40)
            message = f"found {text!r} between rows of dates, which looks like the beginning of another table"
            raise DataError(f"{file}:{line}: {message}; keep one table in the file")


def _currency_above(rows: Sequence[Sequence[str]]) -> str:
    """Return the currency that a line above the header or below the table states, as ``Currency: USD``."""
    for row in rows[:-1]:
        for at, cell in enumerate(row):
            prose = _PROSE.fullmatch(cell)
            if prose and prose[1] in FAMILIAR_CURRENCIES:
                return prose[1]
            stated = _CURRENCY.fullmatch(cell)
            following = row[at + 1] if at + 1 < len(row) else ""
            if stated and (code := stated[1] or following) and re.fullmatch(r"[A-Z]{3}|GBp", code):
                return code
    return ""


def _first_row(rows: Sequence[Sequence[str]]) -> tuple[int, int | None]:
    """Return the first row that has a date and a number and goes on below, and the column of its dates."""
    for at in range(min(len(rows), _MOST_ROWS_ABOVE)):
        row = rows[at]
        label = rows[at - 1] if at else ()
        below = rows[at + 1] if at + 1 < len(rows) else row
        dates = [
            column
            for column, cell in enumerate(row)
            if _may_be_date(cell, label, column) and column < len(below) and _may_be_date(below[column], label, column)
        ]
        if dates and any(_NUMBER.fullmatch(cell) for column, cell in enumerate(row) if column != dates[0]):
            named = [column for column in dates if column < len(label) and column_role(label[column]) == "date"]
            date = (named or dates)[0]
            return _back_to_header(rows, at, date), date
    return 0, None


def _back_to_header(rows: Sequence[Sequence[str]], first: int, date: int) -> int:
    """Return the row below the header: rows above the first plain one may miss their closes or have a faulty date."""
    while first and date < len(rows[first - 1]) and is_date_like(rows[first - 1][date], numbers=True):
        first -= 1
    for at in range(first - 1, -1, -1):
        row = rows[at]
        if date < len(row) and column_role(row[date]) == "date":
            return at + 1 if sum(map(bool, row)) >= sum(map(bool, rows[first])) else first
        if not any(_NUMBER.fullmatch(cell) for cell in row):
            break
    return first


def _may_be_date(cell: str, label: Sequence[str], column: int) -> bool:
    if not cell:
        return False
    name = label[column] if column < len(label) else ""
    return is_date_like(
        cell, numbers=column_role(name) in {"date", "time"} or (not name and column == 0 and bool(label))
    )


def _names_currencies(row: Sequence[str], date: int, known: AbstractSet[str]) -> bool:
    """Tell a row of currencies, as Datastream writes below its names and codes, from one of names."""
    cells = {cell for cell in row if cell}
    unit_of_all = len(cells) == 1 and cells <= FAMILIAR_CURRENCIES - known
    return date < len(row) and (column_role(row[date]) == "currency" or (unit_of_all and not row[date]))


def _names(header: Sequence[list[str]], date: int, known: AbstractSet[str]) -> tuple[list[str], list[str]]:
    """Return the names of the columns, and the other row of a header of two."""
    rows = [row for at, row in enumerate(header) if not at or row != header[at - 1]]  # yfinance repeats its tickers
    labelled = False
    while len(rows) > 1 and not any(cell for at, cell in enumerate(rows[-1]) if at != date):
        rows, labelled = rows[:-1], True  # the index's name alone
    if not rows:
        return [], []
    if len(rows) > 1:
        labels = {fold_name(row[date]) for row in rows[-2:] if date < len(row)}
        if _are_two_rows(rows[-2], rows[-1], date, labelled=labelled or labels == _PANDAS_LABELS):
            return _two_rows(rows[-2], rows[-1])
    return list(_labelled_row(rows[-5:], date, known)), []


def _labelled_row(rows: Sequence[list[str]], date: int, known: AbstractSet[str]) -> list[str]:
    """Return the row of names: of several that say what they are the one asked for, that of tickers, or the first."""
    labels = {at: fold_name(row[date]) if date < len(row) else "" for at, row in enumerate(rows)}
    labelled = [at for at in labels if labels[at] in _LABELLED_ROWS]
    if labelled[-1:] != [len(rows) - 1]:
        return rows[-1]
    asked = [at for at in labelled if known & set(rows[at])]
    tickers = [at for at in labelled if labels[at] in _TICKER_ROWS]
    return rows[(asked or tickers or labelled)[0]]


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
