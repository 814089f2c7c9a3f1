"""Bars of several parts each, one bar a year: what is above zero on top of each other, what is below it likewise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum

import numpy as np
from markupsafe import Markup

from engine.report.charts.frame import (
    HEIGHTS,
    WIDTH,
    Frame,
    Size,
    join,
    picture,
    plain,
    widest,
    x_texts,
    y_texts,
)
from engine.report.charts.scales import Scale, fit_scale
from engine.report.charts.styles import FigureStyle, write_figure
from engine.report.charts.value_axis import grid_lines, level_line, value_ticks

_MAX_TEXTS = 12


@dataclass(frozen=True)
class BarPart:
    """One part of every bar: its label, ``values`` by bar, and the ``place`` of its colour among those of layers."""

    label: str
    values: Sequence[float]
    place: int


def stacked_bars(
    key: str, title: str, names: Sequence[str], parts: Sequence[BarPart], style: FigureStyle, *, size: Size = "medium"
) -> Markup:
    """Return a bar for each of ``names`` made of ``parts``, the first next to zero, and a key of colours below."""
    tall, _ = HEIGHTS[size]
    columns = list(zip(*(part.values for part in parts), strict=True))
    ends = [(fsum(min(one, 0.0) for one in column), fsum(max(one, 0.0) for one in column)) for column in columns]
    scale, height = fit_scale([np.array(ends, dtype=np.float64).ravel()], anchor=0.0), 2 * tall
    ticks = value_ticks(scale, style, tall)
    bars = [
        Markup('<g data-say="{}">{}</g>').format(
            plain(_tell(name, parts, column, style)), _draw(column, parts, number, len(names), scale, height)
        )
        for number, (name, column) in enumerate(zip(names, columns, strict=True))
    ]
    shapes = join([grid_lines(ticks, height), *bars, level_line(scale.fraction(0.0), height, "base")])
    step = max(-(-len(names) // _MAX_TEXTS), 1)
    texts = [((n + 0.5) / len(names), names[n]) for n in range(0, len(names), step)]
    around = join([y_texts(ticks), x_texts(texts)])
    said = "; ".join(_tell(name, parts, column, style) for name, column in zip(names, columns, strict=True))
    colours = join(
        Markup('<span><i class="swatch a{}"></i>{}</span> ').format(part.place, plain(part.label)) for part in parts
    )
    return picture(
        Frame(key, title, size, widest(text for _, text in ticks)),
        shapes,
        around,
        describe=f"{said}.",
        attributes=Markup(" data-marks"),
        below=Markup('<p class="hint keys" aria-hidden="true">{}</p>').format(colours),
    )


def _draw(
    column: Sequence[float], parts: Sequence[BarPart], number: int, count: int, scale: Scale, height: int
) -> Markup:
    """Return the pieces of one bar; a line at zero gives an empty one its place."""
    step = WIDTH / count
    left, width = int(step * (number + 0.14) + 0.5), int(step * 0.72 + 0.5)
    shapes, above, below = (
        [Markup('<path class="base" d="M{} {}h{}"/>').format(left, _at(0.0, scale, height), width)],
        0.0,
        0.0,
    )
    for value, part in zip(column, parts, strict=True):
        start = above if value >= 0.0 else below
        end = start + value
        above, below = (end, below) if value >= 0.0 else (above, end)
        bottom, top = _at(start, scale, height), _at(end, scale, height)
        if top != bottom:
            shape = f"M{left} {bottom}V{top}h{width}V{bottom}Z"
            shapes.append(Markup('<path class="bar a{}" d="{}"/>').format(part.place, shape))
    return join(shapes)


def _at(value: float, scale: Scale, height: int) -> int:
    return int((1.0 - scale.fraction(value)) * height + 0.5)


def _tell(name: str, parts: Sequence[BarPart], column: Sequence[float], style: FigureStyle) -> str:
    """Return a bar in words: its sum, and the parts that are not zero where there are several."""
    seen = [f"{part.label} {write_figure(value, style)}" for part, value in zip(parts, column, strict=True) if value]
    if len(seen) == 1:
        return f"{name}: {seen[0]}"
    made_of = f" ({', '.join(seen)})" if seen else ""
    return f"{name}: {write_figure(fsum(column), style)}{made_of}"
