"""A point-in-time table: read from Parquet or CSV without pandas, checked, arranged by ticker and filing date."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.core.arrays import FloatArray, read_only
from engine.core.errors import DataError
from engine.core.fields import YEAR_BOUNDS
from engine.data.csv_reader import (
    MAX_FILE_BYTES,
    find_column_name,
    parse_csv,
    read_bytes,
    refuse_duplicate_columns,
    resolve_file,
)

if TYPE_CHECKING:
    import pyarrow as pa

_REQUIRED_COLUMNS: Final = {
    "ticker": ("ticker",),
    "period_end": ("period_end", "period"),
    "available_date": ("available_date", "filing_date"),
}
_DATE_PATTERN: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ]\d\d:\d\d)", re.ASCII)
_NUMBER_PATTERN: Final = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE
)
_MISSING_VALUES: Final = frozenset({"", "nan", "na", "n/a", "null", "none"})

Cells = Sequence[object]


@dataclass(frozen=True)
class _RawColumns:
    """A file's columns as they stand there: text of a CSV, whose rows have ``lines``, or Parquet's ``arrays``."""

    name: str
    cells: Mapping[str, Cells]
    lines: Sequence[int] = ()
    arrays: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)

    def place(self, row: int) -> str:
        """Return where a row stands."""
        return f"{self.name}:{self.lines[row]}" if self.lines else f"{self.name}: row {row + 1}"

    def refuse(self, column: str, wrong: Iterable[tuple[int, str]]) -> None:
        """Raise DataError with a line for each row and what is wrong with it; nothing when nothing is."""
        lines = [f"{self.place(row)}: {column}: {message}" for row, message in wrong]
        if lines:
            raise DataError(*lines)

    def numbers(self, column: str) -> FloatArray | None:
        """Return (R,) the numbers of a column, NaN where one is missing; None when it is not one of numbers."""
        return _convert_numbers(self.arrays[column]) if self.arrays else _parse_numbers(self, column)


@dataclass(frozen=True)
class FilingsTable:
    """Figures by company as they became known.

    ``values`` (R, C) holds ``columns`` [as filed], NaN where a figure is missing; ``text_columns`` are those that hold
    something else than numbers. ``filing_dates`` has every company's, in order, and ``latest_rows`` the row of
    ``values`` that was the last word after each of them.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    values: FloatArray
    filing_dates: Mapping[str, tuple[dt.date, ...]]
    latest_rows: Mapping[str, tuple[int, ...]]

    def as_of(self, ticker: str, day: dt.date) -> dict[str, float] | None:
        """Return the figures of the last period filed on or before ``day``; None when nothing was filed yet."""
        row = self._latest_row(ticker, day)
        return None if row is None else dict(zip(self.columns, self.values[row].tolist(), strict=True))

    def figures_of(self, ticker: str) -> Iterator[dict[str, float]]:
        """Yield the figures of every row that was the last word for a while."""
        for row in self.latest_rows.get(ticker, ()):
            yield dict(zip(self.columns, self.values[row].tolist(), strict=True))

    def filed_on(self, ticker: str, day: dt.date) -> dt.date | None:
        """Return when the figures of :meth:`as_of` were filed; None when nothing was filed yet."""
        row = self._latest_row(ticker, day)
        return None if row is None else self.filing_dates[ticker][self.latest_rows[ticker].index(row)]

    def _latest_row(self, ticker: str, day: dt.date) -> int | None:
        count = bisect_right(self.filing_dates.get(ticker, ()), day)
        return self.latest_rows[ticker][count - 1] if count else None


def load_filings(path: str) -> FilingsTable:
    """Read the table at ``path``; the same file is read once.

    Raises DataError when there is no such file, it is no table, a required column is missing, or a cell cannot be what
    it should.
    """
    status = resolve_file(path).stat()
    return _load_cached(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _load_cached(path: str, _changed: int, _size: int) -> FilingsTable:
    raw = read_bytes(path, MAX_FILE_BYTES)
    suffix = Path(path).suffix.lower()
    if suffix not in {".parquet", ".csv"}:
        raise DataError(f"{path}: found the ending '{suffix}', expected .parquet or .csv; convert the file")
    table = _read_parquet(path, raw) if suffix == ".parquet" else _read_csv(path, raw)
    return _arrange(table, hashlib.sha256(raw).hexdigest())


def _read_csv(name: str, raw: bytes) -> _RawColumns:
    rows = parse_csv(name, raw)
    return _RawColumns(
        name, {column: [row[at] for row in rows.cells] for at, column in enumerate(rows.header)}, rows.lines
    )


def _parse_numbers(raw: _RawColumns, column: str) -> FloatArray | None:
    """Read a column of a CSV; one with both numbers and text is a mistake in the text."""
    cells = [str(cell) for cell in raw.cells[column]]
    present = [bool(_NUMBER_PATTERN.fullmatch(cell)) for cell in cells]
    wrong = [row for row, cell in enumerate(cells) if not present[row] and cell.lower() not in _MISSING_VALUES]
    if any(present):
        expected = "expected a number with a decimal point; correct it or leave it empty"
        raw.refuse(column, ((row, f"found '{cells[row]}', {expected}") for row in wrong))
    return None if wrong else np.array([float(c) if ok else math.nan for c, ok in zip(cells, present, strict=True)])


def _read_parquet(name: str, raw: bytes) -> _RawColumns:
    import pyarrow as pa  # noqa: PLC0415  (a config is checked without it)
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(pa.BufferReader(raw), page_checksum_verification=True) as source:
            table = source.read(use_pandas_metadata=False, use_threads=False)
        refuse_duplicate_columns(name, table.column_names)
        arrays = dict(zip(table.column_names, table.columns, strict=True))
        keys = {known for names in _REQUIRED_COLUMNS.values() for known in names}
        cells = {column: _to_cells(array) if column.lower() in keys else () for column, array in arrays.items()}
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"{name}: found no readable Parquet table ({first}); write it again") from None

    return _RawColumns(name, cells, arrays=arrays)


