"""The best choice of names: outer approximation, mixed-integer on HiGHS through cvxpy (Duran and Grossmann 1986).

A master problem in weights and yes-or-no variables knows the objective from below, by tangents. Each basket it
proposes is solved exactly by the convex solver, gives new tangents, and is never proposed again; when the master's
best is no better than the best basket found, that one is proved. Limits are counts, never seconds. Where there are but
a few baskets, each is solved.

Source: doi:10.1007/BF02592064.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.optimisation.compiled_problem import Expression, constraint_terms
from engine.optimisation.constraints import Cardinality, Constraints
from engine.optimisation.convex import ConvexSolver
from engine.optimisation.objectives import ObjectiveForm, Penalty, QuadraticForm, RatioForm, TailLossForm
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


_Tangent: TypeAlias = tuple[float, FloatArray]
"""The objective's curved part is at least ``offset + slope @ w``; slope (N,)."""


class _Proposal(NamedTuple):
    """Which members are held (N,), their weights (N,), and what no basket's objective is below."""

    held: BoolArray
    weights: FloatArray
    bound: float


def solve_cardinality(
    solver: ConvexSolver, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None
) -> Solution:
    """Return the best solution over all admissible choices of names, with the gap to what is proved.

    Without a proof within the limits the status says ``best of ... baskets`` and ``gap`` how much better one could be.
    """
    rule = constraints.cardinality
    assert rule is not None  # noqa: S101  (the caller asks only then)
    problem = _CardinalityProblem(solver, form, constraints, costs, rule)
    few = sum(math.comb(int(rule.members.sum()), k) for k in range(rule.least, rule.most + 1))
    # a linear program over scenarios takes longer than a search
    enumerable = few <= MAX_BASKETS_ENUMERATED and not isinstance(form, TailLossForm)
    return problem.enumerate_baskets() if enumerable else problem.search_baskets()


