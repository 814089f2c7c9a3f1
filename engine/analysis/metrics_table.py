"""The table of all metrics: every figure of a portfolio, named, defined and ordered in one place (S13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from engine.analysis import metrics as m
from engine.analysis.performance import Performance
from engine.core.arrays import FloatArray, finite_or_none
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.data.sessions import Period


@dataclass(frozen=True)
class Metric:
    """One figure: how it is shown, computed and defined. ``style`` is percent, ratio, money, count or days.

    The ``headline`` figures are those of the first tables.
    """

    style: str
    title: str
    compute: Callable[[Performance], float | int | None]
    definition: str
    headline: bool = False


_percent, _ratio, _money, _count, _days = (
    partial(Metric, style) for style in ("percent", "ratio", "money", "count", "days")
)


def compute_metrics(performance: Performance) -> dict[str, float | int | None]:
    """Return every metric by name; one that is not finite does not exist."""
    return {name: finite_or_none(metric.compute(performance)) for name, metric in METRICS.items()}


def _year(p: Performance, pick: Callable[[FloatArray], float]) -> float:
    return float(pick(_period(p, "year")))


def _month(p: Performance, pick: Callable[[FloatArray], float]) -> float:
    return float(pick(_period(p, "month")))


def _period(p: Performance, period: Period) -> FloatArray:
    return m.period_returns(p.level, p.dates, period)[1]


_HEADLINE: Final = {
    "final_value": _money("Final value", lambda p: p.final_value, "value at the last close"),
    "total_return": _percent(
        "Total return", lambda p: m.total_return(p.level), "last level / capital - 1, flows taken out"
    ),
    "cagr": _percent("CAGR", lambda p: m.cagr(p.level, p.days), "growth a year over calendar days / 365.25"),
    "volatility": _percent("Volatility", lambda p: m.volatility(p.returns), "std (n - 1) of daily returns x sqrt(252)"),
    "sharpe": _ratio("Sharpe", lambda p: m.sharpe(p.returns, p.risk_free), "mean(r - rf) / std(r - rf) x sqrt(252)"),
    "sortino": _ratio(
        "Sortino",
        lambda p: m.sortino(p.returns, p.risk_free),
        "mean(r - rf) / sqrt(mean(min(r - rf, 0)^2)) x sqrt(252)",
    ),
    "max_drawdown": _percent(
        "Max drawdown", lambda p: m.max_drawdown(p.level), "lowest level / highest before it - 1, from the capital on"
    ),
    "calmar": _ratio(
        "Calmar", lambda p: m.calmar(m.cagr(p.level, p.days), m.max_drawdown(p.level)), "CAGR / |max drawdown|"
    ),
    "ulcer": _percent("Ulcer index", lambda p: m.ulcer_index(p.level), "square root of the mean squared drawdown"),
    "best_year": _percent("Best year", lambda p: _year(p, max), "best calendar year, partial ones included"),
    "worst_year": _percent("Worst year", lambda p: _year(p, min), "worst calendar year, partial ones included"),
    "longest_drawdown": _days(
        "Longest drawdown",
        lambda p: m.longest_drawdown_days(p.level, p.dates),
        "calendar days from a high to its recovery or the end",
    ),
    "turnover": _percent(
        "Turnover a year",
        lambda p: m.turnover(p.traded, p.mean_value, p.days / CALENDAR_DAYS_PER_YEAR),
        "money traded / 2 / mean value / years, opening purchase left out",
    ),
    "costs": _money("Costs", lambda p: p.costs, "everything paid for orders, opening included"),
    "trades": _count("Trades", lambda p: p.trades, "orders filled, opening included"),
    "rebalances": _count(
        "Rebalances", lambda p: p.rebalances, "sessions traded to the targets or into the bands, with the opening"
    ),
}
_DETAILS: Final = {
    "xirr": _percent(
        "Money-weighted (XIRR)",
        lambda p: p.internal_rate.value if p.internal_rate else None,
        "the one rate that makes all flows' present value zero, calendar days / 365",
    ),
    "paid_in": _money("Paid in after opening", lambda p: p.paid_in, "contributions less withdrawals"),
    "annual_return_252": _percent(
        "Return a year by count",
        lambda p: m.annual_return_by_count(p.returns),
        "product of (1 + r) ^ (252 / n) - 1; other tools' CAGR",
    ),
    "best_month": _percent("Best month", lambda p: _month(p, max), "best calendar month"),
    "worst_month": _percent("Worst month", lambda p: _month(p, min), "worst calendar month"),
    "win_months": _percent(
        "Winning months", lambda p: float(np.mean(_period(p, "month") > 0.0)), "share of calendar months above 0"
    ),
    "best_day": _percent(
        "Best day", lambda p: float(p.returns.max()) if p.returns.size else None, "highest daily return"
    ),
    "worst_day": _percent(
        "Worst day", lambda p: float(p.returns.min()) if p.returns.size else None, "lowest daily return"
    ),
    "skew": _ratio(
        "Skewness", lambda p: m.standardised_moment(p.returns, 3), "third standardised moment of daily returns (n)"
    ),
    "kurtosis": _ratio(
        "Kurtosis",
        lambda p: m.standardised_moment(p.returns, 4),
        "fourth standardised moment of daily returns (n); 3 is normal",
    ),
    "omega": _ratio("Omega", lambda p: m.omega(p.returns, p.risk_free), "gains above rf / losses below it"),
    "var_95": _percent(
        "VaR 95 %, one day", lambda p: m.value_at_risk(p.returns), "5 % quantile of daily returns, historical"
    ),
    "cvar_95": _percent(
        "CVaR 95 %, one day", lambda p: m.expected_shortfall(p.returns), "mean of daily returns at or below VaR"
    ),
}
METRICS: Final[dict[str, Metric]] = {name: replace(one, headline=True) for name, one in _HEADLINE.items()} | _DETAILS
"""Every figure of a portfolio, in the order of the tables; one place to add one."""
