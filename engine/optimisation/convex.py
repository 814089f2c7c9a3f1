"""Weights from an objective and convex constraints: assembled once, re-solved with new numbers, every answer proved.

A status is a claim. What counts is that the weights, clipped and summing to 1, break no constraint by more than 1e-8
and that ``certificate`` shows no admissible weights to be better by more than 1e-6 of the objective. Otherwise the
next solver is asked, and when none is left there are no weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, read_only
from engine.optimisation.certificate import certify
from engine.optimisation.compiled_problem import CompiledProblem
from engine.optimisation.constraints import FEASIBILITY_TOLERANCE, Constraints
from engine.optimisation.feasibility import Feasibility, check_feasibility
from engine.optimisation.objectives import ObjectiveForm, Penalty, QuadraticForm, RatioForm, TailLossForm
from engine.optimisation.rational_simplex import EXACT_TOLERANCE
from engine.optimisation.solution import NO_POSITIVE_RATIO, Solution, no_solution
from engine.optimisation.solvers import SOLVERS, Solver, refine

OPTIMALITY_GAP: Final = 1e-6
"""Most by which accepted weights can be worse than the best, in parts of the objective."""
_ABSOLUTE_GAP: Final = 1e-9
"""The same for an objective near zero, in parts of its scale (the mean variance)."""


@dataclass
class ConvexSolver:
    """Solves convex forms under constraints whose feasibility is proved; keeps what it compiled.

    ``solvers`` are asked in their order; ``compilations`` counts the problems assembled so far.
    """

    solvers: Mapping[str, Solver] = field(default_factory=lambda: dict(SOLVERS))
    compilations: int = 0
    _compiled: dict[tuple[object, ...], CompiledProblem] = field(default_factory=dict, repr=False)
    _proofs: dict[tuple[object, ...], Feasibility] = field(default_factory=dict, repr=False)

    def solve_convex(self, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None = None) -> Solution:
        """Return the solution without a choice of names; feasibility is not proved again."""
        if isinstance(form, QuadraticForm) and form.unconstrained is not None and costs is None:
            free = normalise_weights(form.unconstrained, constraints)
            if constraints.violation(free) <= 1e-15 and np.max(np.abs(free - form.unconstrained)) <= 1e-15:
                return Solution(read_only(free), form.value(free), "closed form", "optimal", 0.0, 0.0)
        failures = []
        program = self.compiled_problem(form, constraints, costs)
        problem = program.standard_form(form, constraints, costs)
        for name, solver in self.solvers.items():
            answer = solver(problem)
            tried = [answer.x]
            if np.isfinite(answer.x).all():
                tried.insert(0, refine(problem, answer))
            for x in tried:
                solution = solution_from_weights(form, constraints, costs, program.weights(x), name)
                if solution.weights is not None:
                    return solution
            failures.append(f"{name} says {answer.status}, but {solution.status}")
            if isinstance(form, RatioForm) and len(failures) == 1 and self._has_no_positive_ratio(form, constraints):
                return no_solution(NO_POSITIVE_RATIO)
        return no_solution("; ".join(failures))

    def _has_no_positive_ratio(self, form: RatioForm, constraints: Constraints) -> bool:
        """Return whether even the weights of the highest numerator have none above zero."""
        n = len(form.excess)
        best = self.solve_convex(QuadraticForm(np.zeros((n, n)), np.zeros(n), -form.excess), constraints)
        return best.weights is not None and not float(form.excess @ best.weights) > 0.0

    def compiled_problem(self, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None) -> CompiledProblem:
        """Return the compiled problem for these, compiling when there is none yet."""
        key = _compilation_key(form, constraints, costs)
        if key not in self._compiled:
            self._compiled[key] = CompiledProblem(form, constraints, costs)
            self.compilations += 1
        return self._compiled[key]

    def feasibility(self, constraints: Constraints) -> Feasibility:
        """Return the exact proof, from memory when these constraints were proved before."""
        turnover = constraints.turnover
        if turnover is not None:
            still = replace(constraints, turnover=None)
            proof = self.feasibility(still)
            stays = turnover.elsewhere == 0.0 and still.violation(turnover.previous) <= float(EXACT_TOLERANCE)
            return proof if stays or not proof.holds else check_feasibility(constraints)
        key = _feasibility_key(constraints)
        if key not in self._proofs:
            self._proofs[key] = check_feasibility(constraints)
        return self._proofs[key]


def solution_from_weights(
    form: ObjectiveForm, constraints: Constraints, costs: Penalty | None, w: FloatArray, solver: str
) -> Solution:
    """Return ``w`` (N,), clipped and adding up to 1, as a solution when it passes; else one that says why not."""
    if not np.isfinite(w).all():
        return Solution(None, np.nan, solver, "its weights are not numbers")
    w = normalise_weights(w, constraints)
    residual = constraints.violation(w)
    if not residual <= FEASIBILITY_TOLERANCE:
        return Solution(None, np.nan, solver, f"a constraint is broken by {residual:.2g}", residual)
    value = form.value(w)
    if isinstance(form, RatioForm) and not value < 0.0:
        return Solution(None, np.nan, solver, "its ratio is not positive", residual)
    proof = certify(form, constraints, w, costs)
    small = _ABSOLUTE_GAP * (1.0 if isinstance(form, RatioForm) else form.scale())
    if not proof.gap <= max(OPTIMALITY_GAP * abs(value), small):
        return Solution(None, np.nan, solver, f"it may be {proof.gap:.2g} from the best", residual, proof.gap)
    return Solution(read_only(w), value, solver, "optimal", residual, proof.gap, proof.duals)


def normalise_weights(w: FloatArray, constraints: Constraints) -> FloatArray:
    """Return ``w`` (N,) within its bounds and adding up to 1 to the last bit; what is missing goes where most slack is.

    More than 1e-6 is not put right, for then ``w`` was no solution.
    """
    bounds = constraints.bounds
    w = np.clip(w, bounds.lower, bounds.upper)
    for edge in (bounds.lower, bounds.upper):
        w = np.where(np.abs(w - edge) <= 1e-11, edge, w)
    for _ in range(3):
        missing = 1.0 - math.fsum(w)
        if missing == 0.0 or not abs(missing) <= 1e-6:
            break
        slack = bounds.upper - w if missing > 0.0 else w - bounds.lower
        w[int(np.argmax(slack))] += missing
    return np.asarray(w)


def _feasibility_key(constraints: Constraints) -> tuple[object, ...]:
    bounds, rule = constraints.bounds, constraints.cardinality
    groups = tuple((g.members.tobytes(), g.most, g.least) for g in constraints.groups)
    choice = rule and (rule.members.tobytes(), rule.floor.tobytes(), rule.cap.tobytes(), rule.least, rule.most)
    return bounds.assets, bounds.lower.tobytes(), bounds.upper.tobytes(), groups, choice


def _compilation_key(form: ObjectiveForm, constraints: Constraints, costs: Penalty | None) -> tuple[object, ...]:
    """Return what makes two problems share one compilation."""
    groups = tuple((g.members.tobytes(), g.most, g.least) for g in constraints.groups)
    level = form.level if isinstance(form, TailLossForm) else None
    sizes = tuple(array.shape for array in form.parameters().values())
    return type(form), sizes, level, groups, constraints.turnover is None, constraints.target is None, costs is None