@dataclass(frozen=True)
class _CardinalityProblem:
    """A choice of names: what is optimised, under which constraints, ``rule`` being the one on names."""

    solver: ConvexSolver
    form: ObjectiveForm
    constraints: Constraints
    costs: Penalty | None
    rule: Cardinality

    @cached_property
    def unit(self) -> float:
        """What the objective's curved part is divided by, to be about 1."""
        size = self.form.scale()
        return float(np.sqrt(size)) if isinstance(self.form, RatioForm) else size

    def solve_basket(self, held: BoolArray) -> Solution:
        """Return the solution for one choice of names."""
        return self.solver.solve_convex(self.form, self.constraints.for_basket(held), self.costs)

    def enumerate_baskets(self) -> Solution:
        """Return the best over every basket; the first of equals."""
        best: Solution | None = None
        tried, unsolved, status = 0, 0, ""
        for held in self._all_baskets():
            found = self.solve_basket(held)
            tried += 1
            if found.weights is None:
                basket = self.constraints.for_basket(held)
                unsolved += found.status != NO_POSITIVE_RATIO and self.solver.feasibility(basket).holds
                status = found.status
            elif best is None or self.score(found) < self.score(best):
                best = found
        if best is None:
            return no_solution(f"none of {tried} baskets has a solution: {status}")
        status = f"best of {tried - unsolved} baskets; {unsolved} could not be solved" if unsolved else "optimal"
        return self._answer(best, status, gap=np.inf if unsolved else best.gap)

    def search_baskets(self) -> Solution:
        """Return the best by outer approximation."""
        relaxed = self.solver.solve_convex(self.form, self.constraints.without_choice(), self.costs)
        if relaxed.weights is None:
            return relaxed
        best: Solution | None = None
        tangents = [self._tangent(relaxed.weights)]
        tried: list[BoolArray] = []
        bound = -np.inf
        while len(tried) < MAX_BASKETS_SOLVED:
            score = self.score(best or relaxed)
            proposal = self._propose(tangents, tried, score)
            if proposal is None:  # every basket was tried: the best is the best
                bound = score
                break
            bound = proposal.bound
            if best is not None and score - bound <= self.tolerance(score):
                break
            tried.append(proposal.held)
            found = self.solve_basket(proposal.held)
            tangents.append(self._tangent(proposal.weights))
            if found.weights is not None:
                tangents.append(self._tangent(found.weights))
                if best is None or self.score(found) < score:
                    best = found
        if best is None:
            return replace(relaxed, weights=None, status=f"none of {len(tried)} baskets has a solution")
        score = self.score(best)
        gap = max(score - bound, best.gap)
        proved = gap <= max(2.0 * self.tolerance(score), best.gap)
        status = "optimal" if proved else f"best of {len(tried)} baskets; another may be better by up to {gap:.2g}"
        return self._answer(replace(best, solver=f"highs, {best.solver}"), status, gap)

    def tolerance(self, score: float) -> float:
        """Return the gap at which a score counts as proved."""
        return _RELATIVE_GAP * max(abs(score), 1e-2 * (1.0 if isinstance(self.form, RatioForm) else self.form.scale()))

    def score(self, solution: Solution) -> float:
        """Return the objective, costs included: lower is better."""
        w, form, costs = solution.weights, self.form, self.costs
        assert w is not None  # noqa: S101  (only solutions have a score)
        paid = 0.0 if costs is None else float(costs.rate @ np.abs(w - costs.previous))
        return form.value(w) + (paid / form.convex_part(w)[0] if isinstance(form, RatioForm) else paid)

    def _answer(self, best: Solution, status: str, gap: float) -> Solution:
        assert best.weights is not None  # noqa: S101  (it is a solution)
        return replace(best, status=status, gap=gap, residual=self.constraints.violation(best.weights))

    def _all_baskets(self) -> Iterator[BoolArray]:
        members = np.flatnonzero(self.rule.members)
        for count in range(self.rule.least, self.rule.most + 1):
            for names in itertools.combinations(members.tolist(), count):
                held = np.zeros(len(self.rule.members), dtype=np.bool_)
                held[list(names)] = True
                yield held

    def _tangent(self, w: FloatArray) -> _Tangent:
        value, slope = self.form.convex_part(w)
        return value - float(slope @ w), slope

    def _propose(self, tangents: list[_Tangent], tried: list[BoolArray], score: float) -> _Proposal | None:
        """Return the untried basket that the tangents like best, or None when no basket is left.

        Its bound is minus infinity when the node limit was reached.
        """
        import cvxpy as cp  # noqa: PLC0415  (slow to load)

        rule, unit = self.rule, self.unit
        w, curve = cp.Variable(len(rule.members)), cp.Variable()
        held: Any = cp.Variable(int(rule.members.sum()), boolean=True)
        inside = np.flatnonzero(rule.members)
        rules = [term for piece in self.constraints.without_choice() for term in constraint_terms(piece, w)]
        rules += [w[inside] >= cp.multiply(rule.floor[inside], held), w[inside] <= cp.multiply(rule.cap[inside], held)]
        rules += [cp.sum(held) >= rule.least, cp.sum(held) <= rule.most]
        rules += [curve >= offset / unit + (slope / unit) @ w for offset, slope in tangents]
        for mask in tried:
            before = mask[inside].astype(np.float64)
            rules.append((1.0 - 2.0 * before) @ held + before.sum() >= 1.0)
        problem = cp.Problem(cp.Minimize(self._linear_objective(w, curve, score)), rules)
        problem.solve(solver="HIGHS", **_HIGHS_OPTIONS)
        if problem.status in {"infeasible", "infeasible_inaccurate"}:
            return None
        if held.value is None or not np.isfinite(held.value).all():
            return None
        mask = np.zeros(len(rule.members), dtype=np.bool_)
        mask[inside[held.value > 0.5]] = True
        bound = -np.inf
        if problem.status == "optimal":
            bound = float(problem.value) * unit
            if isinstance(self.form, RatioForm):
                # by how much ratio * volatility - excess can fall below 0, a volatility
                bound = score + bound / float(curve.value * unit) if bound < 0.0 else score
        return _Proposal(mask, np.clip(w.value, 0.0, 1.0), bound)

    def _linear_objective(self, w: Expression, curve: Expression, score: float) -> Expression:
        """Return the objective over ``unit``, its curved part replaced by the variable ``curve``."""
        import cvxpy as cp  # noqa: PLC0415

        form, costs, objective = self.form, self.costs, curve
        if isinstance(form, QuadraticForm):
            objective = curve + (form.linear / self.unit) @ w
        elif isinstance(form, RatioForm):
            objective = -score * curve - (form.excess / self.unit) @ w
        if costs is not None:
            objective += (costs.rate / self.unit) @ cp.abs(w - costs.previous)
        return objective
