"""Covariances and weights: Ledoit-Wolf, risk parity and least variance, from papers and other libraries' tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.diagnostics.verify.market import synthetic_returns
from engine.optimisation.constraints import Bounds, Constraints
from engine.optimisation.estimates import Estimates, Moments
from engine.optimisation.objectives import MinVariance, ObjectiveInputs
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.risk_parity import risk_parity_weights

TWO_ASSET_COVARIANCES: Final = {
    "negative": ((0.25, -0.2), (-0.2, 0.25)),
    "apart": ((0.01, 0.0), (0.0, 0.04)),
    "strong": ((1.0, 0.45), (0.45, 0.25)),
    "weak": ((0.25, 0.05), (0.05, 0.04)),
}
PARITY_CASES: Final = (
    ("negative", (0.5, 0.5), (0.5, 0.5)),
    ("apart", (0.5, 0.5), (2 / 3, 1 / 3)),
    ("strong", (0.5, 0.5), (1 / 3, 2 / 3)),
    ("weak", (0.5, 0.5), (0.28571429, 0.71428571)),
    ("negative", (0.25, 0.75), (0.47441067, 0.52558933)),
    ("apart", (0.25, 0.75), (0.53589838, 0.46410162)),
    ("strong", (0.25, 0.75), (0.14916814, 0.85083186)),
    ("weak", (0.25, 0.75), (0.14799601, 0.85200399)),
)


def covariance_figures() -> Iterator[ReferenceFigure]:
    """Yield the shrunk covariances that scikit-learn computes from sixty days of five synthetic assets."""
    origin = FigureGroup("covariances", "scikit-learn 1.9.1")
    days = synthetic_returns(42, 60, 10)[:, :5]
    found = {
        kind: Estimates.model_validate({"covariance": kind, "mean": "sample", "min_history": 20}).moments(days)
        for kind in ("ledoit_wolf", "oas")
    }
    daily = found["ledoit_wolf"].covariance / 252.0
    yield origin.figure("Ledoit-Wolf shrinkage", 0.7871635317733371, found["ledoit_wolf"].shrinkage, 1e-12)
    variances = (9.678423764e-5, 9.177917212e-5, 8.479822723e-5, 8.667228591e-5, 8.306451478e-5)
    yield from origin.figures("Ledoit-Wolf variance", variances, np.diag(daily), 1e-13)
    yield origin.figure("Ledoit-Wolf covariance 1 2", -1.1135823481e-6, float(daily[0, 1]), 1e-15)
    yield origin.figure("OAS shrinkage", 0.8513087114247399, found["oas"].shrinkage, 1e-12)


def risk_parity_figures() -> Iterator[ReferenceFigure]:
    """Yield published risk parities, with equal and with other budgets."""
    origin = FigureGroup(
        "risk parity", "Lean RiskParityPortfolioOptimizerTests, riskparity.py, Maillard et al. 2010, Roncalli"
    )
    for name, budgets, weights in PARITY_CASES:
        w = risk_parity_weights(np.array(TWO_ASSET_COVARIANCES[name]), np.array(budgets))
        yield from origin.figures(f"{name}, budget {budgets[0]:g}, weight", weights, w, 6e-9)
    three = np.array([[1.0, 0.0015, -0.0119], [0.0015, 1.0, -0.0308], [-0.0119, -0.0308, 1.0]])
    w = risk_parity_weights(three, np.array([0.1594, 0.0126, 0.8280]))
    yield from origin.figures("three assets, weight", (0.2798628, 0.08774909, 0.63238811), w, 6e-9)
    four = _covariance((0.1, 0.2, 0.3, 0.4), {(0, 1): 0.8, (2, 3): -0.5})
    w = risk_parity_weights(four, np.full(4, 0.25))
    yield from origin.figures("four assets, weight", (0.38361251, 0.19180625, 0.24261785, 0.18196339), w, 6e-9)
    yield origin.figure("four assets, volatility", 0.1029340369, _volatility(w, four), 1e-10)
    apart = risk_parity_weights(_covariance((0.1, 0.2, 0.3, 0.4), {}), np.full(4, 0.25))
    yield from origin.figures("four uncorrelated, weight", (0.48, 0.24, 0.16, 0.12), apart, 1e-12)
    assets = _covariance((0.3, 0.2, 0.15), {(0, 1): 0.8, (0, 2): 0.5, (1, 2): 0.3})
    w = risk_parity_weights(assets, np.array([0.5, 0.2, 0.3]))
    yield from origin.figures("budgets 50/20/30, weight", (0.31145051, 0.21899751, 0.46955198), w, 6e-9)
    yield origin.figure("budgets 50/20/30, volatility", 0.1748971594, _volatility(w, assets), 1e-10)
    w = risk_parity_weights(assets, np.full(3, 1 / 3))
    yield from origin.figures("equal budgets, weight", (0.19686194, 0.32444083, 0.47869723), w, 6e-9)
    yield origin.figure("equal budgets, volatility", 0.1613135182, _volatility(w, assets), 1e-10)


def min_variance_figures() -> Iterator[ReferenceFigure]:
    """Yield the least variance of four assets, long only."""
    origin = FigureGroup("least variance", "Maillard, Roncalli and Teiletche 2010, doi:10.3905/jpm.2010.36.4.060")
    four = _covariance((0.1, 0.2, 0.3, 0.4), {(0, 1): 0.8, (2, 3): -0.5})
    names = tuple("ABCD")
    given = ObjectiveInputs(names, Moments(np.zeros(4), four, 1000))
    w = Optimiser().solve(MinVariance().form(given), Constraints(Bounds(names, np.zeros(4), np.ones(4)))).weights
    found = np.full(4, np.nan) if w is None else w
    yield from origin.figures("weight", (0.744827586, 0.0, 0.151724138, 0.103448276), found, 6e-10)
    yield origin.figure("volatility", 0.0863033943, _volatility(found, four), 1e-10)


def _covariance(volatilities: tuple[float, ...], correlations: Mapping[tuple[int, int], float]) -> FloatArray:
    together = np.eye(len(volatilities))
    for (i, j), rho in correlations.items():
        together[i, j] = together[j, i] = rho
    return np.asarray(together * np.outer(volatilities, volatilities))


def _volatility(w: FloatArray, covariance: FloatArray) -> float:
    return float(np.sqrt(w @ covariance @ w))
