"""Parts that add up to a sum: lying bars, each of which begins where the one before it ended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.report.charts.frame import colour, join, per_cent, plain, short_label, widest
from engine.report.charts.mark import Mark
from engine.report.charts.scales import Scale, fit_scale
from engine.report.charts.styles import FigureStyle, write_figure

_LETTERS: Final = 26
"""Of a part's name; on a phone it goes on in the next line."""
_GAIN: Final = 0
_LOSS: Final = 1
"""Colours of parts above and below zero, which their signs tell too."""


def waterfall(key: str, title: str, parts: Sequence[Mark], total: Mark, style: FigureStyle) -> Markup:
    """Return ``parts`` one below another from zero on, and ``total``, which they add up to, below them all.

    A part without a value is one of zero. Colours are by sign, whatever a part's own place is.
    """
    values = [part.value or 0.0 for part in parts]
    ends = list(accumulate(values, initial=0.0))
    scale = fit_scale([np.array([*ends, total.value or 0.0])], anchor=0.0)
    rows = [
        _row(part, reach, scale, style, joined=number < len(parts))
        for number, (part, reach) in enumerate(zip(parts, pairwise(ends), strict=True), 1)
    ]
    rows.append(_row(total, (0.0, total.value or 0.0), scale, style, kind="sum"))
    return Markup(
        '<figure class="chart bars" id="{key}" data-marks><figcaption id="{key}-title">{title}</figcaption>'
        '<div class="lying steps" style="--names:{names}ch;--figures:{figures}ch" role="list">{rows}</div></figure>'
    ).format(
        key=key,
        title=plain(title),
        names=widest(short_label(part.label, _LETTERS) for part in (*parts, total)),
        figures=widest(write_figure(part.value, style) for part in (*parts, total)),
        rows=join(rows),
    )


def whole_units(values: Sequence[float], digits: int = 2) -> list[float]:
    """Return ``values`` rounded so that what is printed adds up: each is off by less than one unit of the last digit.

    Rounded are the sums up to each value; a value of zero stays zero.

    >>> whole_units([0.004, 0.004, 0.0, 0.004])
    [0.0, 0.01, 0.0, 0.0]
    """
    sums = (round(one, digits) for one in accumulate(values, initial=0.0))
    return [round(end - start, digits) + 0.0 for start, end in pairwise(sums)]


def _row(
    part: Mark, reach: tuple[float, float], scale: Scale, style: FigureStyle, *, kind: str = "", joined: bool = False
) -> Markup:
    start, end = reach
    left, right = sorted((scale.fraction(start), scale.fraction(end)))
    return Markup(
        '<div role="listitem"{kind} data-say="{say}"><span title="{whole}">{name}</span><i aria-hidden="true">'
        '<b class="zero" style="left:{zero}"></b><b class="bar {colour}" style="left:{left};width:{width}"></b>'
        "{joint}</i><em>{figure}</em></div>"
    ).format(
        kind=Markup(' class="{}"').format(kind) if kind else "",
        say=plain(part.tell(style)),
        whole=plain(part.label),
        name=plain(short_label(part.label, _LETTERS)),
        zero=per_cent(scale.fraction(0.0)),
        colour=colour(_LOSS if end < start else _GAIN),
        left=per_cent(left),
        width=per_cent(right - left),
        joint=Markup('<b class="joint" style="left:{}"></b>').format(per_cent(scale.fraction(end))) if joined else "",
        figure=write_figure(part.value, style),
    )
