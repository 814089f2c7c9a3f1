"""Probabilistic and deflated Sharpe ratios are those of the papers, of other libraries and of exact quantiles.

Numbers from pypbo 0.x (its ``pbo_tests.py``), rubenbriones/Probabilistic-Sharpe-Ratio, mlfinlab at b2cf0bf4, and from
the formulas in double precision; to the digits they are printed with.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from engine.core.powers import exponential, logarithm
from engine.evidence.normal_distribution import normal_density, normal_probability, normal_quantile
from engine.evidence.sharpe_ratio import (
    deflated_sharpe_ratio,
    expected_maximum,
    minimum_backtest_length,
    minimum_track_record,
    probabilistic_sharpe_ratio,
    sharpe_moments,
    sharpe_standard_error,
)
from tests.support.markets import lcg_returns

DAILY = 2.5 / math.sqrt(250.0)
"""The Sharpe ratio of the deflated one's paper: 2.5 a year, 1,250 days, skew -3, kurtosis 10, 100 trials, variance 1/2."""

# returns_for_tests.csv of rubenbriones/Probabilistic-Sharpe-Ratio at 1c8b7c5f: the fifty returns of its tests
FIFTY = """
0.002118886469477138 -0.002636546921058242 -0.0024358609660036726 -0.006071232875030698 -0.004499680469396765
-0.007247533239095589 -0.008176560188689118 0.009117754371004887 0.009477404635678645 0.0042197708651989995
-0.00019996762364832103 0.008191268384352622 -0.0020278923107388217 0.0038782300933695247 0.0003234337837115485
0.005741116477147061 -0.00055158413447093 0.009050625431788748 0.00221800977705627 -0.00236869813637592
-0.0017968533865673503 0.007542966308243992 0.00821061590483064 -0.00430742331277402 0.005421856250630787
-0.0013993343628088892 0.003323845857746144 0.009511143669396956 0.006453922488914566 0.007546441720910388
0.006649460358400363 0.0038011548577152957 0.005214595923986653 0.0017644847653684754 0.0050601376727331705
0.007734536175241815 0.004882709157075313 -0.021158758457091323 0.006242378497535548 0.0021716683121211083
0.0035306675414695276 -0.007799958914217092 0.0016867645302712057 -0.00870682695861564 0.005797790325923
0.007547294646361774 0.0058964895235753415 0.0016712085630854294 -0.010070799628150532 -0.004337921900945061
"""


@given(st.floats(-37.0, 9.0))
def test_the_normal_probability_is_that_of_scipy(x: float) -> None:
    """To thirteen digits, also where it is 1e-300."""
    assert normal_probability(x) == pytest.approx(float(special.ndtr(x)), rel=1e-12)


@pytest.mark.parametrize("x", [-3.0, -2.999, -1.0, -0.1, 1e-9, 0.5, 2.999, 3.0, 8.0])
def test_the_normal_probability_has_all_digits_where_series_and_fraction_meet(x: float) -> None:
    """Of the larger of the two tails fifteen digits, of the smaller thirteen where it is a difference."""
    found, true = normal_probability(x), float(special.ndtr(x))
    assert found == pytest.approx(true, rel=0.0 if true > 0.5 else 3e-15 if x <= -3.0 else 1e-13, abs=3e-16)


