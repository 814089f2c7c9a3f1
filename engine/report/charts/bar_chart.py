"""Bars around zero, upright over time or lying with a name each; and bars inside a table's cells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

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
from engine.report.charts.mark import Mark, mark_scale
from engine.report.charts.scales import Scale
from engine.report.charts.styles import FigureStyle, write_figure
from engine.report.charts.value_axis import grid_lines, level_line, value_ticks

_MAX_TEXTS: Final = 12
_HATCH_STEP: Final = 16
_HATCH_RISE: Final = 2
"""How far lines of a hatched bar are apart, and how steep they are [units of the picture's box]."""


def bar_chart(key: str, title: str, bars: Sequence[Mark], style: FigureStyle, *, size: Size = "medium") -> Markup:
    """Return upright bars around zero, side by side in their order, as one a year."""
    tall, _ = HEIGHTS[size]
    scale, height = mark_scale(bars), 2 * tall
    step = WIDTH / max(len(bars), 1)
    zero = int((1.0 - scale.fraction(0.0)) * height + 0.5)
    ticks = value_ticks(scale, style, tall)
    shapes = [grid_lines(ticks, height)]
    for number, bar in enumerate(bars):
        left, middle = int(step * (number + 0.14) + 0.5), int(step * (number + 0.5) + 0.5)
        top = zero if bar.value is None else int((1.0 - scale.fraction(bar.value)) * height + 0.5)
        width = int(step * 0.72 + 0.5)
        shape = f"M{left} {zero}V{top}h{width}V{zero}Z"
        shape += _hatch(left, width, min(top, zero), max(top, zero)) if bar.hatched else ""
        shapes.append(_mark(bar, style, shape))
        if bar.low is not None and bar.high is not None:
            ends = (int((1.0 - scale.fraction(end)) * height + 0.5) for end in (bar.low, bar.high))
            shapes.append(Markup('<path class="whisker" d="M{} {}V{}"/>').format(middle, *ends))
    shapes.append(level_line(scale.fraction(0.0), height, "base"))
    januaries = [n for n, bar in enumerate(bars) if len(bar.label) == len("2004-01") and bar.label.endswith("-01")]
    written = januaries if len(bars) > _MAX_TEXTS and len(januaries) > 1 else list(range(len(bars)))
    names = [((n + 0.5) / len(bars), bars[n].label) for n in written[:: max(-(-len(written) // _MAX_TEXTS), 1)]]
    frame = Frame(key, title, size, widest(text for _, text in ticks))
    around = join([y_texts(ticks), x_texts(names)])
    return picture(frame, join(shapes), around, describe=_tell_all(bars, style), attributes=Markup(" data-marks"))


def lying_bars(
    key: str, title: str, bars: Sequence[Mark], style: FigureStyle, *, log: bool = False, unit_note: str = ""
) -> Markup:
    """Return one bar below another, its name before it and its figure after it, with ``unit_note`` below all.

    On a log scale bars have no zero: they begin at the left edge, and lengths tell ratios.
    """
    scale = mark_scale(bars, log=log)
    rows = [_lying_bar(bar, scale, style) for bar in bars]
    return Markup(
        '<figure class="chart bars" id="{key}" data-marks><figcaption id="{key}-title">{title}</figcaption>'
        '<div class="lying" style="--names:{names}ch;--figures:{figures}ch" role="list">{rows}</div>{note}</figure>'
    ).format(
        key=key,
        title=plain(title),
        names=widest(short_label(bar.label) for bar in bars),
        figures=widest(write_figure(bar.value, style) for bar in bars),
        rows=join(rows),
        note=Markup('<p class="hint">{}</p>').format(plain(unit_note)) if unit_note else "",
    )


def _lying_bar(bar: Mark, scale: Scale, style: FigureStyle) -> Markup:
    zero = 0.0 if scale.log else scale.fraction(0.0)
    end = zero if bar.value is None else scale.fraction(bar.value)
    drawn = Markup('<b class="bar {}{}" style="left:{};width:{}"></b>').format(
        colour(bar.place), " hatched" if bar.hatched else "", per_cent(min(zero, end)), per_cent(abs(end - zero))
    )
    whisker = Markup("")
    if bar.low is not None and bar.high is not None:
        low, high = scale.fraction(bar.low), scale.fraction(bar.high)
        whisker = Markup('<b class="whisker" style="left:{};width:{}"></b>').format(per_cent(low), per_cent(high - low))
    return Markup(
        '<div role="listitem" data-say="{say}"><span title="{whole}">{name}</span>'
        '<i aria-hidden="true"><b class="zero" style="left:{zero}"></b>{drawn}{whisker}</i><em>{figure}</em></div>'
    ).format(
        say=plain(bar.tell(style)),
        whole=plain(bar.label),
        name=plain(short_label(bar.label)),
        zero=per_cent(zero),
        drawn=drawn,
        whisker=whisker,
        figure=write_figure(bar.value, style),
    )


def cell_bar(value: float | None, longest: float, place: int = 0) -> Markup:
    """Return a bar from the middle of a table's cell, ``longest`` being the size that fills half of it."""
    if value is None or not longest > 0.0:
        return Markup("")
    share = min(abs(value) / longest, 1.0) / 2.0
    left = 0.5 - share if value < 0.0 else 0.5
    return Markup('<i class="cell-bar" aria-hidden="true"><b class="bar {}" style="left:{};width:{}"></b></i>').format(
        colour(place), per_cent(left), per_cent(share)
    )


def _mark(bar: Mark, style: FigureStyle, shape: str) -> Markup:
    return Markup('<path class="bar {}{}" data-say="{}" d="{}"/>').format(
        colour(bar.place), " hatched" if bar.hatched else "", plain(bar.tell(style)), shape
    )


def _hatch(left: int, width: int, top: int, bottom: int) -> str:
    """Return slanting lines inside a bar, cut at its edges."""
    lines = []
    for foot in range(top + _HATCH_STEP, bottom + _HATCH_RISE * width, _HATCH_STEP):  # where a line is at the left edge
        start = max(0, -(-(foot - bottom) // _HATCH_RISE))
        end = min(width, (foot - top) // _HATCH_RISE)
        if start < end:
            lines.append(f"M{left + start} {foot - _HATCH_RISE * start}L{left + end} {foot - _HATCH_RISE * end}")
    return "".join(lines)


def _tell_all(bars: Sequence[Mark], style: FigureStyle) -> str:
    return "; ".join(bar.tell(style) for bar in bars) + "."
