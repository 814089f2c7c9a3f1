"""Prices in columns of Arrow, of a Parquet file or of a frame in memory: read column by column, without pandas."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import pyarrow as pa

from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.arrow_columns import cast_column, is_number, to_numpy
from engine.core.errors import DataError
from engine.data.price_files.dates import Dates, parse_dates
from engine.data.price_files.grid import CellGrid, ReadingKeys, refuse_too_many_columns
from engine.data.price_files.headers import Header, split_pairs
from engine.data.price_files.layouts import find_columns
from engine.data.price_files.numbers import parse_numbers
from engine.data.price_files.price_columns import PriceColumns
from engine.data.price_files.price_table import PriceTable, build_price_table, ratio_text
from engine.data.price_files.roles import column_role
from engine.data.price_files.stamps import session_days

MAX_ROWS: Final = 100_000_000


class TableSource(Protocol):
    """Columns of Arrow, read when they are asked for."""

    @property
    def schema(self) -> pa.Schema:
        """Names and types of all columns."""
        ...

    @property
    def rows(self) -> int:
        """How many rows there are."""
        ...

    def read(self, names: list[str]) -> pa.Table:
        """Return some of the columns."""
        ...


@dataclass(frozen=True)
class TableInMemory:
    """A table that is in memory already."""

    table: pa.Table

    @property
    def schema(self) -> pa.Schema:
        """Names and types of all columns."""
        return self.table.schema

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return int(self.table.num_rows)

    def read(self, names: list[str]) -> pa.Table:
        """Return some of the columns."""
        return self.table.select(names)


def parse_arrow_prices(file: str, source: TableSource, tickers: Iterable[str], keys: ReadingKeys) -> PriceTable:
    """Return the closes of ``tickers`` in a table; ``file`` is what messages call it.

    Raises DataError when a column does not hold dates or numbers.
    """
    wanted = tuple(dict.fromkeys(tickers))
    schema = source.schema
    refuse_too_many_columns(file, len(schema))
    _refuse_bomb(file, source.rows)
    columns = _find_columns(file, source, wanted, keys)
    if not columns.series:
        return PriceTable({}, columns.names, columns.notes, columns.roles)
    names = list(schema.names)
    asked = [names[at] for at in sorted(columns.used())]
    _refuse_twice(file, asked, names)
    table = source.read(asked)
    if not table.num_rows:
        raise DataError(f"{file}: found no rows, expected closes; write it again")
    dates = _read_dates(file, table[names[columns.date]], keys)
    narrow = any(schema.field(at).type == pa.float32() for one in columns.series.values() for at in one.closes.values())
    notes = dates.notes + columns.notes + ((f"{file}: float32 closes hold seven digits",) if narrow else ())
    rows = None
    if columns.ticker is not None:
        rows = _rows_by_ticker(file, names[columns.ticker], table, wanted, keys)
    columns = dataclasses.replace(columns, notes=notes)
    return build_price_table(file, dates.days, columns, rows, _ArrowColumns(file, table, names, keys), keys)


def _refuse_twice(file: str, asked: Iterable[str], names: Iterable[str]) -> None:
    """Raise DataError when a name that is asked for is that of several columns."""
    times = Counter(names)
    twice = next((name for name in asked if times[name] > 1), None)
    if twice is not None:
        raise DataError(f"{file}: found several columns {twice}, expected one; remove the others")


def _refuse_bomb(file: str, rows: int) -> None:
    """Raise DataError when a small file unpacks to more rows than anybody has prices."""
    if rows > MAX_ROWS:
        raise DataError(f"{file}: found {rows:,} rows, expected at most {MAX_ROWS:,}; write a file of fewer tickers")


@dataclass(frozen=True)
class _ArrowColumns:
    """Reads the columns of a table; each is converted once, however many tickers share it."""

    file: str
    table: pa.Table
    names: list[str]
    keys: ReadingKeys
    converted: dict[int, FloatArray] = field(default_factory=dict)

    def numbers(self, column: int, ticker: str, rows: IntArray) -> FloatArray:  # noqa: ARG002  (a column of one type has no wrong cell to name a ticker for)
        if column not in self.converted:
            self.converted[column] = _read_numbers(self.file, self.names[column], self.table, self.keys)
        whole = self.converted[column]
        return whole if len(rows) == len(whole) and rows[0] == 0 else whole[rows]

    def ratios(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        if not _is_text(self.table[self.names[column]].type):
            return self.numbers(column, ticker, rows)
        cells = [ratio_text(cell) for cell in self.texts(column, rows)]
        return parse_numbers(CellGrid(self.file, [], []), ticker, cells, (rows + 1).tolist())

    def texts(self, column: int, rows: IntArray) -> list[str]:
        cells = _to_texts(self.file, self.names[column], self.table[self.names[column]])
        return [cells[at] for at in rows.tolist()]

    def currency(self, column: int, rows: IntArray) -> str:  # noqa: ARG002  (numbers stand without a sign)
        return ""


def _to_texts(file: str, name: str, column: pa.ChunkedArray) -> list[str]:
    try:
        cells = _decode(column).cast(pa.string()).to_pylist()
    except pa.ArrowException:
        raise DataError(f"{file}: found a column {name} of {column.type}, expected text; convert the column") from None
    return [(cell or "").strip() for cell in cells]


def _find_columns(file: str, source: TableSource, wanted: tuple[str, ...], keys: ReadingKeys) -> PriceColumns:
    """Find dates and closes; a pair of names in a column's name is how pandas stores two header rows."""
    schema = source.schema
    names = list(schema.names)
    date = _date_column(schema)
    names, above = split_pairs(names, date)

    times = Counter(schema.names)

    def texts(at: int) -> list[str] | None:
        kind, name = schema.field(at).type, schema.field(at).name
        if not (_is_date(kind, text=True) or pa.types.is_dictionary(kind)) or times[name] > 1:
            return None
        return _to_texts(file, name, source.read([name])[name])

    if not above:
        _refuse_twice(file, [name for name in names if column_role(name) == "date"], names)
    header = Header(file, file, [name.strip() for name in names], above, date, texts)
    return find_columns(header, wanted, keys)


