"""The weights of least variance: ten assets and 756 daily returns, in the optimiser and in skfolio."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.diagnostics.bench.jobs import market
from engine.optimisation.constraints import long_only
from engine.optimisation.estimates import Moments
from engine.optimisation.objectives import Inputs, MinVariance
from engine.optimisation.optimiser import Optimiser

TITLE: Final = "least variance of ten assets, long only"
ASSETS, RETURNS = 10, 756

AGREE: Final = 5e-4
"""Largest difference of a weight between two solvers at their own tolerances."""


def returns() -> FloatArray:
    """Return (756, 10) daily returns of seeded prices."""
    prices = market(RETURNS + 1, ASSETS).prices
    return np.asarray(prices[1:] / prices[:-1] - 1.0)


def own() -> Callable[[], FloatArray]:
    """Return what estimates the covariance and solves; the problem is compiled by the first call."""
    seen, names, optimiser = returns(), market(RETURNS + 1, ASSETS).assets, Optimiser()

    def solve() -> FloatArray:
        moments = Moments(seen.mean(axis=0), np.cov(seen, rowvar=False), len(seen))
        found = optimiser.solve(MinVariance().form(Inputs(names, moments, seen, 0.0)), long_only(names))
        if found.weights is None:
            raise RuntimeError(found.status)
        return found.weights

    return solve


def skfolio() -> Callable[[], FloatArray] | None:
    """Return the same in skfolio, or None where it is not installed."""
    if importlib.util.find_spec("skfolio") is None:
        return None
    from skfolio.optimization import MeanRisk  # noqa: PLC0415

    seen = returns()
    return lambda: np.asarray(MeanRisk().fit(seen).weights_)
