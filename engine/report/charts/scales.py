"""Scales of charts: where a value stands between two bounds, and which round numbers are marked beside it.

Everything here is sums, products and quotients, so that a page has the same bytes on every processor (S14); the page's
script has the same functions, letter for letter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, FloatArray, IntArray
from engine.core.powers import logarithm, logarithms

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)
_WIDE: Final = (1.0, 2.0, 5.0)
_NARROW: Final = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
ROOM: Final = 0.04
"""Room above the highest and below the lowest value [fraction of the range]."""
_YEAR_STEPS: Final = (1, 2, 5, 10, 20, 50)
_MONTH_STEPS: Final = (1, 2, 3, 6, 12)
_MAX_YEARS_MARKED: Final = 7
_MAX_MONTHS_MARKED: Final = 5
_SMALLEST_EXPONENT: Final = -323
_POWERS_OF_TEN: Final = np.array([float(f"1e{k}") for k in range(_SMALLEST_EXPONENT, 309)] + [np.inf])
"""As they are read from text, which no function of a processor's own has to make."""


@dataclass(frozen=True)
class Scale:
    """From ``low`` to ``high``; with ``log`` equal ratios are equal lengths."""

    low: float
    high: float
    log: bool = False

    @cached_property
    def _ends(self) -> tuple[float, float]:
        return (logarithm(self.low), logarithm(self.high)) if self.log else (self.low, self.high)

    def fractions(self, values: FloatArray) -> FloatArray:
        """Return where values stand, 0 at ``low`` and 1 at ``high``; what is below a log scale stands at ``low``."""
        low, high = self._ends
        seen = logarithms(np.maximum(values, self.low)) if self.log else values
        return np.asarray((seen - low) / (high - low))

    def fraction(self, value: float) -> float:
        """Return where one value stands."""
        return float(self.fractions(np.array([value]))[0])

    def ticks(self, wanted: int) -> list[float]:
        """Return about ``wanted`` round values inside the scale, ascending."""
        if self.log:
            found = _log_ticks(self.low, self.high)
            if len(found) > 2:
                return found
        return _linear_ticks(self.low, self.high, wanted)


def fit_scale(
    values: Iterable[FloatArray], *, log: bool = False, anchor: float | None = None, room: float = ROOM
) -> Scale:
    """Return the scale on which all finite ``values`` and the ``anchor`` have ``room``, a share of their range.

    An anchor that is the lowest or the highest of all is the end of the scale. Values that are all one get room around.
    """
    finite = [column[np.isfinite(column)] for column in values]
    seen = [float(bound) for column in finite if len(column) for bound in (column.min(), column.max())]
    seen += [] if anchor is None else [anchor]
    low, high = (min(seen), max(seen)) if seen else (0.0, 1.0)
    if log:
        factor = 1.0 + room if high / low < 3.0 else 1.0 + 2.0 * room
        return Scale(low / factor, high * factor, log=True)
    space = room * (high - low) or 0.01 * abs(high) or 1.0
    anchored = high > low
    return Scale(
        low if anchored and anchor == low else low - space, high if anchored and anchor == high else high + space
    )


def _linear_ticks(low: float, high: float, wanted: int) -> list[float]:
    rough = (high - low) / max(wanted, 1)
    unit = float(powers_of_ten(decimal_exponents(np.array([rough])))[0])
    step = next(unit * one for one in _STEPS if unit * one >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    exponents = decimal_exponents(np.array([low, high]))
    units = powers_of_ten(np.arange(exponents[0], exponents[1] + 1)).tolist()
    parts = _NARROW if high / low <= 30.0 else _WIDE if high / low <= 3000.0 else _WIDE[:1]
    return [tick for unit in units for part in parts if low <= (tick := unit * part) <= high]


def date_ticks(dates: DateArray) -> list[tuple[int, str]]:
    """Return rows of ``dates`` (T,) and what is written there: years, months, or the first and the last date."""
    if len(dates) < 2:
        return [(0, str(date)) for date in dates.astype("datetime64[D]")]
    months = dates.astype("datetime64[M]").astype(np.int64)
    span = int(months[-1] - months[0])
    if span > 24:
        step = next((one for one in _YEAR_STEPS if span / 12 / one <= _MAX_YEARS_MARKED), _YEAR_STEPS[-1])
        rows = np.flatnonzero(np.diff(months // 12)) + 1
        years = 1970 + months[rows] // 12
        return [(int(row), str(year)) for row, year in zip(rows, years, strict=True) if year % step == 0]
    if span >= 3:
        step = next((one for one in _MONTH_STEPS if span / one <= _MAX_MONTHS_MARKED), _MONTH_STEPS[-1])
        rows = np.flatnonzero(np.diff(months)) + 1
        marked = rows[months[rows] % step == 0]
        return [(int(row), str(dates[row].astype("datetime64[M]"))) for row in marked]
    return [(row, str(dates[row].astype("datetime64[D]"))) for row in (0, len(dates) - 1)]


def decimal_exponents(size: FloatArray) -> IntArray:
    """Return the whole part of the decimal logarithm of positive numbers, exact also at 1,000 and at 0.001.

    >>> decimal_exponents(np.array([1000.0, 999.9, 0.001])).tolist()
    [3, 2, -3]
    """
    found = np.floor(np.log10(size)).astype(np.int64)  # may be one off beside a power of ten, on some processors
    found = found + (powers_of_ten(found + 1) <= size)
    return np.asarray(found - (powers_of_ten(found) > size))


def powers_of_ten(exponents: IntArray) -> FloatArray:
    """Return ten to whole powers, exactly."""
    return np.asarray(_POWERS_OF_TEN[np.clip(exponents - _SMALLEST_EXPONENT, 0, len(_POWERS_OF_TEN) - 1)])
