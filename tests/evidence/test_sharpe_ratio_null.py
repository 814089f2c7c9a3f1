"""The convention of 2025 is that of its paper's examples, and is told apart from the one of 2012."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from engine.evidence.sharpe_ratio import probabilistic_sharpe_ratio
from engine.evidence.sharpe_ratio_null import (
    null_minimum_track_record,
    null_probabilistic_sharpe_ratio,
    null_standard_error,
    observed_false_discovery,
    predicted_false_discovery,
    sharpe_power,
)

SHARPE, SHAPE = 0.036 / 0.079, (-2.448, 10.164)
"""The paper's fund: 3.6 % and 7.9 % a month over 24 months."""


def test_the_paper_s_fund_has_its_printed_numbers() -> None:
    """As tschm/jsharpe's ``test_psr.py`` and ``test_corrections.py`` state them, to three digits after the point."""
    found = {
        0.329: null_standard_error(SHARPE, 24, *SHAPE),
        0.214: null_standard_error(SHARPE, 24, 0.0, 3.0),
        0.987: null_probabilistic_sharpe_ratio(SHARPE, 0.0, 24, *SHAPE),
        0.939: null_probabilistic_sharpe_ratio(SHARPE, 0.1, 24, *SHAPE),
        13.029: null_minimum_track_record(SHARPE, 0.0, *SHAPE),
        27.109: null_minimum_track_record(SHARPE, 0.1, *SHAPE),
        0.315: 1.0 - sharpe_power(0.0, 0.5, 24, *SHAPE),
        0.581: predicted_false_discovery(0.05, 0.05, 0.315),
        0.306: observed_false_discovery(SHARPE, 0.5, 24, *SHAPE, 0.05),
    }
    assert {printed: round(value, 3) for printed, value in found.items()} == {printed: printed for printed in found}


def test_all_digits_are_those_of_scipy() -> None:
    """The formulas written out, each from a normal distribution of the found scale."""
    variance = (1.0 + 2.448 * 0.1 + 9.164 / 4.0 * 0.01) / 24.0
    null = stats.norm(0.1, math.sqrt(variance))
    assert null_probabilistic_sharpe_ratio(SHARPE, 0.1, 24, *SHAPE) == pytest.approx(null.cdf(SHARPE), rel=1e-12)
    assert null_minimum_track_record(SHARPE, 0.1, *SHAPE) == pytest.approx(
        24.0 * variance * (stats.norm.ppf(0.95) / (SHARPE - 0.1)) ** 2, rel=1e-12
    )
    alternative = stats.norm(0.5, math.sqrt((1.0 + 2.448 * 0.5 + 9.164 / 4.0 * 0.25) / 24.0))
    critical = stats.norm(0.0, math.sqrt(1.0 / 24.0)).ppf(0.95)
    assert sharpe_power(0.0, 0.5, 24, *SHAPE) == pytest.approx(alternative.sf(critical), rel=1e-12)
    false, true = 0.95 * stats.norm(0.0, math.sqrt(1.0 / 24.0)).sf(SHARPE), 0.05 * alternative.sf(SHARPE)
    assert observed_false_discovery(SHARPE, 0.5, 24, *SHAPE, 0.05) == pytest.approx(false / (false + true), rel=1e-12)


def test_the_two_conventions_differ_on_one_example() -> None:
    """0.987 where the error is taken under the null hypothesis, 0.913 where it is taken at the estimate."""
    null = null_probabilistic_sharpe_ratio(SHARPE, 0.0, 24, *SHAPE)
    estimate = probabilistic_sharpe_ratio(SHARPE, 0.0, 24, *SHAPE)
    assert (round(null, 3), round(estimate, 3)) == (0.987, 0.913)


def test_a_benchmark_of_nothing_needs_no_shape() -> None:
    """Under a Sharpe ratio of 0 the variance is 1 over the observations, whatever the skewness."""
    assert null_standard_error(0.0, 25, -5.0, 40.0) == 0.2
    assert null_minimum_track_record(0.0, 0.0, 0.0, 3.0) == math.inf


def test_after_the_minimum_track_record_the_probability_is_the_level() -> None:
    length = null_minimum_track_record(0.2, 0.05, -0.4, 4.0, 0.9)
    assert null_probabilistic_sharpe_ratio(0.2, 0.05, length, -0.4, 4.0) == pytest.approx(0.9, rel=1e-12)
