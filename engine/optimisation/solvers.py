"""Solvers by name with pinned settings, and the refinement of what they return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray
from engine.optimisation.standard_form import SparseMatrix, StandardForm


@dataclass(frozen=True)
class SolverResult:
    """What a solver returned: unknowns x, slacks s and multipliers z of the rows, and the status it claims."""

    x: FloatArray
    s: FloatArray
    z: FloatArray
    status: str


Solver: TypeAlias = Callable[[StandardForm], SolverResult]
"""Solves a standard problem; never raises, its answer is checked."""


def solve_clarabel(problem: StandardForm) -> SolverResult:
    """Interior point (Goulart and Chen 2024, arXiv:2405.12762), one thread, no time limit."""
    import clarabel as library  # noqa: PLC0415

    settings = library.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.max_iter = 200
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    cones = [library.ZeroConeT(problem.equalities), library.NonnegativeConeT(len(problem.b) - problem.equalities)]
    found = library.DefaultSolver(problem.P, problem.q, problem.A, problem.b, cones, settings).solve()
    return SolverResult(np.array(found.x), np.array(found.s), np.array(found.z), f"{found.status}")


def solve_osqp(problem: StandardForm) -> SolverResult:
    """Operator splitting (Stellato et al. 2020, doi:10.1007/s12532-020-00179-2).

    The step size adapts after a fixed number of iterations, never by the clock.
    """
    import osqp as library  # noqa: PLC0415
    from scipy import sparse  # noqa: PLC0415

    lower = np.full(len(problem.b), -np.inf)
    lower[: problem.equalities] = problem.b[: problem.equalities]
    solver = library.OSQP()
    pinned = {"adaptive_rho": 1, "adaptive_rho_interval": 50, "polishing": True, "max_iter": 100_000, "verbose": False}
    P, A = sparse.csc_matrix(problem.P), sparse.csc_matrix(problem.A)
    for matrix in (P, A):  # the indices that OSQP asks for
        matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    solver.setup(P, problem.q, A, lower, problem.b, eps_abs=1e-9, eps_rel=1e-9, **pinned)
    found = solver.solve(raise_error=False)
    x = np.asarray(found.x, dtype=np.float64)
    return SolverResult(x, problem.b - problem.A @ x, np.asarray(found.y, dtype=np.float64), str(found.info.status))


_REGULARISATION: Final = 1e-8
_REFINEMENTS: Final = 3
_MAX_DENSE_UNKNOWNS: Final = 300
"""Unknowns up to which a dense factorisation is the faster one."""

SOLVERS: Final[dict[str, Solver]] = {"clarabel": solve_clarabel, "osqp": solve_osqp}
"""In the order in which they are asked."""


def refine(problem: StandardForm, answer: SolverResult) -> FloatArray:
    """Return ``answer.x`` moved onto the rows that bind, by one linear system; unchanged when that is no better.

    A row binds when its multiplier is above its slack. With the right rows the system's solution is the optimum to
    rounding, which shows in its slacks and multipliers: none may be negative. Unknowns that nothing pins down make the
    system singular; it is solved with a little added to its diagonal, which steps of refinement take out again.
    """
    m, n = problem.equalities, len(problem.q)
    rows = np.concatenate([np.arange(m), np.flatnonzero(answer.z[m:] > answer.s[m:]) + m])
    small = n + len(rows) <= _MAX_DENSE_UNKNOWNS
    A, upper = (problem.A.toarray(), problem.P.toarray()) if small else (problem.A.tocsr(), problem.P)
    binding = A[rows]
    balance = -problem.q - upper @ answer.x - upper.T @ answer.x + upper.diagonal() * answer.x
    right = np.concatenate([balance - binding.T @ answer.z[rows], (problem.b - A @ answer.x)[rows]])
    moved = (_solve_dense if small else _solve_sparse)(upper, binding, right)
    if moved is None:
        return answer.x
    x, multipliers = answer.x + moved[:n], (answer.z[rows] + moved[n:])[m:]
    slack = (problem.b - A @ x)[m:]
    proper = slack.min(initial=0.0) >= -1e-9 and multipliers.min(initial=0.0) >= -1e-7
    near = np.max(np.abs(moved[:n])) <= 1e-3 * (1.0 + np.max(np.abs(answer.x)))
    return x if proper and near else answer.x


def _solve_dense(upper: FloatArray, binding: FloatArray, right: FloatArray) -> FloatArray | None:
    """Solve the system of stationarity and binding rows by LU; None when it is hopeless."""
    from scipy.linalg import lapack  # noqa: PLC0415  (its wrappers take longer than these few unknowns)

    n = len(upper)
    system = np.zeros((len(right), len(right)))
    system[:n, :n] = upper + upper.T - np.diag(upper.diagonal())
    system[:n, n:], system[n:, :n] = binding.T, binding
    added = np.where(np.arange(len(right)) < n, _REGULARISATION, -_REGULARISATION)
    factors, order, fault = lapack.dgetrf(system + np.diag(added))
    if fault:
        return None
    return _refine_iteratively(system, lambda side: np.asarray(lapack.dgetrs(factors, order, side)[0]), right)


def _solve_sparse(upper: SparseMatrix, binding: SparseMatrix, right: FloatArray) -> FloatArray | None:
    """Do the same with a sparse LU."""
    from scipy import sparse  # noqa: PLC0415

    whole = upper + sparse.triu(upper, 1).T
    system = sparse.block_array([[whole, binding.T], [binding, None]], format="csc")
    added = np.where(np.arange(len(right)) < upper.shape[0], _REGULARISATION, -_REGULARISATION)
    try:
        factors = sparse.linalg.splu(system + sparse.diags_array(added, format="csc"))
    except RuntimeError:
        return None
    return _refine_iteratively(system, factors.solve, right)


def _refine_iteratively(
    system: SparseMatrix | FloatArray, solve: Callable[[FloatArray], FloatArray], right: FloatArray
) -> FloatArray | None:
    """Return the solution of ``system``, of which ``solve`` knows a neighbour, by iterative refinement."""
    found = solve(right)
    for _ in range(_REFINEMENTS):
        found = found + solve(right - system @ found)
    return found if np.isfinite(found).all() else None
