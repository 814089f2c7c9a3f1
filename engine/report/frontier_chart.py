"""The efficient frontier as a drawing: places in a picture of 800 by 420, for a template to put marks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.report import number_format as fmt

if TYPE_CHECKING:
    from engine.backtest.allocation import Proposal

WIDTH: Final = 800
HEIGHT: Final = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 100, 60, 20, 50
_ROOM: Final = 0.5
"""Room around the frontier, in parts of its extent."""
_TICKS: Final = 6


@dataclass(frozen=True)
class Mark:
    """Something at a place, with its name."""

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class Chart:
    """``line``: the frontier's points as SVG has them; marks of the assets and of the weights; ticks of both axes.

    ``outside`` names the assets that lie beyond the axes, which are made for the frontier.
    """

    width: int
    height: int
    line: str
    assets: tuple[Mark, ...]
    outside: str
    chosen: Mark
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]


@dataclass(frozen=True)
class _Axes:
    """The corners ``low`` and ``high`` (2,): volatility and expected return."""

    low: FloatArray
    high: FloatArray

    def holds(self, point: FloatArray) -> bool:
        return bool(((self.low <= point) & (point <= self.high)).all())

    def mark(self, volatility: float, mean: float, name: str = "") -> Mark:
        across, up = (np.array([volatility, mean]) - self.low) / (self.high - self.low)
        x = _LEFT + float(across) * (WIDTH - _LEFT - _RIGHT)
        y = HEIGHT - _BOTTOM - float(up) * (HEIGHT - _TOP - _BOTTOM)
        return Mark(round(x, 2), round(y, 2), name)


def chart_of(proposal: Proposal) -> Chart:
    """Return the drawing of a proposal's frontier, with the assets near it and the proposed weights."""
    points = np.array([(point.volatility, point.mean) for point in proposal.points])
    shown = np.vstack([points, (proposal.volatility, proposal.mean)])
    room = np.maximum(np.ptp(shown, axis=0), 1e-3) * _ROOM
    axes = _Axes(shown.min(axis=0) - room, shown.max(axis=0) + room)
    places = [axes.mark(*point) for point in points.tolist()]
    near = {one.asset: axes.holds(np.array([one.volatility, one.mean])) for one in proposal.holdings}
    return Chart(
        WIDTH,
        HEIGHT,
        " ".join(f"{place.x},{place.y}" for place in places),
        tuple(axes.mark(one.volatility, one.mean, one.asset) for one in proposal.holdings if near[one.asset]),
        ", ".join(asset for asset, inside in near.items() if not inside),
        axes.mark(proposal.volatility, proposal.mean, "these weights"),
        tuple(axes.mark(x, axes.low[1], fmt.percent(x)) for x in _round(axes.low[0], axes.high[0])),
        tuple(axes.mark(axes.low[0], y, fmt.percent(y)) for y in _round(axes.low[1], axes.high[1])),
    )


def _round(low: float, high: float) -> list[float]:
    """Return about six round numbers from ``low`` to ``high``."""
    rough = (high - low) / _TICKS
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(float(size * part) for part in (1.0, 2.0, 2.5, 5.0, 10.0) if size * part >= rough)
    return [float(k * step) for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
