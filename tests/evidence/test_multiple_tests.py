"""P-values after many tests, the haircut, and the trials that count are those of other libraries and of all pairs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from engine.evidence.haircut import autocorrelation_factor, cut_sharpe_ratio
from engine.evidence.multiple_tests import (
    CorrelationSum,
    adjust_benjamini_yekutieli,
    adjust_bonferroni,
    adjust_holm,
    effective_trials,
    mean_correlation,
)

P_VALUES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30).map(np.array)


def test_four_published_p_values_after_holm_and_bonferroni() -> None:
    """Those of tschm/jsharpe's ``test_corrections.py``."""
    four = np.array([0.01, 0.02, 0.5, 0.9])
    assert adjust_holm(four) == pytest.approx([0.04, 0.06, 1.0, 1.0], rel=1e-14)
    assert adjust_bonferroni(four) == pytest.approx([0.04, 0.08, 1.0, 1.0], rel=1e-14)


@given(P_VALUES)
def test_p_values_after_all_three_methods_are_those_of_their_definitions(p_values: np.ndarray) -> None:
    """Each found by itself: a maximum over what is smaller for Holm, a minimum over what is larger for the other."""
    ordered, count = sorted(p_values.tolist()), len(p_values)
    harmonic = math.fsum(1.0 / k for k in range(1, count + 1))
    down = [max(ordered[j] * (count - j) for j in range(k + 1)) for k in range(count)]
    up = [min(ordered[j] * count * harmonic / (j + 1) for j in range(k, count)) for k in range(count)]
    assert sorted(adjust_holm(p_values)) == pytest.approx([min(p, 1.0) for p in down], rel=1e-12, abs=1e-300)
    found = sorted(adjust_benjamini_yekutieli(p_values))
    assert found == pytest.approx([min(p, 1.0) for p in up], rel=1e-12, abs=1e-300)
    assert adjust_bonferroni(p_values).tolist() == [min(p * count, 1.0) for p in p_values.tolist()]
    order = np.argsort(p_values, kind="stable")
    for adjust in (adjust_holm, adjust_benjamini_yekutieli):
        assert (np.diff(adjust(p_values)[order]) >= 0.0).all()


@pytest.mark.slow  # statsmodels, which comes with arch, takes seconds to be imported
def test_p_values_after_all_three_methods_are_those_of_statsmodels() -> None:
    from statsmodels.stats.multitest import multipletests

    methods = {"bonferroni": adjust_bonferroni, "holm": adjust_holm, "fdr_by": adjust_benjamini_yekutieli}
    p_values = np.random.default_rng(3).random(50) ** 3
    for name, adjust in methods.items():
        assert adjust(p_values) == pytest.approx(multipletests(p_values, method=name)[1], rel=1e-12)


def test_benjamini_and_yekutieli_s_is_scipy_s() -> None:
    p_values = np.random.default_rng(3).random(50)
    theirs = stats.false_discovery_control(p_values, method="by")
    assert adjust_benjamini_yekutieli(p_values) == pytest.approx(theirs, rel=1e-12)


@pytest.mark.parametrize(("correlation", "periods", "factor"), [(0.1, 360, 0.905), (0.1, 52, 0.906), (0.1, 12, 0.912), (0.1, 4, 0.928), (0.1, 1, 1.0)])  # fmt: skip
def test_the_factor_of_autocorrelation_is_lo_s(correlation: float, periods: int, factor: float) -> None:
    """As mlfinlab's ``test_backtests.py`` has it, and for twelve months by the sum it stands for."""
    assert round(autocorrelation_factor(correlation, periods), 3) == factor
    lags = sum((12 - lag) * 0.1**lag for lag in range(1, 12))
    assert autocorrelation_factor(0.1, 12) == pytest.approx(12.0 / math.sqrt(12.0 * (12.0 + 2.0 * lags)), rel=1e-12)


