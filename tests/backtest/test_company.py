"""No digit of a portfolio depends on what stands beside it in the data (S1): drawn at random."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.backtest.outputs import RunResult
from engine.backtest.prices import LoadedPrices
from engine.backtest.workflow import run_backtest
from engine.data.closes import CloseSeries
from engine.data.frequency import read_frequencies
from engine.data.market import Provenance
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series
from tests.support.configs import config

PLAN = """
name: company
data: {source: {kind: files, path: none.csv, currency: USD}}
account: {cash: {rate: 3%}, contributions: {amount: 250, every: week}}
strategy: {kind: fixed_mix, weights: {A: 50%, B: 30%, C: 10%}}
compare: {buy_and_hold: true, risk_free: 1%}
costs: {kind: percent, rate: 0.2%}
"""
RULES = (
    "{kind: annual, month: march}",
    "{kind: annual, month: may, session: 7}",
    "{kind: annual, month: september, session: last}",
    "{kind: every, period: week}",
    "{kind: every, period: half_year}",
    "{kind: band, absolute: 3%, look: two_weeks}",
)
DAYS = np.arange(np.datetime64("2014-01-01"), np.datetime64("2018-01-01"))
WEEKDAYS = DAYS[np.is_busday(DAYS)]


def series(rng: np.random.Generator, dates: np.ndarray) -> CloseSeries:
    """Lognormal closes on ``dates``, whose own numbers do not depend on what else is drawn."""
    return CloseSeries(dates, 50.0 * np.exp(rng.normal(0.0002, 0.02, len(dates)).cumsum()))


def draw_dates(rng: np.random.Generator) -> np.ndarray:
    """Daily or seven-day dates, late or early, ended or not, with some missing."""
    dates = DAYS if rng.random() < 0.3 else WEEKDAYS
    begin, end = rng.integers(0, 300), rng.integers(len(dates) - 200, len(dates) + 1)
    dates = dates[begin:end] if rng.random() < 0.6 else dates
    return dates[rng.random(len(dates)) > rng.choice([0.0, 0.0, 0.002])]


def run(columns: dict[str, CloseSeries], *overrides: str) -> RunResult:
    plan = config(PLAN, *overrides)
    closes = combine_series(columns, PriceRequest(tuple(columns)), Provenance("memory", "adjusted"), "USD")
    return run_backtest(plan, LoadedPrices(plan, read_frequencies(closes), ()), intervals=False)


def told(result: RunResult, name: str) -> tuple[str, bytes]:
    """Every figure of a portfolio and every value of it."""
    summary = json.dumps(result.summary.portfolios[name].model_dump(mode="json"), sort_keys=True)
    return summary, result.comparison.portfolios[name].ledger.value.tobytes()


@pytest.mark.parametrize("seed", range(40))
def test_company_changes_no_digit(seed: int) -> None:
    """A mix alone and beside up to four columns of any frequency, life and gaps, some of them benchmarks."""
    rng = np.random.default_rng(seed)
    five_days = rng.random() < 0.7
    own = {name: series(rng, draw_dates(rng) if not five_days else WEEKDAYS[rng.integers(0, 150) :]) for name in "ABC"}
    company = {f"X{at}": series(rng, draw_dates(rng)) for at in range(rng.integers(1, 5))}
    months = WEEKDAYS[np.append(np.diff(WEEKDAYS.astype("datetime64[M]").astype(int)) != 0, [True])]
    company |= {"MONTHS": series(rng, months)} if rng.random() < 0.5 else {}
    start = f"window.start={rng.choice(DAYS[:700])}" if rng.random() < 0.6 else "name=company"
    asked = (start, f"strategy.rebalance={rng.choice(RULES)}", "window.end=2017-12-15")
    alone = run(own, *asked)
    beside = run({**own, **company}, *asked, f"compare.benchmarks=[{', '.join(company)}]")
    for name in ("strategy", "buy_and_hold"):
        assert told(beside, name) == told(alone, name)
