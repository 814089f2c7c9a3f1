"""Taking unknowns out of a problem that only stand for its squares: ``|Gx - h|^2`` becomes ``x'G'Gx - 2h'Gx``.

cvxpy writes a sum of squares with one more unknown and one more equality for each square. Put back into the objective
they halve the problem; the shape of all arrays is worked out once, new numbers take two products of dense matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.core.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class StandardForm:
    """Minimise ``x'Px / 2 + q'x`` where ``Ax + s = b``, the first ``equalities`` of s are 0, the others not negative.

    P and A are sparse by columns (``scipy.sparse.csc_array``), P its upper triangle.
    """

    P: Any
    q: FloatArray
    A: Any
    b: FloatArray
    equalities: int


@dataclass(frozen=True)
class SquareElimination:
    """Where the squares are among the entries of A, for n unknowns of which k are squares.

    Attributes
    ----------
    kept, gone : the columns that stay, and the k that go
    rows, others : the k equalities that define them, in their order, and all other rows
    weight : (k,) what each square counts in the objective
    unit : (k,) where in A's entries the factors of the squares are
    inside, at : which entries make up G, and their places (row, column) in it
    outside, indices, indptr : which entries stay in A, and their new places
    active : the columns of G that hold anything, in the new order
    upper, upper_indices, upper_indptr : which entries of G'G make up P, and their places

    """

    kept: IntArray
    gone: IntArray
    rows: IntArray
    others: IntArray
    weight: FloatArray
    unit: IntArray
    inside: IntArray
    at: tuple[IntArray, IntArray]
    outside: IntArray
    indices: IntArray
    indptr: IntArray
    active: IntArray
    upper: tuple[IntArray, IntArray]
    upper_indices: IntArray
    upper_indptr: IntArray

    def eliminate(self, entries: FloatArray, q: FloatArray, b: FloatArray, equalities: int) -> StandardForm:
        """Return the smaller problem; ``entries`` are those of A, ``q`` (n,) and ``b`` as in ``StandardForm``."""
        from scipy import sparse  # noqa: PLC0415

        factor = np.sqrt(self.weight) / entries[self.unit]
        G = np.zeros((len(self.gone), len(self.kept)))
        G[self.at] = entries[self.inside]
        G = factor[:, None] * G[:, self.active]
        linear = q[self.kept]
        linear[self.active] -= G.T @ (factor * b[self.rows])
        n = len(self.kept)
        P = sparse.csc_array(((G.T @ G)[self.upper], self.upper_indices, self.upper_indptr), shape=(n, n))
        A = sparse.csc_array((entries[self.outside], self.indices, self.indptr), shape=(len(self.others), n))
        return StandardForm(P, linear, A, b[self.others], equalities - len(self.rows))


def find_squares(
    quadratic: Any, linear: Any, indices: IntArray, indptr: IntArray, rows: int
) -> SquareElimination | None:
    """Return the squares of a problem, or None when there are none that one equality each defines.

    ``quadratic`` (n, n) and ``linear`` (n, parameters) are the objective's, sparse; ``indices`` and ``indptr`` A's.
    """
    weight = quadratic.diagonal()
    gone = np.flatnonzero(weight)
    lone = np.array_equal(np.diff(indptr)[gone], np.ones(len(gone)))
    diagonal = quadratic.count_nonzero() == len(gone)
    if not len(gone) or not lone or not diagonal or linear[gone].count_nonzero():
        return None
    unit = indptr[gone]
    defining = indices[unit]
    if len(np.unique(defining)) < len(defining):
        return None
    kept = np.setdiff1d(np.arange(len(weight)), gone)
    others = np.setdiff1d(np.arange(rows), defining)
    column = np.repeat(np.arange(len(weight)), np.diff(indptr))
    stays = np.isin(column, kept)
    defines = np.isin(indices, defining)
    inside, outside = np.flatnonzero(stays & defines), np.flatnonzero(stays & ~defines)
    place = np.zeros(rows, dtype=np.int64)
    place[defining] = np.arange(len(defining))
    place[others] = np.arange(len(others))
    new = np.zeros(len(weight), dtype=np.int64)
    new[kept] = np.arange(len(kept))
    counts = np.bincount(new[column[outside]], minlength=len(kept))
    active = np.unique(new[column[inside]])
    across, down = np.tril_indices(len(active))  # column by column, the rows down to the diagonal
    heights = np.bincount(active[across], minlength=len(kept))
    return SquareElimination(
        kept,
        gone,
        defining,
        others,
        weight[gone],
        unit,
        inside,
        (place[indices[inside]], new[column[inside]]),
        outside,
        place[indices[outside]],
        np.concatenate([[0], np.cumsum(counts)]),
        active,
        (down, across),
        active[down],
        np.concatenate([[0], np.cumsum(heights)]),
    )
