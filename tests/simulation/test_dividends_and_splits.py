"""Runs with splits and dividends replayed by a broker who counts in shares of the day and knows nothing of units."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from engine.analysis.performance import Performance
from engine.backtest.outputs import Trade, list_trades
from engine.backtest.vectorbt_audit import largest_difference
from engine.data.closes import Closes, CloseSeries
from engine.data.events import DividendUse, apply_events
from engine.data.market import Market, Provenance
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series
from engine.portfolio.costs import AnyCosts, BrokerCosts, NoCosts, PercentCosts, PerOrderCosts
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger, ledger_checks
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from strategies.fixed_mix import FixedMix
from tests.support.markets import account

TICKERS = ("AAA", "BBB", "CCC")
MIX = FixedMix.model_validate({"weights": {"AAA": "50%", "BBB": "30%", "CCC": "15%"}})
BANDS = FixedMix.model_validate(
    {"weights": {"AAA": "50%", "BBB": "30%", "CCC": "20%"}, "rebalance": {"kind": "band", "absolute": "3%"}}
)
HELD = BuyAndHold.model_validate({"weights": {"AAA": "60%", "BBB": "40%"}})


def history(seed: int) -> Closes:
    """Two years of three tickers as traded: three splits each, a dividend every quarter, some on the day of a split."""
    rng = np.random.default_rng(seed)
    days = np.busday_offset("2019-01-02", np.arange(500), roll="forward")
    series = {}
    for ticker in TICKERS:
        splits, dividends = np.ones(len(days)), np.zeros(len(days))
        at = rng.choice(np.arange(5, 495), 3, replace=False)
        splits[at] = rng.choice([2.0, 1.5, 1.05, 0.125, 4.0 / 3.0], 3)
        closes = 40.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.015, len(days)))) / np.cumprod(splits)
        paying = np.append(np.arange(20, 500, 63), at[:1])
        dividends[paying] = 0.01 * closes[paying]
        series[ticker] = CloseSeries(days, closes, dividends, splits)
    return combine_series(series, PriceRequest(TICKERS), Provenance("test", "with_events"))


class Shown(NamedTuple):
    """What a run writes of itself, as ``list_trades`` takes it."""

    market: Market
    ledger: Ledger


class Day(NamedTuple):
    """A broker's account at a close: value, cash, shares of the day."""

    value: float
    cash: float
    shares: dict[str, float]


def trades_of(market: Market, ledger: Ledger) -> list[Trade]:
    return list(list_trades(Shown(market, ledger)))  # type: ignore[arg-type]  # of a portfolio's result it takes these two


def broker(closes: Closes, trades: list[Trade], ledger: Ledger, use: DividendUse, *, whole: bool) -> Iterator[Day]:
    """Yield an account's days: splits, dividends and written orders booked as a statement has them."""
    shares, cash = dict.fromkeys(TICKERS, 0.0), ledger.capital
    splits, dividends = np.asarray(closes.splits), np.asarray(closes.dividends)
    for t, day in enumerate(closes.dates):
        cash += float(ledger.flows[t])
        for j, ticker in enumerate(TICKERS):
            shares[ticker] *= splits[t, j]
            paid = dividends[t, j]
            if use == "reinvest":
                shares[ticker] *= 1.0 + paid / closes.closes[t, j]
            else:
                cash += shares[ticker] * paid
        for one in trades:
            if one.date == str(day):
                shares[one.asset] += one.quantity
                cash -= one.quantity * one.price + one.cost
                assert one.price == pytest.approx(closes.closes[t, TICKERS.index(one.asset)], rel=1e-11)
        if whole:
            assert all(abs(count - round(count)) < 1e-6 for count in shares.values())
        yield Day(cash + sum(shares[x] * closes.closes[t, j] for j, x in enumerate(TICKERS)), cash, dict(shares))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("use", ["reinvest", "cash", "towards_targets"])
@pytest.mark.parametrize("policy", [MIX, BANDS, HELD], ids=["mix", "bands", "held"])
@pytest.mark.parametrize("flow", [0.0, 250.0, -150.0])
def test_a_run_is_what_a_broker_books(seed: int, use: DividendUse, policy: Policy, flow: float) -> None:
    """Value and cash of every day, from the orders as they are written, without a unit anywhere."""
    closes, costs = history(seed), PercentCosts(rate=0.002)
    market = apply_events(closes, use).to_market("USD")
    terms = account(contributions={"amount": flow})
    ledger = simulate(market, policy, terms, costs.cost_table(3))
    days = list(broker(closes, trades_of(market, ledger), ledger, use, whole=False))
    assert ledger.value == pytest.approx([day.value for day in days], rel=1e-9)
    assert ledger.cash == pytest.approx([day.cash for day in days], abs=1e-5)
    assert ledger_checks(ledger, market).worst_cash_residual < 1e-12
    if use != "reinvest":
        assert ledger.dividends(market).sum() > 0.0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("use", ["cash", "towards_targets"])
