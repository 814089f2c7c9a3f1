"""Falls of a level from a high to its recovery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from engine.analysis.breakdown.falls import Episode, list_episodes
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
    days = [dates[0].item(), *dates.astype("datetime64[D]").tolist()]
    return sorted((_fall(days, episode) for episode in list_episodes(level)), key=lambda fall: (fall.depth, fall.peak))


def _fall(days: Sequence[date], episode: Episode) -> Fall:
    peak, trough, end, depth = episode
    recovery = days[end] if end < len(days) else None
    return Fall(
        peak=days[peak],
        trough=days[trough],
        recovery=recovery,
        depth=depth,
        days_down=(days[trough] - days[peak]).days,
        days=((recovery or days[-1]) - days[peak]).days,
    )
