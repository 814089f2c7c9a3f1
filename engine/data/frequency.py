"""How often closes are printed (S1): read from each column over its own life, from its first print to its last."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, IntArray
from engine.core.conventions import Frequency
from engine.data.sessions import weekdays
from engine.data.sources.base import Closes

_DAYS_APART: Final[dict[Frequency, tuple[int, int]]] = {"weekly": (5, 9), "monthly": (25, 36), "quarterly": (85, 98)}
"""Fewest and most calendar days from one print to the next."""
_REGULAR_SHARE: Final = 0.8
"""Share of the steps between prints, at least, that are as long as a frequency's are."""
_DAILY_DENSITY: Final = 0.4
"""Prints a calendar day from which on nobody asks further: five days a week with some holidays are 0.69."""
_WEEKEND_SHARE: Final = 0.05
"""Share of prints on Saturdays, and on Sundays, from which on a column prints on seven days; 1/7 where none lacks."""


def with_frequencies(closes: Closes) -> Closes:
    """Return ``closes`` with the frequency of every ticker."""
    printed = ~np.isnan(closes.closes)
    count, days = printed.sum(axis=0), weekdays(closes.dates)
    saturdays, sundays = printed[days == 5].sum(axis=0), printed[days == 6].sum(axis=0)
    first, last = closes.dates[printed.argmax(axis=0)], closes.dates[len(days) - 1 - printed[::-1].argmax(axis=0)]
    dense = count >= _DAILY_DENSITY * ((last - first).astype(np.int64) + 1)
    seven = np.minimum(saturdays, sundays) >= np.maximum(_WEEKEND_SHARE * count, 1.0)
    found: list[Frequency | None] = []
    for column in range(len(closes.tickers)):
        if count[column] < 2:
            found.append(None)
        elif dense[column]:
            found.append("seven_day" if seven[column] else "daily")
        else:
            found.append(_sparse_frequency(closes.dates[printed[:, column]]))
    return dataclasses.replace(closes, frequencies=tuple(found))


def _sparse_frequency(dates: DateArray) -> Frequency:
    """Return the frequency of prints that are mostly some days apart; irregular ones are daily with gaps."""
    steps: IntArray = np.diff(dates).astype(np.int64)
    for frequency, (low, high) in _DAYS_APART.items():
        if ((steps >= low) & (steps <= high)).mean() >= _REGULAR_SHARE:
            return frequency
    return "daily"
