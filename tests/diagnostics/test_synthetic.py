"""One synthetic market, three engines, with and without costs."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from engine.analysis.metrics import max_drawdown
from engine.analysis.performance import Performance
from engine.backtest.vectorbt_audit import largest_difference
from engine.data.market import Market
from engine.diagnostics.verify.accounting import PEAK_WEIGHTS, YEAR_ENDS, synthetic_market_figures
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, leave_remainder_in_cash, market_of, percent, synthetic_closes
from tests.support.peer_engines import bt_value, vectorbt_value
from tests.support.published import ExpectedFigures

WEIGHTS = {"A": 0.4, "B": 0.3, "C": 0.2, "D": 0.1}
PUBLISHED = ExpectedFigures(synthetic_market_figures(lambda weights: FixedMix(weights=dict(weights))))


@cache
def market() -> Market:
    dates, closes = synthetic_closes()
    return Market.build(dates, tuple("ABCD"), closes)


def run(rate: float = 0.0, **fields: object):
    costs = percent(rate, 4) if rate else free(4)
    return simulate(market(), FixedMix(weights=WEIGHTS), account(**fields), costs)


def test_the_generator_makes_the_published_market() -> None:
    prices = market().prices
    assert len(prices) == 2610
    assert prices.sum() == pytest.approx(PUBLISHED["sum of all prices"], rel=1e-13)
    assert prices[-1] == pytest.approx(PUBLISHED.vector("last price"), rel=1e-11)


def test_without_costs_the_final_value_and_shares_are_the_published_ones() -> None:
    ledger = run()
    assert ledger.value[-1] == pytest.approx(PUBLISHED["no costs, final value"], rel=1e-14)
    assert ledger.units[-1] == pytest.approx(PUBLISHED.vector("no costs, shares"), rel=1e-11)
    assert max_drawdown(Performance.from_ledger(ledger).level) == pytest.approx(
        PUBLISHED["no costs, max drawdown"], rel=1e-11
    )
    assert int(ledger.rebalances.sum()) == 11


def test_at_ten_basis_points_value_fees_shares_and_year_ends_are_the_published_ones() -> None:
    ledger = run(0.001)
    assert ledger.value[-1] == pytest.approx(PUBLISHED["10 bp, final value"], rel=1e-14)
    assert ledger.costs.sum() == pytest.approx(PUBLISHED["10 bp, costs"], rel=1e-11)
    assert ledger.units[-1] == pytest.approx(PUBLISHED.vector("10 bp, shares"), rel=1e-11)
    assert max_drawdown(Performance.from_ledger(ledger).level) == pytest.approx(
        PUBLISHED["10 bp, max drawdown"], rel=1e-11
    )
    for day, value in YEAR_ENDS.items():
        assert ledger.value[ledger.dates == np.datetime64(day)][0] == pytest.approx(value, rel=1e-11)


def test_floored_whole_shares_end_where_the_other_engines_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other engines floor and leave the rest in cash; this engine then spends it, so that step is switched off."""
    leave_remainder_in_cash(monkeypatch)
    ledger = run(0.001, shares="whole")
    assert ledger.value[-1] == pytest.approx(134594.078775889, rel=1e-14)
    assert ledger.units[-1].tolist() == [459, 194, 295, 158]
    assert ledger.cash[-1] == pytest.approx(210.2026, abs=5e-5)
    assert ledger.costs.sum() == pytest.approx(184.425552051, rel=1e-11)


def test_spending_the_rest_leaves_less_cash_than_flooring_and_never_debt() -> None:
    ledger = run(0.001, shares="whole")
    assert ledger.cash.min() >= 0.0
    assert ledger.cash[ledger.rows].max() < 135.0
    assert np.array_equal(ledger.units, np.round(ledger.units))


def test_the_highest_drifted_weights_are_the_published_ones() -> None:
    ledger = run()
    weights = ledger.weights(market())
    for j, (weight, day) in enumerate(PEAK_WEIGHTS.values()):
        assert weights[:, j].max() == pytest.approx(weight, rel=1e-8)
        assert ledger.dates[weights[:, j].argmax()] == np.datetime64(day)


def test_without_costs_every_daily_value_equals_vectorbt_and_bt() -> None:
    ledger = run()
    targets = {int(row): ledger.targets[event] for event, row in enumerate(ledger.rows)}
    assert np.abs(vectorbt_value(market(), targets, 100_000.0) / ledger.value - 1).max() < 1e-12
    assert np.abs(bt_value(market(), targets, 100_000.0) / ledger.value - 1).max() < 1e-12


@pytest.mark.parametrize("seeds", [range(1), pytest.param(range(1, 20), marks=pytest.mark.slow)], ids=["one", "others"])
def test_random_markets_have_the_daily_values_of_vectorbt_and_bt(seeds: range) -> None:
    """Without costs; and with them, by a replay of the trades. Prices, weights, sessions and schedules are random."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        sessions, assets = int(rng.integers(100, 600)), int(rng.integers(2, 7))
        random_market = market_of(
            rng.uniform(5.0, 300.0, assets) * np.cumprod(1.0 + rng.normal(4e-4, 0.02, (sessions, assets)), axis=0)
        )
        weights = dict(zip(random_market.assets, rng.dirichlet(np.ones(assets)).tolist(), strict=True))
        plan = FixedMix(weights=weights, rebalance={"kind": "every", "period": ["month", "quarter", "week"][seed % 3]})
        ledger = simulate(random_market, plan, account(), free(assets))
        targets = {int(row): ledger.targets[event] for event, row in enumerate(ledger.rows)}
        for value in (vectorbt_value, bt_value):
            assert np.abs(value(random_market, targets, ledger.capital) / ledger.value - 1).max() < 1e-12, seed
        paying = simulate(random_market, plan, account(), percent(0.001, assets))
        assert largest_difference(paying, random_market) < 1e-13, seed


def test_the_trade_list_replayed_in_vectorbt_gives_the_same_equity_every_day() -> None:
    assert largest_difference(run(0.001), market()) < 1e-13
    assert largest_difference(run(0.001, shares="whole"), market()) < 1e-13


def test_the_replay_notices_a_ledger_that_is_wrong() -> None:
    ledger = run(0.001)
    bent = ledger.value.copy()
    bent[1000] *= 1 + 1e-9
    assert largest_difference(dataclasses.replace(ledger, value=bent), market()) > 9e-10
