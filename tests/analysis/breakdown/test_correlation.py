"""Correlations of pairs are pandas', over the closes that both printed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from engine.analysis.breakdown.correlation import PairCorrelation, pair_correlations
from engine.data.market import Market
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, market_of


def pairs_of(market: Market, start: int = 0) -> tuple[PairCorrelation, ...]:
    weights = {ticker: f"{100 / len(market.assets)}%" for ticker in market.assets}
    plan = FixedMix.model_validate({"weights": weights, "rebalance": {"kind": "never"}})
    ledger = simulate(market, plan, account(), free(len(market.assets)), start=start)
    return pair_correlations(ledger, market, market.assets)


def walk(sessions: int, assets: int, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.normal(0.0, 0.01, (sessions, 1))
    return 30.0 * np.cumprod(1.0 + common + rng.normal(0.0, 0.01, (sessions, assets)), axis=0)


def test_pairs_are_pandas() -> None:
    """Of sessions and of months, with gaps in one of the closes, from the opening on."""
    closes = walk(400, 3)
    closes[50:60, 1] = closes[203, 1] = closes[399, 2] = np.nan
    market = market_of(closes)
    frame = pd.DataFrame(closes, index=pd.DatetimeIndex(market.dates), columns=list("ABC")).iloc[20:]
    for one in pairs_of(market, 20):
        both = frame[[one.first, one.second]].dropna()
        daily, ends = both.pct_change().dropna(), both.groupby(both.index.to_period("M")).last()
        monthly = ends.pct_change().dropna()
        assert (one.count, one.months) == (len(daily), len(monthly))
        assert one.correlation == pytest.approx(daily.corr().iloc[0, 1], abs=1e-12)
        assert one.monthly == pytest.approx(monthly.corr().iloc[0, 1], abs=1e-12)


def test_too_few_returns_and_constant_prices_have_none() -> None:
    """Sixty returns and twelve months are needed, and a price that moves."""
    closes = walk(61, 3)
    closes[:, 1] = 7.0
    (ab, ac, bc) = pairs_of(market_of(closes))
    assert (ab.correlation, bc.correlation, ac.monthly) == (None, None, None)
    assert ac.correlation is not None
    assert ac.count == 60
    assert {one.correlation for one in pairs_of(market_of(closes[:60]))} == {None}


def test_of_many_assets_the_extremes_are_kept() -> None:
    """Ten pairs at either end, from above; of a dozen assets every pair."""
    assert len(pairs_of(market_of(walk(80, 12), tuple(f"A{j:02}" for j in range(12))))) == 66
    closes = walk(80, 14)
    found = pairs_of(market_of(closes, tuple(f"A{j:02}" for j in range(14))))
    whole = np.corrcoef((closes[1:] / closes[:-1] - 1.0).T)[np.triu_indices(14, 1)]
    ranked = np.sort(whole)[::-1]
    assert [one.correlation for one in found] == pytest.approx([*ranked[:10], *ranked[-10:]])


def test_prices_that_are_monthly_have_no_second_figure() -> None:
    """Where sessions are months their returns are the monthly ones."""
    months = np.arange("2000-01", "2010-01", dtype="datetime64[M]").astype("datetime64[D]")
    market = Market.build(months, ("A", "B"), walk(120, 2))
    object.__setattr__(market, "frequency", "monthly")
    (one,) = pairs_of(market)
    assert one.correlation is not None
    assert (one.monthly, one.months) == (None, 0)