@pytest.mark.parametrize(
    "costs",
    [NoCosts(), PerOrderCosts(fixed=1.0, minimum=2.0), BrokerCosts(tariff="interactive_brokers_fixed")],
    ids=lambda c: c.kind,
)
def test_whole_shares_are_whole_on_the_day_and_a_splits_fraction_is_paid(
    seed: int, use: DividendUse, costs: AnyCosts
) -> None:
    """No day ends with a part of a share, cash is never short, and fees a share are charged on the day's count."""
    closes = history(seed)
    market = apply_events(closes, use).to_market("USD")
    ledger = simulate(market, MIX, account(shares="whole", capital=20_000), costs.cost_table(3))
    trades = trades_of(market, ledger)
    days = list(broker(closes, trades, ledger, use, whole=True))
    assert ledger.value == pytest.approx([day.value for day in days], rel=1e-9)
    assert min(day.cash for day in days) > -1e-6
    fractions = [one for one in trades if one.reason.startswith("split")]
    assert fractions
    assert all(-1.0 < one.quantity < 0.0 and one.cost == 0.0 for one in fractions)
    if isinstance(costs, BrokerCosts):
        tariff = costs.published
        for one in trades:
            if not one.reason.startswith("split"):
                asked = max(tariff.per_share * abs(one.quantity), tariff.minimum)
                assert one.cost == pytest.approx(min(asked, (tariff.maximum_rate or np.inf) * abs(one.value)), rel=1e-9)


def test_rounding_of_a_share_is_no_order() -> None:
    """A dividend too small for another share buys none, and pays no fee for a part of 1e-15 of one."""
    weights = {"AAA": "50%", "BBB": "30%", "CCC": "20%"}
    policy = FixedMix.model_validate({"weights": weights, "rebalance": {"kind": "never"}})
    terms = account(shares="whole", capital=3_000, contributions={"amount": 50, "invest": "wait"})
    for seed in (3, 7):
        market = apply_events(history(seed), "towards_targets").to_market("USD")
        ledger = simulate(market, policy, terms, PerOrderCosts(fixed=2.0).cost_table(3))
        orders = [one for one in trades_of(market, ledger) if not one.reason.startswith("split")]
        assert min(abs(one.quantity) for one in orders) > 0.999


def test_rounding_of_many_whole_shares_is_no_fraction() -> None:
    """Of ten thousand million shares no binary number holds a ninth digit after the point: nothing is left to pay."""
    days = np.busday_offset("2020-01-02", np.arange(40), roll="forward")
    splits = np.ones((40, 2))
    splits[[5, 15], 0], splits[10::5, 1] = (7.0, 49.0), 2.0
    closes = 0.13 * (1.0 + 0.01 * np.sin(np.arange(40.0)))[:, None] / np.cumprod(splits, axis=0)
    series = {
        ticker: CloseSeries(days, closes[:, at], np.zeros(40), splits[:, at])
        for at, ticker in enumerate(("AAA", "BBB"))
    }
    market = apply_events(
        combine_series(series, PriceRequest(("AAA", "BBB")), Provenance("test", "with_events")), "cash"
    ).to_market("USD")
    policy = BuyAndHold.model_validate({"weights": {"AAA": "50%", "BBB": "50%"}})
    for capital in (1.0e9, 1.1e9, 1.2e9, 1.3e9):
        ledger = simulate(market, policy, account(shares="whole", capital=capital), NoCosts().cost_table(2))
        assert not [one for one in trades_of(market, ledger) if one.reason.startswith("split")]


def test_reinvested_dividends_earn_the_total_return_and_paid_ones_wait_or_are_invested() -> None:
    """1 a share at 100, then 10 %: reinvested 111.1 of 101, in cash 110 + 1, towards the target the same as reinvested."""
    days = np.array(["2020-01-02", "2020-01-03", "2020-01-06"], "datetime64[D]")
    one = CloseSeries(days, np.array([100.0, 100.0, 110.0]), np.array([0.0, 1.0, 0.0]), np.ones(3))
    closes = combine_series({"AAA": one}, PriceRequest(("AAA",)), Provenance("test", "with_events"))
    policy = BuyAndHold.model_validate({"weights": {"AAA": "100%"}})
    for use, last in (("reinvest", 111.1), ("cash", 111.0), ("towards_targets", 111.1)):
        market = apply_events(closes, use).to_market("USD")
        ledger = simulate(market, policy, account(capital=100), NoCosts().cost_table(1))
        assert ledger.value == pytest.approx([100.0, 101.0, last], rel=1e-14)
        assert Performance.from_ledger(ledger).trades == (2 if use == "towards_targets" else 1)


def test_dividends_are_invested_beside_contributions_that_wait() -> None:
    """500 paid in waits for January; the dividend of 10 does not."""
    days = np.busday_offset("2020-01-30", np.arange(6), roll="forward")
    one = CloseSeries(days, np.full(6, 10.0), np.array([0, 0, 0, 0.1, 0, 0]), np.ones(6))
    closes = combine_series({"AAA": one}, PriceRequest(("AAA",)), Provenance("test", "with_events"))
    market = apply_events(closes, "towards_targets").to_market("USD")
    policy = FixedMix.model_validate({"weights": {"AAA": "100%"}})
    terms = account(capital=1000, contributions={"amount": 500, "invest": "wait"})
    ledger = simulate(market, policy, terms, NoCosts().cost_table(1))
    assert ledger.cash == pytest.approx([0.0, 0.0, 500.0, 500.0, 500.0, 500.0])
    assert ledger.units[-1, 0] == pytest.approx(101.0)


@pytest.mark.parametrize("use", ["reinvest", "cash", "towards_targets"])
def test_vectorbt_agrees_about_a_run_with_events(use: DividendUse) -> None:
    """The audit's replay takes dividends for money that came in."""
    pytest.importorskip("vectorbt")
    market = apply_events(history(3), use).to_market("USD")
    ledger = simulate(market, MIX, account(), PercentCosts(rate=0.001).cost_table(3))
    assert largest_difference(ledger, market) < 1e-12
