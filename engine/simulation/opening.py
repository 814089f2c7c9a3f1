"""What may be known at the opening of a run, where nothing is held and nobody is barred."""

from __future__ import annotations

import numpy as np

from engine.data.market import Market
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Decision
from engine.simulation.placement import PLACEMENT


def opening_decision(
    market: Market,
    capital: float,
    row: int,
    costs: CostTable,
) -> Decision:
    """Return the decision that is filled at the close of ``row``, the first session of a run (S2)."""
    listed = market.listed[row]
    nothing, nobody = np.zeros(len(listed)), np.zeros(len(listed), dtype=np.bool_)
    history = market.history_before(row)
    own = market.dates[row]
    return Decision(history, nothing, capital, row, listed, nobody, costs, placement=PLACEMENT, opens_on=own)
