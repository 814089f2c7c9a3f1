"""A convex problem assembled by cvxpy once; new numbers then go straight into the solver's arrays.

cvxpy compiles a disciplined parametrised problem (DPP) into arrays that are affine in its parameters. Asking cvxpy
for them at every solve costs more than solving, so the affine map itself is kept: one sparse product a solve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray
from engine.optimisation.constraints import (
    Bounds,
    Budget,
    Constraints,
    ConvexPiece,
    GroupConstraint,
    ReturnTarget,
    TurnoverLimit,
)
from engine.optimisation.objectives import ObjectiveForm, Penalty, QuadraticForm, RatioForm, TailLossForm
from engine.optimisation.standard_form import SparseMatrix, StandardForm, plan_square_elimination

Expression: TypeAlias = Any
"""A cvxpy expression, parameter or variable: cvxpy has no types."""

_NOT_NEGATIVE: Final = {"most", "rate"}
"""Parameters whose sign cvxpy must know."""


class CompiledProblem:
    """The compiled problem of one kind of objective under one set of constraints; bounds and turnover may change."""

    def __init__(self, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None) -> None:
        """Assemble and compile; raises ValueError when the problem is not DPP, which would recompile each solve."""
        import cvxpy as cp  # noqa: PLC0415  (slow to load)

        values = self._parameter_values(form, constraints, costs)
        self.given = {
            name: cp.Parameter(np.shape(value), nonneg=name in _NOT_NEGATIVE) for name, value in values.items()
        }
        w = cp.Variable(len(constraints.bounds.assets))
        scale = cp.Variable() if isinstance(form, RatioForm) else None
        problem = self._build_problem(form, self._parametrise(constraints), w, 1.0 if scale is None else scale)
        if not problem.is_dpp():
            raise ValueError("the problem is not DPP; every solve would compile it anew")
        for name, value in values.items():
            self.given[name].value = value
        data, _, _ = problem.get_problem_data("CLARABEL")
        self._store_affine_map(data["param_prob"], data.get("P"), w, scale)

    def _parametrise(self, constraints: Constraints) -> Constraints:
        bounds = replace(constraints.bounds, lower=self.given["lower"], upper=self.given["upper"])
        turnover = constraints.turnover
        if turnover is not None:
            turnover = TurnoverLimit(self.given["previous"], self.given["most"], name=turnover.name)
        target = constraints.target and replace(constraints.target, mean=self.given["mean"], least=self.given["least"])
        return replace(constraints, bounds=bounds, turnover=turnover, target=target)

    def _build_problem(
        self, form: ObjectiveForm, constraints: Constraints, w: Expression, scale: Expression
    ) -> Expression:
        import cvxpy as cp  # noqa: PLC0415

        objective, more = objective_terms(form, self.given, w, scale)
        if "rate" in self.given:
            traded = cp.Variable(w.size)  # a variable of its own: parameter times |.. parameter ..| is not DPP
            change = w - self.given["previous"] * scale
            if isinstance(form, RatioForm):  # costs lower the numerator, which then is held at 1 or above
                more = [self.given["excess"] @ w - self.given["rate"] @ traded >= 1.0, scale >= 0.0]
            else:
                objective += self.given["rate"] @ traded
            more += [traded >= change, traded >= -change]
        limits = [term for piece in constraints for term in constraint_terms(piece, w, scale)]
        return cp.Problem(cp.Minimize(objective), more + limits)

    def _store_affine_map(
        self, compiled: Expression, quadratic: SparseMatrix | None, w: Expression, scale: Expression | None
    ) -> None:
        """Keep the affine map from the parameters to the arrays, and where weights and a ratio's ``scale`` are in it.

        These are attributes of cvxpy that it does not document: pyproject.toml bounds its version for them.
        """
        from scipy import sparse  # noqa: PLC0415

        columns = compiled.x.size
        indices, indptr, _ = compiled.reduced_A.problem_data_index
        self._split = int(indptr[columns])  # the last column is the right-hand side
        self._indices, self._indptr = indices[: self._split], indptr[: columns + 1]
        self._sides = indices[self._split :]
        self._shape = (compiled.constr_size, columns)
        self._map = compiled.reduced_A.reduced_mat.tocsr()
        self._linear = sparse.csr_array(compiled.q)[:columns]
        none = sparse.csc_array((columns, columns))
        self._quadratic = none if quadratic is None else sparse.csc_array(sparse.triu(quadratic))
        self.squares = plan_square_elimination(
            self._quadratic, self._linear, self._indices, self._indptr, self._shape[0]
        )
        self._parameter_slices = {
            name: slice(compiled.param_id_to_col[p.id], compiled.param_id_to_col[p.id] + p.size)
            for name, p in self.given.items()
            if p.id in compiled.param_id_to_col
        }
        self._size = compiled.total_param_size + 1
        self._equalities = compiled.cone_dims.zero
        place = np.arange(columns) if self.squares is None else np.searchsorted(self.squares.kept, np.arange(columns))
        first = int(place[compiled.var_id_to_col[w.id]])
        self.weight_slice = slice(first, first + w.size)
        self._scale = None if scale is None else int(place[compiled.var_id_to_col[scale.id]])

    def _parameter_values(
        self, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None
    ) -> dict[str, FloatArray]:
        bounds, turnover = constraints.bounds, constraints.turnover
        found = form.parameters() | {"lower": bounds.lower, "upper": bounds.upper}
        if turnover is not None:
            found["previous"] = turnover.previous
            found["most"] = np.asarray(turnover.most - turnover.elsewhere / 2.0)
        if constraints.target is not None:
            found |= {"mean": constraints.target.mean, "least": np.asarray(constraints.target.least)}
        if costs is not None:
            unit = np.abs(form.excess).max() if isinstance(form, RatioForm) else form.scale()
            found |= {"previous": costs.previous, "rate": costs.rate / unit}
        return found

    def standard_form(self, form: ObjectiveForm, constraints: Constraints, costs: Penalty | None) -> StandardForm:
        """Return the solver's arrays for new numbers."""
        from scipy import sparse  # noqa: PLC0415

        theta = np.zeros(self._size)
        theta[-1] = 1.0
        for name, value in self._parameter_values(form, constraints, costs).items():
            if name in self._parameter_slices:
                theta[self._parameter_slices[name]] = np.ravel(value, order="F")
        entries = self._map @ theta
        b = np.zeros(self._shape[0])
        b[self._sides] = entries[self._split :]
        q = np.asarray(self._linear @ theta)
        if self.squares is not None:
            return self.squares.eliminate(-entries[: self._split], q, b, self._equalities)
        A = sparse.csc_array((-entries[: self._split], self._indices, self._indptr), shape=self._shape)
        return StandardForm(self._quadratic, q, A, b, self._equalities)

    def weights(self, x: FloatArray) -> FloatArray:
        """Return the weights (N,) among the unknowns ``x``; NaN when a ratio's scale is not positive."""
        w = x[self.weight_slice]
        if self._scale is None:
            return w
        scale = float(x[self._scale])
        return w / scale if scale > 0.0 else np.full(len(w), np.nan)