def _date_column(schema: pa.Schema) -> int | None:
    """Return the index pandas had, if it can be dates, or the first column of dates that is called so, or any."""
    try:
        written = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    except (ValueError, RecursionError):  # damaged or somebody else's: only a hint is lost
        written = {}
    index = written.get("index_columns") if isinstance(written, dict) else None
    names = list(schema.names)
    held = [one for one in (index if isinstance(index, list) else ()) if isinstance(one, str) and one in names]
    held = [one for one in held if _is_date(schema.field(one).type, text=True)]
    if held:  # of tickers and dates the dates
        return names.index(
            min(held, key=lambda one: (not _is_date(schema.field(one).type), column_role(one) != "date"))
        )
    times = Counter(names)
    once = [at for at, name in enumerate(names) if times[name] == 1]
    typed = [at for at in once if _is_date(schema.field(at).type)]
    named = [at for at in once if column_role(names[at]) == "date" and _is_date(schema.field(at).type, text=True)]
    both = [at for at in typed if at in named]
    return next(iter([*both, *named, *typed]), None)


def _is_date(kind: pa.DataType, *, text: bool = False) -> bool:
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind) or (text and _is_text(kind)))


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _read_dates(file: str, column: pa.ChunkedArray, keys: ReadingKeys) -> Dates:
    """Return naive days; a stamp with a zone gives the day on that zone's clock."""
    if column.null_count:
        raise DataError(f"{file}: found {column.null_count} rows without a date, expected one in each; complete them")
    column = _decode(column)
    if _is_text(column.type) or pa.types.is_integer(column.type):  # 20240131, or seconds of an epoch
        cells = [str(cell).strip() for cell in column.to_pylist()]
        return parse_dates(file, cells, range(1, len(cells) + 1), keys.order)
    if not _is_date(column.type):
        raise DataError(f"{file}: found dates of type {column.type}, expected dates or stamps; convert the column")
    if pa.types.is_date(column.type):
        return Dates(to_numpy(cast_column(column, pa.date32()), np.int32).astype("datetime64[D]"))
    zoned = column.type.tz is not None
    if zoned:
        import pyarrow.compute as pc  # noqa: PLC0415  (40 ms that only this rare case needs)

        try:
            column = pc.local_timestamp(column)
        except pa.ArrowException:
            message = "expected one that this system knows; write the dates without a zone"
            raise DataError(f"{file}: found stamps in the time zone {column.type.tz!r}, {message}") from None
    stamps = to_numpy(column, np.int64).view(f"datetime64[{column.type.unit}]")
    days: DateArray = stamps.astype("datetime64[D]")
    if not zoned and (stamps == days).all():
        return Dates(days)
    unique, codes = np.unique(stamps, return_inverse=True)
    days = unique.astype("datetime64[D]")
    minutes = (unique - days).astype("timedelta64[m]").astype(np.int64)
    days, notes = session_days(file, days, minutes, zoned=zoned)
    return Dates(days[codes], notes=notes)


def _decode(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values themselves of a column that stores each once and numbers them."""
    kind = column.type
    if not pa.types.is_dictionary(kind):
        return column
    values = pa.string() if _is_text(kind.value_type) else kind.value_type  # Arrow takes none out of views of text
    return pa.chunked_array([chunk.dictionary.cast(values).take(chunk.indices) for chunk in column.chunks], values)


def _read_numbers(file: str, name: str, table: pa.Table, keys: ReadingKeys) -> FloatArray:
    """Return (T,) float64 with NaN where there is no value; text is read as in a file of text."""
    column = _decode(table[name])
    kind = column.type
    if pa.types.is_null(kind):
        return np.full(len(column), np.nan)
    if _is_text(kind):
        cells = _to_texts(file, name, column)
        grid = CellGrid(file, [cells], [], keys.decimal)
        return parse_numbers(grid, name, cells, range(1, len(cells) + 1), keys.missing or ())
    if not is_number(kind):
        raise DataError(f"{file}: {name}: found a column of {kind}, expected numbers; convert the column")
    return to_numpy(column if kind == pa.float64() else column.cast(pa.float64(), safe=False), np.float64)


def _rows_by_ticker(
    file: str, name: str, table: pa.Table, wanted: tuple[str, ...], keys: ReadingKeys
) -> dict[str, IntArray]:
    """Return the rows of every ticker of a long file; none of one that is not wanted."""
    try:
        labels = _decode(table[name]).cast(pa.string()).combine_chunks().dictionary_encode()
    except pa.ArrowException:
        found = f"found a column {name} of {table[name].type}"
        raise DataError(f"{file}: {found}, expected tickers as text; convert the column") from None
    if labels.null_count:
        raise DataError(f"{file}: found rows without a ticker, expected one in each; complete them")
    rename = keys.rename or {}
    known = [rename.get(name, name) for name in map(str, labels.dictionary.to_pylist())]
    codes = to_numpy(labels.indices, np.int32)
    none: IntArray = np.empty(0, dtype=np.int64)
    if len(set(known)) < len(known):
        twice = next(ticker for ticker in known if known.count(ticker) > 1)
        raise DataError(f"{file}: rename: found several names of {twice}, expected one; leave the others out")
    return {ticker: np.flatnonzero(codes == at) if ticker in wanted else none for at, ticker in enumerate(known)}
