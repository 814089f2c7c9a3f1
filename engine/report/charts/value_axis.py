"""The axis of values at the left of a picture: round values, and lines across the picture at them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from markupsafe import Markup

from engine.report.charts.frame import WIDTH, join
from engine.report.charts.scales import Scale
from engine.report.charts.styles import FigureStyle, write_tick

_PIXELS_A_TICK: Final = 52


def value_ticks(scale: Scale, style: FigureStyle, tall: int) -> list[tuple[float, str]]:
    """Return the place of each round value in the scale [fraction], and its text, in a picture ``tall`` pixels high."""
    return [(scale.fraction(tick), write_tick(tick, style)) for tick in scale.ticks(tall // _PIXELS_A_TICK)]


def grid_lines(ticks: Iterable[tuple[float, str]], height: int) -> Markup:
    """Return a line across a picture of ``height`` units at each tick."""
    return join(level_line(place, height, "grid") for place, _ in ticks)


def level_line(place: float, height: int, kind: str) -> Markup:
    """Return a line across a picture of ``height`` units at a place of its scale [fraction]."""
    return Markup('<path class="{}" d="M0 {}H{}"/>').format(kind, int((1.0 - place) * height + 0.5), WIDTH)
