"""The intervals of the strategy's CAGR difference to other portfolios, placed on one common scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.finished_run import FinishedRun


@dataclass(frozen=True)
class IntervalBar:
    """The ends of an interval, the difference itself and zero on a scale [percent of its width]."""

    low: float | None
    point: float | None
    high: float | None
    zero: float | None


def interval_bars(run: FinishedRun) -> dict[str, IntervalBar]:
    """Return the bar of the CAGR difference to each portfolio that the strategy is compared with."""
    marks = {}
    for name, versus in run.summary.versus.items():
        low, high = versus.cagr_difference_interval or (None, None)
        marks[name] = (low, versus.cagr_difference, high, 0.0)
    left, width = _scale([[mark for mark in own if mark is not None] for own in marks.values()])

    def position(mark: float | None) -> float | None:
        return None if mark is None else round(4.0 + 92.0 * (mark - left) / width, 2)

    return {name: IntervalBar(*map(position, own)) for name, own in marks.items()}


def _scale(marks: list[list[float]]) -> tuple[float, float]:
    """Return the lower end and the width of the scale; a very wide interval is cut so that the others stay visible."""
    usual = float(np.median([max(abs(mark) for mark in own) for own in marks])) if marks else 0.0
    every = [min(max(mark, -3.0 * usual), 3.0 * usual) for own in marks for mark in own]
    low, high = min(every, default=0.0), max(every, default=0.0)
    return low, max(high - low, 1e-9)
