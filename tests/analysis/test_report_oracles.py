"""Figures of the report's panels, beside those that numpy and pandas made of the same prices without the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.breakdown.falls import measure_falls
from engine.analysis.breakdown.rolling_windows import betas, find_windows, growth_rates, volatilities
from engine.analysis.common_sessions import CommonSessions
from engine.backtest.outputs import RunResult
from engine.backtest.workflow import run_backtest
from engine.composition import load_run

ROOT = Path(__file__).parents[2]
ORACLES = ROOT.parent / "shared" / "data" / "oracles" / "report.json"
MINE = (
    "drawdown",
    "ratio",
    "monthly",
    "year",
    "rolling",
    "turnover",
    "costs",
    "flows",
    "distribution",
    "headline",
    "late",
)
KNOWN = json.loads(ORACLES.read_text()) if ORACLES.exists() else {}
KEYS = [key for key in KNOWN if key.split("/")[0] in MINE]


def run(shared: Path, *overrides: str) -> RunResult:
    source = ("data.source.kind=files", f"data.source.path={shared / 'prices.parquet'}")
    return run_backtest(
        load_run(ROOT / "configs" / "us_small_caps.yaml", (*source, *overrides)), intervals=False, parts=False
    )


@pytest.fixture(scope="module")
def small_caps(shared_data: Path) -> RunResult:
    return run(shared_data, "compare.benchmarks=[SPY, IWM, MDY, ACWI]")


@pytest.fixture(scope="module")
def with_flows(shared_data: Path) -> RunResult:
    plan = "strategy={kind: buy_and_hold, weights: {SPY: 100%}}"
    money = "account.contributions={amount: 500, every: month}"
    return run(shared_data, plan, money, "compare={buy_and_hold: false, benchmarks: []}")


def headline(result: RunResult, portfolio: str, figure: str) -> object:
    return result.comparison.portfolios[portfolio].metrics[figure]


def monthly(result: RunResult, portfolio: str, what: str) -> object:
    summary = result.summary.months
    named = {"count": summary.count, "positive_share": summary.positive_share}
    named |= {
        "beats_buy_and_hold_share": summary.ahead_share,
        "mean_january": summary.means[0],
        "mean_september": summary.means[8],
    }
    if what in named:
        return named[what]
    table = result.breakdown.month_table
    return table.columns[portfolio][np.flatnonzero(table.dates.astype("datetime64[M]") == np.datetime64(what))[0]]


def year(result: RunResult, portfolio: str, what: str) -> object:
    return next(one.returns[portfolio] for one in result.summary.by_year if one.year == int(what))


def drawdown(result: RunResult, portfolio: str, *what: str) -> object:
    found = measure_falls(result.comparison.portfolios[portfolio].performance)
    if len(what) == 1:
        return {
            "episodes": found.episodes,
            "share_of_sessions_below_high": found.share_below_high,
            "current": found.current,
        }[what[0]]
    names = {"fall_days": "days_down", "rise_days": "days_up"}
    return getattr(found.deepest[int(what[0]) - 1], names.get(what[1], what[1]))


def ratio(result: RunResult, what: str) -> object:
    return getattr(result.summary.ratio, {"share_of_sessions_above_one": "share_above_one"}.get(what, what))


def rolling(result: RunResult, portfolio: str, *what: str) -> object:
    if portfolio == "5y":
        found = next(one for one in result.summary.rolling if one.years == 5)
        names = {
            "month_ends": "windows",
            "worst_cagr": "worst",
            "best_cagr": "best",
            "share_ahead_of_buy_and_hold": "ahead_share",
        }
        return getattr(found, names.get(what[0], what[0]))
    years, day, figure = int(what[0][0]), np.datetime64(what[1]), what[2]
    one = result.comparison.portfolios[portfolio].performance
    windows = find_windows(one.dates, np.flatnonzero(one.dates == day), years, one.periods_per_year)
    fund = CommonSessions.of(one, result.comparison.portfolios["SPY"].performance)
    found = {
        "exists": lambda: windows.starts[0] >= 0,
        "start": lambda: str(one.dates[windows.starts[0]]),
        "n": lambda: windows.ends[0] - windows.starts[0],
        "cagr": lambda: growth_rates(one, windows)[0],
        "volatility": lambda: volatilities(one, windows)[0][0],
        "sharpe": lambda: volatilities(one, windows)[1][0],
        "beta": lambda: betas(fund, windows)[0],
    }
    return found[figure]()


def distribution(result: RunResult, kind: str, what: str) -> object:
    found = result.summary.distribution
    if what == "total_return_without_best_10_days":
        return found.total_without_best
    own = {"daily": found.sessions, "monthly": found.months}[kind]
    if what[0] == "p":
        return own.percentiles[what[1:]]
    names = {"n": "count", "skew": "skewness", "cvar_95": "expected_shortfall", "autocorrelation_1": "autocorrelation"}
    return getattr(own, names.get(what, what))


def turnover(result: RunResult, what: str) -> object:
    return next(one.turnover for one in result.summary.account_by_year if one.year == int(what))


def costs(result: RunResult, what: str) -> object:
    return sum(one.costs for one in result.summary.account_by_year if what in {"sum", str(one.year)})


def flows(result: RunResult, _: str, what: str) -> object:
    metrics, years = result.comparison.strategy.metrics, result.summary.account_by_year
    return {
        "paid_in": lambda: sum(one.paid_in for one in years),
        "count": lambda: int((result.comparison.strategy.ledger.flows != 0.0).sum()),
        "final_value": lambda: years[-1].value,
        "twr_cagr": lambda: metrics["cagr"],
        "xirr": lambda: metrics["xirr"],
        "gain": lambda: sum(one.gain for one in years),
    }[what]()


def late(result: RunResult, name: str, what: str) -> object:
    if what == "final_value":
        return result.comparison.portfolios[name].metrics[what]
    if what == "year_2008":
        return year(result, name, "2008")
    return getattr(result.comparison.versus[name], what)


FIGURES: dict[str, Callable[..., object]] = {
    one.__name__: one
    for one in (headline, monthly, year, drawdown, ratio, rolling, distribution, turnover, costs, flows, late)
}


@pytest.mark.parametrize(
    "key", KEYS or [pytest.param("", marks=pytest.mark.skip("the folder shared/data is not beside this checkout"))]
)
def test_a_figure_of_a_panel_is_the_oracles(key: str, request: pytest.FixtureRequest) -> None:
    group, *what = key.split("/")
    result = request.getfixturevalue("with_flows" if group == "flows" else "small_caps")
    found, known = FIGURES[group](result, *what), KNOWN[key]
    if known["kind"] == "exact":
        assert found == known["value"]
    else:
        assert found == pytest.approx(
            known["value"], **{known["kind"]: known["tol"], {"abs": "rel", "rel": "abs"}[known["kind"]]: 0.0}
        )
