"""An account in euros on dollar prices beside the same closes converted by hand (S17)."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.backtest.outputs import RunResult
from engine.backtest.workflow import run_backtest
from tests.support.configs import config

PLAN = """
name: plan
data: {{source: {{kind: files, path: {path}, closes: adjusted, currency: {currency}}}}}
window: {{start: 2004-02-01, end: 2025-10-31}}
account: {{capital: 40000, currency: EUR, contributions: {{amount: 500, every: month}}, cash: {{rate: 1%}}}}
strategy:
  kind: core_satellite
  core: {{SPY: rest, VB: 15%}}
  satellites: {{CRS: 2.5%, UNF: 2.5%, MMSI: 2.5%, ITRI: 2.5%}}
  cap: 3%
  limits: [{{group: [VB, satellites], max: 30%}}]
  rebalance: {{kind: annual, month: january, session: first}}
costs: {{kind: percent, rate: 0.1%}}
compare: {{benchmarks: [SPY, IWM, MDY]}}
"""


def usd_in_euros(folder: Path, days: pd.DatetimeIndex) -> pd.Series:
    """Return the Bank's rate of each day, or the last one before, from its own file."""
    with (
        zipfile.ZipFile(folder / "macro" / "ecb_eurofxref-hist.zip") as archive,
        archive.open("eurofxref-hist.csv") as f,
    ):
        fixings = 1.0 / pd.read_csv(f, index_col="Date", parse_dates=True)["USD"].sort_index()
    return fixings.reindex(fixings.index.union(days)).ffill().reindex(days)


@pytest.fixture(scope="module")
def runs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, RunResult, pd.Series]:
    """Return the run on dollar closes, the run on euro closes, and the rate of each day."""
    dollars = pd.read_parquet(shared_data / "prices.parquet")
    rates = usd_in_euros(shared_data, dollars.index)
    by_hand = tmp_path_factory.mktemp("euros") / "euros.parquet"
    dollars.mul(rates, axis=0).dropna(how="all").to_parquet(by_hand)
    engine = config(PLAN.format(path=shared_data / "prices.parquet", currency="USD"))
    hand = config(PLAN.format(path=by_hand, currency="EUR"))
    return run_backtest(engine, intervals=False), run_backtest(hand, intervals=False), rates


def test_every_daily_value_is_that_of_closes_converted_by_hand(runs) -> None:
    """Twenty-one years, 500 euros a month, benchmarks too: to 1e-9 on each day."""
    engine, hand, _ = runs
    assert list(engine.comparison.portfolios) == ["strategy", "buy_and_hold", "SPY", "IWM", "MDY"]
    for name, portfolio in engine.comparison.portfolios.items():
        expected = hand.comparison.portfolios[name].ledger
        assert (portfolio.ledger.dates == expected.dates).all()
        np.testing.assert_allclose(portfolio.ledger.value, expected.value, rtol=1e-9)
    assert any(
        "Converted to EUR by the European Central Bank's reference rates" in warning for warning in engine.warnings
    )
    assert "currency_parts" not in json.dumps(hand.summary.to_plain())


def test_the_parts_are_those_of_the_trades_and_add_up(runs, shared_data: Path) -> None:
    """The formulas of S17 on units that pandas adds up from the trades, dollar closes and the Bank's rates."""
    engine, _, rates = runs
    for name, portfolio in engine.comparison.portfolios.items():
        ledger, parts = portfolio.ledger, engine.summary.portfolios[name].currency_parts
        days = pd.DatetimeIndex(ledger.dates)
        trades = pd.DataFrame(ledger.trades, index=days[ledger.rows], columns=list(ledger.assets))
        units = trades.groupby(level=0).sum().reindex(days, fill_value=0.0).cumsum().shift().fillna(0.0)
        closes = pd.read_parquet(shared_data / "prices.parquet")[list(ledger.assets)].reindex(days)
        rate = rates.reindex(days)
        local = (units * closes.diff()).mul(rate, axis=0).to_numpy()
        currency = (units * closes.shift()).mul(rate.diff(), axis=0).to_numpy()
        gain = ledger.value[-1] - 40_000.0
        assert parts.local == pytest.approx(np.nansum(local), rel=1e-9)
        assert parts.currency == pytest.approx(np.nansum(currency), rel=1e-7)
        assert parts.flows == 500.0 * 260
        assert parts.costs == pytest.approx(-ledger.costs.sum(), rel=1e-12)
        assert parts.interest >= 0.0
        total = parts.local + parts.currency + parts.dividends + parts.interest + parts.flows + parts.costs
        assert total == pytest.approx(gain, rel=1e-9)


def test_a_tariff_in_euros_costs_a_dollar_account_the_rate_of_the_day(shared_data: Path) -> None:
    """Each order of twenty years costs comdirect's 4.90 + 0.25 % in euros, 9.90 to 59.90, at its own day's rate."""
    text = PLAN.format(path=shared_data / "prices.parquet", currency="USD").replace("currency: EUR", "currency: USD")
    plan = config(
        text.replace("costs: {kind: percent, rate: 0.1%}", "costs: {kind: broker, tariff: comdirect, fx: 1%}")
    )
    ledger = run_backtest(plan, intervals=False).comparison.strategy.ledger
    days = pd.DatetimeIndex(ledger.dates)[ledger.rows]
    in_euros = np.abs(ledger.order_values) * usd_in_euros(shared_data, days).to_numpy()[:, None]
    fees = np.clip(4.90 + 0.0025 * in_euros, 9.90, 59.90) / usd_in_euros(shared_data, days).to_numpy()[:, None]
    assert len(ledger.rows) > 250
    np.testing.assert_allclose(ledger.costs, np.where(ledger.trades == 0.0, 0.0, fees), rtol=1e-9)
