"""Lines of many points as short paths: the lowest and the highest of each column, so that no peak is lost."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.report.charts.frame import WIDTH

COLUMNS: Final = WIDTH // 2


def kept_rows(values: FloatArray) -> IntArray:
    """Return the rows of ``values`` (T,) that are drawn; NaN before, after and between is not.

    Of each column of the picture these are the lowest and the highest, the earlier first, and the first and the last.
    """
    count = len(values)
    rows = np.flatnonzero(np.isfinite(values))
    if count <= 2 * COLUMNS or not len(rows):
        return rows
    columns = rows * COLUMNS // count
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    seen = values[rows]
    lows, highs = np.minimum.reduceat(seen, starts), np.maximum.reduceat(seen, starts)
    group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
    first_low, first_high = _first_in_group(seen == lows[group], group), _first_in_group(seen == highs[group], group)
    ends = np.array([0, len(rows) - 1])
    return np.asarray(rows[np.unique(np.concatenate([first_low, first_high, ends]))])


def _first_in_group(found: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], group: IntArray) -> IntArray:
    places = np.flatnonzero(found)
    return np.asarray(places[np.flatnonzero(np.diff(group[places], prepend=-1))])


def points(rows: IntArray, count: int, fractions: FloatArray, height: int) -> tuple[IntArray, IntArray]:
    """Return whole x and y of rows of ``count``, whose values stand at ``fractions`` from the bottom of ``height``."""
    x = np.floor(rows * (WIDTH / max(count - 1, 1)) + 0.5).astype(np.int64)
    y = np.floor((1.0 - fractions) * height + 0.5).astype(np.int64)
    return x, y


def line_path(x: IntArray, y: IntArray) -> str:
    """Return a path through whole points, relative to each other.

    >>> line_path(np.array([0, 2, 4]), np.array([10, 7, 9]))
    'M0 10l2-3 2 2'
    """
    if not len(x):
        return ""
    steps = zip(np.diff(x).tolist(), np.diff(y).tolist(), strict=True)
    moves = " ".join(f"{right} {down}" if down >= 0 else f"{right}{down}" for right, down in steps)
    return f"M{x[0]} {y[0]}" + (f"l{moves}" if moves else "h0")


def area_path(line: str, x: IntArray, base: int) -> str:
    """Return the area between a line and the height ``base``."""
    return f"{line}L{x[-1]} {base}H{x[0]}Z" if line else ""
