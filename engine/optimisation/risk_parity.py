"""Weights whose contributions to the variance stand in given proportions."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import DataError

_MAX_STEPS: Final = 200
_CONTRIBUTION_TOLERANCE: Final = 1e-12


def risk_parity_weights(covariance: FloatArray, budgets: FloatArray) -> FloatArray:
    """Return w (N,) > 0, summing to 1, with ``w_i (Sigma w)_i`` in proportion to ``budgets`` (N,) > 0.

    Minimises ``x' Sigma x / 2 - sum b_i log x_i``, which is convex and has these weights, up to their sum, as its one
    minimum, by Newton steps damped as self-concordance asks for (Spinu 2013, doi:10.2139/ssrn.2297383). The
    contributions are checked at the end: DataError when they are not within 1e-8 of the budgets, because the
    covariance (N, N) is too ill-conditioned.

    >>> risk_parity_weights(np.diag([0.01, 0.04]), np.ones(2)).round(6)
    array([0.666667, 0.333333])
    """
    b = budgets / budgets.sum()
    volatility = np.sqrt(np.diag(covariance))
    if not np.all(volatility > 0.0):
        raise DataError("objective risk_parity: a price stands still over the whole lookback; leave that asset out")
    correlation = covariance / np.outer(volatility, volatility)
    x = np.sqrt(b / correlation.sum(axis=1).clip(min=1e-3))
    x *= 1.0 / np.sqrt(float(x @ correlation @ x))  # at the minimum x' C x = sum b = 1
    for _ in range(_MAX_STEPS):
        slope = correlation @ x - b / x
        if np.max(np.abs(x * slope)) <= _CONTRIBUTION_TOLERANCE * 1e-3:
            break
        curvature = correlation + np.diag(b / x**2)
        step = np.linalg.solve(curvature, slope)
        decrement = float(np.sqrt(max(slope @ step, 0.0) / b.min()))
        x = x - step / (1.0 + decrement if decrement > 0.25 else 1.0)
    contributions = x * (correlation @ x)
    if not np.max(np.abs(contributions / contributions.sum() - b)) <= 1e-8:
        raise DataError("objective risk_parity: the covariance is too close to singular; choose ledoit_wolf or oas")
    w = x / volatility
    return np.asarray(w / w.sum())
