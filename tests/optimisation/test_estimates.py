"""Estimates: published numbers, the rule for what is missing, and what cannot be estimated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from engine.core.errors import DataError
from engine.diagnostics.verify.weights import covariance_figures
from engine.optimisation.estimates import Estimates, bayes_stein_mean
from tests.support.markets import lcg_returns
from tests.support.published import ExpectedFigures

PUBLISHED = ExpectedFigures(covariance_figures())
SEVEN = ("GE", "WMT", "T", "XOM", "PFE", "BAC", "JPM")


def closes_of_stocks(
    folder: Path, names: tuple[str, ...], start: str = "2010-01-04", end: str = "2017-12-29"
) -> np.ndarray:
    import pandas as pd

    path = folder / "oracles" / "stock_prices.csv"
    if not path.exists():
        pytest.skip("oracles/stock_prices.csv is not among the shared data")
    return pd.read_csv(path, index_col="date", parse_dates=True).loc[start:end, list(names)].to_numpy()


def closes_of(returns: np.ndarray) -> np.ndarray:
    return 100.0 * np.cumprod(np.vstack([np.ones(returns.shape[1]), 1.0 + returns]), axis=0)


def chosen(**keys: object) -> Estimates:
    return Estimates.model_validate({"min_history": 20, "mean": "sample", **keys})


def test_ledoit_wolf_and_oas_are_the_published_ones() -> None:
    returns = lcg_returns()[:60, :5]
    assert returns[0, :3] == pytest.approx(
        [-0.006713014896959067, 0.006450767370313406, 0.005936509729176759], abs=1e-16
    )
    found = chosen(covariance="ledoit_wolf").moments(returns)
    daily = found.covariance / 252.0
    assert found.shrinkage == pytest.approx(PUBLISHED["Ledoit-Wolf shrinkage"], rel=1e-12)
    assert np.diag(daily) == pytest.approx(PUBLISHED.vector("Ledoit-Wolf variance"), rel=1e-9)
    assert daily[0, 1] == pytest.approx(PUBLISHED["Ledoit-Wolf covariance 1 2"], rel=1e-9)
    oas = chosen(covariance="oas").moments(returns).shrinkage
    assert oas == pytest.approx(PUBLISHED["OAS shrinkage"], rel=1e-12)


def test_ledoit_wolf_on_seven_stocks(shared_data: Path) -> None:
    found = chosen(covariance="ledoit_wolf", lookback=5000).estimate(closes_of_stocks(shared_data, SEVEN))
    assert found.moments.observations == 2012
    assert found.moments.shrinkage == pytest.approx(0.0073663981828534, rel=1e-10)


def test_a_sample_covariance_is_the_textbook_one() -> None:
    returns = lcg_returns()
    found = chosen(covariance="sample").moments(returns)
    assert found.covariance == pytest.approx(np.cov(returns.T) * 252.0, rel=1e-12, abs=1e-18)
    assert found.mean == pytest.approx(returns.mean(axis=0) * 252.0)
    assert found.clipped == 0.0
    assert found.condition == pytest.approx(np.linalg.cond(np.cov(returns.T)))
    assert not found.covariance.flags.writeable


def test_a_half_life_weights_as_numpy_does() -> None:
    returns = lcg_returns()[:, :3]
    weights = 0.5 ** (np.arange(239, -1, -1) / 30.0)
    found = chosen(covariance="sample", half_life=30).moments(returns)
    assert found.covariance == pytest.approx(np.cov(returns.T, aweights=weights) * 252.0, rel=1e-12)
    assert found.mean == pytest.approx(np.average(returns, axis=0, weights=weights) * 252.0)


def test_weights_without_decay_are_none() -> None:
    returns = lcg_returns()
    for kind in ("sample", "ledoit_wolf", "oas"):
        plain, endless = (chosen(covariance=kind, half_life=h).moments(returns) for h in (None, 1e12))
        assert endless.covariance == pytest.approx(plain.covariance, rel=1e-6, abs=1e-9)


def test_means_are_shrunk_by_the_formula_of_jorion() -> None:
    returns = lcg_returns(rows=120, columns=4)
    sample, covariance = returns.mean(axis=0), np.cov(returns.T)
    inverse, ones = np.linalg.inv(covariance), np.ones(4)
    common = ones @ inverse @ sample / (ones @ inverse @ ones)
    distance = 120 * (sample - common) @ inverse @ (sample - common)
    weight = 6.0 / (6.0 + distance)
    found = bayes_stein_mean(sample * 252, covariance * 252, 120)
    assert found == pytest.approx(252 * ((1 - weight) * sample + weight * common), rel=1e-10)
    assert np.all(chosen(mean="zero").moments(returns).mean == 0.0)


def test_only_the_lookback_counts_and_what_was_before_changes_nothing() -> None:
    closes = closes_of(lcg_returns())
    short = chosen(lookback=100).estimate(closes)
    closes[:-101] *= np.linspace(0.5, 2.0, len(closes) - 101)[:, None]
    again = chosen(lookback=100).estimate(closes)
    assert short.moments.observations == 100
    assert np.array_equal(short.moments.covariance, again.moments.covariance)


def test_a_young_asset_is_left_out_and_an_older_one_sets_the_length() -> None:
    closes = closes_of(lcg_returns(columns=4))
    closes[:-11, 1] = np.nan  # 10 returns
    closes[:-51, 2] = np.nan  # 50 returns
    found = chosen(covariance="sample").estimate(closes)
    assert found.known.tolist() == [True, False, True, True]
    assert found.moments.observations == 50
    assert found.returns == pytest.approx((closes[1:] / closes[:-1] - 1)[-50:][:, [0, 2, 3]])


def test_a_gap_takes_its_session_and_the_next_from_all() -> None:
    closes = closes_of(lcg_returns(columns=3))
    closes[100, 0] = np.nan
    assert chosen().estimate(closes).moments.observations == 238


def test_too_little_history_names_the_key() -> None:
    with pytest.raises(DataError, match=r"estimates.min_history: no asset has 252 returns yet, the oldest has 99"):
        Estimates().estimate(closes_of(lcg_returns(rows=99)))
    with pytest.raises(DataError, match=r"the oldest has 0"):
        Estimates().estimate(np.zeros((0, 3)))
    closes = closes_of(lcg_returns(rows=60, columns=2))
    closes[:31, 0], closes[31:, 1] = np.nan, np.nan
    with pytest.raises(DataError, match=r"only 0 sessions have a return of every asset"):
        chosen().estimate(closes)


def test_a_singular_sample_covariance_says_what_to_do() -> None:
    wide = lcg_returns(rows=20, columns=50)
    with pytest.raises(DataError, match=r"estimates.covariance: the sample covariance of 50 assets from 20 returns"):
        chosen(covariance="sample").moments(wide)
    twice = np.repeat(lcg_returns(columns=2), 2, axis=1)
    with pytest.raises(DataError, match=r"choose ledoit_wolf or oas, or a longer estimates.lookback"):
        chosen(covariance="sample").moments(twice)
    for kind in ("ledoit_wolf", "oas"):
        assert np.linalg.eigvalsh(chosen(covariance=kind).moments(wide).covariance)[0] > 0.0


def test_a_negative_eigenvalue_is_raised_and_the_amount_kept() -> None:
    from engine.optimisation.estimates import repair_covariance

    raised, clipped, condition = repair_covariance(np.array([[1.0, 1.0 + 1e-9], [1.0 + 1e-9, 1.0]]))
    assert clipped == pytest.approx(1e-9, rel=0.01)
    assert condition == np.inf
    assert np.linalg.eigvalsh(raised)[0] > 0.0
    assert np.array_equal(raised, raised.T)


def test_one_asset_and_prices_that_stand_still() -> None:
    one = chosen(covariance="sample", mean="shrunk").moments(lcg_returns(columns=1))
    assert one.covariance.shape == (1, 1)
    with pytest.raises(DataError, match="stand still"):
        chosen().moments(np.zeros((50, 3)))


def test_a_min_history_longer_than_the_lookback_is_refused() -> None:
    with pytest.raises(ValidationError, match="min_history 300 is more than lookback 100 holds"):
        Estimates(lookback=100, min_history=300)
    with pytest.raises(ValidationError):
        Estimates.model_validate({"covariance": "graphical_lasso"})
