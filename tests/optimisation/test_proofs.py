"""Answers that must be refused, and one compilation that gives the same bytes in any order."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.optimisation.certificate import certify
from engine.optimisation.constraints import (
    Bounds,
    Constraints,
    GroupConstraint,
    long_only_constraints,
)
from engine.optimisation.estimates import Moments
from engine.optimisation.objectives import (
    MaxDiversification,
    MaxSharpe,
    MeanVariance,
    MinCvar,
    MinTrackingError,
    MinVariance,
    Objective,
    ObjectiveInputs,
    QuadraticForm,
    RiskParity,
    TailLossForm,
)
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.solvers import SOLVERS, SolverResult
from tests.support.problems import SMOOTH, inputs, names, of_correlation, random_problem, solve

# ---- answers that must be refused --------------------------------------------------------------------------------

STATUSES = ("Solved", "AlmostSolved", "PrimalInfeasible", "MaxIterations", "solved", "solved inaccurate")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("moved", [1e-7, 1e-4, np.nan])
@pytest.mark.parametrize("kind", ["budget", "cap", "trade"])
def test_an_answer_that_is_not_the_optimum_is_refused_whatever_its_status(status: str, moved: float, kind: str) -> None:
    given, constraints = random_problem(5)
    form = MinVariance().form(given)
    optimum = solve(MinVariance(), given, constraints).weights
    step = np.zeros(len(optimum))
    step[0] = {"budget": 100.0, "cap": 1e4, "trade": 1e3}[kind] * moved
    if kind == "trade":
        step[-1] = -step[0]

    def wrong(problem) -> SolverResult:
        x = np.zeros(len(problem.q))
        program = optimiser.compiled_problem(form, constraints, None)
        x[program.weight_slice] = optimum + step
        return SolverResult(
            x, np.zeros(len(problem.b)), np.ones(len(problem.b)), status
        )  # every row "binds": past mending

    optimiser = Optimiser(solvers={"fake": wrong})
    found = optimiser.solve(form, constraints)
    assert found.weights is None
    assert found.status.startswith(f"fake says {status}, but ")
    rescued = Optimiser(
        solvers={"fake": lambda p: SolverResult(np.full(len(p.q), np.nan), p.b, p.b, status), **SOLVERS}
    ).solve(form, constraints)
    assert rescued.solver == "clarabel"
    assert rescued.weights == pytest.approx(optimum, abs=1e-9)


def test_squares_are_taken_out_of_a_problem_without_changing_it() -> None:
    """The smaller problem has the objective and the feasible points of the one that cvxpy compiled."""
    from scipy import sparse

    from engine.optimisation.objectives import Penalty

    rng = np.random.default_rng(12)
    for objective, costs in ((MinVariance(), False), (MaxDiversification(), False), (MeanVariance(), True)):
        given, constraints = random_problem(21)
        n = len(given.assets)
        paid = Penalty(np.full(n, 0.01), np.full(n, 1.0 / n)) if costs else None
        form = objective.form(given)
        program = Optimiser().compiled_problem(form, constraints, paid)
        small = program.standard_form(form, constraints, paid)
        squares, program.squares = program.squares, None
        whole = program.standard_form(form, constraints, paid)
        gone = np.setdiff1d(np.arange(len(whole.q)), squares.kept)
        assert len(gone) == n
        assert len(small.q) == len(whole.q) - n
        x = rng.normal(size=len(small.q))
        full = np.zeros(len(whole.q))
        full[squares.kept] = x
        left = (whole.b - whole.A @ full)[squares.rows]
        full[gone] = left / whole.A.toarray()[squares.rows, gone]
        assert (whole.A @ full)[squares.rows] == pytest.approx(whole.b[squares.rows], abs=1e-12)
        assert (small.b - small.A @ x) == pytest.approx((whole.b - whole.A @ full)[squares.others], abs=1e-12)

        def value(problem, at: np.ndarray) -> float:
            P = problem.P + sparse.triu(problem.P, 1).T
            return float(at @ (P @ at) / 2.0 + problem.q @ at)

        moved = rng.normal(size=len(small.q))
        other = np.zeros(len(whole.q))
        other[squares.kept] = moved
        left = (whole.b - whole.A @ other)[squares.rows]
        other[gone] = left / whole.A.toarray()[squares.rows, gone]
        assert value(small, x) - value(small, moved) == pytest.approx(value(whole, full) - value(whole, other))


@pytest.mark.parametrize("seeds", [range(8), pytest.param(range(8, 30), marks=pytest.mark.slow)], ids=str)
def test_a_certificate_is_no_smaller_than_what_a_better_vector_gains(seeds: range) -> None:
    rng = np.random.default_rng(6 + seeds.start)
    for seed in seeds:
        given, constraints = random_problem(seed)
        for objective in (MinVariance(), MaxDiversification(), MinCvar(level=0.9)):
            form = objective.form(given)
            best = solve(objective, given, constraints)
            other = solve(MinTrackingError(to={"A00": 1.0}), given, constraints).weights
            w = best.weights + float(rng.uniform(0.01, 1.0)) * (other - best.weights)
            if isinstance(form, (QuadraticForm, TailLossForm)):
                assert certify(form, constraints, w).gap >= form.value(w) - best.objective_value - 1e-12
            assert certify(form, constraints, best.weights).gap <= 1e-6 * abs(best.objective_value)


@pytest.mark.parametrize("shortfall", [1e-7, 1e-5, 1e-4, 1e-2])
def test_infeasible_caps_have_no_solution_though_solvers_claim_one(shortfall: float) -> None:
    constraints = long_only_constraints(names(5), 0.2 - shortfall)
    given = inputs(np.diag([0.01, 0.02, 0.03, 0.04, 0.05]))
    found = Optimiser().solve(MinVariance().form(given), constraints)
    assert found.weights is None
    assert found.status.startswith("infeasible: the weights' sum of 100 %")
    unproved = Optimiser().solve_convex(MinVariance().form(given), constraints)
    assert unproved.weights is None  # the residuals alone refuse it, too


def test_objectives_that_have_no_meaning_say_so() -> None:
    given = inputs(np.eye(3), np.array([0.01, 0.02, -0.01]), risk_free=0.02)
    with pytest.raises(
        DataError, match=r"objective max_sharpe: no expected return is above the risk-free rate \(2 % at most, 2 %\)"
    ):
        MaxSharpe().form(given)
    with pytest.raises(DataError, match=r"objective\.budgets: none for A02"):
        RiskParity(budgets={"A00": 1, "A01": 1}).form(given)
    with pytest.raises(DataError, match=r"objective\.to: SPY is not among"):
        MinTrackingError(to={"SPY": 1.0}).form(given)
    with pytest.raises(DataError, match="min_cvar: there are no scenarios"):
        MinCvar().form(given)
    with pytest.raises(DataError, match="stands still"):
        RiskParity().form(inputs(np.diag([1.0, 0.0])))


# ---- one compilation, the same bytes, any order ------------------------------------------------------------------


def test_a_problem_is_compiled_once_and_resolved_with_new_numbers() -> None:
    optimiser = Optimiser()
    rng = np.random.default_rng(7)
    for _ in range(20):
        scenarios = rng.normal(size=(40, 6))
        given = inputs(np.cov(scenarios.T), rng.normal(0.1, 0.05, 6))
        constraints = replace(
            long_only_constraints(given.assets, float(rng.uniform(0.2, 1.0))),
            groups=(GroupConstraint("g", np.arange(6) < 2, 0.3),),
        )
        fresh = solve(MinVariance(), given, constraints)
        again = solve(MinVariance(), given, constraints, optimiser)
        assert again.weights.tobytes() == fresh.weights.tobytes()
        solve(MeanVariance(risk_aversion=3), given, constraints, optimiser)  # the same form
    assert optimiser.compilations == 1
    solve(MaxDiversification(), given, constraints, optimiser)
    solve(MinVariance(), given, long_only_constraints(given.assets), optimiser)
    assert optimiser.compilations == 3


@pytest.mark.parametrize("objective", [MinVariance(), MaxDiversification(), MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_a_hundred_solves_give_the_same_bytes(objective: Objective) -> None:
    given, constraints = random_problem(8)
    optimiser = Optimiser()
    assert len({solve(objective, given, constraints, optimiser).weights.tobytes() for _ in range(100)}) == 1


@pytest.mark.parametrize("objective", SMOOTH, ids=lambda o: o.kind)
def test_the_order_of_assets_permutes_the_weights(objective: Objective) -> None:
    given, constraints = random_problem(9)
    n = len(given.assets)
    order = np.random.default_rng(9).permutation(n)
    moments = Moments(given.moments.mean[order], given.moments.covariance[np.ix_(order, order)], 1000)
    turned = ObjectiveInputs(tuple(given.assets[j] for j in order), moments, given.returns[:, order])
    bounds = Bounds(turned.assets, constraints.bounds.lower[order], constraints.bounds.upper[order])
    groups = tuple(replace(g, members=g.members[order]) for g in constraints.groups)
    straight, other = solve(objective, given, constraints), solve(objective, turned, Constraints(bounds, groups))
    assert other.weights == pytest.approx(straight.weights[order], abs=1e-9)


def test_duals_are_what_a_little_room_gains() -> None:
    S = of_correlation([0.1, 0.2, 0.3, 0.25], {(0, 1): 0.3, (2, 3): 0.2})
    given = inputs(S)
    room = Constraints(
        Bounds(given.assets, np.zeros(4), np.array([0.4, 1, 1, 1])),
        (GroupConstraint("limits[0]", np.array([0, 1, 0, 0], bool), 0.25),),
    )
    found = solve(MinVariance(), given, room)
    binding = {limit.name: gain for limit, gain in found.binding.items()}
    assert set(binding) == {"cap A00", "limits[0] max"}
    wider = replace(room, groups=(replace(room.groups[0], most=0.25 + 1e-6),))
    gained = found.objective_value - solve(MinVariance(), given, wider).objective_value
    assert gained / 1e-6 == pytest.approx(binding["limits[0] max"], rel=1e-3)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_the_unit_of_the_covariance_changes_nothing(scale: float) -> None:
    given, constraints = random_problem(10)
    other = inputs(given.moments.covariance * scale)
    assert solve(MinVariance(), other, constraints).weights == pytest.approx(
        solve(MinVariance(), given, constraints).weights, abs=1e-9
    )


@pytest.mark.parametrize(
    "covariance", [np.ones((3, 3)), np.diag([1.0, 1.0, 0.0]), np.eye(1)], ids=["duplicates", "constant", "one"]
)
def test_degenerate_covariances_still_have_an_answer(covariance: np.ndarray) -> None:
    found = solve(MinVariance(), inputs(covariance))
    assert math.fsum(found.weights) == 1.0
    assert found.objective_value == pytest.approx(0.0 if covariance[-1, -1] == 0.0 else 1.0, abs=1e-9)
