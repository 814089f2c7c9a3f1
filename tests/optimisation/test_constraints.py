"""Constraints: each piece measures its own violation; feasibility is proved exactly, and its absence explained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from engine.optimisation.constraints import (
    Bounds,
    Budget,
    Cardinality,
    Constraints,
    GroupConstraint,
    ReturnTarget,
    TurnoverLimit,
    long_only_constraints,
)
from engine.optimisation.feasibility import Feasibility, check_feasibility
from tests.support.limits import limit_named

FIVE = tuple("ABCDE")


def mask(*columns: int, n: int = 5) -> np.ndarray:
    return np.isin(np.arange(n), columns)


def bounded(lower: float, upper: float, *groups: GroupConstraint, names: tuple[str, ...] = FIVE) -> Constraints:
    n = len(names)
    return Constraints(Bounds(names, np.full(n, lower), np.full(n, upper)), groups)


def test_each_piece_measures_its_own_violation() -> None:
    w = np.array([0.5, 0.2, 0.1, 0.1, 0.2])
    assert Budget().violation(w) == pytest.approx(0.1)
    assert Bounds(FIVE, np.full(5, 0.15), np.full(5, 0.4)).violation(w) == pytest.approx(0.1)
    assert GroupConstraint("g", mask(0, 1), most=0.6).violation(w) == pytest.approx(0.1)
    assert GroupConstraint("g", mask(2, 3), least=0.25).violation(w) == pytest.approx(0.05)
    assert TurnoverLimit(np.zeros(5), 0.5).violation(w) == pytest.approx(0.05)
    assert TurnoverLimit(w, 0.0, elsewhere=0.2).violation(w) == pytest.approx(0.1)
    assert ReturnTarget(np.arange(5.0), 2.0).violation(w) == pytest.approx(0.5)
    count = Cardinality(mask(2, 3, 4), np.full(5, 0.15), np.full(5, 0.3), 1, 3)
    assert count.violation(w) == pytest.approx(0.05)
    assert replace(count, most=2).violation(w) == 1.0
    everything = Constraints(Bounds(FIVE, np.zeros(5), np.ones(5)), cardinality=replace(count, most=2))
    assert everything.violations(w) == {"sum of weights": pytest.approx(0.1), "bounds": 0.0, "satellites.count": 1.0}
    assert everything.violation(np.full(5, np.nan)) == np.inf


def test_normals_have_the_slack_of_the_violation() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        w, previous = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))
        for piece in (
            Bounds(FIVE, np.full(5, 0.1), np.full(5, 0.3)),
            GroupConstraint("g", mask(0, 2), 0.4, 0.2),
            TurnoverLimit(previous, 0.2),
            ReturnTarget(rng.normal(size=5), 0.1),
        ):
            rows = piece.normals(w)
            assert max(-rows.slack.min(), 0.0) == pytest.approx(piece.violation(w), abs=1e-15)
            step = 1e-4 * rng.normal(size=5)
            assert rows.slack - piece.normals(w + step).slack == pytest.approx(rows.matrix @ step, abs=1e-12)


def test_the_pieces_mean_the_same_to_cvxpy() -> None:
    import cvxpy as cp

    from engine.optimisation.compiled_problem import constraint_terms

    rng = np.random.default_rng(1)
    w = cp.Variable(5)
    for _ in range(20):
        w.value = rng.dirichlet(np.ones(5))
        for piece in (
            Budget(),
            Bounds(FIVE, np.full(5, 0.1), np.full(5, 0.3)),
            GroupConstraint("g", mask(0, 2), 0.4, 0.2),
            TurnoverLimit(rng.dirichlet(np.ones(5)), 0.2, 0.05),
        ):
            broken = max(float(np.max(c.violation())) for c in constraint_terms(piece, w))
            assert (broken > 1e-12) == (piece.violation(w.value) > 1e-12)


@pytest.mark.parametrize("shortfall", [10.0**-k for k in range(1, 13)])
def test_the_infeasibility_ladder(shortfall: float) -> None:
    found = check_feasibility(long_only_constraints(FIVE, 0.2 - shortfall / 5))
    assert not found.holds
    assert found.missing == pytest.approx(shortfall, rel=1e-3)
    assert "cap A, cap B, cap C, cap D, cap E" in found.message
    assert check_feasibility(long_only_constraints(FIVE, 0.2 + shortfall / 5)).holds


def test_exact_decimals_and_rounded_thirds_are_feasible() -> None:
    assert check_feasibility(long_only_constraints(FIVE, 0.2)).holds
    assert check_feasibility(long_only_constraints(tuple("ABC"), 1 / 3)).holds
    assert check_feasibility(bounded(0.1, 0.1, names=tuple("ABCDEFGHIJ"))).holds


@pytest.mark.parametrize(
    ("constraints", "words", "missing"),
    [
        (bounded(0.5, 0.4), "floor A 50 % is above cap A 40 %", 0.1),
        (bounded(0.21, 0.4), "sum of 100 %: 5 % too much because of floor A", 0.05),
        (bounded(0.05, 0.4, GroupConstraint("limits[0]", mask(0, 1, 2), most=0.15)), "5 % missing because of cap D, cap E, limits[0] max", 0.05),
        (bounded(0.1, 0.4, GroupConstraint("limits[0]", mask(0, 1, 2), most=0.2)), "limits[0] 20 %: 10 % too much because of floor A, floor B, floor C", 0.1),
        (bounded(0.0, 0.1, GroupConstraint("limits[1]", mask(0, 1), least=0.3)), "limits[1] 30 %: 10 % missing because of cap A, cap B", 0.1),
        (
            bounded(0.0, 1.0, GroupConstraint("limits[0]", mask(0, 1), most=0.3), GroupConstraint("limits[1]", mask(2, 3, 4), most=0.6)),
            "10 % missing because of limits[0] max, limits[1] max",
            0.1,
        ),
        (replace(bounded(0.0, 0.4), turnover=TurnoverLimit(np.array([1.0, 0, 0, 0, 0]), 0.5)), "turnover.max 50 %: trades of 10 % more are needed because of cap A", 0.1),
    ],
)  # fmt: skip
def test_a_contradiction_names_its_keys_and_the_missing_amount(
    constraints: Constraints, words: str, missing: float
) -> None:
    found = check_feasibility(constraints)
    assert not found.holds
    assert words in found.message
    assert found.missing == pytest.approx(missing)


def cardinality(least: int, most: int, floor: float, cap: float, core_cap: float = 1.0) -> Constraints:
    members = mask(1, 2, 3, 4)
    upper = np.where(members, cap, core_cap)
    return Constraints(
        Bounds(FIVE, np.zeros(5), upper), (), None, Cardinality(members, np.full(5, floor), upper, least, most)
    )


def test_a_choice_of_names_is_proved_by_trying_them() -> None:
    assert check_feasibility(cardinality(3, 4, 0.02, 0.1)).holds
    found = check_feasibility(cardinality(3, 4, 0.02, 0.1, core_cap=0.5))
    assert not found.holds
    assert "satellites.count: whichever 3 to 4 are held" in found.message
    assert found.missing == pytest.approx(0.1)
    assert "floor is above cap for B, C, D, E" in check_feasibility(cardinality(3, 4, 0.2, 0.1)).message
    assert "4 names for at least 5" in check_feasibility(cardinality(5, 6, 0.02, 0.1)).message
    tight = replace(cardinality(3, 4, 0.1, 0.2), groups=(GroupConstraint("limits[0]", mask(1, 2, 3, 4), most=0.25),))
    assert check_feasibility(tight).missing == pytest.approx(0.05)


BEFORE = {
    "a name held below its floor": (cardinality(1, 1, 0.1, 0.2), [0.95, 0.05, 0, 0, 0], 0.0, "4 % more are needed because of floor B; raise it"),
    "a name held above its cap": (cardinality(1, 1, 0.02, 0.1), [0.85, 0.15, 0, 0, 0], 0.0, "4 % more are needed because of cap B; raise it"),
    "a group above its most": (
        replace(long_only_constraints(FIVE, 0.9), groups=(GroupConstraint("limits[0]", mask(1, 2), 0.15),)), [0.8, 0.1, 0.1, 0, 0], 0.0,
        "4 % more are needed because of limits[0] max; raise it",
    ),
    "caps that are kept to": (bounded(0.0, 0.4), [0.45, 0.4, 0.15, 0, 0], 0.0, "4 % more are needed because of cap A; raise it"),
    "two names, each in part": (bounded(0.03, 0.9), [0.9, 0.1, 0, 0, 0], 0.0, "8 % more are needed because of floor C, floor D, floor E; raise it"),
    "what is no longer there": (long_only_constraints(FIVE), [0.5, 0.4, 0, 0, 0], 0.1, "9 % more are needed because of what cannot be held any longer; raise it"),
    "two causes that would each do": (
        replace(long_only_constraints(FIVE), bounds=Bounds(FIVE, np.array([0, 0.1, 0, 0, 0]), np.array([0.9, 1, 1, 1, 1]))),
        [0.95, 0.05, 0, 0, 0], 0.0, "4 % more are needed because of cap A, floor B; raise it",
    ),
    "nothing but cash": (long_only_constraints(FIVE), [0.5, 0.4, 0, 0, 0], 0.0, "4 % more are needed; raise it"),
}  # fmt: skip


@pytest.mark.parametrize(("constraints", "held", "elsewhere", "words"), BEFORE.values(), ids=BEFORE.keys())
def test_too_little_turnover_names_what_has_to_be_traded_and_nothing_else(
    constraints: Constraints, held: list, elsewhere: float, words: str
) -> None:
    found = check_feasibility(replace(constraints, turnover=TurnoverLimit(np.array(held), 0.01, elsewhere)))
    assert found.message.endswith(f"turnover.max 1 %: trades of {words}")


def test_a_cause_is_named_only_when_less_is_missing_without_it() -> None:
    from engine.optimisation.relaxation import remove_limit

    rng, named = np.random.default_rng(5), 0
    for _ in range(150):
        lower = np.round(rng.uniform(0.0, 0.15, 5) * (rng.random(5) < 0.5), 2)
        bounds = Bounds(FIVE, lower, np.round(lower + rng.uniform(0.05, 0.6, 5), 2))
        group = GroupConstraint("limits[0]", rng.random(5) < 0.5, float(np.round(rng.uniform(0.2, 0.9), 2)))
        turnover = TurnoverLimit(np.round(rng.dirichlet(np.full(5, 0.5)), 2), 0.02)
        constraints = Constraints(bounds, (group,), turnover)
        found = check_feasibility(constraints)
        if found.holds or "because of " not in found.message or "is above" in found.message:
            continue
        names = found.message.split("because of ")[1].split(";")[0].split(", ")

        def as_much(*gone: str, constraints: Constraints = constraints, found: Feasibility = found) -> bool:
            for name in gone:
                constraints = remove_limit(constraints, limit_named(constraints, name))
            left = check_feasibility(constraints)
            same = left.message.split(" %:")[0] == found.message.split(" %:")[0]
            return not left.holds and same and left.missing == pytest.approx(found.missing, abs=1e-12)

        assert not as_much(*names)
        for name in names:  # a cause alone, or one of two that would each do
            assert not as_much(name) or as_much(*(other for other in names if other != name))
            named += 1
    assert named > 150


def test_proofs_agree_with_a_linear_program_on_random_constraints() -> None:
    rng = np.random.default_rng(2)
    outcomes = []
    for _ in range(400):
        n = int(rng.integers(2, 8))
        lower = np.round(rng.uniform(0.0, 0.25, n), 2)
        upper = np.round(lower + rng.uniform(0.0, 0.4, n), 2)
        groups = tuple(
            GroupConstraint(
                f"limits[{g}]",
                rng.random(n) < 0.5,
                float(np.round(rng.uniform(0.2, 1), 2)),
                float(np.round(rng.uniform(0, 0.3), 2)),
            )
            for g in range(int(rng.integers(0, 4)))
        )
        turnover = TurnoverLimit(np.round(rng.dirichlet(np.ones(n)), 2), 0.25) if rng.random() < 0.3 else None
        constraints = Constraints(Bounds(tuple(map(str, range(n))), lower, upper), groups, turnover)
        outcomes.append(check_feasibility(constraints).holds)
        assert outcomes[-1] == (least_violation(constraints) <= 1e-9)
    assert 50 < sum(outcomes) < 350


def least_violation(constraints: Constraints) -> float:
    """Return the smallest of all largest violations, by HiGHS in floating point: w, trades, one slack for all."""
    n = len(constraints.bounds.lower)
    rows, sides = [], []

    def add(w: np.ndarray, trades: np.ndarray, side: float) -> None:
        rows.append(np.concatenate([w, trades, [-1.0]]))
        sides.append(side)

    none, eye = np.zeros(n), np.eye(n)
    for j in range(n):
        add(eye[j], none, constraints.bounds.upper[j])
        add(-eye[j], none, -constraints.bounds.lower[j])
    add(np.ones(n), none, 1.0)
    add(-np.ones(n), none, -1.0)
    for group in constraints.groups:
        add(group.members.astype(float), none, group.most)
        add(-group.members.astype(float), none, -group.least)
    if constraints.turnover is not None:
        add(none, np.full(n, 0.5), constraints.turnover.most)
        for j in range(n):
            rows.append(np.concatenate([eye[j], -eye[j], [0.0]]))
            sides.append(constraints.turnover.previous[j])
            rows.append(np.concatenate([-eye[j], -eye[j], [0.0]]))
            sides.append(-constraints.turnover.previous[j])
    found = linprog(
        np.append(np.zeros(2 * n), 1.0), np.array(rows), sides, bounds=[(None, None)] * (2 * n) + [(0, None)]
    )
    return float(found.fun)
