"""Fees that are large beside the account: nothing is sold short, nobody trades to pay for trading."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.backtest.vectorbt_audit import largest_difference
from engine.core.errors import AccountError, StalePriceError
from engine.portfolio.costs import BrokerCosts
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, market_of, percent

FLAT = np.full((45, 2), 10.0)
PLAN = {
    "core": {"A": "rest", "B": "15%"},
    "satellites": {"C": "2.5%", "D": "2.5%", "E": "2.5%"},
    "cap": "3%",
    "caps": "always",
}


def walk(seed: int, assets: int, sessions: int = 800) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 50.0 * np.cumprod(1.0 + rng.normal(0.0004, 0.02, (sessions, assets)), axis=0)


@pytest.mark.parametrize("invest", ["towards_targets", "pro_rata", "wait"])
def test_a_withdrawal_never_sells_short(invest: str) -> None:
    """1000 become 990.10 at 1 % and would sell for 980.20: 985 is refused, 900 is paid."""
    too_much = account(capital=1000, contributions={"amount": -985.0, "every": "month", "invest": invest})
    with pytest.raises(AccountError, match="withdraw"):
        simulate(market_of(FLAT[:25]), BuyAndHold(weights={"A": 0.5, "B": 0.5}), too_much, percent(0.01, 2))
    fits = account(capital=1000, contributions={"amount": -900.0, "every": "month", "invest": invest})
    ledger = simulate(market_of(FLAT[:25]), BuyAndHold(weights={"A": 0.5, "B": 0.5}), fits, percent(0.01, 2))
    assert ledger.units.min() >= 0.0
    assert ledger.value[-1] == pytest.approx(1000 / 1.01 - 900 / 0.99, rel=1e-9)


def test_a_pro_rata_withdrawal_uses_cash_for_what_the_assets_cannot_bring() -> None:
    terms = account(capital=1000, contributions={"amount": -600.0, "invest": "pro_rata"})
    ledger = simulate(market_of(FLAT[:25]), BuyAndHold(weights={"A": 0.25, "B": 0.25}), terms, free(2))
    assert ledger.units[-1].tolist() == [0.0, 0.0]
    assert ledger.cash[-1] == pytest.approx(400.0)


@pytest.mark.parametrize("capital", [300, 500, 700, 1500, 3000])
def test_watched_caps_in_a_small_account_sell_neither_short_nor_the_core(capital: float) -> None:
    market = market_of(walk(3, 5))
    market = dataclasses.replace(market, tariff_rates=np.full(len(market.dates), 1.1))
    plan = CoreSatellite.model_validate({**PLAN, "rebalance": {"kind": "annual"}})
    ledger = simulate(market, plan, account(capital=capital), BrokerCosts(tariff="comdirect").cost_table(5))
    assert ledger.units.min() >= 0.0
    assert ledger.cash.min() >= 0.0
    trims = np.array([why.startswith("cap") for why in ledger.reasons])
    assert (ledger.trades[trims][:, :2] >= 0.0).all()
    assert any("Costs would have eaten" in note for note in ledger.notes)
    assert len(ledger.notes) < 5


def test_an_order_that_waited_does_not_sell_what_it_wanted_more_of() -> None:
    """B is underweight and waits; when its price comes there is no cash, so nothing is traded, no fee paid."""
    prices = np.column_stack([np.linspace(10, 14, 45), np.full(45, 10.0)])
    prices[22, 1] = np.nan
    prices[23:, 1] = 9.0
    market = market_of(prices)
    ledger = simulate(
        market,
        FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "every", "period": "month"}),
        account(capital=10_000),
        BrokerCosts(tariff="comdirect").cost_table(2),
    )
    waited = [k for k, why in enumerate(ledger.reasons) if why.startswith("waited")]
    assert all(ledger.trades[k, 1] >= 0.0 for k in waited)


def test_contributions_that_wait_do_not_wait_for_ever_in_a_portfolio_that_never_decides() -> None:
    market = market_of(walk(5, 1, 500))
    held = simulate(
        market, BuyAndHold(weights={"A": 1.0}), account(contributions={"amount": 500, "invest": "wait"}), free(1)
    )
    assert held.cash.max() < 1e-6
    alone = simulate(market, BuyAndHold(weights={"A": 1.0}), account(), free(1))
    assert Performance.from_ledger(held).level[-1] == pytest.approx(Performance.from_ledger(alone).level[-1], rel=1e-9)


def test_whole_shares_that_cannot_reach_their_band_do_not_rebalance_every_day() -> None:
    market = market_of(np.full((300, 2), [97.0, 41.0]))
    plan = FixedMix(weights={"A": 0.7, "B": 0.3}, rebalance={"kind": "band", "absolute": "5%"})
    ledger = simulate(market, plan, account(capital=300, shares="whole"), free(2))
    assert int(ledger.rebalances.sum()) == 1


@pytest.mark.parametrize("period", ["week", "month"])
def test_a_gap_is_an_error_after_five_sessions_however_often_the_portfolio_rebalances(period: str) -> None:
    prices = walk(7, 2, 120)
    prices[42:80, 1] = np.nan
    plan = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "every", "period": period})
    with pytest.raises(StalePriceError, match="B: no close in 5 sessions"):
        simulate(market_of(prices), plan, account(), free(2))


@pytest.mark.parametrize(("gap", "ends"), [(5, False), (6, True)])
def test_an_order_waits_five_sessions_for_a_close_and_no_longer(gap: int, ends: bool) -> None:
    """Rebalanced at the first session of February 2020, row 23; B has no close there and on the next ones."""
    prices = walk(7, 2, 60)
    prices[23 : 23 + gap, 1] = np.nan
    plan = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "annual", "month": "february"})
    if ends:
        with pytest.raises(StalePriceError, match="B: no close in 5 sessions"):
            simulate(market_of(prices), plan, account(), free(2))
    else:
        ledger = simulate(market_of(prices), plan, account(), free(2))
        assert ledger.rows.tolist() == [0, 23 + gap]


def test_a_total_loss_has_figures_and_can_be_audited() -> None:
    prices = walk(2, 2, 100)
    prices[60:, 0] = np.nan
    market = market_of(prices)
    plan = BuyAndHold.model_validate({"weights": {"A": "100%"}, "after_delisting": {"to": "cash", "haircut": "100%"}})
    ledger = simulate(market, plan, account(), free(2))
    numbers = compute_metrics(Performance.from_ledger(ledger))
    assert (numbers["total_return"], numbers["cagr"], numbers["max_drawdown"], numbers["calmar"]) == (
        -1.0,
        -1.0,
        -1.0,
        -1.0,
    )
    assert ledger.weights(market)[-1].tolist() == [0.0, 0.0]
    half = BuyAndHold.model_validate(
        {"weights": {"A": "50%", "B": "50%"}, "after_delisting": {"to": "cash", "haircut": "100%"}}
    )
    assert largest_difference(simulate(market, half, account(), free(2)), market) < 1e-12


def test_the_order_of_names_in_a_plan_changes_no_bit() -> None:
    market = market_of(walk(11, 6))
    weights = {"C": 0.025, "D": 0.027, "E": 0.011, "F": 0.021}
    runs = []
    for names in ("CDEF", "FEDC", "ECFD"):
        plan = CoreSatellite.model_validate(
            {"core": {"A": "rest", "B": "15%"}, "satellites": {n: weights[n] for n in names}, "cap": "3%"}
        )
        runs.append(simulate(market, plan, account(), percent(0.001, 6)).value.tobytes())
    assert len(set(runs)) == 1
