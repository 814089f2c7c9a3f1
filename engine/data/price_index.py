"""An index of prices, as consumer prices are published: what a sum of money has to become to buy the same (S11)."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from pydantic import field_validator

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError
from engine.core.fields import NUMBER_PATTERN, ConfigModel, FilePath, file_faults
from engine.data.csv_reader import dated_rows, read_bytes, resolve_file

_DATE_PATTERN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NO_VALUE: Final = frozenset({"", ".", "null"})
"""How publishers write a month without a value, as October 2025."""
_LEAST: Final = 1e-9
_MOST: Final = 1e15
"""What an index can be: a flow stays a number that can be paid."""
_MAX_AGE: Final = np.timedelta64(400, "D")
"""How old the last value can be when one is asked for: older is a file that has to be fetched again."""


class PriceIndex(ConfigModel):
    """A CSV of dates and values as FRED and Eurostat publish them: ISO dates, a header line, other columns ignored."""

    path: FilePath

    def values_on(self, dates: DateArray) -> FloatArray:
        """Return (T,) the last value dated on or before each of ``dates``; a month without one has the value before.

        Raises DataError when there is none, or none of the 400 days before.
        """
        days, values = self._table
        at = np.searchsorted(days, dates, side="right") - 1
        early, late = np.flatnonzero(at < 0), np.flatnonzero(dates - days[at] > _MAX_AGE)
        if len(early):
            found = f"its first value is of {days[0]}, one is needed on {dates[early[0]]}"
            raise DataError(f"{self.path}: {found}; let the flow begin later (from), or name a longer file")
        if len(late):
            found = f"its last value before {dates[late[0]]} is of {days[at[late[0]]]}"
            raise DataError(f"{self.path}: {found}; fetch the file again, or let the flow end earlier (to)")
        return values[at]

    def read(self) -> None:
        """Read the values now, so that whatever becomes of the file does not matter."""
        _ = self._table

    @cached_property
    def _table(self) -> tuple[DateArray, FloatArray]:
        return _load_index(self.path)

    @field_validator("path")
    @classmethod
    def _check_readable(cls, path: str) -> str:
        with file_faults():
            _load_index(path)
        return path


def _load_index(path: str) -> tuple[DateArray, FloatArray]:
    """Return dates, rising, and values of a file; the same file is read once."""
    status = resolve_file(path).stat()
    return _read_index(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _read_index(path: str, _changed: int, _size: int) -> tuple[DateArray, FloatArray]:
    """Return dates, rising, and values of a file."""
    found: list[tuple[np.datetime64, float]] = []
    for at, (number, (first, second, *_)) in enumerate(dated_rows(path, read_bytes(path))):
        day, value = first.strip(), second.strip()
        if (at > 0 or _DATE_PATTERN.fullmatch(day)) and value not in _NO_VALUE:
            found.append(_parse_line(f"{path}:{number}", day, value))
    if not found:
        raise DataError(f"{path}: no value in it; expected lines as 2024-01-01,309.685")
    days = np.array([day for day, _ in found], dtype="datetime64[D]")
    wrong = np.flatnonzero(days[1:] <= days[:-1])
    if len(wrong):
        raise DataError(f"{path}: found {days[wrong[0] + 1]} after {days[wrong[0]]}, expected rising dates; sort it")
    return days, np.array([value for _, value in found])


def _parse_line(place: str, day: str, value: str) -> tuple[np.datetime64, float]:
    try:
        if _DATE_PATTERN.fullmatch(day) and NUMBER_PATTERN.fullmatch(value) and _LEAST <= float(value) <= _MOST:
            return np.datetime64(day, "D"), float(value)
    except ValueError:  # a day that the month does not have
        pass
    found = f"found '{day[:40]},{value[:40]}', expected a date and a value above zero up to 1e15, as 2024-01-01,309.685"
    raise DataError(f"{place}: {found}; correct the line")
