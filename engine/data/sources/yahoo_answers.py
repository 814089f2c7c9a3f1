"""Figures that Yahoo sends now and then and that are none: they never enter the store."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import DataError
from engine.data.sources.price_store import StoredSeries

_HIGHEST: Final = 1e12
"""No paper has ever traded for as much, in whatever currency."""
_GREATEST_CHANGE: Final = 1000.0
"""Times or a part of the close before, splits taken out; a mix-up of units or papers, and no market."""
_FIRST_DAY: Final = np.datetime64("1900-01-01", "D")


def refuse_absurd(stored: StoredSeries) -> None:
    """Raise DataError with the first figure of an answer that cannot be one; the message goes after the ticker."""
    for name, column in (("close", stored.closes), ("adjusted close", stored.adjusted)):
        _refuse(stored, name, column, ~((column > 0) & np.isfinite(column)), "a finite one above zero")
    _refuse(stored, "close", stored.closes, stored.closes > _HIGHEST, f"at most {_HIGHEST:.0e}")
    _refuse(stored, "split", stored.splits, ~((stored.splits > 1e-6) & (stored.splits < 1e6)), "a ratio above zero")
    before = np.append(np.inf, stored.closes[:-1])
    change = stored.closes[1:] * stored.splits[1:] / stored.closes[:-1]
    jumps = np.append(False, (change > _GREATEST_CHANGE) | (change < 1 / _GREATEST_CHANGE))
    _refuse(stored, "close", stored.closes, jumps, "less than a thousandfold change in a day")
    paid = stored.dividends * stored.splits
    impossible = ~(stored.dividends >= 0) | (paid >= before)
    _refuse(stored, "dividend", stored.dividends, impossible, "less than the close of the day before")
    if len(stored.dates) and stored.dates[0] < _FIRST_DAY:
        raise DataError(f"Yahoo sent a close of {stored.dates[0]}, when nobody wrote one; {_REMEDY}")


_REMEDY: Final = "it is not stored; try again later or name another source"


def _refuse(stored: StoredSeries, name: str, column: FloatArray, wrong: BoolArray, expected: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        found = f"Yahoo sent the {name} {column[at]:g} on {stored.dates[at]}"
        more = f" and {np.count_nonzero(wrong) - 1} more" if np.count_nonzero(wrong) > 1 else ""
        raise DataError(f"{found}{more}, expected {expected}; {_REMEDY}")
