"""Price files written as text: CSV of every layout in :mod:`engine.data.sources.layouts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from engine.core.errors import DataError
from engine.data.csv_reader import refuse_ragged, split_lines
from engine.data.sources.cells import build_series, parse_dates, parse_numbers
from engine.data.sources.layouts import CloseKind, PriceColumns, PriceTable, parse_double_header, parse_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.core.arrays import DateArray, IntArray
    from engine.data.sources.base import CloseSeries

Rows: TypeAlias = "list[list[str]]"

_HEADER_LABELS: Final = frozenset({"Price", "Ticker"})
_UNNAMED: Final = "its close"


def parse_csv_prices(file: str, content: bytes, tickers: Iterable[str]) -> PriceTable:
    """Read the closes of ``tickers`` from a CSV file; cells are text, so NO, NA and 007 stay what they are.

    Parameters
    ----------
    file : its name, for messages
    content : its bytes, UTF-8 with or without a byte order mark
    tickers : whose columns or rows are wanted

    Raises
    ------
    DataError
        When the file is not text, has no data, or a row or cell of it cannot be read.

    """
    wanted = tuple(dict.fromkeys(tickers))
    rows = _split_rows(file, content)
    header, columns = _read_header(file, rows, wanted)
    rows = rows[header:]
    if not rows:
        raise DataError(f"{file}: found a header and no rows, expected closes; fetch the file again")
    days = parse_dates(file, [row[columns.date].strip() for row in rows], american=columns.american)
    if columns.ticker is not None:
        return _read_long(file, rows, columns, days, wanted)
    series = {
        (ticker, kind): build_series(
            file,
            ticker or _UNNAMED,
            days,
            parse_numbers(file, ticker or _UNNAMED, days, [row[at] for row in rows], grouped=columns.american),
        )
        for (ticker, kind), at in columns.closes.items()
    }
    return PriceTable(file, series, columns.names, columns.notes)


def _split_rows(file: str, content: bytes) -> Rows:
    """Split into rows of equally many cells; blank lines are left out."""
    if not content.strip():
        raise DataError(f"{file}: found an empty file, expected a header and closes; fetch the file again")
    rows = [(line, row) for line, row in split_lines(file, content) if len(row) > 1 or "".join(row).strip()]
    refuse_ragged(file, rows)
    return [row for _, row in rows]


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


def _read_long(file: str, rows: Rows, columns: PriceColumns, days: DateArray, wanted: tuple[str, ...]) -> PriceTable:
    """Sort the rows of a long file by ticker."""
    column = columns.ticker or 0
    places: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        places.setdefault(row[column].strip(), []).append(at)
    series: dict[tuple[str | None, CloseKind], CloseSeries] = {}
    for ticker in wanted:
        own: IntArray = np.array(places.get(ticker, []), dtype=np.int64)
        for (_, kind), cell in columns.closes.items():
            if len(own):
                closes = parse_numbers(file, ticker, days[own], [rows[at][cell] for at in own])
                series[ticker, kind] = build_series(file, ticker, days[own], closes)
    return PriceTable(file, series, tuple(places), columns.notes)
