"""Where a figure of a plan lies among those of its variants, and shares of a distribution."""

from __future__ import annotations

from typing import Final, Self

import numpy as np

from engine.analysis.performance import Performance
from engine.backtest.manifest import FileRecord
from engine.core.arrays import FloatArray
from engine.core.powers import power
from engine.sweep.batch.batch_metrics import SWEEP_METRICS

FIGURES: Final = ("cagr", "sharpe", "final_value")
"""What luck is measured in."""
PERCENTS: Final = (5, 25, 50, 75, 95)
"""The percentiles that are shown of a distribution."""
_MOST_BINS: Final = 60
_SAME: Final = 1e-12
"""Relative distance up to which two figures are the same: sums in another order."""


class FigureSpread(FileRecord):
    """A plan's figure (None: it has none) beside those of ``count`` variants that have one.

    ``rank``: 1 is the highest, and what is equal does not lower it. ``percentile``: the share of variants below the
    plan, those that are equal counted half [fraction].
    """

    plan: float | None
    count: int
    lowest: float
    median: float
    highest: float
    rank: int | None
    percentile: float | None

    @classmethod
    def of(cls, plan: float | None, figures: FloatArray) -> Self | None:
        """Return where ``plan`` lies among ``figures`` (S,), NaN where there is none; None when none has one."""
        known = figures[~np.isnan(figures)]
        if not len(known):
            return None
        above = below = 0
        if plan is not None:
            near = _SAME * abs(plan)
            above, below = int((known > plan + near).sum()), int((known < plan - near).sum())
        return cls(
            plan=plan,
            count=len(known),
            lowest=float(known.min()),
            median=float(np.median(known)),
            highest=float(known.max()),
            rank=None if plan is None else 1 + above,
            percentile=None if plan is None else 0.5 * (below + (len(known) - above)) / len(known),
        )


class Counts(FileRecord):
    """How many figures lie between neighbours of ``edges`` (B + 1): ``counts`` (B), the last with its upper edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, figures: FloatArray) -> Self | None:
        """Return ``figures`` (S,), NaN where there is none, in at most 60 bins; None where they are all alike.

        The width is that of Freedman and Diaconis (1981), doi:10.1007/BF01025868: 2 IQR / S^(1/3).
        """
        known = np.sort(figures[np.isfinite(figures)])
        if len(known) < 2 or known[0] == known[-1]:
            return None
        quartiles = known[len(known) // 4], known[3 * len(known) // 4]
        width = float(2.0 * (quartiles[1] - quartiles[0]) / power(float(len(known)), 1.0 / 3.0))
        reach = float(known[-1] - known[0])
        bins = min(max(int(reach / width) + 1, 1), _MOST_BINS) if width > 0.0 else _MOST_BINS
        edges = float(known[0]) + np.arange(bins + 1) * (reach / bins)
        edges[-1] = known[-1]
        places = np.minimum(np.searchsorted(edges, known, side="right") - 1, bins - 1)
        return cls(edges=tuple(edges.tolist()), counts=tuple(np.bincount(places, minlength=bins).tolist()))


def plan_figures(performance: Performance) -> dict[str, float | None]:
    """Return the figures of a plan that luck is measured in."""
    from engine.analysis.metrics_table import METRICS  # noqa: PLC0415  (whoever reads a record needs no figures)

    found = {name: METRICS[name].compute(performance) for name in FIGURES}
    return {name: None if one is None else float(one) for name, one in found.items()}


def figure_spreads(plan: dict[str, float | None], table: FloatArray) -> dict[str, FigureSpread]:
    """Return where each figure of a plan lies in a ``table`` (S, len(SWEEP_METRICS)) of its variants."""
    spreads = {name: FigureSpread.of(plan[name], metric_column(table, name)) for name in FIGURES}
    return {name: spread for name, spread in spreads.items() if spread is not None}


def metric_column(table: FloatArray, name: str) -> FloatArray:
    """Return (S,) a metric of a table of variants."""
    return table[:, SWEEP_METRICS.index(name)]


def percentiles(figures: FloatArray) -> dict[str, float] | None:
    """Return percentiles of ``figures`` (S,) by their number, between neighbours in proportion; None where one is NaN.

    >>> percentiles(np.arange(101.0))
    {'5': 5.0, '25': 25.0, '50': 50.0, '75': 75.0, '95': 95.0}
    """
    if not len(figures) or not np.isfinite(figures).all():
        return None
    ordered, found = np.sort(figures), {}
    for percent in PERCENTS:
        at = percent * (len(ordered) - 1) / 100.0
        low = int(at)
        high = min(low + 1, len(ordered) - 1)
        found[str(percent)] = float(ordered[low] + (at - low) * (ordered[high] - ordered[low]))
    return found
