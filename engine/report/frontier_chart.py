"""The efficient frontier as a drawing: coordinates in a picture of 800 by 420 for the template's SVG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.report import number_format as fmt
from engine.report.chart_data import decimal_exponents, powers_of_ten

if TYPE_CHECKING:
    from engine.backtest.allocation import Proposal

CHART_WIDTH: Final = 800
CHART_HEIGHT: Final = 420
_LEFT_MARGIN, _RIGHT_MARGIN, _TOP_MARGIN, _BOTTOM_MARGIN = 100, 60, 20, 50
_MARGIN_SHARE: Final = 0.5
"""Space around the frontier, in parts of its extent."""
_TICK_COUNT: Final = 6


@dataclass(frozen=True)
class LabelledPoint:
    """A point of the drawing with its label."""

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class FrontierChart:
    """``polyline``: the frontier's points as SVG has them; marks of the assets and of the weights; ticks of both axes.

    ``assets_outside`` names the assets that lie beyond the axes, which are made for the frontier.
    """

    width: int
    height: int
    polyline: str
    assets: tuple[LabelledPoint, ...]
    assets_outside: str
    proposed: LabelledPoint
    x_ticks: tuple[LabelledPoint, ...]
    y_ticks: tuple[LabelledPoint, ...]


@dataclass(frozen=True)
class _Axes:
    """The corners ``low`` and ``high`` (2,): volatility and expected return."""

    low: FloatArray
    high: FloatArray

    def contains(self, point: FloatArray) -> bool:
        return bool(((self.low <= point) & (point <= self.high)).all())

    def point_at(self, volatility: float, mean: float, name: str = "") -> LabelledPoint:
        across, up = (np.array([volatility, mean]) - self.low) / (self.high - self.low)
        x = _LEFT_MARGIN + float(across) * (CHART_WIDTH - _LEFT_MARGIN - _RIGHT_MARGIN)
        y = CHART_HEIGHT - _BOTTOM_MARGIN - float(up) * (CHART_HEIGHT - _TOP_MARGIN - _BOTTOM_MARGIN)
        return LabelledPoint(round(x, 2), round(y, 2), name)


def build_frontier_chart(proposal: Proposal) -> FrontierChart:
    """Return the coordinates of a proposal's frontier, of the assets near it and of the proposed weights."""
    points = np.array([(point.volatility, point.mean) for point in proposal.frontier])
    shown = np.vstack([points, (proposal.volatility, proposal.mean)])
    margin = np.maximum(np.ptp(shown, axis=0), 1e-3) * _MARGIN_SHARE
    axes = _Axes(shown.min(axis=0) - margin, shown.max(axis=0) + margin)
    places = [axes.point_at(*point) for point in points.tolist()]
    near = {one.asset: axes.contains(np.array([one.volatility, one.mean])) for one in proposal.holdings}
    return FrontierChart(
        CHART_WIDTH,
        CHART_HEIGHT,
        " ".join(f"{place.x},{place.y}" for place in places),
        tuple(axes.point_at(one.volatility, one.mean, one.asset) for one in proposal.holdings if near[one.asset]),
        ", ".join(asset for asset, inside in near.items() if not inside),
        axes.point_at(proposal.volatility, proposal.mean, "these weights"),
        tuple(axes.point_at(x, axes.low[1], fmt.percent(x)) for x in _tick_values(axes.low[0], axes.high[0])),
        tuple(axes.point_at(axes.low[0], y, fmt.percent(y)) for y in _tick_values(axes.low[1], axes.high[1])),
    )


def _tick_values(low: float, high: float) -> list[float]:
    """Return about six round numbers from ``low`` to ``high``."""
    rough = (high - low) / _TICK_COUNT
    size = float(powers_of_ten(decimal_exponents(np.array(rough))))
    step = next(float(size * part) for part in (1.0, 2.0, 2.5, 5.0, 10.0) if size * part >= rough)
    return [float(k * step) for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1)]
