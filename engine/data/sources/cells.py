"""Dates and numbers out of text, strictly: what is not plainly a date or a price is an error that names the place."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError
from engine.core.fields import ISO_DATE_PATTERN
from engine.data.sessions import weekdays

_BASIC_DATE = re.compile(r"[0-9]{8}")
_AMERICAN_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_TIME_OF_DAY = re.compile(
    r"[ T](?P<hour>[0-9]{2}):[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"( ?(?P<zone>Z|UTC|(?P<sign>[+-])(?P<h>[0-9]{2}):?(?P<m>[0-9]{2})))?"
)
_EMPTY_CELLS: Final = frozenset({"", "nan", "NaN", "null", "N/A"})
_NOON: Final = 12
_SUNDAY: Final = 6
_FRIDAY: Final = 4


def parse_dates(file: str, cells: Sequence[str], *, american: bool = False) -> DateArray:
    """Return (T,) the session dates of date cells: the day as it is written, without its time and zone.

    Parameters
    ----------
    file : its name, for messages
    cells : ``2024-01-31``, ``20240131``, or a stamp as ``2024-01-31 00:00:00-05:00``
    american : month first, ``01/31/2024``; only where the header belongs to a vendor who writes so

    Raises
    ------
    DataError
        For anything else, for offsets of several zones, and for stamps that are another zone's midnight.

    """
    if american:
        return _parse_days(file, [_AMERICAN_DATE.sub(r"\3-\1-\2", cell) for cell in cells], cells)
    if cells and all(map(_BASIC_DATE.fullmatch, cells)):
        return _parse_days(file, [f"{cell[:4]}-{cell[4:6]}-{cell[6:]}" for cell in cells], cells)
    hours = _check_times(file, cells)
    days = _parse_days(file, [cell[:10] for cell in cells], cells)
    if max(hours, default=0) >= _NOON:
        refuse_shifted_dates(file, days)
    return days


def refuse_shifted_dates(file: str, days: DateArray) -> None:
    """Raise DataError when evening stamps fall on Sundays and never on Fridays: midnights of a zone further east."""
    day_of_week = weekdays(days)
    sundays = days[day_of_week == _SUNDAY]
    if len(sundays) and _FRIDAY not in day_of_week:
        raise DataError(
            f"{file}: found evening stamps on Sundays (first {sundays[0]}) and none on a Friday, expected session "
            "dates; they are midnights of another time zone: convert them to the exchange's zone"
        )


def parse_numbers(
    file: str, ticker: str, days: DateArray, cells: Sequence[str], *, grouped: bool = False
) -> FloatArray:
    """Return (T,) the numbers of price cells; an empty cell, ``nan``, ``null`` and ``N/A`` are NaN.

    ``grouped`` takes commas as thousands separators, where a vendor writes them.
    """
    if grouped:
        cells = [cell.replace(",", "") for cell in cells]
    if not any("_" in cell or not cell.isascii() for cell in cells):  # float() reads 1_000 and digits of every script
        with suppress(ValueError):
            return np.array([float(cell) if cell else math.nan for cell in cells], dtype=np.float64)
    return np.array([_parse_number(file, ticker, day, cell) for day, cell in zip(days, cells, strict=True)])


def _parse_days(file: str, texts: Sequence[str], cells: Sequence[str]) -> DateArray:
    if all(map(ISO_DATE_PATTERN.fullmatch, texts)):
        with suppress(ValueError):
            return np.array(texts, dtype="datetime64[D]")
    row = next(row for row, text in enumerate(texts) if not _is_calendar_date(text))
    raise DataError(
        f"{file}: row {row + 1} of the data: found the date {cells[row]!r}, expected year-month-day as "
        "2024-01-31; rewrite the column (day and month cannot be told apart in other forms)"
    )


def _is_calendar_date(text: str) -> bool:
    try:
        np.datetime64(text, "D")
    except ValueError:
        return False
    return ISO_DATE_PATTERN.fullmatch(text) is not None


def _check_times(file: str, cells: Sequence[str]) -> set[int]:
    """Return the hours of the stamps after checking their form; few forms occur in one file, so each is read once."""
    hours: set[int] = set()
    offsets: set[int] = set()
    for tail in {cell[10:] for cell in cells} - {""}:
        match = _TIME_OF_DAY.fullmatch(tail)
        if match is None:
            row = next(row for row, cell in enumerate(cells) if cell[10:] == tail)
            raise DataError(
                f"{file}: row {row + 1} of the data: found the date {cells[row]!r}, expected year-month-day as "
                "2024-01-31, with or without time and offset; rewrite the column"
            )
        hours.add(int(match["hour"]))
        minutes = int(match["h"]) * 60 + int(match["m"]) if match["sign"] else 0
        offsets.add(-minutes if match["sign"] == "-" else minutes)
    if offsets and max(offsets) - min(offsets) > 2 * 60:  # summer time moves a zone by an hour
        raise DataError(
            f"{file}: found stamps with offsets from {min(offsets) / 60:+g} h to {max(offsets) / 60:+g} h, expected "
            "one time zone; convert them to session dates"
        )
    return hours


def _parse_number(file: str, ticker: str, day: np.datetime64, cell: str) -> float:
    """Read one cell the slow way, to say where it is wrong."""
    text = cell.strip()
    if text in _EMPTY_CELLS:
        return math.nan
    if "_" not in text and text.isascii():
        with suppress(ValueError):
            return float(text)
    message = f"found {cell!r}, expected a number with a decimal point; correct it or leave it empty"
    raise DataError(f"{file}: {ticker} on {day}: {message}")
