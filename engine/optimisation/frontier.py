"""The efficient frontier: for each expected return the least volatile weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import DataError
from engine.optimisation.constraints import Constraints, ReturnTarget
from engine.optimisation.objectives import MinVariance, ObjectiveInputs, QuadraticForm
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.solution import Solution


@dataclass(frozen=True)
class FrontierPoint:
    """A portfolio on the frontier: expected return [1/yr], volatility [1/yr^.5], weights (N,)."""

    mean: float
    volatility: float
    weights: FloatArray


def solve_min_variance(
    optimiser: Optimiser, inputs: ObjectiveInputs, constraints: Constraints, least: float
) -> Solution:
    """Return the least volatile weights whose expected return is at least ``least`` [1/yr]."""
    target = ReturnTarget(inputs.moments.mean, least)
    return optimiser.solve(MinVariance().form(inputs), replace(constraints, target=target))


def solve_max_return(optimiser: Optimiser, inputs: ObjectiveInputs, constraints: Constraints) -> Solution:
    """Return the weights of the highest expected return."""
    n = len(inputs.assets)
    return optimiser.solve(QuadraticForm(np.zeros((n, n)), np.zeros(n), -inputs.moments.mean), constraints)


def efficient_frontier(
    optimiser: Optimiser, inputs: ObjectiveInputs, constraints: Constraints, points: int
) -> tuple[FrontierPoint, ...]:
    """Return ``points`` portfolios from the least volatile to the highest expected return, evenly spaced in return.

    Raises DataError when one of them has no solution, with the solver's status.
    """
    mean, covariance = inputs.moments.mean, inputs.moments.covariance
    ends = [_require_weights(optimiser.solve(MinVariance().form(inputs), constraints))]
    ends.append(_require_weights(solve_max_return(optimiser, inputs, constraints)))
    low, high = (float(mean @ w) for w in ends)
    inner = [
        _require_weights(solve_min_variance(optimiser, inputs, constraints, least))
        for least in np.linspace(low, high, points)[1:-1]
    ]
    return tuple(
        FrontierPoint(float(mean @ w), float(np.sqrt(w @ covariance @ w)), w) for w in (ends[0], *inner, ends[1])
    )


def _require_weights(solution: Solution) -> FloatArray:
    if solution.weights is None:
        raise DataError(f"frontier: {solution.status}")
    return solution.weights
