"""Other tools' formulas, as this engine has them, against the tools themselves on the same series."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version

import numpy as np
import pandas as pd
import pytest

from engine.analysis import metrics
from engine.analysis.dialects.comparison import DIALECTS, compare_dialect
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectSeries

CLOSE = 1e-9
Figures = Mapping[str, float]


def make_series(seed: int, *, first: float = 0.0, risk_free: float = 0.03, sessions: int = 900) -> DialectSeries:
    """A random run whose opening cost 0.1 %, with a ``first`` return that is imposed and a rival beside it."""
    rng = np.random.default_rng(seed)
    dates = np.busday_offset("2015-03-30", np.arange(sessions), roll="forward").astype("datetime64[D]")
    returns = 0.01 * rng.standard_t(4, sessions - 1) + 0.0004
    returns[0] = first or returns[0]
    level = 100_000.0 * np.concatenate([[1.0, 0.999], 0.999 * np.cumprod(1.0 + returns)])
    rival = returns + rng.normal(0.0, 0.002, sessions - 1)
    traded = np.where(rng.random(sessions) < 0.02, rng.random(sessions), 0.0)
    return DialectSeries(dates, level, risk_free, np.array([returns, rival]), traded)


SERIES = [
    make_series(1),
    make_series(2, first=-0.2),
    make_series(3, first=0.1, risk_free=0.0),
    make_series(4, risk_free=-0.005, sessions=40),
]


def returns_of(series: DialectSeries) -> pd.Series:
    return pd.Series(series.returns, index=pd.DatetimeIndex(series.dates[1:]))


def prices_of(series: DialectSeries) -> pd.Series:
    """The level with the capital a day before the first session."""
    dates = np.concatenate([[series.dates[0] - np.timedelta64(1, "D")], series.dates])
    return pd.Series(series.level, index=pd.DatetimeIndex(dates))


def rival_of(series: DialectSeries) -> pd.Series:
    assert series.pair is not None
    return pd.Series(series.pair[1], index=pd.DatetimeIndex(series.dates[1:]))


def quantstats_figures(series: DialectSeries) -> Figures:
    from quantstats import stats

    r, rf = returns_of(series), series.risk_free
    return {
        "total_return": stats.comp(r),
        "cagr": stats.cagr(r),
        "volatility": stats.volatility(r),
        "sharpe": stats.sharpe(r, rf=rf),
        "sortino": stats.sortino(r, rf=rf),
        "max_drawdown": stats.max_drawdown(r),
        "calmar": stats.calmar(r),
        "ulcer": stats.ulcer_index(r),
        "upi": stats.ulcer_performance_index(r, rf=rf),
        "var_95": stats.value_at_risk(r),
        "cvar_95": stats.conditional_value_at_risk(r),
        "skew": stats.skew(r),
        "kurtosis": stats.kurtosis(r),
        "information_ratio": stats.information_ratio(r, rival_of(series)),
        "best_day": stats.best(r),
        "worst_day": stats.worst(r),
        "best_month": stats.best(r, aggregate="ME"),
        "worst_month": stats.worst(r, aggregate="ME"),
        "best_year": stats.best(r, aggregate="YE"),
        "worst_year": stats.worst(r, aggregate="YE"),
    }


def ffn_figures(series: DialectSeries) -> Figures:
    import ffn

    r, prices, rf = returns_of(series), prices_of(series), series.risk_free
    statistics = ffn.PerformanceStats(prices, rf=rf, annualization_factor=252)
    return {
        "total_return": ffn.calc_total_return(prices),
        "cagr": statistics.cagr,
        "volatility": r.std(ddof=1) * math.sqrt(252.0),
        "sharpe": ffn.calc_sharpe(r, rf=rf, nperiods=252),
        "sortino": ffn.calc_sortino_ratio(r, rf=rf, nperiods=252),
        "max_drawdown": statistics.max_drawdown,
        "calmar": statistics.calmar,
        "ulcer": ffn.to_ulcer_index(prices),
        "upi": ffn.to_ulcer_performance_index(prices, rf=rf),
        "skew": r.skew(),
        "kurtosis": r.kurt(),
        "information_ratio": ffn.calc_information_ratio(r, rival_of(series)),
        "best_day": r.max(),
        "worst_day": r.min(),
        "best_month": statistics.best_month,
        "worst_month": statistics.worst_month,
        "best_year": statistics.best_year,
        "worst_year": statistics.worst_year,
    }


def empyrical_figures(series: DialectSeries) -> Figures:
    import empyrical

    r, annual = returns_of(series), series.risk_free
    free = (1.0 + annual) ** (1.0 / 252.0) - 1.0
    return {
        "total_return": empyrical.cum_returns_final(r),
        "cagr": empyrical.annual_return(r),
        "volatility": empyrical.annual_volatility(r),
        "sharpe": empyrical.sharpe_ratio(r, risk_free=free),
        "sharpe_annual_rate": empyrical.sharpe_ratio(r, risk_free=annual),
        "sortino": empyrical.sortino_ratio(r, required_return=free),
        "max_drawdown": empyrical.max_drawdown(r),
        "calmar": empyrical.calmar_ratio(r),
        "var_95": empyrical.value_at_risk(r),
        "cvar_95": empyrical.conditional_value_at_risk(r),
        "information_ratio": empyrical.excess_sharpe(r, rival_of(series)),
    }


def vectorbt_figures(series: DialectSeries) -> Figures:
    import vectorbt as vbt

    vbt.settings.array_wrapper["freq"] = "1D"
    r, annual = returns_of(series), series.risk_free
    free = (1.0 + annual) ** (1.0 / 252.0) - 1.0
    account = r.vbt.returns(freq="1D")
    return {
        "total_return": account.total(),
        "cagr": account.annualized(),
        "volatility": account.annualized_volatility(),
        "sharpe": account.sharpe_ratio(risk_free=free),
        "sharpe_annual_rate": account.sharpe_ratio(risk_free=annual),
        "sortino": account.sortino_ratio(required_return=free),
        "max_drawdown": account.max_drawdown(),
        "calmar": account.calmar_ratio(),
        "ulcer": account.ulcer_index(),
        "upi": account.martin_ratio(risk_free=free),
        "var_95": account.value_at_risk(),
        "cvar_95": account.cond_value_at_risk(),
        "information_ratio": account.information_ratio(rival_of(series)),
    }


LIBRARIES: dict[str, tuple[str, Callable[[DialectSeries], Figures]]] = {
    "quantstats": ("quantstats", quantstats_figures),
    "ffn": ("ffn", ffn_figures),
    "empyrical": ("empyrical-reloaded", empyrical_figures),
    "vectorbt": ("vectorbt", vectorbt_figures),
}
SLOW = {"quantstats", "vectorbt"}  # two to five seconds to import
NAMES = [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in LIBRARIES]


def engine_figures(series: DialectSeries) -> dict[str, float | None]:
    """The engine's own figures of a series, by the functions that a run's are made by."""
    growth = metrics.cagr(series.level, series.days)
    falls = metrics.level_sums(series.level, series.dates)
    free = metrics.rate_per_session(series.risk_free)
    statistics = metrics.ReturnStatistics.from_series(series.returns)
    months, years = (metrics.period_returns(series.level, series.dates, unit)[1] for unit in ("month", "year"))
    assert series.pair is not None
    return {
        "total_return": metrics.total_return(series.level),
        "cagr": growth,
        "volatility": statistics.volatility(),
        "sharpe": metrics.sharpe(series.returns, free),
        "sortino": metrics.sortino(series.returns, free),
        "max_drawdown": falls.deepest,
        "calmar": metrics.calmar(growth, falls.deepest),
        "ulcer": math.sqrt(falls.mean_square),
        "var_95": statistics.value_at_risk,
        "cvar_95": statistics.expected_shortfall,
        "skew": statistics.skewness,
        "kurtosis": statistics.kurtosis,
        "information_ratio": metrics.information_ratio(*series.pair),
        "turnover": 0.05,
        "best_day": statistics.highest,
        "worst_day": statistics.lowest,
        "best_month": float(months.max()),
        "worst_month": float(months.min()),
        "best_year": float(years.max()),
        "worst_year": float(years.min()),
    }


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("series", SERIES, ids=["random", "falls first", "rises first", "short"])
def test_a_dialect_is_what_the_tool_itself_says(name: str, series: DialectSeries) -> None:
    pytest.importorskip("bottleneck") if name == "empyrical" else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = LIBRARIES[name][1](series)
    rows = {row.figure: row for row in compare_dialect(DIALECTS[name], series, engine_figures(series))}
    figures = {figure: value for figure, value in expected.items() if figure in rows and not math.isnan(value)}
    assert {row.figure for row in rows.values() if row.reason is not Reason.MISSING} == figures.keys()
    for figure, value in figures.items():
        assert rows[figure].there == pytest.approx(float(value), rel=CLOSE, abs=CLOSE), figure


@pytest.mark.parametrize("name", LIBRARIES)
def test_the_version_is_the_installed_one(name: str) -> None:
    assert DIALECTS[name].version == version(LIBRARIES[name][0])


@pytest.mark.parametrize("name", DIALECTS)
def test_every_difference_has_a_reason_and_what_has_none_is_the_same(name: str) -> None:
    for series in SERIES:
        for row in compare_dialect(DIALECTS[name], series, engine_figures(series)):
            stated = DIALECTS[name].figures.get(row.figure)
            assert stated is None or stated.reason is not Reason.SAME or row.reason is Reason.SAME
            assert (row.there is None) == (row.reason is Reason.MISSING)
            if row.reason is Reason.SAME:
                assert row.there == pytest.approx(row.here, rel=CLOSE, abs=1e-12), row
    shown = [row.figure for row in compare_dialect(DIALECTS[name], SERIES[0], engine_figures(SERIES[0]))]
    needed = {
        "cagr",
        "volatility",
        "sharpe",
        "sortino",
        "max_drawdown",
        "calmar",
        "ulcer",
        "upi",
        "var_95",
        "best_year",
    }
    assert needed <= set(shown)
    assert ("sharpe_annual_rate" in shown) == (name in {"empyrical", "vectorbt"})


def test_there_are_fifteen_reasons_each_a_sentence_and_each_in_use() -> None:
    assert len(Reason) == 15
    assert all(reason.value.endswith(".") and reason.value[0].isupper() for reason in Reason)
    stated = {figure.reason for dialect in DIALECTS.values() for figure in dialect.figures.values()}
    assert stated | {Reason.MISSING} == set(Reason)


def test_a_rate_of_three_percent_a_day_shows_what_it_does() -> None:
    rows = {row.figure: row for row in compare_dialect(DIALECTS["empyrical"], SERIES[0], engine_figures(SERIES[0]))}
    assert rows["sharpe_annual_rate"].there < -20.0
    assert rows["sharpe_annual_rate"].reason is Reason.RATE


def test_months_of_portfolio_visualizer_and_formulas_of_lean_are_those_of_pandas() -> None:
    series = SERIES[0]
    r, prices = returns_of(series), prices_of(series)
    ends = prices.iloc[1:].resample("ME").last()
    months = pd.concat([prices.iloc[:1], ends]).pct_change().dropna()
    e = months - (1.03 ** (1 / 12) - 1.0)
    there = {row.figure: row.there for row in compare_dialect(DIALECTS["portfolio-visualizer"], series, {})}
    wealth = pd.concat([pd.Series([1.0]), (1.0 + months).cumprod()])
    assert there["volatility"] == pytest.approx(months.std() * math.sqrt(12), rel=CLOSE)
    assert there["sharpe"] == pytest.approx(e.mean() / e.std() * math.sqrt(12), rel=CLOSE)
    assert there["sortino"] == pytest.approx(
        e.mean() / math.sqrt((e.clip(upper=0) ** 2).mean()) * math.sqrt(12), rel=CLOSE
    )
    assert there["max_drawdown"] == pytest.approx((wealth / wealth.cummax() - 1.0).min(), rel=CLOSE)
    assert there["cagr"] == pytest.approx(wealth.iloc[-1] ** (12 / len(months)) - 1.0, rel=CLOSE)
    lean = {row.figure: row.there for row in compare_dialect(DIALECTS["lean"], series, {})}
    annual = (1.0 + r.mean()) ** 252 - 1.0
    assert lean["sharpe"] == pytest.approx((annual - 0.03) / (r.std() * math.sqrt(252)), rel=CLOSE)
    assert lean["sortino"] == pytest.approx((annual - 0.03) / (r[r < 0].std() * math.sqrt(252)), rel=CLOSE)
    assert lean["cagr"] == pytest.approx((prices.iloc[-1] / prices.iloc[0]) ** (365 / series.days) - 1.0, rel=CLOSE)
    rival = rival_of(series)
    ahead = annual - ((1.0 + rival.mean()) ** 252 - 1.0)
    assert lean["information_ratio"] == pytest.approx(ahead / ((r - rival).std() * math.sqrt(252)), rel=CLOSE)