@given(st.floats(1e-300, 0.5) | st.floats(-300.0, -0.31).map(lambda digits: 10.0**digits))
def test_a_quantile_is_that_of_scipy_and_the_same_on_both_sides(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(float(special.ndtri(p)), rel=1e-12, abs=1e-15)
    if p > 1e-3:
        assert normal_quantile(1.0 - p) == pytest.approx(-normal_quantile(p), abs=1e-12)


def test_the_ends_of_the_normal_distribution_are_what_they_are() -> None:
    assert [normal_probability(x) for x in (-math.inf, 0.0, math.inf)] == [0.0, 0.5, 1.0]
    assert [normal_quantile(p) for p in (0.0, 0.5, 1.0)] == [-math.inf, 0.0, math.inf]
    assert all(map(math.isnan, (normal_probability(math.nan), normal_quantile(math.nan), normal_quantile(1.5))))
    assert normal_density(0.0) == pytest.approx(1.0 / math.sqrt(2.0 * math.pi), rel=1e-15)


@given(st.floats(1e-300, 1e300), st.floats(-700.0, 700.0))
def test_logarithms_and_exponentials_are_the_library_s_but_for_a_bit(x: float, y: float) -> None:
    assert abs(logarithm(x) - math.log(x)) <= math.ulp(math.log(x))
    assert abs(exponential(y) - math.exp(y)) <= math.ulp(math.exp(y))


def test_an_exponential_beyond_all_numbers_is_infinite_or_nothing() -> None:
    assert [exponential(x) for x in (1e9, math.inf, -1e9, -math.inf)] == [math.inf, math.inf, 0.0, 0.0]
    assert math.isnan(exponential(math.nan))


@pytest.mark.parametrize(
    ("trials", "expected"),
    [(10, 1.57459830134575), (45, 2.2356401777664052), (100, 2.5306028932016846), (1000, 3.255121513652723)],
)
def test_the_expected_maximum_of_many_is_the_published_one(trials: float, expected: float) -> None:
    assert expected_maximum(trials) == pytest.approx(expected, rel=1e-12)


def test_the_expected_maximum_comes_near_what_draws_give() -> None:
    """20,000 times the largest of 100 normal numbers: the theorem's approximation is within two hundredths of it."""
    draws = np.random.default_rng(1).standard_normal((20_000, 100)).max(axis=1)
    assert expected_maximum(100) == pytest.approx(draws.mean(), abs=0.03)


def test_one_trial_has_nothing_to_choose_from() -> None:
    """The formula would give minus infinity for one, and less than nothing for hardly more."""
    assert [expected_maximum(trials) for trials in (0.5, 1.0, 1.05)] == [0.0, 0.0, 0.0]
    assert expected_maximum(2.0) > 0.5


def test_the_example_of_the_deflated_sharpe_ratio_is_the_paper_s() -> None:
    found = deflated_sharpe_ratio(DAILY, 1250, -3.0, 10.0, 100, 0.5 / 250.0)
    assert found.benchmark == pytest.approx(0.11317200186513214, rel=1e-12)
    assert found.value == pytest.approx(0.9003968344493903, rel=1e-12)


@pytest.mark.parametrize(
    ("trials", "skewness", "kurtosis", "expected"),
    [
        (46, -3.0, 10.0, 0.9505017068755787),
        (88, 0.0, 3.0, 0.9504908166760139),
        (100, 0.0, 3.0, 0.9427705859565294),
        (1000, -3.0, 10.0, 0.6399149553986131),
    ],
)
def test_the_paper_s_break_even_numbers_of_trials(trials, skewness, kurtosis, expected) -> None:
    """46 trials leave 95 % of the example, 88 where returns are normal."""
    found = deflated_sharpe_ratio(DAILY, 1250, skewness, kurtosis, trials, 0.5 / 250.0)
    assert found.value == pytest.approx(expected, rel=1e-12)


def _mutants() -> dict[str, tuple[float, float]]:
    """What each of the known mistakes makes of the example, and what the list of mistakes says it makes."""
    spread, plain = math.sqrt(0.5 / 250.0), special.ndtri(0.99)
    error = math.sqrt(1.0 + 3.0 * DAILY + 9.0 / 4.0 * DAILY**2)
    annual = deflated_sharpe_ratio(2.5, 1250, -3.0, 10.0, 100, 0.5).value
    return {
        "excess kurtosis": (deflated_sharpe_ratio(DAILY, 1250, -3.0, 7.0, 100, 0.5 / 250.0).value, 0.9017785664),
        "T for T - 1": (deflated_sharpe_ratio(DAILY, 1251, -3.0, 10.0, 100, 0.5 / 250.0).value, 0.9004867204),
        "sign of skew": (deflated_sharpe_ratio(DAILY, 1250, 3.0, 10.0, 100, 0.5 / 250.0).value, 0.9813341169),
        "annual": (annual, 0.99999994),
        "plain quantile": (
            float(special.ndtr((DAILY - spread * plain) * math.sqrt(1249.0) / error)),
            0.9387972577,
        ),
    }


@pytest.mark.parametrize("mistake", _mutants())
def test_every_known_mistake_gives_another_number(mistake: str) -> None:
    """Each moves the example by more than the tests allow; the least of them by 9e-5."""
    mistaken, expected = _mutants()[mistake]
    if mistake != "annual":  # saturated: the last digits of the list depend on the distribution's own rounding
        assert mistaken == pytest.approx(expected, abs=1e-9)
    else:
        assert mistaken > 0.9999999
    right = deflated_sharpe_ratio(DAILY, 1250, -3.0, 10.0, 100, 0.5 / 250.0).value
    assert abs(right - expected) > 8e-5
    assert right == pytest.approx(0.9003968344493903, rel=1e-12)


@pytest.mark.parametrize(
    ("sharpe", "skewness", "kurtosis", "expected"),
    [
        (0.458, 0.0, 3.0, 0.9816749190910771),
        (0.458, -2.448, 10.164, 0.913361083860933),
        (1.585 / math.sqrt(12.0), -2.448, 10.164, 0.91323430688486018),
    ],
)
def test_the_probabilistic_sharpe_ratio_of_24_months_is_the_paper_s(sharpe, skewness, kurtosis, expected) -> None:
    assert probabilistic_sharpe_ratio(sharpe, 0.0, 24, skewness, kurtosis) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("sharpe", "skewness", "kurtosis", "error", "years"),
    [(0.7079, -0.2250, 2.9570, 0.10276082, 0.7152157), (0.8183, -1.4455, 7.0497, 0.15500655, 1.1593027)],
)
def test_errors_and_track_records_of_134_months_are_the_paper_s(sharpe, skewness, kurtosis, error, years) -> None:
    assert sharpe_standard_error(sharpe, 134, skewness, kurtosis) == pytest.approx(error, abs=5e-9)
    assert minimum_track_record(sharpe, 0.0, skewness, kurtosis) / 12.0 == pytest.approx(years, abs=5e-8)


