"""Closes out of the rows of a file or sheet, whatever it was written in."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.core.errors import DataError
from engine.core.shortlist import shortlist
from engine.data.closes import CloseSeries
from engine.data.price_files.blocks import split_blocks
from engine.data.price_files.dates import parse_dates
from engine.data.price_files.grid import CellGrid, ReadingKeys, column_cells
from engine.data.price_files.header_rows import Table, find_table
from engine.data.price_files.headers import Header, split_pairs
from engine.data.price_files.layouts import find_columns
from engine.data.price_files.numbers import parse_numbers, stated_currency
from engine.data.price_files.price_columns import CloseKind
from engine.data.price_files.price_table import PriceTable, build_price_table, ratio_text
from engine.data.price_files.statements import statement_header


def parse_grid(grid: CellGrid, tickers: Iterable[str], keys: ReadingKeys) -> PriceTable:
    """Return the closes of ``tickers`` in a grid; raises DataError naming the line that cannot be read."""
    try:
        return _parse_tables(grid, tuple(dict.fromkeys(tickers)), keys)
    except DataError as error:  # a list of transactions has dates twice; to remove rows would not make it prices
        if not (columns := statement_header(grid.rows)):
            raise
        found = f"found the columns {shortlist(columns)}: a list of transactions or holdings"
        raise DataError(f"{grid.file}: {found}, expected prices; name a file of closes in data.source.path") from error


def _parse_tables(grid: CellGrid, wanted: tuple[str, ...], keys: ReadingKeys) -> PriceTable:
    table = find_table(grid, {*wanted, *(keys.rename or {})})
    by_number = keys.columns is not None and any("#" in name for name in keys.columns.model_dump().values() if name)
    whole = by_number or (keys.columns is not None and keys.columns.date is not None)
    blocks = [(0, table)] if whole else split_blocks(table)
    found = [_read_block(grid, block, wanted, keys) for _, block in blocks]
    if len(found) == 1:
        return dataclasses.replace(found[0], notes=grid.notes + table.notes + found[0].notes)
    named = [_name_block(first, one, wanted, keys) for (first, _), one in zip(blocks, found, strict=True)]
    names = [name for one in named for name in one.names]
    if twice := sorted(name for name, count in Counter(names).items() if count > 1):
        raise DataError(f"{table.where}: {twice[0]}: found it in several blocks, expected one; remove the others")
    return PriceTable(
        {key: series for one in named for key, series in one.series.items()},
        tuple(names),
        tuple(dict.fromkeys((*grid.notes, *table.notes, *(note for one in named for note in one.notes)))),
        tuple(role for one in named for role in one.roles),
    )


def _name_block(first: int, block: PriceTable, wanted: Sequence[str], keys: ReadingKeys) -> PriceTable:
    """Return a block whose closes have a name: without one, the number of its first column, as ``#4``."""
    if block.names:
        return block
    number = f"#{first + 1}"
    name = (keys.rename or {}).get(number, number)
    series: dict[tuple[str | None, CloseKind], CloseSeries] = {
        (name, kind): one for (_, kind), one in block.series.items() if name in wanted
    }
    return dataclasses.replace(block, series=series, names=(name,))


def _read_block(grid: CellGrid, table: Table, wanted: tuple[str, ...], keys: ReadingKeys) -> PriceTable:
    if not table.line and (keys.columns is None or keys.columns.date is None):
        _refuse_nameless(table)
    names, above = (table.names, table.above) if table.above else split_pairs(table.names, table.date)
    header = Header(table.file, table.where, names, above, table.date, table.texts)
    columns = find_columns(header, wanted, keys)
    if table.currencies:
        columns = columns.in_currencies(table.currencies)
    if table.currency:
        columns = columns.in_currency(table.currency)
    if not columns.series:
        return PriceTable({}, columns.names, columns.notes, columns.roles)
    dates = parse_dates(table.file, table.column(columns.date), table.lines, keys.order)
    rows = None if columns.ticker is None else _rows_by_ticker(table, columns.ticker, wanted, keys)
    cells = _TableColumns(dataclasses.replace(grid, rows=table.rows, lines=table.lines), keys)
    columns = dataclasses.replace(columns, notes=dates.notes + columns.notes)
    return build_price_table(table.file, dates.days, columns, rows, cells, keys)


def _refuse_nameless(table: Table) -> None:
    cells = shortlist(table.rows[0], 6)
    date = f"#{(table.date or 0) + 1}"
    key = f'`columns: {{date: "{date}", close: "#{2 if len(table.names) == 2 else "..."}"}}`'
    message = f"found no names above the first row ({cells}), expected a header"
    raise DataError(f"{table.file}: {message}; write {key} in data.source, or add a line of names")


def _rows_by_ticker(table: Table, column: int, wanted: Sequence[str], keys: ReadingKeys) -> dict[str, IntArray]:
    """Return the rows of every ticker of a long file; none of one that is not wanted."""
    own: dict[str, list[int]] = {}
    for at, name in enumerate(table.column(column)):
        own.setdefault(name, []).append(at)
    if "" in own:
        line = table.lines[own[""][0]]
        raise DataError(f"{table.file}:{line}: found a row without a ticker, expected one in each; complete it")
    rename = keys.rename or {}
    found: dict[str, IntArray] = {}
    for name, rows in own.items():
        ticker = rename.get(name, name)
        if ticker in found:
            message = f"rename: found several names of {ticker} in {table.names[column]}, expected one"
            raise DataError(f"{table.file}: {message}; leave the others out")
        found[ticker] = np.array(rows if ticker in wanted else [], dtype=np.int64)
    return found


@dataclass(frozen=True)
class _TableColumns:
    """Reads the columns of a table."""

    grid: CellGrid
    keys: ReadingKeys
    columns: dict[int, list[str]] = field(default_factory=dict)

    def numbers(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        return self._parse(ticker, self.texts(column, rows), rows)

    def ratios(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        cells = self.texts(column, rows)
        ratios = {at: text for at, cell in enumerate(cells) if (text := ratio_text(cell)) != cell}
        numbers = self._parse(ticker, ["" if at in ratios else cell for at, cell in enumerate(cells)], rows)
        values = numbers.copy()  # of a ratio whatever the file's decimal sign
        values[list(ratios)] = list(map(float, ratios.values()))
        return values

    def texts(self, column: int, rows: IntArray) -> list[str]:
        if column not in self.columns:
            self.columns[column] = column_cells(self.grid.rows, column)
        cells = self.columns[column]
        return cells if self._are_all(rows) else [cells[at] for at in rows.tolist()]

    def currency(self, column: int, rows: IntArray) -> str:
        return stated_currency(self.texts(column, rows))

    def _are_all(self, rows: IntArray) -> bool:
        """Tell whether rows are all of the table, in its order."""
        return len(rows) == len(self.grid.rows) and rows[0] == 0

    def _parse(self, ticker: str, cells: list[str], rows: IntArray) -> FloatArray:
        lines = self.grid.lines if self._are_all(rows) else [self.grid.lines[at] for at in rows.tolist()]
        percent = self.keys.values == "returns"
        return parse_numbers(self.grid, ticker, cells, lines, self.keys.missing or (), percent=percent)
