"""The efficient frontier as a drawing: places in a picture of 800 by 420, for a template to put marks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.report import format as fmt

if TYPE_CHECKING:
    from engine.proposal import Proposal

WIDTH: Final = 800
HEIGHT: Final = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 120, 20, 50


@dataclass(frozen=True)
class Mark:
    """Something at a place, with its name."""

    x: float
    y: float
    name: str


@dataclass(frozen=True)
class Chart:
    """``line``: the frontier's points as SVG has them; marks of the assets and of the weights; ticks of both axes."""

    width: int
    height: int
    line: str
    assets: tuple[Mark, ...]
    chosen: Mark
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]


def chart_of(proposal: Proposal) -> Chart:
    """Return the drawing of a proposal's frontier, with the assets and the proposed weights."""
    points = [(point.volatility, point.mean) for point in proposal.points]
    assets = [(one.volatility, one.mean) for one in proposal.holdings]
    all_of_them = np.array([*points, *assets, (proposal.volatility, proposal.mean)])
    low, high = all_of_them.min(axis=0), all_of_them.max(axis=0)
    low[0] = 0.0  # volatilities are compared with none at all
    room = np.maximum(high - low, 1e-6) * 0.05
    low, high = low - room * np.array([0.0, 1.0]), high + room

    def at(volatility: float, mean: float) -> tuple[float, float]:
        across, up = (np.array([volatility, mean]) - low) / (high - low)
        return (
            round(float(_LEFT + across * (WIDTH - _LEFT - _RIGHT)), 2),
            round(float(HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM)), 2),
        )

    places = [at(*point) for point in points]
    return Chart(
        WIDTH,
        HEIGHT,
        " ".join(f"{x},{y}" for x, y in places),
        tuple(Mark(*at(one.volatility, one.mean), one.asset) for one in proposal.holdings),
        Mark(*at(proposal.volatility, proposal.mean), "these weights"),
        tuple(Mark(at(v, low[1])[0], HEIGHT - _BOTTOM, fmt.percent(v, 1)) for v in np.linspace(low[0], high[0], 6)),
        tuple(Mark(_LEFT, at(low[0], m)[1], fmt.percent(m, 1)) for m in np.linspace(low[1], high[1], 5)),
    )
