"""The weights of least variance: ten assets and 756 daily returns, in the optimiser and in skfolio."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.diagnostics.bench.jobs import seeded_market
from engine.optimisation.constraints import long_only_constraints
from engine.optimisation.estimates import Moments
from engine.optimisation.objectives import MinVariance, ObjectiveInputs
from engine.optimisation.optimiser import Optimiser

WEIGHTS_JOB: Final = "least variance of ten assets, long only"
ASSET_COUNT, RETURN_COUNT = 10, 756

SOLVER_TOLERANCE: Final = 5e-4
"""Largest difference of a weight between two solvers at their own tolerances."""


def sample_returns() -> FloatArray:
    """Return (756, 10) daily returns of seeded prices."""
    prices = seeded_market(RETURN_COUNT + 1, ASSET_COUNT).prices
    return np.asarray(prices[1:] / prices[:-1] - 1.0)


def own_solver() -> Callable[[], FloatArray]:
    """Return a function that estimates the covariance and solves; its first call compiles the problem."""
    seen, names, optimiser = sample_returns(), seeded_market(RETURN_COUNT + 1, ASSET_COUNT).assets, Optimiser()

    def solve() -> FloatArray:
        moments = Moments(seen.mean(axis=0), np.cov(seen, rowvar=False), len(seen))
        form = MinVariance().form(ObjectiveInputs(names, moments, seen, 0.0))
        found = optimiser.solve(form, long_only_constraints(names))
        if found.weights is None:
            raise RuntimeError(found.status)
        return found.weights

    return solve


def skfolio_solver() -> Callable[[], FloatArray]:
    """Return the same in skfolio, which has to be installed."""
    from skfolio.optimization import MeanRisk  # noqa: PLC0415

    seen = sample_returns()
    return lambda: np.asarray(MeanRisk().fit(seen).weights_)