def test_numbers_of_a_third_library() -> None:
    """Of mlfinlab's tests, to its printed digits, of which the last is cut: a benchmark of 1, three estimates, or their spread and number."""
    assert probabilistic_sharpe_ratio(1.14, 1.0, 250, 0.0, 3.0) == pytest.approx(0.95727, abs=1e-5)
    variance = float(np.var([3.5, 1.01, 1.02]))
    assert deflated_sharpe_ratio(1.14, 250, 0.0, 3.0, 3, variance).value == pytest.approx(0.95836, abs=1e-5)
    found = deflated_sharpe_ratio(1.14, 250, 0.0, 3.0, 100, 0.4 * 0.4)
    assert found.benchmark == pytest.approx(1.012241, abs=1e-6)
    assert found.value == pytest.approx(0.941740, abs=1e-6)
    assert minimum_track_record(1.14, 1.0, 0.0, 3.0) == pytest.approx(228.73497, abs=1e-5)


@pytest.mark.parametrize(
    ("periods", "sharpe", "above", "skewness", "kurtosis", "years"),
    [
        (250, 2.0, 1.0, 0.0, 3.0, 2.7311878017281761),
        (52, 2.0, 1.0, 0.0, 3.0, 2.8288335869452368),
        (12, 3.0, 2.5, -0.72, 5.78, 27.352920196040301),
    ],
)
def test_minimum_track_records_are_the_paper_s(periods, sharpe, above, skewness, kurtosis, years) -> None:
    root = math.sqrt(periods)
    found = minimum_track_record(sharpe / root, above / root, skewness, kurtosis)
    assert found / periods == pytest.approx(years, rel=1e-12)


def test_after_the_minimum_track_record_the_probability_is_the_level() -> None:
    length = minimum_track_record(0.2, 0.05, -0.4, 4.0, 0.9)
    assert probabilistic_sharpe_ratio(0.2, 0.05, length, -0.4, 4.0) == pytest.approx(0.9, rel=1e-12)
    assert minimum_track_record(0.05, 0.05, 0.0, 3.0) == math.inf


def test_the_minimum_backtest_of_45_trials_is_five_years() -> None:
    """A Sharpe ratio of 1 a year is what luck shows there; the bound is above it."""
    found = minimum_backtest_length(45, 1.0)
    assert found.minimum == pytest.approx(4.9980870044434038, rel=1e-12)
    assert found.bound == pytest.approx(2.0 * math.log(45.0), rel=1e-14)
    assert minimum_backtest_length(45, 2.0).minimum == pytest.approx(found.minimum / 4.0, rel=1e-14)


