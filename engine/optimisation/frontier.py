"""The efficient frontier: for each expected return the least volatile weights."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import DataError
from engine.optimisation.constraints import Constraints, Target
from engine.optimisation.objectives import Inputs, MinVariance, Quadratic
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.solution import Solution


@dataclass(frozen=True)
class Point:
    """A portfolio on the frontier: expected return [1/yr], volatility [1/yr^.5], weights (N,)."""

    mean: float
    volatility: float
    weights: FloatArray


def least_volatile(optimiser: Optimiser, inputs: Inputs, constraints: Constraints, least: float) -> Solution:
    """Return the least volatile weights whose expected return is at least ``least`` [1/yr]."""
    target = Target(inputs.moments.mean, least)
    return optimiser.solve(MinVariance().form(inputs), replace(constraints, target=target))


def highest_mean(optimiser: Optimiser, inputs: Inputs, constraints: Constraints) -> Solution:
    """Return the weights of the highest expected return."""
    n = len(inputs.assets)
    return optimiser.solve(Quadratic(np.zeros((n, n)), np.zeros(n), -inputs.moments.mean), constraints)


def frontier(optimiser: Optimiser, inputs: Inputs, constraints: Constraints, points: int = 20) -> tuple[Point, ...]:
    """Return ``points`` portfolios from the least volatile to the highest expected return, evenly spaced in return.

    Raises
    ------
    DataError
        When one of them has no solution; the message is the solver's status.

    """
    mean, covariance = inputs.moments.mean, inputs.moments.covariance
    ends = [_weights(optimiser.solve(MinVariance().form(inputs), constraints))]
    ends.append(_weights(highest_mean(optimiser, inputs, constraints)))
    low, high = (float(mean @ w) for w in ends)
    inner = [
        _weights(least_volatile(optimiser, inputs, constraints, least))
        for least in np.linspace(low, high, points)[1:-1]
    ]
    return tuple(Point(float(mean @ w), float(np.sqrt(w @ covariance @ w)), w) for w in (ends[0], *inner, ends[1]))


def _weights(solution: Solution) -> FloatArray:
    if solution.weights is None:
        raise DataError(f"frontier: {solution.status}")
    return solution.weights
