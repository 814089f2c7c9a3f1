"""The best choice of names: outer approximation, mixed-integer on HiGHS through cvxpy (Duran and Grossmann 1986).

A master problem in weights and yes-or-no variables knows the objective from below, by tangents. Each basket it
proposes is solved exactly by the convex solver, gives new tangents, and is never proposed again; when the master's
best is no better than the best basket found, that one is proved. Limits are counts, never seconds (H50). Where there
are but a few baskets, each is solved.

Source: doi:10.1007/BF02592064.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.optimisation.compiled_problem import TradingPenalty
from engine.optimisation.constraints import Constraints
from engine.optimisation.convex import ConvexSolver
from engine.optimisation.objectives import ObjectiveForm, QuadraticForm, RatioForm, TailLossForm
from engine.optimisation.solution import NO_POSITIVE_RATIO, Solution, no_solution

MAX_BASKETS_SOLVED: Final = 200
"""Baskets that are solved before the best so far is returned with its gap."""
MAX_BASKETS_ENUMERATED: Final = 32
"""Baskets up to which each is solved: faster than to ask which are worth it."""
MAX_NODES: Final = 20_000
"""Nodes of one mixed-integer search."""
_RELATIVE_GAP: Final = 1e-7
"""Gap, in parts of the objective, at which the best basket counts as proved."""
_HIGHS_OPTIONS: Final[dict[str, Any]] = {
    "threads": 1,
    "random_seed": 0,
    "mip_max_nodes": MAX_NODES,
    "mip_rel_gap": 1e-9,
    "mip_abs_gap": 1e-10,
    "mip_feasibility_tolerance": 1e-9,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}


@dataclass(frozen=True)
class _Tangent:
    """The objective's curved part is at least ``offset + slope @ w``; slope (N,)."""

    offset: float
    slope: FloatArray


def solve_cardinality(
    solver: ConvexSolver, form: ObjectiveForm, constraints: Constraints, costs: TradingPenalty | None
) -> Solution:
    """Return the best solution over all admissible choices of names, with the gap to what is proved.

    Without a proof within the limits the status says ``best of ... baskets`` and ``gap`` how much better one could be.
    """
    rule = constraints.cardinality
    assert rule is not None  # noqa: S101  (the caller asks only then)
    few = sum(math.comb(int(rule.members.sum()), k) for k in range(rule.least, rule.most + 1))
    if few <= MAX_BASKETS_ENUMERATED and not isinstance(
        form, TailLossForm
    ):  # a linear program over scenarios takes longer than a search
        return _enumerate_baskets(solver, form, constraints, costs)
    open_choice = replace(constraints, bounds=rule.relax_bounds(constraints.bounds), cardinality=None)
    relaxed = solver.solve_convex(form, open_choice, costs)
    if relaxed.weights is None:
        return relaxed
    best: Solution | None = None
    tangents = [_tangent(form, relaxed.weights)]
    tried: list[BoolArray] = []
    bound = -np.inf
    while len(tried) < MAX_BASKETS_SOLVED:
        score = _objective_with_costs(best or relaxed, form, costs)
        proposal = _propose_basket(form, replace(open_choice, cardinality=rule), costs, tangents, tried, score)
        if proposal is None:  # every basket was tried: the best is the best
            bound = score
            break
        held, w, bound = proposal
        if best is not None and score - bound <= _gap_tolerance(score, form):
            break
        tried.append(held)
        basket = replace(constraints, bounds=rule.basket_bounds(constraints.bounds, held), cardinality=None)
        found = solver.solve_convex(form, basket, costs)
        tangents.append(_tangent(form, w))
        if found.weights is not None:
            tangents.append(_tangent(form, found.weights))
            if best is None or _objective_with_costs(found, form, costs) < score:
                best = found
    if best is None:
        return replace(relaxed, weights=None, status=f"none of {len(tried)} baskets has a solution")
    score = _objective_with_costs(best, form, costs)
    gap = max(score - bound, best.gap)
    proved = gap <= max(2.0 * _gap_tolerance(score, form), best.gap)
    status = "optimal" if proved else f"best of {len(tried)} baskets; another may be better by up to {gap:.2g}"
    assert best.weights is not None  # noqa: S101  (it is a solution)
    return replace(
        best, solver=f"highs, {best.solver}", status=status, gap=gap, residual=constraints.violation(best.weights)
    )


