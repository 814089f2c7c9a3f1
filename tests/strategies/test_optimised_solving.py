"""How the weights of an optimised strategy are found, and what each of its limits costs."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from engine.optimisation.optimiser import Optimiser
from engine.optimisation.solvers import SOLVERS, SolverResult
from engine.portfolio.policy import Decision
from tests.support.limits import limit_named
from tests.support.markets import market_of
from tests.support.optimised import (
    closes,
    plan,
    walk,
)

ROOT = Path(__file__).parents[2]


# ---- how it is solved ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["min_variance", "max_sharpe", "risk_parity"])
def test_solving_each_basket_and_searching_among_them_find_the_same(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.optimisation import cardinality

    each = walk(plan(objective, turnover={"max": "20%"}))
    monkeypatch.setattr(cardinality, "MAX_BASKETS_ENUMERATED", 0)
    searched = walk(plan(objective, turnover={"max": "20%"}))
    assert {step.solver for step in each.steps} == {"clarabel"}
    assert {step.solver for step in searched.steps} == {"highs, clarabel"}
    assert [step.value for step in searched.steps] == pytest.approx([step.value for step in each.steps], rel=1e-6)


def test_a_basket_that_no_solver_solves_is_said() -> None:
    calls = iter(range(10_000))

    def moody(problem: object) -> SolverResult:
        answer = SOLVERS["clarabel"](problem)
        return answer if next(calls) % 3 else SolverResult(answer.x + 1.0, answer.s, -np.abs(answer.z), "Solved")

    policy = plan()
    policy.optimiser.solvers = {"moody": moody}
    step = walk(policy).steps[0]
    assert step.status == "best of 6 baskets; 4 could not be solved"
    assert step.gap == np.inf
    assert step.residual <= 1e-8


def test_linear_algebra_has_one_thread_while_weights_are_found() -> None:
    from threadpoolctl import threadpool_info

    seen = set()

    def watching(problem: object) -> SolverResult:
        seen.update(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return SOLVERS["clarabel"](problem)

    policy = plan(satellites=None, limits=[])
    policy.optimiser.solvers = {"watching": watching}
    walk(policy)
    assert seen == {1}


def test_what_a_limit_costs_is_what_the_objective_gains_without_it() -> None:
    from engine.optimisation.constraints import LimitKey
    from engine.optimisation.relaxation import remove_limit

    policy = plan()
    decision = Decision(
        market_of(closes()).history_before(150), np.zeros(7), 1.0, 150, np.ones(7, bool), np.zeros(7, bool)
    )
    problem = policy.problem(decision)
    held = Optimiser().solve(problem.form, problem.constraints)
    for limit in [*held.binding, problem.constraints.cardinality.key]:
        free_of_it = remove_limit(problem.constraints, limit)
        assert free_of_it.violation(held.weights) <= 1e-8
        assert Optimiser().solve(problem.form, free_of_it).objective_value <= held.objective_value + 1e-12
    with pytest.raises(IndexError):
        remove_limit(problem.constraints, LimitKey("most", 9, "nothing"))


def test_what_binds_is_worth_what_a_little_room_improves_the_figure_by() -> None:
    decision = Decision(
        market_of(closes()).history_before(150), np.zeros(7), 1.0, 150, np.ones(7, bool), np.zeros(7, bool)
    )
    for objective in ("min_variance", "max_diversification", "mean_variance"):
        figures = []
        for cap in ("40%", "40.01%"):
            policy = plan(objective, core_cap=cap, satellites=None, limits=[{"group": ["B"], "max": "35%"}])
            policy.target_weights(decision)
            figures.append(decision.steps.pop())
        gained = abs(figures[1].value - figures[0].value)
        assert gained / 1e-4 == pytest.approx(
            sum(g for n, g in figures[0].binding.items() if "core_cap" in n), rel=0.02
        )


def test_each_limit_can_be_taken_away() -> None:
    from engine.optimisation.constraints import TurnoverLimit
    from engine.optimisation.relaxation import remove_limit

    policy = plan(core_cap="70%", limits=[{"group": ["A", "B"], "min": "10%", "max": "90%"}])
    held = np.array([0.5, 0.5, 0, 0, 0, 0, 0])
    rules = dataclasses.replace(policy.constraints_for(policy.tickers), turnover=TurnoverLimit(held, 0.01))
    w = np.array([0.0, 0.05, 0.75, 0.02, 0.09, 0.09, 0.0])
    broken_ones = {
        "core_cap C",
        "satellites.floor D",
        "satellites.cap E",
        "satellites.cap F",
        "limit A, B min",
        "turnover.max",
    }
    for name in broken_ones:
        rules = remove_limit(rules, limit_named(rules, name))
    assert rules.turnover is None
    assert rules.violation(w) <= 1e-12
    assert remove_limit(rules, limit_named(rules, "satellites.count")).cardinality is None
    assert remove_limit(rules, limit_named(rules, "limit A, B max")).groups[0].most == 1.0