def _to_cells(column: pa.ChunkedArray) -> Cells:
    """Return Python values; a stamp becomes its day, on the clock of its zone."""
    import pyarrow as pa  # noqa: PLC0415  (a config is checked without it)

    day = pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)
    cells: list[object] = (column.cast(pa.date32()) if day else column).to_pylist()
    return cells


def _convert_numbers(column: pa.ChunkedArray) -> FloatArray | None:
    import pyarrow as pa  # noqa: PLC0415  (a config is checked without it)

    from engine.core.arrow_columns import is_number  # noqa: PLC0415

    if not (is_number(column.type) or pa.types.is_null(column.type)):
        return None
    # cell by cell: float() of a decimal is the nearest number, Arrow's own cast often the one beside it
    return np.array([math.nan if cell is None else float(cell) for cell in column.to_pylist()])


def _arrange(raw: _RawColumns, sha256: str) -> FilingsTable:
    header = tuple(raw.cells)
    found = {wanted: find_column_name(raw.name, header, *accepted) for wanted, accepted in _REQUIRED_COLUMNS.items()}
    if not raw.cells[found["ticker"]]:
        raise DataError(f"{raw.name}: found no rows, expected figures; write it again")
    tickers = _parse_tickers(raw, found["ticker"])
    periods, filed = (_parse_dates(raw, found[wanted]) for wanted in ("period_end", "available_date"))
    _refuse_rows(raw, tickers, periods, filed)
    others = [column for column in raw.cells if column not in found.values()]
    numbers = {column: values for column in others if (values := raw.numbers(column)) is not None}
    _refuse_infinite(raw, numbers)
    orders = _filing_order(tickers, periods, filed)
    return FilingsTable(
        raw.name,
        sha256,
        tuple(numbers),
        tuple(column for column in others if column not in numbers),
        read_only(np.column_stack(list(numbers.values())) if numbers else np.empty((len(tickers), 0))),
        {ticker: tuple(filed[row] for row in rows) for ticker, rows in orders.items()},
        {ticker: _latest_rows(rows, periods) for ticker, rows in orders.items()},
    )


def _filing_order(tickers: list[str], periods: list[dt.date], filed: list[dt.date]) -> dict[str, list[int]]:
    """Return the rows of each company in the order in which they became known."""
    orders: dict[str, list[int]] = {}
    for row in sorted(range(len(tickers)), key=lambda row: (filed[row], periods[row])):
        orders.setdefault(tickers[row], []).append(row)
    return orders


def _latest_rows(rows: list[int], periods: list[dt.date]) -> tuple[int, ...]:
    """Return after each filing the row that counts: of the latest period, and of those the latest filing."""
    counts: list[int] = []
    for row in rows:
        older = bool(counts) and periods[row] < periods[counts[-1]]  # a correction of what newer figures replaced
        counts.append(counts[-1] if older else row)
    return tuple(counts)


def _parse_tickers(raw: _RawColumns, column: str) -> list[str]:
    names = [cell.strip() if isinstance(cell, str) else "" for cell in raw.cells[column]]
    wrong = ((row, f"found {raw.cells[column][row]!r}; write a ticker") for row, name in enumerate(names) if not name)
    raw.refuse(column, wrong)
    return names


def _parse_dates(raw: _RawColumns, column: str) -> list[dt.date]:
    cells = [(cell, _parse_date(cell)) for cell in raw.cells[column]]
    shown = {row: "an empty cell" if cell is None else f"'{cell}'" for row, (cell, day) in enumerate(cells) if not day}
    message = "is not a date; write year-month-day, as 2024-01-31"
    raw.refuse(column, ((row, f"{found} {message}") for row, found in shown.items()))
    return [day for _, day in cells if day is not None]


def _parse_date(cell: object) -> dt.date | None:
    if isinstance(cell, str):
        match = _DATE_PATTERN.match(cell.strip())
        try:
            cell = dt.date.fromisoformat(match[0]) if match else None
        except ValueError:
            return None
    return cell if isinstance(cell, dt.date) and YEAR_BOUNDS[0] <= cell.year <= YEAR_BOUNDS[1] else None


def _refuse_rows(raw: _RawColumns, tickers: list[str], periods: list[dt.date], filed: list[dt.date]) -> None:
    """Refuse a row that stands there twice, and one that was known before its period was over."""
    seen: dict[tuple[str, dt.date, dt.date], int] = {}
    wrong: list[str] = []
    for row, key in enumerate(zip(tickers, periods, filed, strict=True)):
        ticker, period, day = key
        filing = f"{raw.place(row)}: {ticker}, period {period}, filed {day}"
        if key in seen:
            wrong.append(f"{filing}: stands there already ({raw.place(seen[key])}); keep one of the two")
        if day < period:
            wrong.append(f"{filing}: filed before its period was over; correct one of the dates")
        seen[key] = row
    if wrong:
        raise DataError(*wrong)


def _refuse_infinite(raw: _RawColumns, numbers: Mapping[str, FloatArray]) -> None:
    for column, values in numbers.items():
        message = "found an infinite number; leave the cell empty"
        raw.refuse(column, ((row, message) for row in np.flatnonzero(np.isinf(values)).tolist()))
