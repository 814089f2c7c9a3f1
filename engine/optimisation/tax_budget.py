"""The weights nearest to a target of which the sales keep to limits on gains: branch and bound over lots.

What a sale gains is straight inside a lot, and bends where the next begins, up or down: weights that keep to a limit on
gains are no convex set. Each node allows every asset a range of its lots, over which gains are replaced by their lower
convex envelope, and is a convex quadratic program (Clarabel, then a refinement); where the envelope is below the true
gains, the range is split at the end of a lot. A node that cannot be nearer than the best is dropped, so that what
is left is the nearest (Falk and Soland 1969, doi:10.1287/mnsc.15.9.550).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import FloatArray
from engine.optimisation.blas_threads import single_blas_thread
from engine.optimisation.estimates import repair_covariance
from engine.optimisation.solvers import refine, solve_clarabel
from engine.optimisation.standard_form import StandardForm

SHORTEST_HISTORY: Final = 60
"""Returns of all assets together below which their covariance is taken as the same variance for each."""
LOOKBACK: Final = 756
"""Returns that count, three years of days."""
MAX_NODES: Final = 4_000
_NEAR: Final = 1e-9
"""Of the distance: what is no nearer. Of a weight: what is no gain above its limit."""
_SAME_SUM: Final = 1e-12
"""Between which two sums there is no room."""


class Lot(NamedTuple):
    """A ``weight`` that is sold at once, and for each of it the gains of both kinds [share of the portfolio]."""

    weight: float
    first: float
    second: float


class Limit(NamedTuple):
    """``first`` and ``second`` times the gains of each kind are at most ``bound`` [share of the portfolio]."""

    first: float
    second: float
    bound: float


@dataclass(frozen=True)
class LotProblem:
    """What is searched: weights near to ``target`` (N,), all as shares of the portfolio.

    ``held`` (N,) without a trade; ``lower``, ``upper`` (N,) and ``least``, ``most`` bound the weights and their sum;
    ``lots`` of each asset in the order of their sale; one of the sets of ``limits`` has to hold; ``covariance`` (N, N).
    """

    target: FloatArray
    held: FloatArray
    lower: FloatArray
    upper: FloatArray
    least: float
    most: float
    lots: Sequence[Sequence[Lot]]
    limits: Sequence[Sequence[Limit]]
    covariance: FloatArray


class NearestWeights(NamedTuple):
    """The ``weights`` (N,), None where nothing keeps to the limits; their tracking variance; whether that is proved."""

    weights: FloatArray | None
    variance: float
    proved: bool


class _Curve(NamedTuple):
    """Gains (2, K) of one asset when ``sold`` (K,) weight of it is sold, straight in between."""

    sold: FloatArray
    gains: FloatArray

    def at(self, sold: float) -> FloatArray:
        return np.array([np.interp(sold, self.sold, kind) for kind in self.gains])


class _Node(NamedTuple):
    """Between which (N,) sold weights a node searches, negative where they are bought."""

    begin: FloatArray
    end: FloatArray


class _Line(NamedTuple):
    """A piece of an envelope: its ``asset`` and ``kind`` of gain, its ``slope``, and ``offset`` at nothing sold."""

    asset: int
    kind: int
    slope: float
    offset: float


def nearest_within_limits(problem: LotProblem) -> NearestWeights:
    """Return the weights with the least tracking variance (w - w*)' S (w - w*) of which one set of limits holds."""
    curves = [_curve(lots) for lots in problem.lots]
    best, found, proved = np.inf, None, True
    with single_blas_thread():
        for limits in problem.limits:
            search = _Search(problem, curves, limits)
            found, best, complete = search.run(found, best)
            proved &= complete
    return NearestWeights(found, best, proved)


