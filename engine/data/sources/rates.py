"""A dated interest rate as it was: the risk-free one of the Sharpe and Sortino ratios, or what cash earns (S5, S13)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import DataError
from engine.core.fields import NUMBER_PATTERN, RATE_BOUNDS, ConfigModel, FilePath, Rate, rate_or_file
from engine.core.files import expand_home
from engine.core.stand_ins import find_stand_in
from engine.data.csv_reader import MAX_LIST_BYTES, dated_rows

_DATE_PATTERN: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})([ T].*)?")
_NO_FIXING: Final = frozenset({"", ".", "null"})
"""How publishers write a day without a fixing."""
_LEAST_CARRIED: Final = np.timedelta64(7, "D")
"""How long the last rate of a file stays in force at least, however often it has one."""


class RateFile(ConfigModel):
    """A CSV of ``date,rate``: annual effective rates, ISO dates, a header line, other columns ignored.

    ``unit`` says how the file writes five percent a year: ``percent`` as 5.0, ``fraction`` as 0.05.
    """

    path: FilePath
    unit: Literal["percent", "fraction"]

    def annual_rates(self, dates: DateArray, key: str = "compare.risk_free", *, ends: bool = False) -> FloatArray:
        """Return (T,) the last rate published on or before each session [1/year]; ``key`` is its place in the config.

        Raises DataError when the file cannot be read, a line is neither a dated number nor empty, a session lies
        before the first rate, or, where the file ``ends``, longer after the last than any two of its rates lie apart.
        """
        days, rates = self._read_file(key)
        self._require_coverage(days, dates, key, ends=ends)
        at = np.searchsorted(days, dates.astype("datetime64[D]"), side="right") - 1
        known: FloatArray = rates[at] / (100.0 if self.unit == "percent" else 1.0)
        wrong = np.flatnonzero((known < RATE_BOUNDS[0]) | (known > RATE_BOUNDS[1]))
        if len(wrong):
            found = f"a rate of {known[wrong[0]]:.4g} ({known[wrong[0]]:.0%} a year) on {days[at[wrong[0]]]}"
            raise DataError(f"{key}: {self.path}: {found}, -50% to 100% is expected; is `unit: {self.unit}` right?")
        return known

    def require_readable(self, key: str) -> None:
        """Raise DataError for no such file, a line that is neither a dated number nor empty, or a day with two."""
        self._read_file(key)

    def _require_coverage(self, days: DateArray, dates: DateArray, key: str, *, ends: bool) -> None:
        """Raise DataError unless a rate of ``days`` (K,), rising, is in force on each of ``dates`` (T,)."""
        if len(dates) and dates[0] < days[0]:
            first = f"the first rate is of {days[0]}, one is needed on {dates[0]}"
            raise DataError(f"{key}: {self.path}: {first}; move window.start")
        carried = max([_LEAST_CARRIED, *np.diff(days)])
        if ends and len(dates) and dates[-1] - days[-1] > carried:
            last = f"the last rate is of {days[-1]}, one is needed on {dates[-1]}"
            raise DataError(f"{key}: {self.path}: {last}; fetch the file again, or move window.end")

    def _read_file(self, key: str) -> tuple[DateArray, FloatArray]:
        """Return the dates, rising, and the rates of the file, in its unit."""
        path = expand_home(Path(find_stand_in(self.path)), f"{key}.path")
        if path.exists() and not path.is_file():
            raise DataError(f"{key}: {self.path}: is no file; name a CSV of date,rate")
        try:
            if path.stat().st_size > MAX_LIST_BYTES:
                raise DataError(f"{key}: {self.path}: more than {MAX_LIST_BYTES:,} bytes; name a CSV of date,rate")
            lines = dated_rows(f"{key}: {self.path}", path.read_bytes(), strict=False)
        except OSError as error:
            raise DataError(f"{key}: {self.path}: {error.strerror}; check the path") from None
        found = [one for at, (line, row) in enumerate(lines) if (one := self._parse_line(line, row, is_first=not at))]
        if not found:
            raise DataError(f"{self.path}: no rate in it; expected lines of date,rate")
        days, rates = np.array([day for day, _ in found], dtype="datetime64[D]"), np.array([rate for _, rate in found])
        order = np.argsort(days, kind="stable")
        days, rates = days[order], rates[order]
        twice = days[1:][days[1:] == days[:-1]]
        if len(twice):
            raise DataError(f"{self.path}: found {twice[0]} twice, expected one rate a day; remove one of the lines")
        return days, rates

    def _parse_line(self, number: int, row: list[str], *, is_first: bool) -> tuple[np.datetime64, float] | None:
        """Return day and rate of a line; None for the header and a day without a fixing."""
        day, rate = row[0].strip(), row[1].strip()
        dated = _DATE_PATTERN.fullmatch(day)
        if is_first:
            if dated:
                message = f"found '{day},{rate}' in the first line, expected a header; write date,rate above it"
                raise DataError(f"{self.path}:{number}: {message}")
            return None
        if rate in _NO_FIXING:
            return None
        try:
            if dated and NUMBER_PATTERN.fullmatch(rate):
                return np.datetime64(dated[1], "D"), float(rate)
        except ValueError:  # a day that the month does not have
            pass
        found = f"found '{day},{rate}', expected a date and a rate as 2024-01-31,5.25"
        raise DataError(f"{self.path}:{number}: {found}; correct the line")


DatedRate: TypeAlias = Annotated[RateFile | Rate, rate_or_file("{path: rates.csv, unit: percent}")]
"""A year's interest: one for all days, or a file of it."""
