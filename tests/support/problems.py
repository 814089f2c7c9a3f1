"""Problems for the optimiser: given moments, random ones, and their solution."""

from __future__ import annotations

import numpy as np

from engine.optimisation.constraints import (
    Bounds,
    Constraints,
    GroupConstraint,
    long_only_constraints,
)
from engine.optimisation.estimates import Moments
from engine.optimisation.objectives import (
    EqualWeight,
    InverseVolatility,
    MaxDiversification,
    MaxSharpe,
    MeanVariance,
    MinTrackingError,
    MinVariance,
    Objective,
    ObjectiveInputs,
    RiskParity,
)
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.solution import Solution

SMOOTH = (
    MinVariance(), MeanVariance(risk_aversion=4), MaxSharpe(), MaxDiversification(), MinTrackingError(to={"A00": 1.0}),
    EqualWeight(), InverseVolatility(), RiskParity(),
)  # fmt: skip


def names(n: int) -> tuple[str, ...]:
    return tuple(f"A{j:02d}" for j in range(n))


def inputs(
    covariance: np.ndarray, mean: np.ndarray | None = None, returns: np.ndarray | None = None, risk_free: float = 0.0
) -> ObjectiveInputs:
    n = len(covariance)
    moments = Moments(np.zeros(n) if mean is None else mean, np.asarray(covariance, dtype=float), 1000)
    return ObjectiveInputs(names(n), moments, np.zeros((0, n)) if returns is None else returns, risk_free)


def solve(
    objective: Objective,
    given: ObjectiveInputs,
    constraints: Constraints | None = None,
    optimiser: Optimiser | None = None,
) -> Solution:
    found = (optimiser or Optimiser()).solve(objective.form(given), constraints or long_only_constraints(given.assets))
    assert found.weights is not None, found.status
    return found


def of_correlation(volatilities: list[float], pairs: dict[tuple[int, int], float]) -> np.ndarray:
    correlation = np.eye(len(volatilities))
    for (i, j), rho in pairs.items():
        correlation[i, j] = correlation[j, i] = rho
    return correlation * np.outer(volatilities, volatilities)


def random_problem(seed: int) -> tuple[ObjectiveInputs, Constraints]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    scenarios = 0.0005 + 0.01 * rng.normal(size=(80, n)) @ (np.eye(n) + 0.5 * rng.normal(size=(n, n)) / np.sqrt(n))
    covariance = np.cov(scenarios.T) * 252.0 + 1e-4 * np.eye(n)
    given = inputs(covariance, rng.normal(0.08, 0.06, n), scenarios)
    cap = float(rng.uniform(1.2 / n, 1.0))
    members = rng.random(n) < 0.4
    room = 1.0 - cap * (~members).sum()
    groups = (
        (GroupConstraint("group", members, most=float(rng.uniform(max(room, 0.05), 1.0))),)
        if members.any() and room < 0.9
        else ()
    )
    lower = np.where(members, 0.0, float(rng.uniform(0.0, 0.3 / n)))
    return given, Constraints(Bounds(given.assets, lower, np.full(n, cap)), groups)
