"""How long one twenty-year run takes through ``simulate``, and the same job in vectorbt and bt.

Prices come from a seeded generator; the job is a fixed mix rebalanced each January, without costs, where all three
engines agree to 1e-12 (asserted). Set-up stays outside the timed part. ``make bench`` prints minimum and median; the
figure in brackets is the ratio to the fastest of the group.
"""

from __future__ import annotations

import warnings
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import NoCosts, PercentCosts
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix

SESSIONS = 5475
CAPITAL = 100_000.0


@cache
def market(assets: int) -> Market:
    """Return twenty years of weekdays of seeded prices."""
    rng = np.random.default_rng(2004)
    closes = 50.0 * np.cumprod(1.0 + rng.normal(0.0004, 0.012, (SESSIONS, assets)), axis=0)
    dates = np.busday_offset("2004-01-30", np.arange(SESSIONS), roll="forward")
    return Market.build(dates, tuple(f"A{j:03d}" for j in range(assets)), closes)


def mix(assets: int) -> FixedMix:
    """Return equal weights, rebalanced every January."""
    return FixedMix(weights=dict.fromkeys(market(assets).assets, 1.0 / assets))


@pytest.mark.parametrize("assets", [6, 50], ids=lambda n: f"20y-{n}-assets")
@pytest.mark.benchmark(group="one run")
def test_simulate(benchmark, assets: int) -> None:
    """Time the engine's ``simulate``."""
    prices, plan, costs = market(assets), mix(assets), NoCosts().cost_table(assets)
    arguments = (prices, plan, Account(capital=CAPITAL), costs)
    ledger = benchmark.pedantic(simulate, arguments, rounds=100, warmup_rounds=5)
    assert ledger.value[-1] == pytest.approx(_by_hand(prices), rel=1e-12)


@pytest.mark.benchmark(group="one run")
def test_simulate_core_satellite_with_costs(benchmark) -> None:
    """Time a core with four capped satellites at 0.1 % costs."""
    plan = CoreSatellite.model_validate(
        {
            "core": {"A000": "rest", "A001": "15%"},
            "satellites": {"A002": "2.5%", "A003": "2.5%", "A004": "2.5%", "A005": "2.5%"},
            "cap": "3%",
        }
    )
    ledger = benchmark(simulate, market(6), plan, Account(capital=CAPITAL), PercentCosts(rate=0.001).cost_table(6))
    assert int(ledger.rebalances.sum()) == 22


@pytest.mark.benchmark(group="one run")
@pytest.mark.filterwarnings("ignore")
def test_vectorbt_from_orders(benchmark) -> None:
    """Time vectorbt's Portfolio.from_orders on the six-asset job."""
    import vectorbt as vbt

    prices = market(6)
    frame, weights = _frames(prices)

    def job() -> float:
        portfolio = vbt.Portfolio.from_orders(
            frame,
            size=weights,
            size_type="targetpercent",
            init_cash=CAPITAL,
            cash_sharing=True,
            group_by=True,
            call_seq="auto",
            freq="1D",
        )
        return float(portfolio.value().iloc[-1])

    assert benchmark.pedantic(job, rounds=7, warmup_rounds=2) == pytest.approx(_by_hand(prices), rel=1e-12)


@pytest.mark.benchmark(group="one run")
@pytest.mark.filterwarnings("ignore")
def test_bt_run(benchmark) -> None:
    """Time bt.run on the six-asset job."""
    import bt

    prices = market(6)
    frame, weights = _frames(prices)
    rows = weights.dropna()

    def job() -> float:
        algos = [bt.algos.RunOnDate(*rows.index), bt.algos.WeighTarget(rows), bt.algos.Rebalance()]
        test = bt.Backtest(bt.Strategy("s", algos), frame, initial_capital=CAPITAL, integer_positions=False)
        bt.run(test)
        return float(test.strategy.values.iloc[-1])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert benchmark.pedantic(job, rounds=5, warmup_rounds=1) == pytest.approx(_by_hand(prices), rel=1e-12)


def _frames(prices: Market) -> tuple[pd.DataFrame, pd.DataFrame]:
    index = pd.DatetimeIndex(prices.dates.astype("datetime64[ns]"))
    frame = pd.DataFrame(prices.prices, index=index, columns=list(prices.assets))
    weights = pd.DataFrame(np.nan, index=index, columns=list(prices.assets))
    weights.iloc[_rows(prices)] = 1.0 / len(prices.assets)
    return frame, weights


def _rows(prices: Market) -> list[int]:
    years = prices.dates.astype("datetime64[Y]").astype(int)
    return [0, *(np.flatnonzero(years[1:] != years[:-1]) + 1).tolist()]


def _by_hand(prices: Market) -> float:
    """Return the final value by products of period returns: no engine at all."""
    rows = [*_rows(prices), len(prices.dates) - 1]
    value = CAPITAL
    for first, last in pairwise(rows):
        value *= float(np.mean(prices.prices[last] / prices.prices[first]))
    return value
