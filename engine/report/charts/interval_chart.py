"""Estimates with their intervals, one below another on one scale around zero, or one in a table's cell."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from engine.report.charts.frame import colour, join, marker, per_cent, plain, short_label, widest
from engine.report.charts.mark import Mark, mark_scale
from engine.report.charts.scales import Scale
from engine.report.charts.styles import FigureStyle, write_figure, write_tick

_APART = 0.55
"""How far apart texts of the axis have to be for a phone [fraction of its length]."""


def interval_cell(interval: Mark, scale: Scale, zero: float | None = 0.0) -> Markup:
    """Return the drawing of one interval for a table's cell or a card; the numbers stand beside it."""
    parts = (
        [] if zero is None else [Markup('<b class="zero" style="left:{}"></b>').format(per_cent(scale.fraction(zero)))]
    )
    if interval.low is not None and interval.high is not None:
        low, high = scale.fraction(interval.low), scale.fraction(interval.high)
        parts.append(
            Markup('<b class="reach {}{}" style="left:{};width:{}"></b>').format(
                colour(interval.place), " hatched" if interval.hatched else "", per_cent(low), per_cent(high - low)
            )
        )
    if interval.value is not None:
        parts.append(
            Markup('<b class="point" style="left:{}">{}</b>').format(
                per_cent(scale.fraction(interval.value)), marker(interval.place)
            )
        )
    return Markup('<i class="interval" aria-hidden="true">{}</i>').format(join(parts))


def _far_apart(fractions: Sequence[float], zero: float | None) -> set[float]:
    """Return which places a phone has room for, that of zero first.

    >>> sorted(_far_apart([0.0, 0.25, 0.5, 0.75, 1.0], 0.25))
    [0.25, 1.0]
    """
    kept: set[float] = set()
    for at in sorted(fractions, key=lambda one: (zero is not None and abs(one - zero) > 1e-9, one)):
        if all(abs(at - other) >= _APART for other in kept):
            kept.add(at)
    return kept


def interval_chart(
    key: str, title: str, intervals: Sequence[Mark], style: FigureStyle, *, zero: float | None = 0.0
) -> Markup:
    """Return all of them one below another, with an axis: name, drawing, figure."""
    scale = mark_scale(intervals, zero)
    rows = (
        Markup('<div role="listitem" data-say="{}"><span title="{}">{}</span>{}<em>{}</em></div>').format(
            plain(row.tell(style)),
            plain(row.label),
            plain(short_label(row.label)),
            interval_cell(row, scale, zero),
            write_figure(row.value, style),
        )
        for row in intervals
    )
    ticks = [(scale.fraction(tick), write_tick(tick, style)) for tick in scale.ticks(4)]
    apart = _far_apart([at for at, _ in ticks], None if zero is None else scale.fraction(zero))
    texts = join(
        Markup('<b{} style="left:{}">{}</b>').format("" if at in apart else Markup(' class="odd"'), per_cent(at), text)
        for at, text in ticks
    )
    return Markup(
        '<figure class="chart bars" id="{key}" data-marks><figcaption id="{key}-title">{title}</figcaption>'
        '<div class="lying" style="--names:{names}ch;--figures:{figures}ch" role="list">{rows}</div>'
        '<div class="lying axis" style="--names:{names}ch;--figures:{figures}ch" aria-hidden="true">'
        "<div><span></span><i>{texts}</i><em></em></div></div></figure>"
    ).format(
        key=key,
        title=plain(title),
        names=widest(short_label(row.label) for row in intervals),
        figures=widest(write_figure(row.value, style) for row in intervals),
        rows=join(rows),
        texts=texts,
    )
