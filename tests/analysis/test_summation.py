"""Sums in one order: as exact as two passes, and the same whoever adds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.metrics import annualise_growth
from engine.analysis.return_statistics import ReturnStatistics
from engine.analysis.summation import RETURN_BLOCKS, block_ends
from engine.simulation.kernel.series_sums import sum_returns

values = st.lists(st.floats(-0.9, 3.0), min_size=2, max_size=300).map(np.array)


@given(values)
def test_variance_and_mean_are_those_of_two_passes(x: np.ndarray) -> None:
    moments = ReturnStatistics.from_series(x)
    assert moments.mean == pytest.approx(math.fsum(x) / len(x), rel=1e-10, abs=1e-15)
    assert moments.variance == pytest.approx(x.var(ddof=1), rel=1e-10, abs=1e-30)
    spread = x.std(ddof=1)
    assert abs(spread - 1e-12) < 1e-14 or (moments.sharpe() is None) == (spread <= 1e-12)


def test_what_hardly_varies_around_a_large_mean_keeps_its_digits() -> None:
    """Deviations of 1e-9 around 0.2, where sums of squares as they are would lose all but two of their digits."""
    x = 0.2 + 1e-9 * np.random.default_rng(3).standard_normal(5000)
    assert ReturnStatistics.from_series(x).variance == pytest.approx(np.var(x - x[0], ddof=1), rel=1e-10)


@given(values)
def test_sums_run_from_left_to_right_in_blocks_added_last(x: np.ndarray) -> None:
    expected, shift = 0.0, float(x[0])
    for begin, end in zip([0, *block_ends(len(x))], block_ends(len(x)), strict=False):
        block = 0.0
        for one in x[begin:end].tolist():
            block += one - shift
        expected += block
    assert sum_returns(x).total == expected


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 5474])
def test_blocks_cover_every_value_once(count: int) -> None:
    ends = block_ends(count)
    sizes = np.diff([0, *ends])
    assert (len(ends), ends[-1], sizes.sum()) == (RETURN_BLOCKS, count, count)
    assert sizes.max() - sizes.min() <= 1


def test_growth_a_year_is_the_power_of_the_language_not_of_an_array_library() -> None:
    assert annualise_growth(2.0, 730.5) == 2.0**0.5 - 1.0
