"""Points in two directions, and strips of them in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from markupsafe import Markup

from engine.report.charts.frame import (
    HEIGHTS,
    WIDTH,
    Frame,
    Size,
    join,
    marker,
    per_cent,
    picture,
    plain,
    widest,
    x_texts,
    y_texts,
)
from engine.report.charts.scales import Scale, fit_scale
from engine.report.charts.styles import FigureStyle, write_figure, write_tick
from engine.report.charts.value_axis import grid_lines, value_ticks

_LEANS_FROM: Final = 0.6
"""From where on in the width a name stands left of its point."""
PointKind: TypeAlias = Literal["dot", "named", "small"]
"""A small dot; a marker with its name beside it; a small cross with its name."""


@dataclass(frozen=True)
class Point:
    """One point; ``note`` stands in its tip after its figures."""

    x: float
    y: float
    label: str = ""
    kind: PointKind = "dot"
    place: int = 0
    note: str = ""


@dataclass(frozen=True)
class ScatterAxis:
    """What is counted in one direction; with ``zero`` the axis begins or ends at 0 or has it inside."""

    title: str
    style: FigureStyle
    zero: bool = True


@dataclass(frozen=True)
class Scatter:
    """Points over two axes; ``joined`` are joined by a line, as a frontier is."""

    key: str
    title: str
    points: Sequence[Point]
    x: ScatterAxis
    y: ScatterAxis
    joined: Sequence[tuple[float, float]] = ()
    size: Size = "tall"


def scatter(chart: Scatter) -> Markup:
    """Return the scatter as HTML."""
    tall, _ = HEIGHTS[chart.size]
    height = 2 * tall
    across, up = (
        fit_scale(
            [np.array([*(getattr(one, name) for one in chart.points), *extra], dtype=np.float64)],
            anchor=0.0 if axis.zero else None,
        )
        for name, axis, extra in (
            ("x", chart.x, [a for a, _ in chart.joined]),
            ("y", chart.y, [b for _, b in chart.joined]),
        )
    )
    x_ticks = [(across.fraction(tick), write_tick(tick, chart.x.style)) for tick in across.ticks(6)]
    y_ticks = value_ticks(up, chart.y.style, tall)
    shapes = [grid_lines(y_ticks, height)]
    if chart.joined:
        places = (
            f"{int(across.fraction(a) * WIDTH + 0.5)} {int((1 - up.fraction(b)) * height + 0.5)}"
            for a, b in chart.joined
        )
        shapes.append(Markup('<path class="line c0" d="M{}"/>').format("L".join(places)))
    spans = (
        Markup(
            '<b class="spot {kind}{lean}" style="left:{left};bottom:{bottom}" data-say="{say}">{mark}{name}</b>'
        ).format(
            kind=one.kind,
            lean=" leans" if across.fraction(one.x) > _LEANS_FROM else "",
            left=per_cent(across.fraction(one.x)),
            bottom=per_cent(up.fraction(one.y)),
            say=plain(_tell(one, chart.x, chart.y)),
            mark=marker(one.place),
            name="" if one.kind == "dot" else Markup("<span>{}</span>").format(plain(one.label)),
        )
        for one in chart.points
    )
    around = join(
        [
            y_texts(y_ticks),
            x_texts(x_ticks),
            Markup('<div class="spots">{}</div>').format(join(spans)),
            Markup('<div class="axis-x">{}</div><div class="axis-y">{}</div>').format(
                plain(chart.x.title), plain(chart.y.title)
            ),
        ]
    )
    frame = Frame(chart.key, chart.title, chart.size, widest(text for _, text in y_ticks))
    named = "; ".join(_tell(one, chart.x, chart.y) for one in chart.points if one.kind != "dot")
    return picture(
        frame, join(shapes), around, describe=f"{len(chart.points)} points. {named}", attributes=Markup(" data-marks")
    )


def _tell(one: Point, x: ScatterAxis, y: ScatterAxis) -> str:
    told = f"{x.title} {write_figure(one.x, x.style)}, {y.title} {write_figure(one.y, y.style)}"
    return (f"{one.label}: " if one.label else "") + told + (f", {one.note}" if one.note else "")


@dataclass(frozen=True)
class StripRow:
    """One strip: a dot a value, the ``marked`` one with a marker of its own, a stroke at the median."""

    label: str
    values: Sequence[float]
    marked: float | None = None
    note: str = ""


def strip_chart(
    key: str, title: str, rows: Sequence[StripRow], style: FigureStyle, *, base: float | None = None
) -> Markup:
    """Return strips one below another on one scale; ``base`` has a line through all of them."""
    seen = np.array([one for row in rows for one in (*row.values, *([] if row.marked is None else [row.marked]))])
    scale = fit_scale([seen], anchor=base)
    drawn = (_strip(row, scale, style, base) for row in rows)
    ticks = join(
        Markup('<b style="left:{}">{}</b>').format(per_cent(scale.fraction(tick)), write_tick(tick, style))
        for tick in scale.ticks(4)
    )
    names, figures = widest(row.label for row in rows), 8
    return Markup(
        '<figure class="chart bars" id="{key}" data-marks><figcaption id="{key}-title">{title}</figcaption>'
        '<div class="lying" style="--names:{names}ch;--figures:{figures}ch" role="list">{rows}</div>'
        '<div class="lying axis" style="--names:{names}ch;--figures:{figures}ch" aria-hidden="true">'
        "<div><span></span><i>{ticks}</i><em></em></div></div></figure>"
    ).format(key=key, title=plain(title), names=names, figures=figures, rows=join(drawn), ticks=ticks)


def _strip(row: StripRow, scale: Scale, style: FigureStyle, base: float | None) -> Markup:
    values = np.array(row.values, dtype=np.float64)
    median = float(np.median(values)) if len(values) else None
    dots = [
        Markup('<b class="tick" style="left:{}"></b>').format(per_cent(at)) for at in scale.fractions(values).tolist()
    ]
    if base is not None:
        dots.insert(0, Markup('<b class="zero" style="left:{}"></b>').format(per_cent(scale.fraction(base))))
    if median is not None:
        dots.append(Markup('<b class="median" style="left:{}"></b>').format(per_cent(scale.fraction(median))))
    if row.marked is not None:
        dots.append(
            Markup('<b class="point" style="left:{}">{}</b>').format(per_cent(scale.fraction(row.marked)), marker(0))
        )
    told = f"{row.label}: {len(values)} values, median {write_figure(median, style)}"
    if len(values):
        told += f", {write_figure(float(values.min()), style)} to {write_figure(float(values.max()), style)}"
    if row.marked is not None:
        told += f", the plan {write_figure(row.marked, style)}"
    return Markup(
        '<div role="listitem" data-say="{}"><span>{}</span><i class="interval" aria-hidden="true">{}</i>'
        "<em>{}</em></div>"
    ).format(
        plain(told + (f", {row.note}" if row.note else "")), plain(row.label), join(dots), write_figure(median, style)
    )