def test_fifty_published_returns_give_what_their_library_gives() -> None:
    moments = sharpe_moments(np.array(FIFTY.split(), dtype=float))
    assert moments.sharpe == pytest.approx(0.24171729852769172, rel=1e-12)
    shape = (moments.skewness, moments.kurtosis)
    assert sharpe_standard_error(moments.sharpe, 50, *shape) == pytest.approx(0.16466174867277414, rel=1e-12)
    assert probabilistic_sharpe_ratio(moments.sharpe, 0.05, 50, *shape) == pytest.approx(0.877850770122146, rel=1e-12)
    assert minimum_track_record(moments.sharpe, 0.05, *shape, 0.90) == pytest.approx(60.365085269027084, rel=1e-12)


COLUMNS = [0.0554515452, 0.0270547671, 0.0882565914, 0.0952857943, -0.0044657734, 0.1173722088, -0.0198374037, 0.1540628106, 0.0864199603, 0.1010406155]  # fmt: skip


def test_ten_columns_of_the_synthetic_returns_and_the_best_of_them() -> None:
    returns = lcg_returns()
    assert returns[0, :3].tolist() == [-0.006713014896959067, 0.006450767370313406, 0.005936509729176759]
    assert returns.sum() == pytest.approx(1.7226533830165862, rel=1e-13)
    sharpes = [sharpe_moments(column).sharpe for column in returns.T]
    assert sharpes == pytest.approx(COLUMNS, abs=5e-11)
    best = sharpe_moments(returns[:, 7])
    assert (best.skewness, best.kurtosis) == pytest.approx((-0.0808667115, 2.5727398131), abs=5e-11)
    shape = (best.observations, best.skewness, best.kurtosis)
    assert probabilistic_sharpe_ratio(best.sharpe, 0.0, *shape) == pytest.approx(0.9907689973105275, rel=1e-12)
    variance = float(np.var(sharpes, ddof=1))
    assert variance == pytest.approx(0.0030209235218, abs=5e-14)
    deflated = deflated_sharpe_ratio(best.sharpe, *shape, 10, variance)
    assert deflated.benchmark == pytest.approx(0.0865445340325, abs=5e-14)
    assert deflated.value == pytest.approx(0.849108418220538, rel=1e-12)


@pytest.mark.slow  # ffn takes seconds to be imported
def test_the_deflated_sharpe_ratio_is_that_of_a_second_library() -> None:
    """ffn, on the same returns; its skewness and kurtosis are corrected for the sample's size, so these are handed on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ffn = pytest.importorskip("ffn", reason="ffn comes with bt, of the test environment")
        import pandas as pd
    returns = lcg_returns()
    sharpes = [sharpe_moments(column).sharpe for column in returns.T]
    series = pd.Series(returns[:, 7])
    theirs = ffn.core.calc_deflated_sharpe_ratio(series, sharpes, nperiods=1, annualized_trials=False)
    best, skewness, kurtosis = sharpe_moments(returns[:, 7]), series.skew(), series.kurt() + 3.0
    ours = deflated_sharpe_ratio(best.sharpe, 240, skewness, kurtosis, 10, float(np.var(sharpes, ddof=1)))
    assert ours.value == pytest.approx(theirs, rel=1e-12)
    assert ours.benchmark == pytest.approx(ffn.core.calc_expected_max_sharpe(10, np.std(sharpes, ddof=1)), rel=1e-12)


@given(st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=40).filter(lambda x: max(x) - min(x) > 1e-3))
def test_moments_are_those_of_scipy(values: list[float]) -> None:
    found, array = sharpe_moments(np.array(values)), np.array(values)
    assert found.sharpe == pytest.approx(array.mean() / array.std(ddof=1), rel=1e-9, abs=1e-12)
    assert found.skewness == pytest.approx(float(stats.skew(array)), rel=1e-9, abs=1e-9)
    assert found.kurtosis == pytest.approx(float(stats.kurtosis(array, fisher=False)), rel=1e-9)


def test_what_does_not_vary_has_no_sharpe_ratio() -> None:
    assert sharpe_moments(np.full(7, 0.1)) is None
    assert sharpe_moments(np.array([0.1])) is None


def test_an_error_of_nothing_leaves_no_doubt() -> None:
    """Two returns only, at the one Sharpe ratio where the formula's variance is 0: skew 2, kurtosis 5, ratio 1."""
    assert [probabilistic_sharpe_ratio(1.0, at, 50, 2.0, 5.0) for at in (0.5, 1.0, 1.5)] == [1.0, 0.5, 0.0]
