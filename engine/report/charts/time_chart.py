"""Lines over time: values, ratios, falls, fans, and weights stacked on each other."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from markupsafe import Markup

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import spell_out_controls
from engine.report.charts.frame import (
    HEIGHTS,
    WIDTH,
    Frame,
    Size,
    colour,
    join,
    per_cent,
    picture,
    plain,
    short_label,
    widest,
    x_texts,
    y_texts,
)
from engine.report.charts.labels import EndLabel, end_labels
from engine.report.charts.month_ends import FILLED_LATER, month_ends
from engine.report.charts.paths import line_path, picture_paths, points
from engine.report.charts.scales import ROOM, Scale, date_ticks, fit_scale
from engine.report.charts.styles import FigureStyle, write_figure
from engine.report.charts.value_axis import grid_lines, level_line, value_ticks

Transform: TypeAlias = Literal["plain", "held", "growth", "ratio", "fall"]
"""What the script makes of a packed series for a chosen period: itself; itself where it is above 0; rebased to the
capital; over the line's other series, from 1; the distance below the highest so far. ``transforms`` does so here."""

_NOTE_ROOM: Final = 0.14
"""Room above and below where the highest and the lowest value are written."""
_AT_THE_EDGE: Final = 0.25
"""How near to an edge a note leans away from it [fraction of the width]."""


@dataclass(frozen=True)
class Line:
    """One line: ``values`` (T,) as they are drawn, NaN where there is none.

    ``place`` gives colour and marker: 0 the strategy, 1 buy and hold, 2 and on the others. ``series`` names what the
    page's script redraws it from (``packed_data``), "" for what stays as it is; ``over`` that which a ratio divides it
    by. One not ``shown`` is off at first.
    """

    label: str
    values: FloatArray
    place: int
    series: str = ""
    shown: bool = True
    over: str = ""


@dataclass(frozen=True)
class PercentileBand:
    """What lies between two lines (T,), as between two percentiles of many histories."""

    label: str
    low: FloatArray
    high: FloatArray
    place: int = 0


@dataclass(frozen=True)
class TimeChart:
    """Lines over ``dates`` (T,).

    ``base`` is a value with a line of its own, ``fill`` the number of the line with an area down or up to it.
    ``marked`` dates have a tick at the bottom; ``levels`` are values with a dashed line and a name, as caps.
    ``noted`` writes the lowest, the highest and the last value of the first line at their places.
    ``numbered`` are dates with a text at the first line.
    """

    key: str
    title: str
    dates: DateArray
    lines: Sequence[Line]
    style: FigureStyle
    transform: Transform = "plain"
    size: Size = "medium"
    log: bool = False
    base: float | None = None
    fill: int | None = None
    bands: Sequence[PercentileBand] = ()
    marked: DateArray | None = None
    levels: Sequence[tuple[float, str]] = ()
    noted: bool = False
    numbered: Sequence[tuple[np.datetime64, str]] = ()


def time_chart(chart: TimeChart) -> Markup:
    """Return the chart as HTML, complete without a script."""
    shown = [line for line in chart.lines if line.shown]
    bounds = [edge for band in chart.bands for edge in (band.low, band.high)]
    levels = [np.array([value for value, _ in chart.levels])]
    columns = [*(one.values for one in shown), *bounds, *levels]
    scale = fit_scale(columns, log=chart.log, anchor=chart.base, room=_NOTE_ROOM if chart.noted else ROOM)
    tall, low = HEIGHTS[chart.size]
    height, count = 2 * tall, len(chart.dates)
    ticks = value_ticks(scale, chart.style, tall)
    shapes = [grid_lines(ticks, height)]
    shapes += [_band(band, scale, height) for band in chart.bands]
    if chart.base is not None:
        shapes.append(level_line(scale.fraction(chart.base), height, "base"))
    shapes += [level_line(scale.fraction(value), height, "cap") for value, _ in chart.levels]
    for line in shown[::-1]:  # the first is drawn last, on top
        filled = chart.fill is not None and line is chart.lines[chart.fill]
        floor = (scale.low if chart.base is None else chart.base) if filled else None
        shapes.append(_line(line, scale, height, base=floor))
    shapes += _marked(chart, height)
    ends = [_end(one, scale, chart) for one in shown if np.isfinite(one.values).any()]
    ends += [EndLabel(label, scale.fraction(value), None) for value, label in chart.levels]
    around = join(
        [
            y_texts(ticks),
            x_texts([(row / max(count - 1, 1), text) for row, text in date_ticks(chart.dates)]),
            end_labels(ends, low),
            _notes(chart, shown[0], scale) if chart.noted and shown else "",
            _numbers(chart, scale),
        ]
    )
    told = _told(chart, height)
    below = FILLED_LATER if told else month_ends(chart.dates, [(one.label, one.values) for one in shown], chart.style)
    frame = Frame(
        chart.key,
        chart.title,
        chart.size,
        widest(text for _, text in ticks),
        widest(short_label(one.label) for one in ends) + 4,
    )
    return picture(frame, join(shapes), around, describe=describe_lines(chart), attributes=told, below=below)


