"""What every policy owes, checked of many at once."""

from __future__ import annotations

import numpy as np
import pytest

from engine.portfolio.policy import validate_weights


def test_a_sum_above_one_by_rounding_is_scaled_and_its_neighbours_are_left_as_they_are() -> None:
    weights = np.array([[0.3, 0.7 + 1e-10], [0.1, 0.2], [0.0, 0.0]])
    with np.errstate(all="raise"):
        found = validate_weights(weights, np.ones(2, dtype=bool), np.full((3, 2), np.inf), 0)
    assert found[0].tolist() == (weights[0] / (1.0 + 1e-10)).tolist()
    assert found[1:].tobytes() == weights[1:].tobytes()


@pytest.mark.parametrize("weights", [[-1e-17, 0.5], [0.6, 0.6], [np.nan, 0.0], [0.2, 0.5]])
def test_debts_shorts_and_weights_above_a_cap_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        validate_weights(np.array(weights), np.ones(2, dtype=bool), np.array([0.1, 1.0]), 0)
