"""A strategy's level divided by another's: where it was ahead of it, and by how much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.common_sessions import CommonSessions
from engine.core.arrays import FloatArray
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE


@dataclass(frozen=True)
class LevelRatio:
    """The strategy's level over that of ``rival``, both from the opening on, or from ``start``, their first session.

    1 is as much money, 1.06 is 6 % more. ``share_above_one`` is of the sessions both have.
    """

    rival: str
    start: str
    last: float
    lowest: float
    lowest_date: str
    highest: float
    highest_date: str
    share_above_one: float


def level_ratio(common: CommonSessions) -> FloatArray:
    """Return (K,) the first level over the second at each session both have; NaN where the second is 0."""
    mine, theirs = common.levels
    count = len(common.mine)
    scale = float(theirs[0] / mine[0]) if mine[0] > 0.0 else np.nan
    mine, theirs = mine[-count:], theirs[-count:]
    found: FloatArray = np.divide(mine, theirs, out=np.full(count, np.nan), where=theirs > 0.0) * scale
    return found


def measure_ratio(common: CommonSessions, rival: str) -> LevelRatio | None:
    """Return the ratio's figures; None where there is no session at which it exists."""
    if not len(common.mine):
        return None
    ratio = level_ratio(common)
    there = np.isfinite(ratio)
    if not there.any():
        return None
    ratio, dates = ratio[there], common.dates[there]
    low, high = int(ratio.argmin()), int(ratio.argmax())
    return LevelRatio(
        rival=rival,
        start=str(common.dates[0]),
        last=float(ratio[-1]),
        lowest=float(ratio[low]),
        lowest_date=str(dates[low]),
        highest=float(ratio[high]),
        highest_date=str(dates[high]),
        share_above_one=float((ratio > 1.0 + FIGURE_TOLERANCE).mean()),
    )