def _enumerate_baskets(
    solver: ConvexSolver, form: ObjectiveForm, constraints: Constraints, costs: TradingPenalty | None
) -> Solution:
    """Return the best over every basket; the first of equals."""
    best: Solution | None = None
    tried, unsolved, status = 0, 0, ""
    for basket in _basket_constraints(constraints):
        found = solver.solve_convex(form, basket, costs)
        tried += 1
        if found.weights is None:
            nothing = found.status == NO_POSITIVE_RATIO or not solver.feasibility(basket).holds
            unsolved += not nothing
            status = found.status
        elif best is None or _objective_with_costs(found, form, costs) < _objective_with_costs(best, form, costs):
            best = found
    if best is None:
        return no_solution(f"none of {tried} baskets has a solution: {status}")
    status = f"best of {tried - unsolved} baskets; {unsolved} could not be solved" if unsolved else "optimal"
    assert best.weights is not None  # noqa: S101  (it is a solution)
    residual = constraints.violation(best.weights)
    return replace(best, status=status, gap=np.inf if unsolved else best.gap, residual=residual)


def _basket_constraints(constraints: Constraints) -> Iterator[Constraints]:
    """Yield the constraints of every choice of names."""
    rule = constraints.cardinality
    assert rule is not None  # noqa: S101
    members = np.flatnonzero(rule.members)
    for count in range(rule.least, rule.most + 1):
        for names in itertools.combinations(members.tolist(), count):
            held = np.zeros(len(rule.members), dtype=np.bool_)
            held[list(names)] = True
            yield replace(constraints, bounds=rule.basket_bounds(constraints.bounds, held), cardinality=None)


def _gap_tolerance(score: float, form: ObjectiveForm) -> float:
    return _RELATIVE_GAP * max(abs(score), 1e-2 * (1.0 if isinstance(form, RatioForm) else form.scale()))


def _objective_with_costs(solution: Solution, form: ObjectiveForm, costs: TradingPenalty | None) -> float:
    """Return the objective, costs included: lower is better."""
    w = solution.weights
    assert w is not None  # noqa: S101  (only solutions have a score)
    paid = 0.0 if costs is None else float(costs.rate @ np.abs(w - costs.previous))
    return form.value(w) + (paid / form.convex_part(w)[0] if isinstance(form, RatioForm) else paid)


def _tangent(form: ObjectiveForm, w: FloatArray) -> _Tangent:
    value, slope = form.convex_part(w)
    return _Tangent(value - float(slope @ w), slope)


def _propose_basket(
    form: ObjectiveForm,
    constraints: Constraints,
    costs: TradingPenalty | None,
    tangents: list[_Tangent],
    tried: list[BoolArray],
    score: float,
) -> tuple[BoolArray, FloatArray, float] | None:
    """Return the untried basket that the tangents like best, with its weights and the bound on every score.

    The bound is minus infinity when the node limit was reached; None when no basket is left.
    """
    import cvxpy as cp  # noqa: PLC0415

    rule = constraints.cardinality
    assert rule is not None  # noqa: S101
    w, curve = cp.Variable(len(rule.members)), cp.Variable()
    held: Any = cp.Variable(int(rule.members.sum()), boolean=True)
    size = form.scale()
    unit = np.sqrt(size) if isinstance(form, RatioForm) else size
    rules = [c for piece in constraints for c in piece.to_cvxpy(w)] + rule.to_cvxpy(w, held)
    rules += [curve >= t.offset / unit + (t.slope / unit) @ w for t in tangents]
    for mask in tried:
        inside = mask[rule.members].astype(np.float64)
        rules.append((1.0 - 2.0 * inside) @ held + inside.sum() >= 1.0)
    objective = _linear_objective(form, costs, w, curve, score, unit)
    problem = cp.Problem(cp.Minimize(objective), rules)
    problem.solve(solver="HIGHS", **_HIGHS_OPTIONS)
    if problem.status in {"infeasible", "infeasible_inaccurate"}:
        return None
    if held.value is None or not np.isfinite(held.value).all():
        return None
    mask = np.zeros(len(rule.members), dtype=np.bool_)
    mask[np.flatnonzero(rule.members)[held.value > 0.5]] = True
    if problem.status != "optimal":
        return mask, np.clip(w.value, 0.0, 1.0), -np.inf
    low = float(problem.value) * unit
    if isinstance(form, RatioForm):  # how far ratio * volatility - excess can fall below 0, over the volatility
        low = score + low / float(curve.value * unit) if low < 0.0 else score
    return mask, np.clip(w.value, 0.0, 1.0), low


def _linear_objective(
    form: ObjectiveForm, costs: TradingPenalty | None, w: Any, curve: Any, score: float, unit: float
) -> Any:  # noqa: ANN401
    """Return the objective with its curved part replaced by the variable ``convex_part``, over ``unit``."""
    import cvxpy as cp  # noqa: PLC0415

    objective = curve
    if isinstance(form, QuadraticForm):
        objective = curve + (form.linear / unit) @ w
    elif isinstance(form, RatioForm):
        objective = -score * curve - (form.excess / unit) @ w
    if costs is not None:
        objective += (costs.rate / unit) @ cp.abs(w - costs.previous)
    return objective
