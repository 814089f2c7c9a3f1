"""What may be known at the opening of a run, where nothing is held and nobody is barred."""

from __future__ import annotations

import numpy as np

from engine.data.market import Market
from engine.portfolio.cost_table import CostTable
from engine.portfolio.optimiser_step import OptimiserStep
from engine.portfolio.policy import Decision
from engine.simulation.placement import PLACEMENT


def opening_decision(
    market: Market,
    capital: float,
    row: int,
    costs: CostTable,
    steps: list[OptimiserStep] | None = None,
    shortfalls: dict[int, str] | None = None,
) -> Decision:
    """Return the decision that is filled at the close of ``row``, the first session of a run (S2).

    ``steps`` and ``shortfalls`` are where the policy writes down what it did.
    """
    listed = market.listed[row]
    nothing, nobody = np.zeros(len(listed)), np.zeros(len(listed), dtype=np.bool_)
    written, reasons = [] if steps is None else steps, {} if shortfalls is None else shortfalls
    history = market.history_before(row)
    terms = costs, written, PLACEMENT, reasons
    return Decision(history, nothing, capital, row, listed, nobody, *terms, opens_on=market.dates[row])
