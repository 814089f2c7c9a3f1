"""CellGrid: a price file as rows of cells, whatever it was written in; what its owner says about how to read it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal, Protocol, TypeAlias, overload

from pydantic import Field

from engine.core.errors import DataError
from engine.core.fields import ConfigModel, Positive, Ticker, WholeNumber
from engine.data.price_files.number_forms import Decimal, prove_decimal

Count: TypeAlias = Annotated[WholeNumber, Field(ge=0, le=1000)]


class TextColumn(Protocol):
    """The cells of a column, which become Python's texts when they are asked for."""

    def slice(self, offset: int, length: int | None = None) -> TextColumn:
        """Return some of the cells."""
        ...

    def to_pylist(self) -> list[str]:
        """Return the cells."""
        ...


MAX_COLUMNS: Final = 20_000
"""Columns of a table; workbooks have at most 16,384."""


def refuse_too_many_columns(file: str, columns: int) -> None:
    """Raise DataError for more columns than a table has: each costs kilobytes, and the reader ends the process."""
    if columns > MAX_COLUMNS:
        message = f"found {columns:,} columns, expected at most {MAX_COLUMNS:,}"
        raise DataError(f"{file}: {message}; split the file, or write it as lines of date,ticker,close")


class ColumnRows(Sequence[list[str]]):
    """Rows of equally many cells that are kept as columns: few of a large file are ever looked at."""

    def __init__(self, columns: Sequence[TextColumn], count: int) -> None:
        self._columns, self._count = columns, count

    @property
    def width(self) -> int:
        """How many cells a row has."""
        return len(self._columns)

    def column(self, at: int, most: int | None = None) -> list[str]:
        """Return the cells of a column, or the first of them."""
        return self._columns[at].slice(0, most).to_pylist()

    def cut(self, columns: slice) -> ColumnRows:
        """Return the rows with some of their cells."""
        return ColumnRows(self._columns[columns], self._count)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._count

    @overload
    def __getitem__(self, at: int) -> list[str]: ...

    @overload
    def __getitem__(self, at: slice) -> ColumnRows: ...

    def __getitem__(self, at: int | slice) -> list[str] | ColumnRows:
        """Return a row, or some."""
        if isinstance(at, slice):
            span = range(self._count)[at]
            return ColumnRows([one.slice(span.start, len(span)) for one in self._columns], len(span))
        row = range(self._count)[at]
        return [one.slice(row, 1).to_pylist()[0] for one in self._columns]

    def __iter__(self) -> Iterator[list[str]]:
        """Iterate over the rows."""
        return map(list, zip(*(one.to_pylist() for one in self._columns), strict=True))


def column_cells(rows: Sequence[list[str]], at: int, most: int | None = None) -> list[str]:
    """Return the cells of a column, or the first of them."""
    return rows.column(at, most) if isinstance(rows, ColumnRows) else [row[at] for row in rows[:most]]


def row_widths(rows: Sequence[list[str]]) -> set[int]:
    """Return how many cells rows have."""
    return {rows.width} if isinstance(rows, ColumnRows) else {len(row) for row in rows}


@dataclass(frozen=True)
class CellGrid:
    """The cells of one file or sheet, as text.

    Attributes
    ----------
    file : its name, for messages
    rows : cells without blanks around them; rows of equal length below the header, blank rows left out
    lines : the line or sheet row of each row, for messages
    decimal : what stands before the decimals of its numbers; None where they have to tell themselves
    notes : what was assumed to get them

    """

    file: str
    rows: Sequence[list[str]]
    lines: Sequence[int]
    decimal: Decimal | None = "."
    notes: tuple[str, ...] = ()

    @cached_property
    def proven_decimal(self) -> Decimal | None:
        """The decimal sign that some number of the file can only have and none contradicts."""
        return self.decimal or prove_decimal(cell for row in self.rows for cell in row)


class ColumnKeys(ConfigModel):
    """Which column is what: its name in the header, or ``#3`` for the third."""

    date: str | None = None
    close: str | None = None
    adjusted: str | None = None
    ticker: str | None = None
    dividend: str | None = None
    split: str | None = None
    currency: str | None = None


class ReadingKeys(ConfigModel):
    """What cannot be inferred from a file can be said; each is None where the file has to tell.

    ``order`` of day, month and year in its dates; ``separator`` of its columns, ``decimal`` sign, text ``encoding``;
    ``sheet`` of a workbook; ``skip_rows`` above its header; ``scale`` that closes are multiplied by; ``missing``, the
    texts that stand for no close; ``columns``, which one is what; ``rename``, what a name in the file is called in
    the plan; ``values``, prices or simple returns.
    """

    order: Literal["ymd", "dmy", "mdy"] | None = None
    separator: Literal[",", ";", "tab", "|", "space"] | None = None
    decimal: Decimal | None = None
    encoding: str | None = None
    sheet: str | None = None
    skip_rows: Count | None = None
    scale: Positive | None = None
    missing: tuple[str, ...] | None = None
    columns: ColumnKeys | None = None
    rename: dict[str, Ticker] | None = None
    values: Literal["prices", "returns"] | None = None


NO_KEYS: Final = ReadingKeys()
