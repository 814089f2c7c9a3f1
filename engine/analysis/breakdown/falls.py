"""How deep a portfolio fell below its highs, and for how long: every episode, and the deepest of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from engine.analysis.performance import Performance
from engine.core.arrays import DateArray, FloatArray
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE

DEEPEST_SHOWN: Final = 5
"""Falls that are told of one by one."""


@dataclass(frozen=True)
class Fall:
    """From the last session at a high, the ``peak``, over the deepest, the ``trough``, to the first that is as high.

    ``depth`` [fraction, negative]; days are calendar days, ``days`` those to the recovery, or to the end where
    ``recovery`` and ``days_up`` are None. ``rival_return``: what the rival did between the same peak and trough.
    """

    peak: str
    trough: str
    recovery: str | None
    depth: float
    days_down: int
    days_up: int | None
    days: int
    rival_return: float | None


@dataclass(frozen=True)
class Falls:
    """How often the strategy was below a high, and the ``deepest`` of these ``episodes``, beside what ``rival`` did.

    ``share_below_high`` of all sessions; ``current``: the distance from the high at the end [fraction].
    """

    episodes: int
    share_below_high: float
    current: float
    rival: str
    deepest: tuple[Fall, ...]


class Episode(NamedTuple):
    """A time below a high, by places in a level (T+1,): ``recovery`` is T+1 where there is none."""

    peak: int
    trough: int
    recovery: int
    depth: float


def drawdowns(level: FloatArray) -> FloatArray:
    """Return (T+1,) how far each value is from the highest so far [fraction, not positive].

    The bits are those of the metric: the difference first, times the reciprocal.
    """
    high = np.maximum.accumulate(level)
    below: FloatArray = np.where(level <= 0.0, -1.0, (level - high) * (1.0 / high))
    return below


def list_episodes(level: FloatArray) -> list[Episode]:
    """Return every time that ``level`` (T+1,), which begins with the capital, is below an earlier high."""
    below = drawdowns(level)
    edges = np.diff(np.concatenate([[0], below < -FIGURE_TOLERANCE, [0]]))
    begins, ends = np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist()
    troughs = [begin + int(below[begin:end].argmin()) for begin, end in zip(begins, ends, strict=True)]
    return [
        Episode(begin - 1, trough, end, float(below[trough]))
        for begin, trough, end in zip(begins, troughs, ends, strict=True)
    ]


def list_falls(dates: DateArray, level: FloatArray) -> list[Fall]:
    """Return the falls of ``level`` (T+1,), which begins with the capital, at ``dates`` (T,), the deepest first."""
    return [_fall(dates, level, one) for one in sorted(list_episodes(level), key=_depth)]


def measure_falls(mine: Performance, rival: str = "", theirs: Performance | None = None) -> Falls:
    """Return the falls of a portfolio, beside what another one did in the deepest of them."""
    found = list_episodes(mine.level)
    below = drawdowns(mine.level)[1:]
    deepest = sorted(found, key=_depth)[:DEEPEST_SHOWN]
    return Falls(
        episodes=len(found),
        share_below_high=float((below < -FIGURE_TOLERANCE).mean()),
        current=float(below[-1]),
        rival=rival,
        deepest=tuple(_fall(mine.dates, mine.level, one, theirs) for one in deepest),
    )


def _depth(one: Episode) -> float:
    return one.depth


def _fall(dates: DateArray, level: FloatArray, one: Episode, theirs: Performance | None = None) -> Fall:
    peak, trough, recovery, depth = one
    ends = recovery < len(level)
    at_peak, at_trough = _day(dates, peak), _day(dates, trough)
    last = _day(dates, recovery if ends else len(level) - 1)
    return Fall(
        peak=str(at_peak),
        trough=str(at_trough),
        recovery=str(last) if ends else None,
        depth=depth,
        days_down=_days_between(at_peak, at_trough),
        days_up=_days_between(at_trough, last) if ends else None,
        days=_days_between(at_peak, last),
        rival_return=_rival_return(theirs, at_peak, at_trough, from_capital=peak == 0) if theirs else None,
    )


def _day(dates: DateArray, place: int) -> np.datetime64:
    """Return the date of a place in the level; the capital's is the first session's."""
    day: np.datetime64 = dates[max(place - 1, 0)]
    return day


def _days_between(first: np.datetime64, last: np.datetime64) -> int:
    return int((last - first) / np.timedelta64(1, "D"))


def _rival_return(
    rival: Performance, peak: np.datetime64, trough: np.datetime64, *, from_capital: bool
) -> float | None:
    """Return what the rival did from ``peak`` to ``trough``, ``from_capital`` on where both open at the peak."""
    if from_capital and rival.dates[0] != peak:
        return None
    begin, end = (int(np.searchsorted(rival.dates, day, side="right")) for day in (peak, trough))
    if begin == 0 or rival.dates[-1] < trough:
        return None
    before = float(rival.level[0 if from_capital else begin])
    return float(rival.level[end]) / before - 1.0 if before > 0.0 else None
