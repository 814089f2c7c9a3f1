"""Lines of many points as short paths: the lowest and the highest of each column, so that no peak is lost."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.report.charts.frame import WIDTH

COLUMNS: Final = WIDTH // 2


def kept_runs(values: FloatArray) -> list[IntArray]:
    """Return the rows of ``values`` (T,) that are drawn, of each unbroken run of finite values in turn.

    Of each column of the picture these are the lowest and the highest, the earlier first, and both ends of a run.
    """
    count = len(values)
    rows = np.flatnonzero(np.isfinite(values))
    if not len(rows):
        return []
    breaks = np.flatnonzero(np.diff(rows) > 1) + 1
    if count > 2 * COLUMNS:
        begins = np.zeros(len(rows), dtype=np.bool_)
        begins[0] = True
        begins[breaks] = True
        columns = rows * COLUMNS // count
        begins[1:] |= columns[1:] != columns[:-1]
        rows = rows[_extremes(values[rows], begins, np.concatenate([[0], breaks, breaks - 1, [len(rows) - 1]]))]
        breaks = np.flatnonzero(np.isin(rows, np.flatnonzero(np.isfinite(values[1:]) & ~np.isfinite(values[:-1])) + 1))
        breaks = breaks[breaks > 0]
    return list(np.split(rows, breaks))


def _extremes(seen: FloatArray, begins: BoolArray, ends: IntArray) -> IntArray:
    """Return the places of the first lowest and the first highest of each group of ``seen``, and the ``ends``."""
    starts, group = np.flatnonzero(begins), np.cumsum(begins) - 1
    kept = np.zeros(len(seen), dtype=np.bool_)
    kept[ends] = True
    for extreme in (np.minimum.reduceat(seen, starts), np.maximum.reduceat(seen, starts)):
        places = np.flatnonzero(seen == extreme[group])
        kept[places[np.flatnonzero(np.diff(group[places], prepend=-1))]] = True
    return np.asarray(np.flatnonzero(kept))


def picture_paths(values: FloatArray, fractions: FloatArray, height: int, base: int | None = None) -> tuple[str, str]:
    """Return the path of ``values`` (T,) standing at ``fractions``, and the area to the height ``base``, "" without."""
    line, area = [], []
    for rows in kept_runs(values):
        x, y = points(rows, len(values), fractions[rows], height)
        line.append(line_path(x, y))
        area.append("" if base is None else area_path(line[-1], x, base))
    return "".join(line), "".join(area)


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
