"""The efficient frontier as a chart: expected return over volatility, as the estimates have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from engine.report.charts.scatter import Point, Scatter, ScatterAxis, scatter

if TYPE_CHECKING:
    from engine.backtest.allocation import Proposal
    from engine.report.held_weights import HeldWeights

MOST_POINTS: Final = 60
"""Points of the chart; of more names those with the largest weights are shown."""


def frontier_chart(proposal: Proposal, held: HeldWeights | None = None) -> Markup:
    """Return the chart: the frontier as a line of dots, the weights found, those held, and the names by themselves."""
    frontier = [(point.volatility, point.mean) for point in proposal.frontier]
    dots = [Point(x, y, note="on the frontier") for x, y in frontier]
    chosen = [Point(proposal.volatility, proposal.mean, "these weights", "named", 0)]
    place = held.expected(proposal) if held else None
    kept = [Point(*place, "held before", "named", 1)] if place else []
    room = MOST_POINTS - len(dots) - len(chosen) - len(kept)
    names = sorted(proposal.holdings, key=lambda one: -one.weight)[: max(room, 0)]
    crosses = [Point(one.volatility, one.mean, one.asset, "small", 4) for one in names]
    return scatter(
        Scatter(
            "frontier",
            "Expected return over volatility, a year, as estimated",
            [*dots, *crosses, *kept, *chosen],
            ScatterAxis("volatility a year", "percent"),
            ScatterAxis("expected return a year", "percent"),
            joined=frontier,
        )
    )
