"""The nearest weights under limits on gains: against every choice of lots solved on its own, and by hand."""

from __future__ import annotations

import itertools

import cvxpy as cp
import numpy as np
import pytest

from engine.optimisation.tax_budget import Limit, Lot, LotProblem, nearest_within_limits, tracking_covariance


def random_problem(seed: int) -> LotProblem:
    """Return three or four assets that drifted, two or three lots each, some of which lose, and two kinds of gains."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 5))
    held, target = rng.dirichlet(np.full(n, 3.0)), rng.dirichlet(np.full(n, 3.0))
    lots = []
    for weight in held:
        parts = rng.dirichlet(np.ones(int(rng.integers(2, 4)))) * weight
        gains = rng.uniform(-0.6, 0.8, len(parts))
        lots.append(
            [
                Lot(part, *((gain, 0.0) if rng.random() < 0.5 else (0.0, gain)))
                for part, gain in zip(parts, gains, strict=True)
            ]
        )
    returns = rng.standard_normal((n, n))
    full = sum(gain_of(lots[j], max(held[j] - target[j], 0.0)).sum() for j in range(n))
    bound = rng.uniform(0.1, 0.9) * max(full, 0.01)
    limits = [[Limit(1.0, 1.0, bound), Limit(0.0, 1.0, bound)], [Limit(1.0, 0.5, bound), Limit(0.0, 1.0, 0.2 * bound)]]
    lower, upper = np.minimum(held, target), np.maximum(held, target)
    return LotProblem(
        target, held, lower, upper, 1.0, 1.0, lots, limits[: int(rng.integers(1, 3))], returns @ returns.T + np.eye(n)
    )


def gain_of(lots: list[Lot], sold: float) -> np.ndarray:
    """Return both kinds of gains of a sale of so much weight."""
    gains = np.zeros(2)
    for lot in lots:
        part = min(lot.weight, max(sold, 0.0))
        gains += part * np.array([lot.first, lot.second])
        sold -= part
    return gains


def by_enumeration(problem: LotProblem) -> float:
    """Return the least variance over every choice of the lot in which each sale ends."""
    n, best = len(problem.target), np.inf
    ends = [np.cumsum([0.0, *(lot.weight for lot in lots)]) for lots in problem.lots]
    root = np.linalg.cholesky(problem.covariance)
    for limits in problem.limits:
        for choice in itertools.product(*(range(len(lots)) for lots in problem.lots)):
            w = cp.Variable(n)
            sold = problem.held - w
            rules = [w >= problem.lower, w <= problem.upper, cp.sum(w) == 1.0]
            gains = [0.0, 0.0]
            for j, k in enumerate(choice):
                if problem.upper[j] > problem.held[j]:
                    if k:
                        break
                    continue
                rules += [sold[j] >= ends[j][k], sold[j] <= ends[j][k + 1]]
                before, lot = gain_of(problem.lots[j], ends[j][k]), problem.lots[j][k]
                gains = [
                    gains[kind] + before[kind] + (sold[j] - ends[j][k]) * (lot.first, lot.second)[kind]
                    for kind in (0, 1)
                ]
            else:
                rules += [one.first * gains[0] + one.second * gains[1] <= one.bound for one in limits]
                program = cp.Problem(cp.Minimize(cp.sum_squares(root.T @ (w - problem.target))), rules)
                program.solve(solver="CLARABEL")
                if program.status == "optimal":
                    best = min(best, float(program.value))
    return best


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_of_lots_is_nearer(seed: int) -> None:
    """What the search finds keeps to a set of limits, and its variance is that of the best of all choices."""
    problem = random_problem(seed)
    found = nearest_within_limits(problem)
    assert found.proved
    assert found.variance == pytest.approx(by_enumeration(problem), rel=1e-5, abs=1e-8)
    assert found.weights is not None
    gains = sum(gain_of(lots, sold) for lots, sold in zip(problem.lots, problem.held - found.weights, strict=True))
    assert any(
        all(one.first * gains[0] + one.second * gains[1] <= one.bound + 1e-9 for one in limits)
        for limits in problem.limits
    )
    assert found.weights.sum() == pytest.approx(1.0, abs=1e-9)


def test_a_loser_that_pays_for_a_winner_is_sold_with_it() -> None:
    """A third of A gains as much as it weighs, B loses as much: sold together they gain nothing, and all is reached."""
    target, held = np.array([0.2, 0.2, 0.6]), np.array([0.3, 0.3, 0.4])
    lots = [[Lot(0.3, 0.5, 0.0)], [Lot(0.3, -0.5, 0.0)], [Lot(0.4, 0.0, 0.0)]]
    lower, upper = np.minimum(held, target), np.maximum(held, target)
    problem = LotProblem(target, held, lower, upper, 1.0, 1.0, lots, [[Limit(1.0, 1.0, 0.0)]], np.eye(3))
    found = nearest_within_limits(problem)
    assert found.weights == pytest.approx(target, abs=1e-5)


def test_limits_that_nothing_keeps_to_have_no_weights() -> None:
    """Nothing is sold, and yet more is asked for than there is room."""
    held = np.array([0.5, 0.5])
    problem = LotProblem(
        np.array([0.4, 0.6]),
        held,
        held,
        held,
        1.0,
        1.0,
        [[Lot(0.5, 0.5, 0.0)], []],
        [[Limit(1.0, 1.0, -0.1)]],
        np.eye(2),
    )
    assert nearest_within_limits(problem).weights is None


def test_a_short_history_counts_every_asset_alike() -> None:
    """Below sixty returns of all assets the covariance is the identity; above, that of the returns to a factor."""
    rng = np.random.default_rng(5)
    closes = 100.0 * np.cumprod(1.0 + 0.01 * rng.standard_normal((200, 3)), axis=0)
    assert np.array_equal(tracking_covariance(closes[:60]), np.eye(3))
    found, sample = tracking_covariance(closes), np.cov(closes[1:] / closes[:-1] - 1.0, rowvar=False)
    assert found == pytest.approx(sample / (np.trace(sample) / 3.0), rel=1e-9)
