"""Closes out of the rows of a file or sheet, whatever it was written in."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.core.errors import DataError
from engine.data.sources.dates import parse_dates
from engine.data.sources.grid import Grid, ReadingKeys
from engine.data.sources.layouts import parse_double_header, parse_header
from engine.data.sources.numbers import parse_numbers, stated_currency
from engine.data.sources.price_columns import PriceColumns
from engine.data.sources.price_table import PriceTable, build_price_table, ratio_text

Rows: TypeAlias = "list[list[str]]"

_HEADER_LABELS: Final = frozenset({"Price", "Ticker"})


def parse_grid(grid: Grid, tickers: Iterable[str], keys: ReadingKeys) -> PriceTable:
    """Return the closes of ``tickers`` in a grid; raises DataError naming the line that cannot be read."""
    wanted = tuple(dict.fromkeys(tickers))
    file, rows = grid.file, grid.rows
    header, columns = _read_header(file, rows, wanted)
    rows = rows[header:]
    if not rows:
        raise DataError(f"{file}: found a header and no rows, expected closes; fetch the file again")
    dates = parse_dates(file, [row[columns.date] for row in rows], grid.lines[header:], keys.order)
    own: dict[str, list[int]] = {}
    if columns.ticker is not None:
        for at, row in enumerate(rows):
            own.setdefault(row[columns.ticker], []).append(at)
    rows_by_ticker = {ticker: np.array(at if ticker in wanted else [], dtype=np.int64) for ticker, at in own.items()}
    cells = _GridColumns(grid, header, keys.missing or ())
    columns = dataclasses.replace(columns, notes=grid.notes + dates.notes + columns.notes)
    return build_price_table(file, dates.days, columns, None if columns.ticker is None else rows_by_ticker, cells)


@dataclass(frozen=True)
class _GridColumns:
    """Reads the columns of a grid."""

    grid: Grid
    header: int
    missing: tuple[str, ...]

    def numbers(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        return self._parse(ticker, self.texts(column, rows), rows)

    def ratios(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        return self._parse(ticker, [ratio_text(cell) for cell in self.texts(column, rows)], rows)

    def texts(self, column: int, rows: IntArray) -> list[str]:
        return [self.grid.rows[at][column] for at in (rows + self.header).tolist()]

    def currency(self, column: int, rows: IntArray) -> str:
        return stated_currency(self.grid.rows[at][column] for at in (rows + self.header).tolist())

    def _parse(self, ticker: str, cells: list[str], rows: IntArray) -> FloatArray:
        lines = [self.grid.lines[at] for at in (rows + self.header).tolist()]
        return parse_numbers(self.grid, ticker, cells, lines, self.missing)


def _read_header(file: str, rows: Rows, wanted: tuple[str, ...]) -> tuple[int, PriceColumns]:
    """Return how many rows the header takes and what it says."""
    labels = [row[0] for row in rows[:2]]
    if set(labels) != _HEADER_LABELS:
        return 1, parse_header(file, rows[0], wanted)
    fields, tickers = (rows[0], rows[1]) if labels[0] == "Price" else (rows[1], rows[0])
    count = 2
    while count < len(rows) and (rows[count][0] in _HEADER_LABELS or not any(rows[count][1:])):
        count += 1  # repeated rows, the index's name
    return count, parse_double_header(file, fields, tickers, wanted)
