"""Estimates with their intervals, one below another on one scale around zero, or one in a table's cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from engine.report.charts.frame import colour, join, marker, per_cent, plain, shorten, widest
from engine.report.charts.scales import Scale, fit_scale
from engine.report.charts.styles import Style, write_figure, write_tick


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its interval, None where there is none; ``note`` stands in its tip."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    place: int = 0
    hatched: bool = False
    note: str = ""

    def tell(self, style: Style) -> str:
        """Return the estimate in words."""
        told = f"{self.label}: {write_figure(self.value, style)}"
        if self.low is not None and self.high is not None:
            told += f", {write_figure(self.low, style)} to {write_figure(self.high, style)}"
        return told + (f", {self.note}" if self.note else "")


def interval_scale(intervals: Sequence[Interval], zero: float | None = 0.0) -> Scale:
    """Return one scale with room for all of them and for ``zero``: nothing is cut."""
    seen = [one for row in intervals for one in (row.value, row.low, row.high) if one is not None]
    return fit_scale([np.array(seen, dtype=np.float64)], anchor=zero)


def interval_cell(interval: Interval, scale: Scale, zero: float | None = 0.0) -> Markup:
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


def interval_chart(
    key: str, title: str, intervals: Sequence[Interval], style: Style, *, zero: float | None = 0.0
) -> Markup:
    """Return all of them one below another, with an axis: name, drawing, figure."""
    scale = interval_scale(intervals, zero)
    rows = (
        Markup('<div role="listitem" data-say="{}"><span title="{}">{}</span>{}<em>{}</em></div>').format(
            plain(row.tell(style)),
            plain(row.label),
            plain(shorten(row.label)),
            interval_cell(row, scale, zero),
            write_figure(row.value, style),
        )
        for row in intervals
    )
    ticks = [(scale.fraction(tick), write_tick(tick, style)) for tick in scale.ticks(4)]
    texts = join(Markup('<b style="left:{}">{}</b>').format(per_cent(at), text) for at, text in ticks)
    return Markup(
        '<figure class="chart bars" id="{key}" data-marks><figcaption id="{key}-title">{title}</figcaption>'
        '<div class="lying" style="--names:{names}ch;--figures:{figures}ch" role="list">{rows}</div>'
        '<div class="lying axis" style="--names:{names}ch;--figures:{figures}ch" aria-hidden="true">'
        "<div><span></span><i>{texts}</i><em></em></div></div></figure>"
    ).format(
        key=key,
        title=plain(title),
        names=widest(shorten(row.label) for row in intervals),
        figures=widest(write_figure(row.value, style) for row in intervals),
        rows=join(rows),
        texts=texts,
    )
