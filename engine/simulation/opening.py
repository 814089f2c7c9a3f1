"""What may be known at the opening of a run, where nothing is held and nobody is barred."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.data.market import History, Market
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Decision
from engine.simulation.placement import PLACEMENT


def known_at_opening(
    market: Market, capital: float, row: int
) -> tuple[History, FloatArray, float, int, BoolArray, BoolArray]:
    """Return the first fields of the Decision that is filled at the close of ``row``, the first session of a run."""
    listed = market.listed[row]
    return market.history_before(row), np.zeros(len(listed)), capital, row, listed, np.zeros(len(listed), np.bool_)


def opening_decision(market: Market, capital: float, row: int, costs: CostTable) -> Decision:
    """Return the decision that is filled at the close of ``row``, the first session of a run (S2)."""
    known = known_at_opening(market, capital, row)
    return Decision(*known, costs, placement=PLACEMENT, opens_on=market.dates[row])
