"""A point-in-time table: read from Parquet or CSV without pandas, checked, arranged by ticker and filing date."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import FloatArray, read_only
from engine.core.errors import DataError
from engine.data.csv_reader import find_column, parse_csv, read_bytes, refuse_duplicate_columns, require_file

_REQUIRED_COLUMNS: Final = {
    "ticker": ("ticker",),
    "period_end": ("period_end", "period"),
    "available_date": ("available_date", "filing_date"),
}
_YEAR_BOUNDS: Final = (1900, 2200)
_DATE_PATTERN: Final = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ]\d\d:\d\d)", re.ASCII)
_NUMBER_PATTERN: Final = re.compile(
    r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE
)
_MISSING_VALUES: Final = frozenset({"", "nan", "na", "n/a", "null", "none"})

Cells = Sequence[object]


@dataclass(frozen=True)
class _RawColumns:
    """A file's columns as they stand there; ``place`` says where a row is, ``numbers`` reads a column or is None."""

    name: str
    cells: Mapping[str, Cells]
    place: Callable[[int], str]
    numbers: Callable[[str], FloatArray | None]


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
        count = bisect_right(self.filing_dates.get(ticker, ()), day)
        if not count:
            return None
        return dict(zip(self.columns, self.values[self.latest_rows[ticker][count - 1]].tolist(), strict=True))


def load_filings(path: str) -> FilingsTable:
    """Read the table at ``path``; the same file is read once.

    Raises
    ------
    DataError
        When there is no such file, it is no table, a required column is missing, or a cell cannot be what it should.

    """
    status = require_file(path).stat()
    return _load_cached(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _load_cached(path: str, _changed: int, _size: int) -> FilingsTable:
    raw = read_bytes(path)
    suffix = Path(path).suffix.lower()
    if suffix not in {".parquet", ".csv"}:
        raise DataError(f"{path}: found the ending '{suffix}', expected .parquet or .csv; convert the file")
    table = _read_parquet(path, raw) if suffix == ".parquet" else _read_csv(path, raw)
    return _arrange(table, hashlib.sha256(raw).hexdigest())


def _read_csv(name: str, raw: bytes) -> _RawColumns:
    rows = parse_csv(name, raw)
    cells = {column: [row[at] for row in rows.cells] for at, column in enumerate(rows.header)}

    def place(row: int) -> str:
        return f"{name}:{rows.lines[row]}"

    def numbers(column: str) -> FloatArray | None:
        return _parse_numbers(column, cells[column], place)

    return _RawColumns(name, cells, place, numbers)


def _parse_numbers(column: str, cells: Sequence[str], place: Callable[[int], str]) -> FloatArray | None:
    """Return (R,) numbers; None for a column of text. A column with both is a mistake in the text."""
    present = [bool(_NUMBER_PATTERN.fullmatch(cell)) for cell in cells]
    wrong = [row for row, cell in enumerate(cells) if not present[row] and cell.lower() not in _MISSING_VALUES]
    if wrong and any(present):
        raise DataError(
            *(
                f"{place(row)}: {column}: found '{cells[row]}', expected a number with a decimal point; "
                "correct it or leave it empty"
                for row in wrong
            )
        )
    return None if wrong else np.array([float(c) if ok else math.nan for c, ok in zip(cells, present, strict=True)])


def _read_parquet(name: str, raw: bytes) -> _RawColumns:
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

    def numbers(column: str) -> FloatArray | None:
        kind = arrays[column].type
        known = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
        if not known and not pa.types.is_null(kind):
            return None
        return np.array([math.nan if cell is None else float(cell) for cell in arrays[column].to_pylist()])

    return _RawColumns(name, cells, lambda row: f"{name}: row {row + 1}", numbers)


def _to_cells(column: pa.ChunkedArray) -> Cells:
    """Return Python values; a stamp becomes its day, on the clock of its zone."""
    kind = column.type
    day = pa.types.is_timestamp(kind) or pa.types.is_date(kind)
    cells: list[object] = (column.cast(pa.date32()) if day else column).to_pylist()
    return cells


def _arrange(raw: _RawColumns, sha256: str) -> FilingsTable:
    header = tuple(raw.cells)
    found = {wanted: find_column(raw.name, header, *accepted) for wanted, accepted in _REQUIRED_COLUMNS.items()}
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
    cells = raw.cells[column]
    wrong = [row for row, cell in enumerate(cells) if not isinstance(cell, str) or not cell.strip()]
    if wrong:
        raise DataError(*(f"{raw.place(row)}: {column}: found {cells[row]!r}; write a ticker" for row in wrong))
    return [str(cell).strip() for cell in cells]


def _parse_dates(raw: _RawColumns, column: str) -> list[dt.date]:
    found = [_parse_date(cell) for cell in raw.cells[column]]
    wrong = [row for row, day in enumerate(found) if day is None]
    if wrong:
        words = "is not a date; write year-month-day, as 2024-01-31"
        raise DataError(*(f"{raw.place(row)}: {column}: {_show_cell(raw.cells[column][row])} {words}" for row in wrong))
    return [day for day in found if day is not None]


def _show_cell(cell: object) -> str:
    return f"'{cell}'" if cell is not None else "an empty cell"


def _parse_date(cell: object) -> dt.date | None:
    if isinstance(cell, str):
        match = _DATE_PATTERN.match(cell.strip())
        try:
            cell = dt.date.fromisoformat(match[0]) if match else None
        except ValueError:
            return None
    return cell if isinstance(cell, dt.date) and _YEAR_BOUNDS[0] <= cell.year <= _YEAR_BOUNDS[1] else None


def _refuse_rows(raw: _RawColumns, tickers: list[str], periods: list[dt.date], filed: list[dt.date]) -> None:
    """Refuse a row that stands there twice, and one that was known before its period was over."""
    seen: dict[tuple[str, dt.date, dt.date], int] = {}
    wrong: list[str] = []
    for row, key in enumerate(zip(tickers, periods, filed, strict=True)):
        ticker, period, day = key
        said = f"{raw.place(row)}: {ticker}, period {period}, filed {day}"
        if key in seen:
            wrong.append(f"{said}: stands there already ({raw.place(seen[key])}); keep one of the two")
        if day < period:
            wrong.append(f"{said}: filed before its period was over; correct one of the dates")
        seen[key] = row
    if wrong:
        raise DataError(*wrong)


def _refuse_infinite(raw: _RawColumns, numbers: Mapping[str, FloatArray]) -> None:
    wrong = [
        f"{raw.place(row)}: {column}: found an infinite number; leave the cell empty"
        for column, values in numbers.items()
        for row in np.flatnonzero(np.isinf(values)).tolist()
    ]
    if wrong:
        raise DataError(*wrong)
