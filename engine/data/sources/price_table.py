"""The series of a price file, from the columns that its layout names; checked, the oldest row first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.errors import DataError
from engine.data.sources.base import CloseSeries
from engine.data.sources.price_columns import CloseKind, FieldColumns, PriceColumns

_RATIO: Final = re.compile(r"([0-9.]+) ?(?::|/|-?for-?| for ) ?([0-9.]+)", re.IGNORECASE)


@dataclass(frozen=True)
class PriceTable:
    """What one file holds of the tickers asked for.

    ``series`` by (ticker, kind), the ticker None where the file does not name it; ``names`` are all tickers that the
    file names, none for a single series; ``notes`` are what a reader of the result should know.
    """

    series: dict[tuple[str | None, CloseKind], CloseSeries]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def by_kind(self, ticker: str) -> dict[CloseKind, CloseSeries]:
        """Return the closes of ``ticker``; a single series that the file does not name is anybody's."""
        own = ticker if self.names else None
        return {kind: series for (name, kind), series in self.series.items() if name == own}


class ColumnReader(Protocol):
    """Reads the columns of one file, whatever it is written in, at some of its rows; ``ticker`` is for messages."""

    def numbers(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        """Return numbers, NaN for an empty cell."""
        ...

    def ratios(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        """Return numbers that may be written as ratios, 3:2 as 1.5."""
        ...

    def texts(self, column: int, rows: IntArray) -> Sequence[str]:
        """Return texts without blanks around them."""
        ...

    def currency(self, column: int, rows: IntArray) -> str:
        """Return the currency whose sign stands beside the numbers; ``""`` for none and for a dollar of any country."""
        ...


def is_ratio(cell: str) -> bool:
    """Tell whether a split is written as a ratio, as ``3:2``, ``3/2`` or ``3-for-2``."""
    return _RATIO.fullmatch(cell.strip()) is not None


def ratio_text(cell: str) -> str:
    """Return the number that a ratio stands for; any other cell as it is.

    >>> ratio_text("3:2"), ratio_text("2-for-1"), ratio_text("0.0")
    ('1.5', '2.0', '0.0')
    """
    match = _RATIO.fullmatch(cell.strip())
    try:
        return cell if match is None else repr(float(match[1]) / float(match[2]))
    except (ValueError, ZeroDivisionError):  # 1.2.3, a denominator of 0: refused as any text that is no number
        return cell


def build_price_table(
    file: str,
    days: DateArray,
    columns: PriceColumns,
    rows_by_ticker: Mapping[str, IntArray] | None,
    cells: ColumnReader,
) -> PriceTable:
    """Return the series of a file.

    Parameters
    ----------
    file : its name, for messages
    days : (T,) the date of each row
    columns : where its closes and events are
    rows_by_ticker : of a long file, the rows of every ticker in it; none of one that is not wanted
    cells : reads a column, for a ticker, at some of the rows

    """
    series: dict[tuple[str | None, CloseKind], CloseSeries] = {}
    for name, fields in columns.series.items():
        for ticker, rows in ({name: np.arange(len(days))} if rows_by_ticker is None else rows_by_ticker).items():
            if len(rows):
                label = ticker or "its close"
                for kind, one in _read_series(file, label, days, fields, rows, cells).items():
                    series[ticker, kind] = one
    return PriceTable(series, columns.names if rows_by_ticker is None else tuple(rows_by_ticker), columns.notes)


def _read_series(
    file: str, label: str, days: DateArray, fields: FieldColumns, rows: IntArray, cells: ColumnReader
) -> dict[CloseKind, CloseSeries]:
    """Return the closes of one ticker by kind; adjusted ones contain the events, all others carry them."""
    own, order = days[rows], _ascending_rows(file, label, days[rows])
    dividends = splits = None
    if set(fields.closes) - {"adjusted"}:
        if fields.dividend is not None:
            dividends = _checked(file, label, own, cells.numbers(fields.dividend, label, rows), "dividend", 0.0)[order]
        if fields.split is not None:
            splits = _checked(file, label, own, cells.ratios(fields.split, label, rows), "split", 1.0)[order]
    currency = "" if fields.currency is None else _only_currency(file, label, cells.texts(fields.currency, rows))
    series: dict[CloseKind, CloseSeries] = {}
    for kind, column in fields.closes.items():
        closes = _checked_closes(file, label, own, cells.numbers(column, label, rows))[order]
        with_events = (None, None) if kind == "adjusted" else (dividends, splits)
        sign = cells.currency(column, rows)
        if currency and sign and sign != currency:
            message = f"found closes in {sign} beside the currency {currency}, expected one; correct the column"
            raise DataError(f"{file}: {label}: {message}")
        series[kind] = CloseSeries(own[order], closes, *with_events, currency or sign)
    return series


def _checked_closes(file: str, ticker: str, days: DateArray, closes: FloatArray) -> FloatArray:
    wrong = np.flatnonzero(np.isinf(closes) | (closes <= 0.0))
    if len(wrong):
        at = wrong[0]
        raise DataError(
            f"{file}: {ticker} on {days[at]}: found the close {closes[at]:g}, expected a finite price above 0; "
            "correct it or leave it empty"
        )
    return closes


def _checked(file: str, ticker: str, days: DateArray, events: FloatArray, name: str, none: float) -> FloatArray:
    """Return events with ``none`` where there is none: an empty cell, or 0 as yfinance writes for no split."""
    wrong = np.flatnonzero(np.isinf(events) | (events < 0.0))
    if len(wrong):
        at = wrong[0]
        message = f"found the {name} {events[at]:g}, expected none or a finite number above 0; correct it"
        raise DataError(f"{file}: {ticker} on {days[at]}: {message}")
    return np.where(np.isnan(events) | (events == 0.0), none, events)


def _only_currency(file: str, ticker: str, cells: Sequence[str]) -> str:
    found = sorted(set(cells) - {""})
    if len(found) > 1:
        message = f"found closes in {' and '.join(found)}, expected one currency; split the file or convert the closes"
        raise DataError(f"{file}: {ticker}: {message}")
    return found[0] if found else ""


def _ascending_rows(file: str, ticker: str, days: DateArray) -> slice:
    """Return the slice that puts the oldest row first; raises DataError for dates that neither rise nor fall."""
    steps = np.diff(days).astype(np.int64)
    if (steps > 0).all():
        return slice(None)
    if (steps < 0).all():  # newest first, as many vendors write
        return slice(None, None, -1)
    same = np.flatnonzero(steps == 0)
    if len(same):
        message = f"found {days[same[0]]} twice, expected each date once; remove one of the rows"
        raise DataError(f"{file}: {ticker}: {message}")
    falls = (steps > 0).sum() >= (steps < 0).sum()
    at = np.flatnonzero((steps < 0) if falls else (steps > 0))[0]
    message = f"found {days[at + 1]} after {days[at]}, expected dates in order; sort the rows by date"
    raise DataError(f"{file}: {ticker}: {message}")