def tracking_covariance(closes: FloatArray) -> FloatArray:
    """Return (N, N) the covariance of the returns of ``closes`` (T, N), the identity where they have too few."""
    count = closes.shape[1]
    window = closes[-LOOKBACK - 1 :]
    with np.errstate(invalid="ignore", divide="ignore"):
        returns = window[1:] / window[:-1] - 1.0
    complete = returns[np.isfinite(returns).all(axis=1)]
    if len(complete) < max(SHORTEST_HISTORY, 2 * count):
        return np.eye(count)
    centred = complete - complete.mean(axis=0)
    raw = centred.T @ centred / (len(complete) - 1)
    variance = float(np.trace(raw)) / count
    return repair_covariance(raw / variance)[0] if variance > 0.0 else np.eye(count)


def _curve(lots: Sequence[Lot]) -> _Curve:
    sold = np.cumsum([0.0, *(lot.weight for lot in lots)])
    first = np.cumsum([0.0, *(lot.weight * lot.first for lot in lots)])
    second = np.cumsum([0.0, *(lot.weight * lot.second for lot in lots)])
    return _Curve(sold, np.array([first, second]))


@dataclass(frozen=True)
class _Search:
    """The search under one set of ``limits``."""

    problem: LotProblem
    curves: Sequence[_Curve]
    limits: Sequence[Limit]

    def run(self, found: FloatArray | None, best: float) -> tuple[FloatArray | None, float, bool]:
        """Return the best of ``found`` and what there is under these limits, its variance, and whether all was seen."""
        problem, nodes = self.problem, 0
        waiting = [_Node(problem.held - problem.upper, problem.held - problem.lower)]
        while waiting:
            nodes += 1
            if nodes > MAX_NODES:
                return found, best, False
            node = waiting.pop()
            weights = self._relaxed(node)
            if weights is None:
                continue
            variance = self._variance(weights)
            if variance >= best - _NEAR * max(best, 1e-12) and np.isfinite(best):
                continue
            sold = np.clip(problem.held - weights, node.begin, node.end)
            split = self._split(node, sold)
            if split is None:
                found, best = weights, variance
            else:
                waiting += split
        return found, best, True

    def _variance(self, weights: FloatArray) -> float:
        apart = weights - self.problem.target
        return float(apart @ self.problem.covariance @ apart)

    def _split(self, node: _Node, sold: FloatArray) -> list[_Node] | None:
        """Return two nodes where the gains of ``sold`` (N,) break a limit; None where they keep to all."""
        true = np.array([curve.at(one) for curve, one in zip(self.curves, sold, strict=True)])
        excess = max(
            (one.first * true[:, 0].sum() + one.second * true[:, 1].sum() - one.bound for one in self.limits),
            default=0.0,
        )
        if excess <= _NEAR * float(np.abs(self.problem.held - self.problem.target).max()):
            return None
        widest, chosen, place = 0.0, -1, 0.0
        for j, curve in enumerate(self.curves):
            inside = curve.sold[(curve.sold > node.begin[j] + 1e-15) & (curve.sold < node.end[j] - 1e-15)]
            if len(inside):
                gap = max(
                    float(true[j, k]) - _envelope_at(curve, k, node.begin[j], node.end[j], float(sold[j]))
                    for k in (0, 1)
                )
                if gap > widest:
                    widest, chosen, place = gap, j, float(inside[np.abs(inside - sold[j]).argmin()])
        if chosen < 0:
            return None
        upper, lower = node.end.copy(), node.begin.copy()
        upper[chosen] = lower[chosen] = place
        nodes = [_Node(lower, node.end), _Node(node.begin, upper)]
        return nodes if sold[chosen] <= place else nodes[::-1]

    def _relaxed(self, node: _Node) -> FloatArray | None:
        """Return the nearest weights of a node, gains replaced by their envelopes; None where there are none."""
        from scipy import sparse  # noqa: PLC0415

        problem, n = self.problem, len(self.problem.target)
        size = float(np.abs(problem.held - problem.target).max())
        lower = np.maximum(problem.lower, problem.held - node.end)
        upper = np.minimum(problem.upper, problem.held - node.begin)
        lines = list(self._lines(node))
        columns = {key: n + number for number, key in enumerate(sorted({(line.asset, line.kind) for line in lines}))}
        rows, bounds = zip(*self._constraints(lines, columns, (lower, upper)), strict=True)
        quadratic = np.zeros((n + len(columns), n + len(columns)))
        quadratic[:n, :n] = 2.0 * problem.covariance
        form = StandardForm(
            sparse.csc_array(np.triu(quadratic)),
            np.zeros(n + len(columns)),
            sparse.csc_array(np.array(rows)),
            np.array(bounds) / size,
            int(self._has_one_sum),
        )
        answer = solve_clarabel(form)
        if answer.status not in {"Solved", "AlmostSolved"} or not np.isfinite(answer.x).all():
            return None
        refined = refine(form, answer)[:n]
        return np.clip(problem.target + size * refined, lower, upper)

    @property
    def _has_one_sum(self) -> bool:
        """Whether weights can add up to one number only."""
        return self.problem.most - self.problem.least <= _SAME_SUM

    def _constraints(
        self, lines: Sequence[_Line], columns: Mapping[tuple[int, int], int], between: tuple[FloatArray, FloatArray]
    ) -> Iterator[tuple[FloatArray, float]]:
        """Yield rows of weights less their targets, then gains by ``columns``, and what each is at most.

        First that of the sum, then those of each weight ``between`` two, of the envelopes' ``lines``, of the limits.
        """
        problem, n, (lower, upper) = self.problem, len(self.problem.target), between
        target, nothing = problem.target, np.zeros(n + len(columns))
        total = nothing.copy()
        total[:n] = 1.0
        yield total, problem.most - float(target.sum())
        if not self._has_one_sum:
            yield -total, float(target.sum()) - problem.least
        for j in range(n):
            one = nothing.copy()
            one[j] = 1.0
            yield one, upper[j] - target[j]
            yield -one, target[j] - lower[j]
        for line in lines:  # gain >= offset + slope * (held - weight)
            j, one = line.asset, nothing.copy()
            one[j], one[columns[j, line.kind]] = -line.slope, -1.0
            yield one, -(line.offset + line.slope * float(problem.held[j] - target[j]))
        for limit in self.limits:
            one = nothing.copy()
            for (_, kind), column in columns.items():
                one[column] = (limit.first, limit.second)[kind]
            yield one, limit.bound

    def _lines(self, node: _Node) -> Iterator[_Line]:
        """Yield the lines of all envelopes."""
        for j, curve in enumerate(self.curves):
            for kind in (0, 1):
                counts = any((limit.first, limit.second)[kind] for limit in self.limits)
                if counts and np.any(curve.gains[kind]):
                    points = _envelope(curve, kind, float(node.begin[j]), float(node.end[j]))
                    if len(points) == 1:
                        yield _Line(j, kind, 0.0, points[0][1])
                    for (x, y), (x_next, y_next) in itertools.pairwise(points):
                        slope = (y_next - y) / (x_next - x)
                        yield _Line(j, kind, slope, y - slope * x)


def _envelope(curve: _Curve, kind: int, begin: float, end: float) -> list[tuple[float, float]]:
    """Return the corners of the lower convex envelope of a kind of gain between two sold weights."""
    gains = curve.gains[kind]
    points = [(begin, float(np.interp(begin, curve.sold, gains)))]
    inside = (curve.sold > begin + 1e-15) & (curve.sold < end - 1e-15)
    points += zip(curve.sold[inside].tolist(), gains[inside].tolist(), strict=True)
    if end > begin + 1e-15:
        points.append((end, float(np.interp(end, curve.sold, gains))))
    hull: list[tuple[float, float]] = []
    for point in points:
        while len(hull) > 1 and _turns_down(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    return hull


def _turns_down(first: tuple[float, float], middle: tuple[float, float], last: tuple[float, float]) -> bool:
    """Return whether the middle of three points is not below the line from the first to the last."""
    return (middle[1] - first[1]) * (last[0] - first[0]) >= (last[1] - first[1]) * (middle[0] - first[0])


def _envelope_at(curve: _Curve, kind: int, begin: float, end: float, sold: float) -> float:
    points = _envelope(curve, kind, begin, end)
    return float(np.interp(sold, [x for x, _ in points], [y for _, y in points]))