def test_the_haircut_of_a_published_sharpe_ratio() -> None:
    """mlfinlab's: 1 a year over 120 months, autocorrelation 0.1, 100 others, correlation 0.4; within its 1e-2.

    Bonferroni's is no draw and has all digits of Student's distribution.
    """
    annual = autocorrelation_factor(0.1, 12)
    found = cut_sharpe_ratio(annual, 120, 100, 0.4, seed=1, draws=4000)
    assert found.bonferroni.p_value == pytest.approx(0.465, abs=5e-4)
    assert found.holm.p_value == pytest.approx(0.409, abs=1e-2)
    assert found.benjamini_yekutieli.p_value == pytest.approx(0.174, abs=1e-2)
    assert found.mean.p_value == pytest.approx(0.348, abs=1e-2)
    exact = 200.0 * stats.t(119).sf(annual * math.sqrt(10.0))
    assert found.bonferroni.p_value == pytest.approx(exact, rel=1e-10)
    left = stats.t(119).isf(0.5 * found.holm.p_value) * math.sqrt(0.1)
    assert found.holm.sharpe == pytest.approx(left, rel=1e-10)
    assert found.holm.haircut == pytest.approx(1.0 - left / annual, rel=1e-10)


def test_a_haircut_is_a_function_of_its_seed() -> None:
    one, same, other = (cut_sharpe_ratio(1.0, 120, 20, 0.3, seed=seed, draws=50) for seed in (4, 4, 5))
    assert one == same
    assert one.holm != other.holm


def test_more_draws_begin_with_the_same_draws() -> None:
    """A draw is a function of its seed and number: an even number of the same two gives the same median."""
    from engine.evidence.haircut import _draw_p_values

    first, again, next_one = (_draw_p_values(10, 0.4, 7, draw) for draw in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert not set(first) & set(next_one)


def test_the_p_values_of_the_others_are_those_of_their_model() -> None:
    """Of worthless factors alone they are uniform; with true ones among them more than a tenth is below 0.1."""
    from engine.evidence.haircut import _draw_p_values

    drawn = np.concatenate([_draw_p_values(100, 0.0, 1, draw) for draw in range(200)])
    noise, mean = stats.norm.sf, 0.0054995 * math.sqrt(240.0) / (0.15 / math.sqrt(12.0))
    grid = stats.expon(scale=mean).ppf((np.arange(2000) + 0.5) / 2000)
    z = stats.norm.isf(0.05)
    expected = 0.3966 * 0.1 + 0.6034 * float(np.mean(noise(z - grid) + noise(z + grid)))
    assert (drawn < 0.1).mean() == pytest.approx(expected, abs=0.012)


@pytest.mark.parametrize(("correlation", "count", "trials"), [(0.0, 100.0, 100.0), (1.0, 100.0, 1.0), (0.9, 101.0, 11.0), (-0.005, 100.0, 100.0)])  # fmt: skip
def test_effective_trials_lie_between_one_and_all(correlation: float, count: float, trials: float) -> None:
    assert effective_trials(correlation, count) == pytest.approx(trials, rel=1e-12)


def _series() -> np.ndarray:
    rng = np.random.default_rng(5)
    return 0.01 * (rng.standard_normal((60, 1)) + rng.standard_normal((60, 37))) * rng.uniform(0.5, 2.0, 37)


def test_the_mean_correlation_is_that_of_all_pairs() -> None:
    """By numpy's correlation matrix of 37 series."""
    series = _series()
    matrix = np.corrcoef(series.T)
    pairs = matrix[np.triu_indices(37, 1)].mean()
    total = CorrelationSum()
    total.add(series)
    assert (total.mean, total.count) == (pytest.approx(pairs, rel=1e-12), 37)
    standardised = (series - series.mean(axis=0)) / series.std(axis=0, ddof=1)
    assert mean_correlation(standardised.sum(axis=1), 37) == pytest.approx(pairs, rel=1e-12)


@pytest.mark.parametrize("width", [1, 2, 8, 36])
def test_the_mean_correlation_has_the_same_bits_for_any_slabs(width: int) -> None:
    series, whole, parts = _series(), CorrelationSum(), CorrelationSum()
    whole.add(series)
    for begin in range(0, 37, width):
        parts.add(np.ascontiguousarray(series[:, begin : begin + width]))
    assert parts.mean == whole.mean


def test_a_series_that_does_not_vary_is_in_no_pair() -> None:
    """Nor is one of which a return is missing; of one series there is no pair at all."""
    series = _series()
    broken = np.column_stack((series[:, :3], np.full(60, 0.01), np.full(60, np.nan), series[:, 3]))
    total, right = CorrelationSum(), CorrelationSum()
    total.add(broken)
    right.add(series[:, :4])
    assert (total.mean, total.count) == (right.mean, 4)
    single = CorrelationSum()
    single.add(series[:, :1])
    assert single.mean is None
