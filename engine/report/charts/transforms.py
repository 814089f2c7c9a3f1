"""Levels as charts draw them: growth from the capital, one over another, the distance below the highest.

The page's script does the same to the levels of a chosen period.
"""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray


def growth_values(level: FloatArray, lead: FloatArray, capital: float) -> FloatArray:
    """Return ``level`` (T,) as it is drawn beside ``lead`` (T,): one that begins later starts at what that is then.

    >>> growth_values(np.array([np.nan, 100.0, 110.0]), np.array([100.0, 150.0, 160.0]), 100.0).tolist()
    [nan, 150.0, 165.0]
    """
    start = _first(level)
    return level if start in (0, _first(lead)) or start >= len(level) else level * (lead[start] / capital)


def ratio_values(level: FloatArray, other: FloatArray) -> FloatArray:
    """Return ``level`` over ``other`` (T,), from 1 on at the first session of one that begins later.

    >>> ratio_values(np.array([100.0, 120.0, 150.0]), np.array([np.nan, 100.0, 100.0])).tolist()
    [nan, 1.0, 1.25]
    """
    start = _first(other)
    factor = 1.0 if start in (0, len(other)) else other[start] / level[start]
    return level / other * factor


def fall_values(level: FloatArray, capital: float) -> FloatArray:
    """Return how far ``level`` (T,) is below the highest so far, the ``capital`` counted.

    >>> fall_values(np.array([90.0, 120.0, 60.0]), 100.0).round(3).tolist()
    [-0.1, 0.0, -0.5]
    """
    highest = np.fmax(np.fmax.accumulate(level), capital)
    return level / highest - 1.0


def _first(level: FloatArray) -> int:
    found = np.flatnonzero(np.isfinite(level))
    return int(found[0]) if len(found) else len(level)
