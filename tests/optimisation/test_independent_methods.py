"""Random problems, and choices of names, solved by independent methods too."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from engine.optimisation.constraints import (
    Bounds,
    Cardinality,
    Constraints,
    GroupConstraint,
    TurnoverLimit,
    long_only_constraints,
)
from engine.optimisation.frontier import solve_max_return
from engine.optimisation.objectives import (
    MaxDiversification,
    MaxSharpe,
    MeanVariance,
    MinCvar,
    MinVariance,
    Objective,
    ObjectiveInputs,
    Penalty,
)
from engine.optimisation.optimiser import Optimiser
from tests.support.problems import SMOOTH, inputs, random_problem, solve

# ---- random problems against independent methods ----------------------------------------------------------------


def by_slsqp(value, slope, start: np.ndarray, constraints: Constraints) -> float:
    """Return the best objective of scipy's sequential quadratic programming from several starts, feasible to 1e-9."""
    n = len(start)
    rules = [{"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": lambda w: np.ones(n)}]
    rules += [
        {
            "type": "ineq",
            "fun": lambda w, g=g: g.most - w[g.members].sum(),
            "jac": lambda w, g=g: -g.members.astype(float),
        }
        for g in constraints.groups
    ]
    bounds = list(zip(constraints.bounds.lower, constraints.bounds.upper, strict=True))
    best = np.inf
    for first in (start, np.full(n, 1.0 / n)):
        found = minimize(
            value,
            first,
            jac=slope,
            bounds=bounds,
            constraints=rules,
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 500},
        )
        if constraints.violation(found.x) <= 1e-9:
            best = min(best, float(found.fun))
    return best


def variance_of(given: ObjectiveInputs):
    S = given.moments.covariance
    return lambda w: w @ S @ w, lambda w: 2.0 * S @ w


def utility_of(given: ObjectiveInputs):
    S, mu = given.moments.covariance, given.moments.mean
    return lambda w: 2.0 * w @ S @ w - mu @ w, lambda w: 4.0 * S @ w - mu


def ratio_of(excess: np.ndarray, given: ObjectiveInputs):
    S = given.moments.covariance

    def slope(w):
        vol = np.sqrt(w @ S @ w)
        return -excess / vol + (excess @ w) * (S @ w) / vol**3

    return lambda w: -(excess @ w) / np.sqrt(w @ S @ w), slope


def distance_to(target: np.ndarray, S: np.ndarray):
    return lambda w: (w - target) @ S @ (w - target), lambda w: 2.0 * S @ (w - target)


def independent(objective: Objective, given: ObjectiveInputs):
    S, n = given.moments.covariance, len(given.assets)
    vol = np.sqrt(np.diag(S))
    match objective.kind:
        case "min_variance":
            return variance_of(given)
        case "mean_variance":
            return utility_of(given)
        case "max_sharpe":
            return ratio_of(given.moments.mean, given)
        case "max_diversification":
            return ratio_of(vol, given)
        case "min_tracking_error":
            return distance_to(np.eye(n)[0], S)
        case "equal_weight":
            return distance_to(np.full(n, 1 / n), np.eye(n))
        case "inverse_volatility":
            return distance_to((1 / vol) / (1 / vol).sum(), np.eye(n))
        case "risk_parity":
            x = minimize(
                lambda x: 0.5 * x @ S @ x - np.log(x).sum(),
                1 / vol,
                jac=lambda x: S @ x - 1 / x,
                bounds=[(1e-9, None)] * n,
                options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 5000},
            ).x
            return distance_to(x / x.sum(), np.eye(n))
    raise AssertionError(objective.kind)


def cvar_by_linprog(returns: np.ndarray, level: float, constraints: Constraints) -> float:
    s, n = returns.shape
    cost = np.concatenate([np.zeros(n), [1.0], np.full(s, 1.0 / (s * (1.0 - level)))])
    rows = [np.hstack([-returns, -np.ones((s, 1)), -np.eye(s)])]
    sides = [np.zeros(s)]
    for g in constraints.groups:
        rows.append(np.concatenate([g.members.astype(float), np.zeros(s + 1)])[None, :])
        sides.append(np.array([g.most]))
    budget = np.concatenate([np.ones(n), np.zeros(s + 1)])[None, :]
    bounds = [*zip(constraints.bounds.lower, constraints.bounds.upper, strict=True), (None, None), *[(0, None)] * s]
    return float(linprog(cost, np.vstack(rows), np.concatenate(sides), budget, [1.0], bounds).fun)


def agree_on(objective: Objective, seeds: range) -> None:
    optimiser, compared = Optimiser(), 0
    for seed in seeds:
        given, constraints = random_problem(seed)
        if isinstance(objective, MaxSharpe) and given.moments.mean.max() <= 0.0:
            continue
        found = optimiser.solve(objective.form(given), constraints)
        if found.weights is None and isinstance(objective, MaxSharpe):
            highest = solve_max_return(optimiser, given, constraints)
            assert given.moments.mean @ highest.weights <= 1e-9, found.status  # no admissible ratio is positive
            continue
        assert found.weights is not None, (seed, found.status)
        assert constraints.violation(found.weights) <= 1e-14
        if isinstance(objective, MinCvar):
            reference = cvar_by_linprog(given.returns, objective.level, constraints)
            assert found.objective_value == pytest.approx(reference, rel=1e-7, abs=1e-10)
        else:
            value, slope = independent(objective, given)
            reference = by_slsqp(value, slope, found.weights, constraints)
            tolerance = 1e-6 * abs(reference) + 1e-10
            if reference == np.inf:  # the other method found nothing feasible: no comparison, and counted as none
                continue
            assert abs(float(value(found.weights)) - reference) <= tolerance, seed
        compared += 1
    assert compared > 0.9 * len(seeds)


