"""A dated interest rate: the risk-free rate of the Sharpe and Sortino ratios as it was, not as it is (S13)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Literal

import numpy as np

from engine.arrays import DateArray, FloatArray
from engine.choice import Choice
from engine.errors import DataError


class RateFile(Choice):
    """A CSV of ``date,rate``: annual effective rates, ISO dates, a header line, other columns ignored.

    ``unit`` says how the file writes five percent a year: ``percent`` as 5.0, ``fraction`` as 0.05.
    """

    path: str
    unit: Literal["percent", "fraction"]

    def annual(self, dates: DateArray) -> FloatArray:
        """Return (T,) the last rate published on or before each session [1/year].

        Raises
        ------
        DataError
            When the file cannot be read, a line is neither a dated number nor empty, or a session lies before the
            first rate.

        """
        days, rates = self._read()
        order = np.argsort(days, kind="stable")
        days, rates = days[order], rates[order]
        at = np.searchsorted(days, dates.astype("datetime64[D]"), side="right") - 1
        if len(at) and at[0] < 0:
            first = f"the first rate is of {days[0]}, one is needed on {dates[0]}"
            raise DataError(f"{self.path}: {first}; move window.start")
        known: FloatArray = rates[at] / (100.0 if self.unit == "percent" else 1.0)
        if not np.isfinite(known).all():
            raise DataError(f"{self.path}: a rate that is no number; leave the line out")
        if len(known) and (known <= -1.0).any():
            raise DataError(f"{self.path}: a rate of -100% a year or less; is `unit: {self.unit}` right?")
        if len(known) and np.abs(known).max() > 1.0:
            raise DataError(f"{self.path}: a rate of {known.max():.0%} a year; is `unit: {self.unit}` right?")
        return known

    def _read(self) -> tuple[DateArray, FloatArray]:
        days: list[str] = []
        rates: list[float] = []
        try:
            with Path(self.path).open(encoding="utf-8-sig", newline="") as file:
                for number, row in enumerate(csv.reader(file), 1):
                    if number == 1 or len(row) < 2 or row[1].strip() in {"", ".", "null"}:  # no fixing that day
                        continue
                    try:
                        days.append(str(np.datetime64(row[0].strip()[:10], "D")))
                        rates.append(float(row[1]))
                    except ValueError:
                        found = f"found '{row[0]},{row[1]}', expected a date and a rate as 2024-01-31,5.25"
                        raise DataError(f"{self.path}:{number}: {found}") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DataError(f"compare.risk_free: {self.path}: {error}; check the path") from None
        if not days:
            raise DataError(f"{self.path}: no rate in it; expected lines of date,rate")
        return np.array(days, dtype="datetime64[D]"), np.array(rates)
