"""The optimiser: proves that the limits can be met, then solves the convex problem or the choice of names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass

import numpy as np

from engine.optimisation.cardinality import solve_cardinality
from engine.optimisation.constraints import Constraints
from engine.optimisation.convex import ConvexSolver
from engine.optimisation.objectives import ObjectiveForm, Penalty
from engine.optimisation.solution import Solution, no_solution


@dataclass
class Optimiser(ConvexSolver):
    """Solves forms under any constraints; a problem that was posed before is not solved again.

    It adds the choice of names to what a convex solver is, and overrides nothing.
    """

    _answers: dict[bytes, Solution] = field(default_factory=dict, repr=False)

    def solve(self, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None = None) -> Solution:
        """Return the weights that are best for ``form``, less ``costs`` of trading, under ``constraints``.

        Numbers, bounds and what is held before may change from call to call without a new compilation; the kind of
        objective, the number of assets and the groups may not. Never raises for want of a solution: see ``status``.
        """
        posed = hashlib.sha256(b"\0".join(_content((form, constraints, costs)))).digest()
        if posed not in self._answers:
            self._answers[posed] = self._solve_anew(form, constraints, costs)
        return self._answers[posed]

    def _solve_anew(self, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None) -> Solution:
        proof = self.feasibility(constraints)
        if not proof.holds:
            return no_solution(f"infeasible: {proof.message}")
        if constraints.cardinality is not None:
            return solve_cardinality(self, form, constraints, costs)
        return self.solve_convex(form, constraints, costs)


def _content(value: object) -> Iterator[bytes]:
    """Yield what a problem consists of, down to the bytes of its arrays."""
    if isinstance(value, np.ndarray):
        yield f"{value.dtype} {value.shape}".encode()
        yield value.tobytes()
    elif isinstance(value, tuple | list):
        yield f"{type(value).__name__} {len(value)}".encode()
        for item in value:
            yield from _content(item)
    elif is_dataclass(value):
        yield type(value).__name__.encode()
        for one in fields(value):
            yield from _content(getattr(value, one.name))
    else:
        yield repr(value).encode()