def describe_lines(chart: TimeChart) -> str:
    """Return in a sentence from where to where each shown line goes, and where the first was lowest."""
    parts = []
    for number, line in enumerate(one for one in chart.lines if one.shown):
        rows = np.flatnonzero(np.isfinite(line.values))
        if not len(rows):
            continue
        first, last = (write_figure(float(line.values[row]), chart.style) for row in rows[[0, -1]])
        if number:
            parts.append(f"{line.label} ends at {last}")
            continue
        lowest = rows[np.argmin(line.values[rows])]
        parts.append(
            f"{line.label} from {first} to {last}; lowest {write_figure(float(line.values[lowest]), chart.style)} on "
            f"{chart.dates[lowest].astype('datetime64[D]')}"
        )
    return "; ".join(parts) + "."


def _end(line: Line, scale: Scale, chart: TimeChart) -> EndLabel:
    last = float(line.values[np.isfinite(line.values)][-1])
    return EndLabel(write_figure(last, chart.style) if chart.noted else line.label, scale.fraction(last), line.place)


def _band(band: PercentileBand, scale: Scale, height: int) -> Markup:
    count = len(band.low)
    rows = np.flatnonzero(np.isfinite(band.low) & np.isfinite(band.high))
    upper = points(rows, count, scale.fractions(band.high[rows]), height)
    lower = points(rows[::-1], count, scale.fractions(band.low[rows[::-1]]), height)
    path = line_path(*upper) + "L" + line_path(*lower)[1:] + "Z" if len(rows) else ""
    return Markup('<path class="band {}" d="{}"/>').format(colour(band.place), path)


def _line(line: Line, scale: Scale, height: int, *, base: float | None) -> Markup:
    floor = None if base is None else _down(scale, base, height)
    path, area = picture_paths(line.values, scale.fractions(line.values), height, floor)
    drawn = Markup('<path class="line {}" d="{}"/>').format(colour(line.place), path)
    return Markup('<path class="area {}" d="{}"/>').format(colour(line.place), area) + drawn if area else drawn


def _down(scale: Scale, value: float, height: int) -> int:
    return math.floor((1.0 - scale.fraction(value)) * height + 0.5)


def _marked(chart: TimeChart, height: int) -> list[Markup]:
    """Return a stroke at the bottom for each marked date that is a session."""
    if chart.marked is None:
        return []
    rows = np.flatnonzero(np.isin(chart.dates, chart.marked))
    across = np.floor(rows * (WIDTH / max(len(chart.dates) - 1, 1)) + 0.5).astype(np.int64).tolist()
    return [Markup('<path class="marked" d="M{} {}v-12"/>').format(x, height) for x in across]


def _notes(chart: TimeChart, line: Line, scale: Scale) -> Markup:
    """Return the lowest and the highest value of a line with their dates, at their places."""
    rows = np.flatnonzero(np.isfinite(line.values))
    spans = []
    if len(rows) and len(chart.dates) > 1:
        seen = line.values[rows]
        for row, kind in ((rows[np.argmin(seen)], "low"), (rows[np.argmax(seen)], "high")):
            left, value = float(row) / (len(chart.dates) - 1), float(line.values[row])
            lean = "first" if left < _AT_THE_EDGE else "last" if left > 1.0 - _AT_THE_EDGE else ""
            spans.append(
                Markup('<span class="{} {}" style="left:{};bottom:{}">{} on {}</span>').format(
                    kind,
                    lean,
                    per_cent(left),
                    per_cent(scale.fraction(value)),
                    write_figure(value, chart.style),
                    str(chart.dates[row].astype("datetime64[D]")),
                )
            )
    return Markup('<div class="notes" aria-hidden="true">{}</div>').format(join(spans))


def _numbers(chart: TimeChart, scale: Scale) -> Markup:
    """Return texts at the first line, each at its date; nothing for one that is no session."""
    spans = []
    for date, text in chart.numbered:
        for row in np.flatnonzero(chart.dates == date).tolist():
            left, value = row / max(len(chart.dates) - 1, 1), float(chart.lines[0].values[row])
            spans.append(
                Markup('<b style="left:{};bottom:{}">{}</b>').format(
                    per_cent(left), per_cent(scale.fraction(value)), plain(text)
                )
            )
    return Markup('<div class="numbers" aria-hidden="true">{}</div>').format(join(spans)) if spans else Markup("")


def _told(chart: TimeChart, height: int) -> Markup:
    """Return what the page's script needs to draw the chart of another period; nothing without series."""
    if not all(line.series for line in chart.lines):
        return Markup("")
    lines = [
        {
            "series": one.series,
            "over": one.over,
            "label": spell_out_controls(one.label),
            "place": one.place,
            "shown": one.shown,
        }
        for one in chart.lines
    ]
    marked = [] if chart.marked is None else chart.marked.astype("datetime64[D]").astype(np.int64).tolist()
    fill = None if chart.fill is None else chart.lines[chart.fill].place
    told = {
        "transform": chart.transform,
        "style": chart.style,
        "log": chart.log,
        "base": chart.base,
        "fill": fill,
        "height": height,
        "noted": chart.noted,
        "lines": lines,
        "levels": [[value, spell_out_controls(label)] for value, label in chart.levels],
        "marked": marked,
        "numbered": [[int(date.astype("datetime64[D]").astype(np.int64)), text] for date, text in chart.numbered],
    }
    return Markup(' data-chart="{}"').format(json.dumps(told, separators=(",", ":")))
