"""The series of a price file, from the columns that its layout names; checked, the oldest row first."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, get_args

import numpy as np

from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.errors import DataError
from engine.data.closes import CloseSeries
from engine.data.events import MOST_SHARES
from engine.data.price_files.as_traded import are_split_adjusted
from engine.data.price_files.grid import NO_KEYS, ReadingKeys
from engine.data.price_files.price_columns import CloseKind, FieldColumns, PriceColumns
from engine.data.price_files.returns import RETURNS_REMEDY, chain_returns, look_like_returns

_RATIO: Final = re.compile(r"([0-9.]+) ?(?::|/|-?for-?| for ) ?([0-9.]+)", re.IGNORECASE)


@dataclass(frozen=True)
class PriceTable:
    """What one file holds of the tickers asked for.

    ``series`` by (ticker, kind), the ticker None where the file does not name it; ``names`` are all tickers that the
    file names, none for a single series; ``notes`` are what a reader of the result should know; ``roles``, what each
    column is read as, by its name.
    """

    series: dict[tuple[str | None, CloseKind], CloseSeries]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()

    def by_kind(self, ticker: str) -> dict[CloseKind, CloseSeries]:
        """Return the closes of ``ticker``; a single series that the file does not name is anybody's."""
        own = ticker if self.names else None
        return {kind: self.series[own, kind] for kind in get_args(CloseKind) if (own, kind) in self.series}


class ColumnReader(Protocol):
    """Reads the columns of one file, whatever it is written in, at some of its rows; ``ticker`` is for messages."""

    def numbers(self, column: int, ticker: str, rows: IntArray) -> FloatArray:
        """Return numbers, NaN for an empty cell; ``rows`` rise or fall."""
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
    keys: ReadingKeys = NO_KEYS,
) -> PriceTable:
    """Return the series of a file.

    Parameters
    ----------
    file : its name, for messages
    days : (T,) the date of each row
    columns : where its closes and events are
    rows_by_ticker : of a long file, the rows of every ticker in it; none of one that is not wanted
    cells : reads a column, for a ticker, at some of the rows
    keys : its owner's scale, and whether its values are returns

    """
    series: dict[tuple[str | None, CloseKind], CloseSeries] = {}
    every = np.arange(len(days))
    whole: tuple[DateArray, IntArray] | None = None  # put in order once for all columns
    for name, fields in columns.series.items():
        for ticker, rows in ({name: every} if rows_by_ticker is None else rows_by_ticker).items():
            if len(rows):
                label = ticker or "its close"
                ordered = whole if whole and rows is every else _put_in_order(file, label, days[rows], rows)
                whole = ordered if rows is every else whole
                own = _TickerRows(file, label, *ordered, cells, keys)
                series |= {(ticker, kind): one for kind, one in own.read(fields).items()}
    names = columns.names if rows_by_ticker is None else tuple(rows_by_ticker)
    notes = columns.notes
    if series and keys.values == "returns":
        notes = (*notes, f"{file}: closes are made of its returns, the first of which has no close before it")
    notes = (*notes, *_adjusted_missing(file, series))
    return PriceTable(series, names, notes, columns.roles)


def _adjusted_missing(file: str, series: Mapping[tuple[str | None, CloseKind], CloseSeries]) -> Iterator[str]:
    """Say of which days there is a close but no adjusted one, which would go unseen at either end."""
    for (ticker, kind), adjusted in series.items():
        raw = series.get((ticker, "raw"))
        if kind == "adjusted" and raw is not None and len(raw.dates) == len(adjusted.dates):
            missing = np.flatnonzero(np.isnan(adjusted.closes) & ~np.isnan(raw.closes))
            if len(missing):
                rows = f"{len(missing)} rows have a close and no adjusted one, the last on {raw.dates[missing[-1]]}"
                yield f"{file}: {f'{ticker}: ' if ticker else ''}{rows}; `closes: raw` reads the closes"


