"""Powers are those of fifty digits, the same one by one, in arrays and compiled, and need no library's (S14)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.core.powers import power, powers
from engine.simulation.kernel.valuation import elementwise_power
from tests.support.exact_power import nearest_power

BASES = st.floats(1e-9, 1e9) | st.floats(0.8, 1.3)
EXPONENTS = st.floats(-9.0, 9.0) | st.integers(1, 9_000).map(lambda days: 365.25 / days)


@given(BASES, EXPONENTS)
@example(7.0, 365.25)
def test_a_power_is_the_double_next_to_the_true_one(base: float, exponent: float) -> None:
    """Or, where the true one lies in the middle of two, one of them: never more than one away, and that rarely."""
    found, true = power(base, exponent), nearest_power(base, exponent)
    assert found == true or abs(found - true) <= math.ulp(true)  # beyond all numbers both are infinite


def test_hardly_any_power_is_not_the_nearest() -> None:
    """Of ten thousand at most three; the C library's own are off in about as many."""
    rng = np.random.default_rng(14)
    bases, exponents = rng.uniform(0.01, 60.0, 10_000).tolist(), (365.25 / rng.integers(30, 9_000, 10_000)).tolist()
    wrong = sum(power(*pair) != nearest_power(*pair) for pair in zip(bases, exponents, strict=True))
    assert wrong <= 3


@pytest.mark.parametrize("exponent", [0.05, 1.0 / 365.0, -3.2, 365.25 / 7000.0, 365.0, 0.0])
def test_compiled_and_in_arrays_they_have_the_same_bits(exponent: float) -> None:
    """Also of the smallest and largest numbers, of nothing, infinity, NaN and what has no power."""
    rng = np.random.default_rng(14)
    bases = np.concatenate([rng.uniform(0.1, 60.0, 500), 10.0 ** rng.uniform(-300.0, 300.0, 500)])
    bases = np.concatenate([bases, [0.0, np.inf, np.nan, -1.0, 1.0, 5e-324]])
    one_by_one = np.array([power(base, exponent) for base in bases.tolist()])
    assert elementwise_power(bases, np.full_like(bases, exponent)).tobytes() == one_by_one.tobytes()
    assert powers(bases, exponent).tobytes() == one_by_one.tobytes()


def test_whole_powers_and_roots_of_squares_are_exact() -> None:
    """What has an exact answer gets it."""
    assert [power(2.0, 10.0), power(9.0, 0.5), power(1.1, 1.0), power(1.0, -7.0)] == [1024.0, 3.0, 1.1, 1.0]
    assert [power(0.0, 2.0), power(0.0, 0.0), power(0.0, -1.0)] == [0.0, 1.0, math.inf]
    assert [power(math.inf, 2.0), power(math.inf, -2.0), power(10.0, 365.0)] == [math.inf, 0.0, math.inf]
    assert math.isnan(power(-1.0, 2.0))
    assert math.isnan(power(math.nan, 2.0))
