"""Falls of a level from a high to its recovery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.core.arrays import DateArray, FloatArray


@dataclass(frozen=True)
class Fall:
    """From the last session at a high over the lowest one to the first that is as high again.

    ``depth`` is a negative fraction; without a ``recovery`` the ``days`` are those to the end.
    """

    peak: date
    trough: date
    recovery: date | None
    depth: float
    days_down: int
    days: int


def list_falls(dates: DateArray, level: FloatArray) -> list[Fall]:
    """Return the falls of ``level`` (T+1,), which starts with the capital, at ``dates`` (T,): the deepest first.

    The capital stands at the first session: what the opening cost is a fall from that day on.
    """
    highs = np.maximum.accumulate(level)
    drawdown = np.divide(level, highs, out=np.ones_like(level), where=highs > 0.0) - 1.0
    days = [dates[0].item(), *dates.astype("datetime64[D]").tolist()]
    below = drawdown < 0.0
    starts = np.flatnonzero(below[1:] & ~below[:-1]).tolist()
    falls = []
    for start in starts:
        rest = np.flatnonzero(~below[start + 1 :])
        end = start + 1 + int(rest[0]) if len(rest) else None
        trough = start + 1 + int(drawdown[start + 1 : end].argmin())
        last = days[-1] if end is None else days[end]
        falls.append(
            Fall(
                peak=days[start],
                trough=days[trough],
                recovery=None if end is None else days[end],
                depth=float(drawdown[trough]),
                days_down=(days[trough] - days[start]).days,
                days=(last - days[start]).days,
            )
        )
    return sorted(falls, key=lambda fall: (fall.depth, fall.peak))
