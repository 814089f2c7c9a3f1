"""Shrunk covariances beside those of scikit-learn, which is a package of the tests alone."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage as sklearn_ledoit_wolf
from sklearn.covariance import oas as sklearn_oas

from engine.optimisation.blas_threads import single_blas_thread
from engine.optimisation.shrinkage import ledoit_wolf_shrinkage, oracle_approximating_covariance


def returns_of(sessions: int, assets: int, seed: int) -> np.ndarray:
    """Centred returns that a common part and their own noise make, of unlike sizes."""
    rng = np.random.default_rng(seed)
    found = rng.normal(0.0, 0.01, (sessions, 1)) + rng.normal(0.0, 0.01, (sessions, assets)) * rng.uniform(
        0.1, 3, assets
    )
    return np.asarray(found - found.mean(axis=0))


@pytest.mark.parametrize(("sessions", "assets"), [(2, 1), (2, 7), (60, 1), (60, 59), (252, 12), (756, 40), (10, 200)])
def test_shrinkage_is_that_of_scikit_learn(sessions: int, assets: int) -> None:
    """Ledoit-Wolf to the bit; OAS to the last ones, for squares are products here."""
    for seed in range(20):
        centred = returns_of(sessions, assets, seed)
        with single_blas_thread():
            assert ledoit_wolf_shrinkage(centred) == sklearn_ledoit_wolf(centred, assume_centered=True)
            covariance, shrinkage = oracle_approximating_covariance(centred)
            expected, weight = sklearn_oas(centred, assume_centered=True)
        assert shrinkage == pytest.approx(weight, rel=1e-14, abs=0.0)
        assert np.abs(covariance - expected).max() <= 1e-15 * np.abs(expected).max()


def test_prices_that_stand_still_are_no_division_by_zero() -> None:
    assert ledoit_wolf_shrinkage(np.zeros((5, 3))) == 0.0
    covariance, shrinkage = oracle_approximating_covariance(np.zeros((5, 3)))
    assert shrinkage == 1.0
    assert not covariance.any()
