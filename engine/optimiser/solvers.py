"""Solvers by name with pinned settings, and the refinement of what they return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias

import numpy as np

from engine.arrays import FloatArray
from engine.optimiser.program import Standard


@dataclass(frozen=True)
class Answer:
    """What a solver returned: unknowns x, slacks s and multipliers z of the rows, and the status it claims."""

    x: FloatArray
    s: FloatArray
    z: FloatArray
    status: str


Solver: TypeAlias = Callable[[Standard], Answer]
"""Solves a standard problem; never raises, its answer is checked."""


def clarabel(problem: Standard) -> Answer:
    """Interior point (Goulart and Chen 2024, arXiv:2405.12762), one thread, no time limit."""
    import clarabel as library  # noqa: PLC0415

    settings = library.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.max_iter = 200
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-10
    cones = [library.ZeroConeT(problem.equalities), library.NonnegativeConeT(len(problem.b) - problem.equalities)]
    found = library.DefaultSolver(problem.P, problem.q, problem.A, problem.b, cones, settings).solve()
    return Answer(np.array(found.x), np.array(found.s), np.array(found.z), f"{found.status}")


def osqp(problem: Standard) -> Answer:
    """Operator splitting (Stellato et al. 2020, doi:10.1007/s12532-020-00179-2).

    The step size adapts after a fixed number of iterations, never by the clock (H48).
    """
    import osqp as library  # noqa: PLC0415
    from scipy import sparse  # noqa: PLC0415

    lower = np.full(len(problem.b), -np.inf)
    lower[: problem.equalities] = problem.b[: problem.equalities]
    solver = library.OSQP()
    pinned = {"adaptive_rho": 1, "adaptive_rho_interval": 50, "polishing": True, "max_iter": 100_000, "verbose": False}
    P, A = (_narrow(sparse.csc_matrix(matrix)) for matrix in (problem.P, problem.A))
    solver.setup(P, problem.q, A, lower, problem.b, eps_abs=1e-9, eps_rel=1e-9, **pinned)
    found = solver.solve(raise_error=False)
    x = np.asarray(found.x, dtype=np.float64)
    return Answer(x, problem.b - problem.A @ x, np.asarray(found.y, dtype=np.float64), str(found.info.status))


_ADDED: Final = 1e-8
_REFINEMENTS: Final = 3
_DENSE: Final = 300
"""Unknowns up to which a dense factorisation is the faster one."""

SOLVERS: Final[dict[str, Solver]] = {"clarabel": clarabel, "osqp": osqp}
"""In the order in which they are asked."""


def _narrow(matrix: Any) -> Any:  # noqa: ANN401
    """Return a sparse matrix with the 32-bit indices that OSQP asks for."""
    matrix.indices, matrix.indptr = matrix.indices.astype(np.int32), matrix.indptr.astype(np.int32)
    return matrix


def refined(problem: Standard, answer: Answer) -> FloatArray:
    """Return ``answer.x`` moved onto the rows that bind, by one linear system; unchanged when that is no better.

    A row binds when its multiplier is above its slack. With the right rows the system's solution is the optimum to
    rounding, which shows in its slacks and multipliers: none may be negative. Unknowns that nothing pins down make the
    system singular; it is solved with a little added to its diagonal, which steps of refinement take out again.
    """
    from scipy import sparse  # noqa: PLC0415

    m, n = problem.equalities, len(problem.q)
    rows = np.concatenate([np.arange(m), np.flatnonzero(answer.z[m:] > answer.s[m:]) + m])
    A, P = problem.A, problem.P
    whole = P + sparse.triu(P, 1).T
    binding = A.tocsr()[rows]
    balance = -problem.q - whole @ answer.x - binding.T @ answer.z[rows]
    right = np.concatenate([balance, (problem.b - A @ answer.x)[rows]])
    system = sparse.block_array([[whole, binding.T], [binding, None]], format="csc")
    moved = _solved(system, np.concatenate([np.full(n, _ADDED), np.full(len(rows), -_ADDED)]), right)
    if moved is None:
        return answer.x
    x, multipliers = answer.x + moved[:n], (answer.z[rows] + moved[n:])[m:]
    slack = (problem.b - A @ x)[m:]
    proper = slack.min(initial=0.0) >= -1e-9 and multipliers.min(initial=0.0) >= -1e-7
    near = np.max(np.abs(moved[:n])) <= 1e-3 * (1.0 + np.max(np.abs(answer.x)))
    return x if proper and near else answer.x


def _solved(system: Any, added: FloatArray, right: FloatArray) -> FloatArray | None:  # noqa: ANN401
    """Solve a symmetric system with ``added`` on its diagonal, then without, by refinement; None when hopeless."""
    from scipy import linalg, sparse  # noqa: PLC0415

    solve: Callable[[FloatArray], FloatArray]
    try:
        if len(right) <= _DENSE:
            factors = linalg.lu_factor(system.toarray() + np.diag(added), check_finite=False)
            solve = partial(linalg.lu_solve, factors, check_finite=False)
        else:
            solve = sparse.linalg.splu(system + sparse.diags_array(added, format="csc")).solve
    except (RuntimeError, linalg.LinAlgError):
        return None
    found = solve(right)
    for _ in range(_REFINEMENTS):
        found = found + solve(right - system @ found)
    return found if np.isfinite(found).all() else None
