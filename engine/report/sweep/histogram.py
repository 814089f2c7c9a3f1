"""How a sweep's variants are spread, with every portfolio as a named line and the plan's noise below the axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from engine.core.arrays import FloatArray
from engine.report import number_format as fmt
from engine.report.charts.frame import per_cent, short_label
from engine.report.charts.histogram import Histogram, ValueLine, histogram
from engine.report.charts.scales import Scale
from engine.report.sweep.labels import chart_style, metric_text, metric_title, portfolio_title
from engine.sweep.noise_band import Band
from engine.sweep.statistics import Rank, select_finite

HISTOGRAM_BINS: Final = 60
EQUAL_TOLERANCE: Final = 1e-9
"""Figures that differ by less than this share of themselves are the same but for rounding."""
_FARTHEST: Final = 1.0
"""How far from the variants a portfolio may lie to have a line, in widths of their range."""


@dataclass(frozen=True)
class ValueRange:
    """The lowest and highest of some values; ``width`` is 0 where they are equal up to rounding."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """The highest less the lowest."""
        width = self.high - self.low
        return width if width > EQUAL_TOLERANCE * max(abs(self.low), abs(self.high)) else 0.0


def value_range(values: FloatArray) -> ValueRange | None:
    """Return the range of the finite values, None when there are none."""
    known = select_finite(values)
    return ValueRange(float(known.min()), float(known.max())) if len(known) else None


@dataclass(frozen=True)
class NoiseStrip:
    """The plan's noise below the axis: where it begins and how wide it is, and whether an end lies outside."""

    left: str
    width: str
    cut_left: bool
    cut_right: bool
    told: str


@dataclass(frozen=True)
class VariantHistogram:
    """The chart, the noise strip below it, and the portfolios that lie too far away for a line, in words."""

    chart: Markup
    strip: NoiseStrip | None
    outside: tuple[str, ...]


def draw_histogram(
    values: FloatArray, metric: str, standings: Mapping[str, Mapping[str, Rank]], band: Band | None
) -> VariantHistogram | None:
    """Return the histogram of ``values`` (S,) with every portfolio that has the metric; None where no variant has it.

    ``band`` is the plan's noise.
    """
    bounds = value_range(values)
    if bounds is None:
        return None
    counts, edges = count_bins(values, bounds)
    low, high = float(edges[0]), float(edges[-1])
    lines, outside = [], []
    for place, (name, at) in enumerate(standings.items()):
        value = at[metric].value if metric in at else None
        if value is None:
            continue
        if _FARTHEST * (high - low) < max(low - value, value - high):
            outside.append(f"{short_label(portfolio_title(name))} {metric_text(value, metric)}")
        else:
            lines.append(ValueLine(short_label(portfolio_title(name)), value, place))
    reach = f"{metric_text(bounds.low, metric)} to {metric_text(bounds.high, metric)}"
    title = f"{fmt.count(int(counts.sum()))} variants by {metric_title(metric)}, {reach}"
    chart = Histogram("spread", title, edges, counts.astype(np.float64), chart_style(metric), lines)
    return VariantHistogram(
        histogram(chart), _strip(band, metric, [low, high, *(one.value for one in lines)]), tuple(outside)
    )


def count_bins(values: FloatArray, bounds: ValueRange) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return counts and edges of the bins; values that are equal up to rounding have one, wide enough to be seen."""
    known = select_finite(values)
    if bounds.width:
        return np.histogram(known, bins=HISTOGRAM_BINS, range=(bounds.low, bounds.high))
    middle = float(known[0])
    half = 0.5 * abs(middle) or 0.5
    return np.array([len(known)]), np.array([middle - half, middle + half])


def _strip(band: Band | None, metric: str, seen: Sequence[float]) -> NoiseStrip | None:
    """Return the part of a band that lies inside the picture, which shows all that is ``seen``."""
    if band is None:
        return None
    scale = Scale(min(seen), max(seen))
    left, right = (scale.fraction(end) for end in band)
    if left >= 1.0 or right <= 0.0:
        return None
    begin, end = max(left, 0.0), min(right, 1.0)
    told = f"{metric_text(band[0], metric)} to {metric_text(band[1], metric)}"
    return NoiseStrip(per_cent(begin), per_cent(end - begin), left < 0.0, right > 1.0, told)
