"""A law with a budget of tax a year, as ``simulate`` asks it, with the search for how far a rebalance goes."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.tax.book import Taxation
from engine.tax.budget import BudgetedTaxation, BudgetProblem, TaxBudget


def with_budget(taxation: Taxation, money: float | None) -> Taxation:
    """Return ``taxation`` that keeps to ``money`` a year, as it is where that is None."""
    return taxation if money is None else BudgetedTaxation(taxation, TaxBudget(money, nearest_weights))


def nearest_weights(problem: BudgetProblem) -> FloatArray:
    """Return (N,) the weights nearest to the target that the limits allow; those held where nothing else is found."""
    from engine.optimisation.tax_budget import (  # noqa: PLC0415  (whoever has no budget needs no solver)
        Limit,
        Lot,
        LotProblem,
        nearest_within_limits,
        tracking_covariance,
    )

    moved = np.flatnonzero((problem.held != 0.0) | (problem.target != 0.0))
    found = nearest_within_limits(
        LotProblem(
            problem.target[moved],
            problem.held[moved],
            problem.lower[moved],
            problem.upper[moved],
            problem.least,
            problem.most,
            [[Lot(*lot) for lot in problem.lots[j]] for j in moved.tolist()],
            [[Limit(*limit) for limit in limits] for limits in problem.limits],
            tracking_covariance(problem.closes[:, moved]),
        )
    )
    weights = problem.held.copy()
    if found.weights is not None:
        weights[moved] = found.weights
    return weights
