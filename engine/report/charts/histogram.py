"""Histograms with named lines at their places, whose names never cover each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.core.arrays import FloatArray
from engine.report.charts.frame import (
    HEIGHTS,
    WIDTH,
    Frame,
    Size,
    colour,
    join,
    marker,
    per_cent,
    picture,
    plain,
    x_texts,
)
from engine.report.charts.scales import Scale
from engine.report.charts.styles import FigureStyle, write_figure, write_tick

_LETTER: Final = 7.2 / 300.0
"""Width of a letter as a share of the narrowest picture."""


@dataclass(frozen=True)
class ValueLine:
    """A value with a line across the histogram and a name above it."""

    label: str
    value: float
    place: int


@dataclass(frozen=True)
class Histogram:
    """``counts`` (B,) of what lies between ``edges`` (B + 1,).

    ``lines`` are named values, ``band`` lies on the axis between two of them, ``curve`` (B + 1,) is drawn over the bars
    in their unit. ``noun`` is what was counted. ``open_below``: the first bar holds all below its upper edge,
    ``open_above``: the last all from its lower edge on.
    """

    key: str
    title: str
    edges: FloatArray
    counts: FloatArray
    style: FigureStyle
    lines: Sequence[ValueLine] = ()
    band: tuple[float, float] | None = None
    curve: FloatArray | None = None
    noun: str = "variants"
    size: Size = "medium"
    open_below: bool = False
    open_above: bool = False

    def reach(self, first: int, last: int) -> str:
        """Return in words from where to where what bars ``first`` to ``last`` hold lies."""
        below, above = self.open_below and first == 0, self.open_above and last == len(self.counts) - 1
        low, high = (write_figure(float(self.edges[at]), self.style) for at in (first + below, last + 1 - above))
        if first < last:
            return f"from {'below ' if below else ''}{low} to {'above ' if above else ''}{high}"
        return f"below {high}" if below else f"from {low} on" if above else f"{low} to {high}"


def histogram(chart: Histogram) -> Markup:
    """Return the histogram as HTML."""
    edges, counts, style, lines, curve, noun = (
        chart.edges,
        chart.counts,
        chart.style,
        chart.lines,
        chart.curve,
        chart.noun,
    )
    tall, _ = HEIGHTS[chart.size]
    height = 2 * tall
    seen = [float(edges[0]), float(edges[-1]), *(line.value for line in lines), *(chart.band or ())]
    across = Scale(min(seen), max(seen))
    highest = max(float(counts.max(initial=0.0)), float(curve.max()) if curve is not None else 0.0) or 1.0
    x = np.floor(across.fractions(edges) * WIDTH + 0.5).astype(np.int64).tolist()
    tops = np.floor((1.0 - counts / highest) * height + 0.5).astype(np.int64).tolist()
    shapes = []
    if chart.band is not None:
        low, high = (int(across.fraction(end) * WIDTH + 0.5) for end in chart.band)
        shapes.append(Markup('<path class="band c0" d="M{} 0V{}H{}V0Z"/>').format(low, height, high))
    for number, top in enumerate(tops):
        told = f"{chart.reach(number, number)}: {write_figure(float(counts[number]), 'count')} {noun}"
        shapes.append(
            Markup('<path class="bin" data-say="{}" d="M{} {}V{}H{}V{}Z"/>').format(
                plain(told), x[number], height, top, x[number + 1], height
            )
        )
    if curve is not None:
        ys = np.floor((1.0 - curve / highest) * height + 0.5).astype(np.int64).tolist()
        shapes.append(
            Markup('<path class="curve" d="M{}"/>').format("L".join(f"{a} {b}" for a, b in zip(x, ys, strict=True)))
        )
    for line in lines:
        at = int(across.fraction(line.value) * WIDTH + 0.5)
        shapes.append(Markup('<path class="value {}" d="M{} 0V{}"/>').format(colour(line.place), at, height))
    ticks = [(across.fraction(tick), write_tick(tick, style)) for tick in across.ticks(5)]
    names, rows = line_names(lines, across, style)
    around = join([x_texts(ticks), names])
    told = "; ".join(f"{line.label} at {write_figure(line.value, style)}" for line in lines)
    total = write_figure(float(counts.sum()), "count")
    reach = chart.reach(0, len(tops) - 1)
    return picture(
        Frame(chart.key, chart.title, chart.size, 0),
        join(shapes),
        around,
        describe=f"{total} {noun} {reach if len(tops) > 1 else f'from {reach}'}" + (f"; {told}." if told else "."),
        attributes=Markup(' data-marks style="--rows:{}"').format(rows),
    )


def line_names(lines: Sequence[ValueLine], across: Scale, style: FigureStyle) -> tuple[Markup, int]:
    """Return the names above the picture, each in the lowest row in which it covers no other, and how many rows."""
    rows: list[float] = []
    spans = []
    for line in sorted(lines, key=lambda one: one.value):
        text = f"{line.label} {write_figure(line.value, style)}"
        at, long = across.fraction(line.value), (len(text) + 3) * _LETTER
        left = min(max(at - long / 2.0, 0.0), max(1.0 - long, 0.0))
        row = next((number for number, end in enumerate(rows) if end < left), len(rows))
        rows[row : row + 1] = [left + long]
        lean = min(max((at - left) / long, 0.0), 1.0)
        spans.append(
            Markup('<span style="left:{};--row:{};--lean:{}">{}{}</span>').format(
                per_cent(at), row, per_cent(-lean), marker(line.place), plain(text)
            )
        )
    return Markup('<div class="names" aria-hidden="true">{}</div>').format(join(spans)), len(rows)
