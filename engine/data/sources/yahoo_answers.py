"""What Yahoo sends now and then and cannot be: it never enters the store."""

from __future__ import annotations

import json
from itertools import pairwise
from types import NoneType
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.core.errors import DataError
from engine.data.sources.price_store import StoredSeries

_HIGHEST: Final = 1e12
"""No paper has ever traded for as much, in whatever currency."""
_GREATEST_CHANGE: Final = 1000.0
"""Times or a part of the close before, splits taken out; a mix-up of units or papers, and no market."""
_MOST_TWICE: Final = 0.1
"""Part of an answer's days that it may repeat: the last one often is there twice, and is left out then."""
_FIRST_DAY: Final = np.datetime64("1900-01-01", "D")
_REMEDY: Final = "it is not stored; try again later or name another source"


def states_absence(answer: bytes) -> bool:
    """Return whether an answer without prices is Yahoo's own: it says why, or has a chart with nothing in it."""
    try:
        chart = json.loads(answer)["chart"]
        return isinstance(chart["error"] or chart["result"][0], dict)
    except (ValueError, TypeError, LookupError, RecursionError):
        return False


def require_sound(answer: bytes) -> set[str]:
    """Return the currencies that dividends name; raise DataError for what contradicts itself and yfinance lets through.

    The message goes after the ticker.
    """
    chart = json.loads(answer)["chart"]["result"][0]
    events = chart.get("events") or {}
    dividends, splits = (events.get(kind) or {} for kind in ("dividends", "splits"))
    stamps = chart.get("timestamp") or []
    if any(one > two for one, two in pairwise(stamps)) or len(set(stamps)) < (1 - _MOST_TWICE) * len(stamps):
        raise DataError(f"Yahoo sent days that are not in order; {_REMEDY}")
    adjusted = (chart["indicators"].get("adjclose") or [{}])[0]
    for close in (*chart["indicators"]["quote"][0]["close"], *adjusted.get("adjclose", ())):
        if type(close) not in {float, int, NoneType}:
            raise DataError(f"Yahoo sent the close {close!r}, expected a number; {_REMEDY}")
    for split in splits.values():
        if not (split["numerator"] > 0 and split["denominator"] > 0):
            found = f"a split of {split['numerator']} for {split['denominator']}"
            raise DataError(f"Yahoo sent {found}, expected numbers above zero; {_REMEDY}")
    if dividends and not adjusted:
        raise DataError(f"Yahoo sent dividends and no closes adjusted for them; {_REMEDY}")
    return {str(dividend.get("currency") or "") for dividend in dividends.values()} - {""}


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


def _refuse(stored: StoredSeries, name: str, column: FloatArray, wrong: BoolArray, expected: str) -> None:
    if wrong.any():
        at = int(np.argmax(wrong))
        found = f"Yahoo sent the {name} {column[at]:g} on {stored.dates[at]}"
        more = f" and {np.count_nonzero(wrong) - 1} more" if np.count_nonzero(wrong) > 1 else ""
        raise DataError(f"{found}{more}, expected {expected}; {_REMEDY}")
