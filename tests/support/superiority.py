"""Tests of superiority done plainly: every draw of every variant in one array, formulas as they are printed."""

from __future__ import annotations

import numpy as np
from arch.bootstrap import SPA, StepM

from engine.evidence.resampled_maxima import Draws


def printed_long_run_variance(differences: np.ndarray, mean_block: float) -> np.ndarray:
    """(S,) omega^2 by the sum over all lags."""
    n, goes_on = len(differences), 1.0 - 1.0 / mean_block
    centred = differences - differences.mean(axis=0)
    total = (centred**2).sum(axis=0) / n
    for lag in range(1, n):
        kappa = (n - lag) / n * goes_on**lag + lag / n * goes_on ** (n - lag)
        total = total + 2.0 * kappa * (centred[: n - lag] * centred[lag:]).sum(axis=0) / n
    return total


def printed_draws(differences: np.ndarray, draws: Draws) -> dict[str, np.ndarray]:
    """Every recentring's (draws, S) recentred statistics, from means of whole drawn histories."""
    n, mean = len(differences), differences.mean(axis=0)
    omega = np.sqrt(printed_long_run_variance(differences, draws.mean_block))
    drawn = np.array([differences[draws.rows(draw)].mean(axis=0) for draw in range(draws.count)])
    kept = mean >= -np.sqrt(omega**2 / n * 2.0 * np.log(np.log(n)))
    centres = {"lower": np.maximum(mean, 0.0), "consistent": np.where(kept, mean, 0.0), "upper": mean}
    found = {name: np.sqrt(n) * (drawn - centre) / omega for name, centre in centres.items()}
    return {**found, "plain": np.sqrt(n) * (drawn - mean)}


def printed_step_down(statistics: np.ndarray, drawn: np.ndarray, size: float) -> list[int]:
    """Which of S are rejected, step by step, by p-values among those that are left."""
    left, rejected = set(range(len(statistics))), set()
    while left:
        maxima = np.maximum(drawn[:, sorted(left)].max(axis=1), 0.0)
        found = {k for k in left if (1 + (maxima >= statistics[k]).sum()) / (len(maxima) + 1) <= size}
        if not found:
            break
        left, rejected = left - found, rejected | found
    return sorted(rejected)


class GivenDraws:
    """A bootstrap for arch that draws what it is told to."""

    def __init__(self, draws: Draws, losses: np.ndarray) -> None:
        self.draws, self.losses = draws, losses

    def bootstrap(self, reps: int):
        """Yield resampled losses as arch's own do."""
        for draw in range(reps):
            yield (self.losses[self.draws.rows(draw)],), {}


def arch_test(differences: np.ndarray, draws: Draws) -> SPA:
    """Arch's test of differences, done on our draws; it does not studentise them."""
    block = int(draws.mean_block)
    test = SPA(np.zeros(len(differences)), -differences, block_size=block, reps=draws.count)
    test.bootstrap = GivenDraws(draws, test._loss_diff)
    test.compute()
    return test


def arch_step_m(differences: np.ndarray, draws: Draws, size: float) -> list[int]:
    """What arch's StepM names, on our draws."""
    test = StepM(
        np.zeros(len(differences)), -differences, size=size, block_size=int(draws.mean_block), reps=draws.count
    )
    test.spa.bootstrap = GivenDraws(draws, test.spa._loss_diff)
    test.compute()
    return list(test.superior_models)