@dataclass(frozen=True)
class _TickerRows:
    """The rows of one ticker, the oldest first."""

    file: str
    ticker: str
    days: DateArray
    rows: IntArray
    cells: ColumnReader
    keys: ReadingKeys

    def read(self, fields: FieldColumns) -> dict[CloseKind, CloseSeries]:
        """Return its closes by kind; adjusted ones contain the events, all others carry them."""
        dividends = splits = None
        if set(fields.closes) - {"adjusted"}:
            if fields.dividends:
                columns = [self._events(column, "dividend", 0.0) for column in fields.dividends]
                dividends = np.sum(columns, axis=0) * (self.keys.scale or 1.0)
            if fields.split is not None:
                splits = self._events(fields.split, "split", 1.0)
        series: dict[CloseKind, CloseSeries] = {}
        for kind, column in fields.closes.items():
            events = (None, None) if kind == "adjusted" else (dividends, splits)
            series[kind] = CloseSeries(self.days, self._closes(column), *events, self._currency(fields, column))
        if set(fields.closes) == {"adjusted"} and fields.split is not None:
            self._refuse_unadjusted(series["adjusted"], self._events(fields.split, "split", 1.0))
        return series

    def _refuse_unadjusted(self, adjusted: CloseSeries, splits: FloatArray) -> None:
        """Raise DataError where closes that a vendor adjusts fall at the splits beside them: they are as traded."""
        stated = dataclasses.replace(adjusted, splits=splits)
        if are_split_adjusted({self.ticker: stated}, {})[self.ticker] is False:
            day = adjusted.dates[splits != 1.0][0]
            found = f"found adjusted closes that fall at the splits stated beside them, first {day}"
            remedy = "they are as traded: name their column by `columns: {close: ...}` in data.source"
            raise DataError(f"{self.file}: {self.ticker}: {found}, expected closes that contain them; {remedy}")

    def _closes(self, column: int) -> FloatArray:
        closes = self.cells.numbers(column, self.ticker, self.rows)
        if self.keys.values == "returns":
            return chain_returns(f"{self.file}: {self.ticker}", self.days, closes, self.keys.scale)
        wrong = np.flatnonzero(np.isinf(closes) | (closes <= 0.0))
        if len(wrong):
            at = wrong[0]
            remedy = "correct it, leave it empty, or, in text, name it in `missing:` of data.source"
            if self.keys.values is None and look_like_returns(closes):
                remedy = f"if these are returns, {RETURNS_REMEDY}"
            message = f"found the close {closes[at]:g}, expected a finite price above 0; {remedy}"
            raise DataError(f"{self.file}: {self.ticker} on {self.days[at]}: {message}")
        return closes if self.keys.scale is None else closes * self.keys.scale

    def _events(self, column: int, name: str, none: float) -> FloatArray:
        """Return events with ``none`` where there is none: an empty cell, or 0 as yfinance writes for no split."""
        read = self.cells.ratios if name == "split" else self.cells.numbers
        events = read(column, self.ticker, self.rows)
        wrong = np.flatnonzero(np.isinf(events) | (events < 0.0))
        if len(wrong):
            at = wrong[0]
            message = f"found the {name} {events[at]:g}, expected none or a finite number above 0; correct it"
            raise DataError(f"{self.file}: {self.ticker} on {self.days[at]}: {message}")
        events = np.where(np.isnan(events) | (events == 0.0), none, events)
        if name == "split":
            self._refuse_absurd_splits(events)
        return events

    def _refuse_absurd_splits(self, splits: FloatArray) -> None:
        """Raise DataError when splits make more of a share, or less, than any ever did."""
        with np.errstate(over="ignore", under="ignore"):
            shares = np.multiply.accumulate(splits)
            before = np.multiply.accumulate(splits[::-1])  # how many of today one of a day is
        both = np.concatenate([shares, before])
        if len(both) and not (both.min() > 1.0 / MOST_SHARES and both.max() < MOST_SHARES):
            with np.errstate(over="ignore", divide="ignore"):
                worst = int(np.maximum(splits, 1.0 / splits).argmax())
            message = f"found splits that together make {shares[-1]:g} shares of one, expected less than"
            remedy = f"correct the {splits[worst]:g} of {self.days[worst]}"
            raise DataError(f"{self.file}: {self.ticker}: {message} {MOST_SHARES:g}; {remedy}")

    def _currency(self, fields: FieldColumns, column: int) -> str:
        """Return the one currency that column, header and sign beside the numbers state; ``""`` where none does."""
        cells = () if fields.currency is None else self.cells.texts(fields.currency, self.rows)
        found = {*cells, fields.stated, self.cells.currency(column, self.rows)} - {""}
        if len(found) > 1:
            message = f"found closes in {' and '.join(sorted(found))}, expected one currency"
            raise DataError(f"{self.file}: {self.ticker}: {message}; split the file or convert the closes")
        return found.pop() if found else ""


def _put_in_order(file: str, ticker: str, days: DateArray, rows: IntArray) -> tuple[DateArray, IntArray]:
    """Return dates and rows, the oldest first."""
    order = _ascending_rows(file, ticker, days)
    return days[order], rows[order]


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
        message += ", or name the column that tells tickers apart: `columns: {ticker: ...}` in data.source"
        raise DataError(f"{file}: {ticker}: {message}")
    falls = (steps > 0).sum() >= (steps < 0).sum()
    at = np.flatnonzero((steps < 0) if falls else (steps > 0))[0]
    message = f"found {days[at + 1]} after {days[at]}, expected dates in order; sort the rows by date"
    raise DataError(f"{file}: {ticker}: {message}")
