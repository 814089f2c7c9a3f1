"""Weights over time, stacked on each other: what an account held, and how much of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.core.arrays import DateArray, FloatArray
from engine.core.errors import spell_out_controls
from engine.report.charts.frame import (
    HEIGHTS,
    Frame,
    Size,
    join,
    picture,
    short_label,
    widest,
    x_texts,
    y_texts,
)
from engine.report.charts.labels import EndLabel, end_labels
from engine.report.charts.month_ends import FILLED_LATER, month_ends
from engine.report.charts.paths import picture_paths
from engine.report.charts.scales import Scale, date_ticks
from engine.report.charts.styles import write_figure

_SEEN: Final = 0.0005
"""From which weight on a layer is named at its end."""
LAYERS: Final = 10
"""Layers that can be told apart; who has more joins the rest as "others"."""


@dataclass(frozen=True)
class Layer:
    """One layer: ``values`` (T,) [fraction]; ``series`` names what the script reads it from, "" for none."""

    label: str
    values: FloatArray
    series: str = ""


def stacked_chart(
    key: str, title: str, dates: DateArray, layers: Sequence[Layer], *, size: Size = "medium", highest: float = 1.0
) -> Markup:
    """Return layers over ``dates`` (T,), the first at the bottom, up to ``highest``."""
    tall, low = HEIGHTS[size]
    scale, height, count = Scale(0.0, highest), 2 * tall, len(dates)
    tops = np.cumsum([np.nan_to_num(layer.values) for layer in layers], axis=0)
    shapes, ends = [], []
    for number in range(len(layers) - 1, -1, -1):  # the highest first: each lower one covers its part
        _, area = picture_paths(tops[number], scale.fractions(np.clip(tops[number], 0.0, highest)), height, height)
        shapes.append(Markup('<path class="layer a{}" d="{}"/>').format(number % LAYERS, area))
        last = float(layers[number].values[-1])
        if last >= _SEEN:
            middle = scale.fraction(min(float(tops[number][-1]), highest) - last / 2)
            ends.append(
                EndLabel(f"{layers[number].label} {write_figure(last, 'percent')}", middle, None, f"a{number % LAYERS}")
            )
    ticks = [(scale.fraction(tick), f"{100 * tick:.0f}\N{NO-BREAK SPACE}%") for tick in scale.ticks(4)]
    around = join(
        [
            y_texts(ticks),
            x_texts([(row / max(count - 1, 1), text) for row, text in date_ticks(dates)]),
            end_labels(ends, low),
        ]
    )
    frame = Frame(key, title, size, 5, widest(short_label(one.label) for one in ends) + 4)
    said = ", ".join(f"{layer.label} {write_figure(float(layer.values[-1]), 'percent')}" for layer in layers)
    describe = f"On {dates[-1].astype('datetime64[D]')}: {said}."
    told = _told(layers, height, highest)
    below = FILLED_LATER if told else month_ends(dates, [(one.label, one.values) for one in layers], "percent")
    return picture(frame, join(shapes), around, describe=describe, attributes=told, below=below)


def _told(layers: Sequence[Layer], height: int, highest: float) -> Markup:
    """Return what the page's script needs to draw the layers of another period; nothing without series."""
    if not all(layer.series for layer in layers):
        return Markup("")
    lines = [
        {
            "series": one.series,
            "label": spell_out_controls(one.label),
            "place": f"a{number % LAYERS}",
        }
        for number, one in enumerate(layers)
    ]
    told = {"transform": "stack", "style": "percent", "height": height, "highest": highest, "lines": lines}
    return Markup(' data-chart="{}"').format(json.dumps(told, separators=(",", ":")))