def constraint_terms(piece: ConvexPiece, w: Expression, scale: Expression = 1.0) -> list[Expression]:
    """Return a piece as constraints on ``w`` (N,); ``scale`` is 1, or the variable that a ratio is scaled by."""
    import cvxpy as cp  # noqa: PLC0415

    match piece:
        case Budget():
            return [cp.sum(w) == scale]
        case Bounds():
            return [w >= piece.lower * scale, w <= piece.upper * scale]
        case GroupConstraint():
            total = piece.members.astype(np.float64) @ w
            above = [total >= piece.least * scale] if piece.least > 0.0 else []
            return above + ([total <= piece.most * scale] if piece.most < 1.0 else [])
        case TurnoverLimit():
            return [cp.norm1(w - piece.previous * scale) <= (2.0 * piece.most - piece.elsewhere) * scale]
        case ReturnTarget():
            return [piece.mean @ w >= piece.least * scale]


def objective_terms(
    form: ObjectiveForm, given: Mapping[str, Expression], w: Expression, scale: Expression
) -> tuple[Expression, list[Expression]]:
    """Return what to minimise over ``w`` (N,), and the constraints that go with it; ``given`` are the parameters.

    A ratio is solved in ``w = weights * scale`` with the numerator held at 1 (Charnes and Cooper 1962,
    doi:10.1002/nav.3800090303).
    """
    import cvxpy as cp  # noqa: PLC0415

    match form:
        case QuadraticForm():
            return cp.sum_squares(given["factor"].T @ w - given["shift"]) + given["linear"] @ w, []
        case RatioForm():
            return cp.sum_squares(given["factor"].T @ w), [given["excess"] @ w == 1.0, scale >= 0.0]
        case TailLossForm():
            count = form.returns.shape[0]
            edge, beyond = cp.Variable(), cp.Variable(count, nonneg=True)
            mean = cp.sum(beyond) / (count * (1.0 - form.level))
            return edge + mean, [beyond >= -(given["returns"] @ w) - edge]
