"""How often closes are printed (S1): read from each column over its own life, from its first print to its last."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import groupby
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, IntArray
from engine.core.conventions import PERIODS_PER_YEAR, Frequency
from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.portfolio_sessions import ReadFrequency
from engine.data.sessions import weekdays

_DAYS_APART: Final[dict[Frequency, tuple[int, int]]] = {"weekly": (5, 9), "monthly": (25, 36), "quarterly": (85, 98)}
"""Fewest and most calendar days from one print to the next."""
_FEW_STEPS: Final = 2
"""Steps below which a column takes the frequency of the others."""
_REGULAR_SHARE: Final = 0.6
"""Share of the steps between prints, at least, that are as long as a frequency's are."""
_DAILY_DENSITY: Final = 0.4
"""Prints a calendar day from which on nobody asks further: five days a week with some holidays are 0.69."""
_WEEKEND_SHARE: Final = 0.05
"""Share of prints on Saturdays, and on Sundays, from which on a column prints on seven days; 1/7 where none lacks."""
_LONG_RUN: Final[dict[Frequency, int]] = {"weekly": 13, "monthly": 6, "quarterly": 4}
"""Steps of a lower frequency in a row, at least, that are no gaps of a daily column but another frequency."""


def read_frequencies(closes: Closes, read_at: ReadFrequency | None = None) -> Closes:
    """Return ``closes`` with the frequency of every ticker; other ones than daily are said.

    ``read_at`` is the frequency at which all are going to be read, None for their own.

    Raises DataError when a column changes its frequency and is to be read at both, or has none that has a name.
    """
    printed = ~np.isnan(closes.closes)
    count, days = printed.sum(axis=0), weekdays(closes.dates)
    saturdays, sundays = printed[days == 5].sum(axis=0), printed[days == 6].sum(axis=0)
    first, last = printed.argmax(axis=0), len(days) - 1 - printed[::-1].argmax(axis=0)
    dense = count >= _DAILY_DENSITY * ((closes.dates[last] - closes.dates[first]).astype(np.int64) + 1)
    seven = np.minimum(saturdays, sundays) >= np.maximum(_WEEKEND_SHARE * count, 1.0)
    even = not _slow_runs(np.diff(closes.dates).astype(np.int64))
    found: list[Frequency | None] = []
    for column, ticker in enumerate(closes.tickers):
        often: Frequency = "seven_day" if seven[column] else "daily"
        if dense[column] and even and count[column] == last[column] - first[column] + 1:
            found.append(often if count[column] > 1 else None)
            continue
        dates = closes.dates[printed[:, column]]
        slow = None if dense[column] else _slow_frequency(ticker, dates, read_at)
        if slow is None:
            _refuse_two_frequencies(ticker, dates, read_at)
        found.append(slow or (often if len(dates) > _FEW_STEPS else None))
    notes = (*closes.provenance.notes, *_frequency_notes(closes.tickers, found, read_at))
    provenance = dataclasses.replace(closes.provenance, notes=notes)
    return dataclasses.replace(closes, frequencies=tuple(found), provenance=provenance)


def _slow_frequency(ticker: str, dates: DateArray, read_at: ReadFrequency | None) -> Frequency | None:
    """Return the frequency below daily of prints that are mostly some days apart, None where they are not.

    Raises DataError when they keep no frequency that has a name, and are to be read at no lower one.
    """
    steps: IntArray = np.diff(dates).astype(np.int64)
    if len(steps) < _FEW_STEPS:
        return None
    for frequency, (low, high) in _DAYS_APART.items():
        if ((steps >= low) & (steps <= high)).mean() >= _REGULAR_SHARE:
            return frequency
    usual = float(np.median(steps))
    lower: Frequency | None = next((one for one, (low, _) in _DAYS_APART.items() if usual < low), None)
    if lower == "weekly":
        return None
    apart = f"{ticker}: its closes are {usual:.0f} days apart, between {steps.min()} and {steps.max()}"
    if lower is None:
        raise DataError(
            f"{apart}; a close a quarter at least is expected, as fewer say nothing of risk; name a source with more"
        )
    if read_at is None or PERIODS_PER_YEAR[read_at] > PERIODS_PER_YEAR[lower]:
        raise DataError(
            f"{apart}; daily, weekly, monthly or quarterly ones are expected; write data.frequency: {lower} to read "
            "the last of each period"
        )
    return "weekly" if lower == "monthly" else "monthly"


def _slow_runs(steps: IntArray) -> list[tuple[Frequency, int, int]]:
    """Return frequency, first and last step of each stretch that is as long as those of a lower frequency are."""
    runs: list[tuple[Frequency, int, int]] = []
    for frequency, (low, high) in _DAYS_APART.items():
        inside = np.concatenate([[False], (steps >= low) & (steps <= high), [False]])
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if end - begin >= _LONG_RUN[frequency]:
                runs.append((frequency, begin, end))
    return runs


def _refuse_two_frequencies(ticker: str, dates: DateArray, read_at: ReadFrequency | None) -> None:
    """Raise DataError when daily prints were monthly for a time, and are to be read at more than that."""
    runs = _slow_runs(np.diff(dates).astype(np.int64))
    if not runs:
        return
    frequency, begin, end = min(runs, key=lambda run: PERIODS_PER_YEAR[run[0]])
    if read_at is None or PERIODS_PER_YEAR[read_at] > PERIODS_PER_YEAR[frequency]:
        raise DataError(
            f"{ticker}: its closes are {frequency} from {dates[begin]} to {dates[end]} and daily elsewhere, which no "
            f"one figure a year fits; write data.frequency: {frequency}, or take the older rows out of the file"
        )


def _frequency_notes(
    tickers: Sequence[str], found: Sequence[Frequency | None], read_at: ReadFrequency | None
) -> list[str]:
    """Say whose closes are not daily or are read at a lower frequency, and what figures are annualised by."""
    if read_at is not None:
        by = f"figures are annualised by {PERIODS_PER_YEAR[read_at]:.0f}"
        return [f"all closes are read {read_at}, the last of each period (data.frequency); {by}"]
    named = sorted((one, ticker) for ticker, one in zip(tickers, found, strict=True) if one not in {None, "daily"})
    notes = []
    for frequency, pairs in groupby(named, key=lambda pair: pair[0]):
        whose = ", ".join(ticker for _, ticker in pairs)
        notes.append(
            f"{whose}: closes on seven days a week; a portfolio that holds nothing else is annualised by 365"
            if frequency == "seven_day"
            else f"{whose}: closes are {frequency}; figures are annualised by {PERIODS_PER_YEAR[frequency]:.0f}"
        )
    return notes
