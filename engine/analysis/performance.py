"""Performance: what a ledger earned; METRICS: every figure of it, named, defined and ordered in one place (S13)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.analysis.metrics import (
    annual_return_by_count,
    cagr,
    calmar,
    chain_level,
    longest_drawdown,
    max_drawdown,
    omega,
    period_returns,
    sharpe,
    sortino,
    time_weighted_returns,
    total_return,
    turnover,
    ulcer_index,
    volatility,
)
from engine.analysis.money_weighted import InternalRate, xirr
from engine.analysis.summation import sum_sequential
from engine.core.arrays import DateArray, FloatArray, read_only
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.data.sessions import Period
from engine.simulation.ledger import Ledger


@dataclass(frozen=True)
class Performance:
    """What one ledger earned; every figure is computed from these.

    ``level`` (T+1,), ``returns`` (T-1,), ``dates`` (T,), ``traded`` [currency, opening left out], ``mean_value``,
    ``costs``, ``trades`` and ``rebalances`` [count], ``final_value``, ``risk_free`` a session (one rate, or (T-1,)),
    ``internal_rate`` the XIRR when there are flows.
    """

    dates: DateArray
    level: FloatArray
    returns: FloatArray
    final_value: float
    traded: float
    mean_value: float
    costs: float
    trades: int
    rebalances: int
    paid_in: float
    risk_free: float | FloatArray = 0.0
    internal_rate: InternalRate | None = None

    @property
    def days(self) -> float:
        """Calendar days from the first session to the last."""
        return float((self.dates[-1] - self.dates[0]) / np.timedelta64(1, "D"))

    @classmethod
    def from_ledger(cls, ledger: Ledger, risk_free: float | FloatArray = 0.0) -> Performance:
        """Return the performance of a ledger; ``risk_free`` is a rate a session, or one for each of the last."""
        nothing = np.zeros_like(ledger.flows)
        returns = time_weighted_returns(ledger.value, at_start=nothing, at_end=ledger.flows)
        after = ledger.rows > 0
        money = np.abs(ledger.order_values)
        return cls(
            dates=ledger.dates,
            level=read_only(_level_series(ledger, returns)),
            returns=read_only(returns),
            final_value=float(ledger.value[-1]),
            traded=sum_sequential(money[after].ravel()),
            mean_value=sum_sequential(ledger.value) / len(ledger.value),
            costs=sum_sequential(ledger.costs.ravel()),
            trades=int(np.count_nonzero(ledger.trades)),
            rebalances=int((ledger.rebalances | ledger.partial_rebalances).sum()),
            paid_in=float(ledger.flows.sum()),
            risk_free=risk_free if isinstance(risk_free, float) else risk_free[len(risk_free) - len(returns) :],
            internal_rate=_internal_rate(ledger) if ledger.flows.any() else None,
        )


@dataclass(frozen=True)
class Metric:
    """One figure: how it is computed, shown and defined. ``style`` is percent, ratio, money, count or days."""

    title: str
    style: str
    compute: Callable[[Performance], float | int | None]
    definition: str
    headline: bool = False


METRICS: Final[dict[str, Metric]] = {
    "final_value": Metric("Final value", "money", lambda p: p.final_value, "value at the last close", headline=True),
    "total_return": Metric(
        "Total return",
        "percent",
        lambda p: total_return(p.level),
        "last level / capital - 1, flows taken out",
        headline=True,
    ),
    "cagr": Metric(
        "CAGR", "percent", lambda p: cagr(p.level, p.days), "growth a year over calendar days / 365.25", headline=True
    ),
    "volatility": Metric(
        "Volatility",
        "percent",
        lambda p: volatility(p.returns),
        "std (n - 1) of daily returns x sqrt(252)",
        headline=True,
    ),
    "sharpe": Metric(
        "Sharpe",
        "ratio",
        lambda p: sharpe(p.returns, p.risk_free),
        "mean(r - rf) / std(r - rf) x sqrt(252)",
        headline=True,
    ),
    "sortino": Metric(
        "Sortino",
        "ratio",
        lambda p: sortino(p.returns, p.risk_free),
        "mean(r - rf) / sqrt(mean(min(r - rf, 0)^2)) x sqrt(252)",
        headline=True,
    ),
    "max_drawdown": Metric(
        "Max drawdown",
        "percent",
        lambda p: max_drawdown(p.level),
        "lowest level / highest before it - 1, from the capital on",
        headline=True,
    ),
    "calmar": Metric(
        "Calmar",
        "ratio",
        lambda p: calmar(cagr(p.level, p.days), max_drawdown(p.level)),
        "CAGR / |max drawdown|",
        headline=True,
    ),
    "ulcer": Metric(
        "Ulcer index",
        "percent",
        lambda p: ulcer_index(p.level),
        "square root of the mean squared drawdown",
        headline=True,
    ),
    "best_year": Metric(
        "Best year",
        "percent",
        lambda p: _extreme_period_return(p, "year", max),
        "best calendar year, partial ones included",
        headline=True,
    ),
    "worst_year": Metric(
        "Worst year",
        "percent",
        lambda p: _extreme_period_return(p, "year", min),
        "worst calendar year, partial ones included",
        headline=True,
    ),
    "longest_drawdown": Metric(
        "Longest drawdown",
        "days",
        lambda p: longest_drawdown(p.level, p.dates),
        "calendar days from a high to its recovery or the end",
        headline=True,
    ),
    "turnover": Metric(
        "Turnover a year",
        "percent",
        lambda p: turnover(p.traded, p.mean_value, p.days / CALENDAR_DAYS_PER_YEAR),
        "money traded / 2 / mean value / years, opening purchase left out",
        headline=True,
    ),
    "costs": Metric("Costs", "money", lambda p: p.costs, "everything paid for orders, opening included", headline=True),
    "trades": Metric("Trades", "count", lambda p: p.trades, "orders filled, opening included", headline=True),
    "rebalances": Metric(
        "Rebalances",
        "count",
        lambda p: p.rebalances,
        "sessions traded to the targets or into the bands, with the opening",
        headline=True,
    ),
    "xirr": Metric(
        "Money-weighted (XIRR)",
        "percent",
        lambda p: p.internal_rate.value if p.internal_rate else None,
        "the one rate that makes all flows' present value zero, calendar days / 365",
    ),
    "paid_in": Metric("Paid in after opening", "money", lambda p: p.paid_in, "contributions less withdrawals"),
    "annual_return_252": Metric(
        "Return a year by count",
        "percent",
        lambda p: annual_return_by_count(p.returns),
        "product of (1 + r) ^ (252 / n) - 1; other tools' CAGR",
    ),
    "best_month": Metric(
        "Best month", "percent", lambda p: _extreme_period_return(p, "month", max), "best calendar month"
    ),
    "worst_month": Metric(
        "Worst month", "percent", lambda p: _extreme_period_return(p, "month", min), "worst calendar month"
    ),
    "win_months": Metric(
        "Winning months",
        "percent",
        lambda p: float(np.mean(period_returns(p.level, p.dates, "month")[1] > 0.0)),
        "share of calendar months above 0",
    ),
    "best_day": Metric(
        "Best day", "percent", lambda p: float(p.returns.max()) if p.returns.size else None, "highest daily return"
    ),
    "worst_day": Metric(
        "Worst day", "percent", lambda p: float(p.returns.min()) if p.returns.size else None, "lowest daily return"
    ),
    "skew": Metric(
        "Skewness",
        "ratio",
        lambda p: _standardised_moment(p.returns, 3),
        "third standardised moment of daily returns (n)",
    ),
    "kurtosis": Metric(
        "Kurtosis",
        "ratio",
        lambda p: _standardised_moment(p.returns, 4),
        "fourth standardised moment of daily returns (n); 3 is normal",
    ),
    "omega": Metric("Omega", "ratio", lambda p: omega(p.returns, p.risk_free), "gains above rf / losses below it"),
    "var_95": Metric(
        "VaR 95 %, one day", "percent", lambda p: _value_at_risk(p.returns), "5 % quantile of daily returns, historical"
    ),
    "cvar_95": Metric(
        "CVaR 95 %, one day",
        "percent",
        lambda p: _expected_shortfall(p.returns),
        "mean of daily returns at or below VaR",
    ),
}
"""Every figure of a portfolio, in the order of the tables; one place to add one."""


def compute_metrics(performance: Performance) -> dict[str, float | int | None]:
    """Return every metric that exists; what is not finite does not."""
    result: dict[str, float | int | None] = {}
    for name, metric in METRICS.items():
        value = metric.compute(performance)
        result[name] = value if value is not None and np.isfinite(value) else None
    return result


def _level_series(ledger: Ledger, returns: FloatArray) -> FloatArray:
    """Return (T+1,) the capital and what became of it; without flows that is the value itself."""
    if ledger.flows.any():
        return chain_level(ledger.capital, float(ledger.value[0]), returns)
    return np.concatenate([[ledger.capital], ledger.value])


def _extreme_period_return(p: Performance, period: Period, pick: Callable[[FloatArray], float]) -> float:
    return float(pick(period_returns(p.level, p.dates, period)[1]))


def _standardised_moment(returns: FloatArray, order: int) -> float | None:
    centred = returns - returns.mean() if returns.size else returns
    spread = float(np.sqrt(np.mean(centred**2))) if returns.size else 0.0
    return float(np.mean(centred**order) / spread**order) if spread > 0.0 else None


def _value_at_risk(returns: FloatArray) -> float | None:
    return float(np.quantile(returns, 0.05)) if returns.size else None


def _expected_shortfall(returns: FloatArray) -> float | None:
    return float(returns[returns <= np.quantile(returns, 0.05)].mean()) if returns.size else None


def _internal_rate(ledger: Ledger) -> InternalRate:
    """Return the XIRR of capital, flows and final value, seen from the investor's pocket."""
    flows = -ledger.flows
    flows[0] -= ledger.capital
    flows[-1] += ledger.value[-1]
    paid = flows != 0.0
    return xirr(ledger.dates[paid], flows[paid])