@pytest.mark.parametrize("objective", [*SMOOTH, MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_random_problems_agree_with_an_independent_method(objective: Objective) -> None:
    agree_on(objective, range(15))


@pytest.mark.slow
@pytest.mark.parametrize("objective", [*SMOOTH, MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_a_thousand_random_problems_agree_with_an_independent_method(objective: Objective) -> None:
    agree_on(objective, range(100, 1100))


def test_random_admissible_weights_are_never_better() -> None:
    rng = np.random.default_rng(3)
    optimiser, admissible = Optimiser(), 0
    for seed in range(20):
        given, constraints = random_problem(seed)
        previous = rng.dirichlet(np.ones(len(given.assets)))
        costs = Penalty(np.full(len(previous), 0.02), previous)
        for objective in (MinVariance(), MeanVariance(), MinCvar(level=0.9)):
            form = objective.form(given)
            found = optimiser.solve(form, constraints, costs)
            assert found.weights is not None, found.status

            def total(w: np.ndarray, form=form, costs=costs) -> float:
                return form.value(w) + float(costs.rate @ np.abs(w - costs.previous))

            for w in rng.dirichlet(np.ones(len(previous)), 200):
                near = found.weights + 0.01 * (w - found.weights)
                if constraints.violation(near) <= 1e-9:
                    admissible += 1
                    assert total(near) >= total(found.weights) - found.gap - 1e-12
    assert admissible > 6000, "of 12,000"


def test_turnover_is_kept_and_its_optimum_agrees_with_a_split_into_buys_and_sells() -> None:
    optimiser, rng, n = Optimiser(), np.random.default_rng(4), 6
    for _ in range(30):
        scenarios = rng.normal(size=(60, n)) * rng.uniform(0.5, 2.0, n)
        given = inputs(np.cov(scenarios.T), rng.normal(size=n))
        previous, most = rng.dirichlet(np.ones(n)), float(rng.uniform(0.02, 0.3))
        found = solve(
            MeanVariance(risk_aversion=1),
            given,
            replace(long_only_constraints(given.assets), turnover=TurnoverLimit(previous, most)),
            optimiser,
        )
        S, mu = given.moments.covariance, given.moments.mean
        rules = [
            {"type": "eq", "fun": lambda x: x[:n].sum() - x[n:].sum()},
            {"type": "ineq", "fun": lambda x, m=most: m - x.sum() / 2.0},
        ]
        reference = minimize(
            lambda x, p=previous, S=S, mu=mu: 0.5 * (p + x[:n] - x[n:]) @ S @ (p + x[:n] - x[n:]) - mu @ (p + x[:n] - x[n:]),
            np.zeros(2 * n), bounds=[(0, 1)] * n + [(0, q) for q in previous], constraints=rules, method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 1000},
        )  # fmt: skip
        assert np.abs(found.weights - previous).sum() / 2.0 <= most + 1e-12
        assert found.objective_value <= reference.fun + 1e-7 * abs(reference.fun)
        assert found.objective_value == pytest.approx(reference.fun, rel=1e-6, abs=1e-9)


# ---- a choice of names -------------------------------------------------------------------------------------------


def ten_names(seed: int) -> tuple[ObjectiveInputs, Constraints]:
    rng = np.random.default_rng(seed)
    scenarios = 0.0008 + 0.01 * rng.normal(size=(120, 12)) @ (
        np.eye(12) + 0.4 * rng.normal(size=(12, 12)) / np.sqrt(12)
    )
    given = inputs(np.cov(scenarios.T) * 252, scenarios.mean(axis=0) * 252, scenarios)
    members = np.arange(12) >= 2
    upper = np.where(members, 0.15, 0.7)
    choice = Cardinality(members, np.full(12, 0.04), upper, 3, 5)
    return given, Constraints(
        Bounds(given.assets, np.zeros(12), upper), (GroupConstraint("limits[0]", members, 0.5),), None, choice
    )


@pytest.mark.parametrize("objective", [MinVariance(), MaxSharpe()], ids=lambda o: o.kind)
def test_the_best_basket_of_ten_is_the_best_of_all(objective: Objective) -> None:
    given, constraints = ten_names(0)
    choice, optimiser, form = constraints.cardinality, Optimiser(), objective.form(given)
    found = solve(objective, given, constraints, optimiser)
    best = np.inf
    for count in (3, 4, 5):
        for held in itertools.combinations(range(2, 12), count):
            each = optimiser.solve_convex(form, constraints.for_basket(np.isin(np.arange(12), held)))
            best = min(best, each.objective_value)
    assert found.objective_value == pytest.approx(best, rel=1e-9)
    assert found.status == "optimal"
    assert found.gap <= 1e-6 * abs(best)
    assert choice.violation(found.weights) == 0.0
    assert optimiser.compilations == 1


@pytest.mark.parametrize("objective", [MeanVariance(), MaxDiversification(), MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_a_choice_of_names_is_kept_for_every_kind_of_objective(objective: Objective) -> None:
    given, constraints = ten_names(1)
    found = solve(objective, given, constraints)
    assert 3 <= np.count_nonzero(found.weights[2:]) <= 5
    assert constraints.violation(found.weights) <= 1e-10
