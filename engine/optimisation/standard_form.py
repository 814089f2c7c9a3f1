"""Eliminate the auxiliary unknowns that cvxpy adds for squares: ``|Gx - h|^2`` becomes ``x'G'Gx - 2h'Gx``.

cvxpy writes a sum of squares with one more unknown and one more equality for each square. Put back into the objective
they halve the problem; the shape of all arrays is worked out once, new numbers take two products of dense matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray, IntArray

SparseMatrix: TypeAlias = Any
"""An array of ``scipy.sparse``, which has no types."""


@dataclass(frozen=True)
class StandardForm:
    """Minimise ``x'Px / 2 + q'x`` where ``Ax + s = b``, the first ``equalities`` of s are 0, the others not negative.

    P and A are sparse by columns (``scipy.sparse.csc_array``), P its upper triangle.
    """

    P: SparseMatrix
    q: FloatArray
    A: SparseMatrix
    b: FloatArray
    equalities: int


@dataclass(frozen=True)
class SquareElimination:
    """Where the squares are among the entries of A, for n unknowns of which k are squares.

    Attributes
    ----------
    kept : the columns that stay; the other k are the squares
    rows, others : the k equalities that define them, in their order, and all other rows
    weight : (k,) what each square counts in the objective
    unit : (k,) where in A's entries the factors of the squares are
    inside : G, sparse, each entry its place in A's entries plus 1
    outside : what stays of A, likewise
    active : the columns of G that hold anything
    upper : row and column in G'G of the entries that make up P, column by column down to the diagonal

    """

    kept: IntArray
    rows: IntArray
    others: IntArray
    weight: FloatArray
    unit: IntArray
    inside: SparseMatrix
    outside: SparseMatrix
    active: IntArray
    upper: tuple[IntArray, IntArray]

    def eliminate(self, entries: FloatArray, q: FloatArray, b: FloatArray, equalities: int) -> StandardForm:
        """Return the smaller problem; ``entries`` are those of A, ``q`` (n,) and ``b`` as in ``StandardForm``."""
        from scipy import sparse  # noqa: PLC0415

        factor = np.sqrt(self.weight) / entries[self.unit]
        G = np.zeros(self.inside.shape)
        G[self.inside.coords] = entries[self.inside.data - 1]
        G = factor[:, None] * G[:, self.active]
        linear = q[self.kept]
        linear[self.active] -= G.T @ (factor * b[self.rows])
        n, (down, across) = len(self.kept), self.upper
        P = sparse.csc_array(((G.T @ G)[down, across], (self.active[down], self.active[across])), shape=(n, n))
        rest = self.outside
        A = sparse.csc_array((entries[rest.data - 1], rest.indices, rest.indptr), shape=rest.shape)
        return StandardForm(P, linear, A, b[self.others], equalities - len(self.rows))


def plan_square_elimination(
    quadratic: SparseMatrix, linear: SparseMatrix, indices: IntArray, indptr: IntArray, rows: int
) -> SquareElimination | None:
    """Return the squares of a problem, or None when there are none that one equality each defines.

    ``quadratic`` (n, n) and ``linear`` (n, parameters) are the objective's; ``indices`` and ``indptr`` A's.
    """
    from scipy import sparse  # noqa: PLC0415

    weight = quadratic.diagonal()
    gone = np.flatnonzero(weight)
    unit = indptr[gone]
    defining = indices[unit]
    once = np.all(np.diff(indptr)[gone] == 1) and len(np.unique(defining)) == len(gone)
    if not len(gone) or not once or quadratic.count_nonzero() > len(gone) or linear[gone].count_nonzero():
        return None
    kept, others = np.setdiff1d(np.arange(len(weight)), gone), np.setdiff1d(np.arange(rows), defining)
    places = sparse.csc_array((np.arange(1, len(indices) + 1), indices, indptr), shape=(rows, len(weight)))[:, kept]
    inside, outside = sparse.coo_array(places[defining]), sparse.csc_array(places[others])
    outside.sort_indices()
    active = np.unique(inside.coords[1])
    across, down = np.tril_indices(len(active))
    return SquareElimination(kept, defining, others, weight[gone], unit, inside, outside, active, (down, across))
