"""How numbers of a chart are written: one name a style, known to the page's script too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

from engine.core.number_text import with_sign
from engine.report import number_format as fmt

FigureStyle: TypeAlias = Literal["money", "percent", "points", "ratio", "count", "seconds", "duration", "gain"]
"""``percent`` and ``points`` (percentage points, always with a sign) are written from fractions, ``duration`` from
seconds in the unit that fits, ``gain`` with its sign and cents; the last two never in charts that a script redraws."""

_FIGURES: Final[dict[FigureStyle, Callable[[float], str]]] = {
    "money": fmt.money,
    "percent": fmt.percent,
    "points": fmt.percentage_points,
    "ratio": fmt.ratio,
    "count": fmt.count,
    "seconds": lambda value: fmt.short_number(value) + " s",
    "duration": fmt.duration,
    "gain": lambda value: with_sign(value, 2),
}
_AXES: Final[dict[FigureStyle, Callable[[float], str]]] = {
    "money": fmt.short_money,
    "percent": lambda value: f"{fmt.short_number(100.0 * value)} %",
    "points": lambda value: f"{fmt.short_number(100.0 * value, signed=True)} pp",
    "ratio": fmt.short_number,
    "count": fmt.short_money,
    "seconds": lambda value: f"{fmt.short_number(value)} s",
    "duration": fmt.duration,
    "gain": fmt.short_money,
}


def write_figure(value: float | None, style: FigureStyle) -> str:
    """Return a value in full, a dash where there is none.

    >>> write_figure(0.10899, "percent").split(), write_figure(None, "money") == fmt.DASH
    (['10.90', '%'], True)
    """
    return fmt.DASH if value is None or math.isnan(value) else fmt.typeset(_FIGURES[style](value))


def write_tick(value: float, style: FigureStyle) -> str:
    """Return a round value as it stands at an axis, short.

    >>> write_tick(250000.0, "money"), write_tick(0.05, "percent").split()
    ('250k', ['5', '%'])
    """
    return fmt.typeset(_AXES[style](value))
