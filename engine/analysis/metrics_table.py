"""The table of all metrics: every figure of a portfolio, named, defined and ordered in one place (S13)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, TypeAlias

from engine.analysis import metrics as m
from engine.analysis.performance import Performance
from engine.core.arrays import finite_or_none
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, PERIODS_PER_YEAR, Frequency

Better: TypeAlias = Literal["high", "low", ""]


@dataclass(frozen=True)
class Metric:
    """One figure: how it is shown, computed and defined. ``style`` is percent, ratio, money, count or days.

    The ``headline`` figures are those of the first tables; ``better`` says which end of one an investor prefers, ""
    where that is not so plain. In title and definition ``{day}``, ``{daily}`` and ``{A}`` stand for a session, its
    returns, and how many there are a year (S1).
    """

    style: str
    title: str
    compute: Callable[[Performance], float | int | None]
    definition: str
    headline: bool = False
    better: Better = ""


_percent, _ratio, _money, _count, _days = (
    partial(Metric, style) for style in ("percent", "ratio", "money", "count", "days")
)


def compute_metrics(performance: Performance) -> dict[str, float | int | None]:
    """Return every metric by name; one that is not finite does not exist."""
    return {name: finite_or_none(metric.compute(performance)) for name, metric in METRICS.items()}


_HEADLINE: Final = {
    "final_value": _money("Final value", lambda p: p.final_value, "value at the last close", better="high"),
    "total_return": _percent(
        "Total return", lambda p: m.total_return(p.level), "last level / capital - 1, flows taken out", better="high"
    ),
    "cagr": _percent("CAGR", lambda p: p.cagr, "growth a year over calendar days / 365.25", better="high"),
    "volatility": _percent(
        "Volatility",
        lambda p: p.statistics.volatility(p.periods_per_year),
        "std (n - 1) of {daily} returns x sqrt({A})",
        better="low",
    ),
    "sharpe": _ratio(
        "Sharpe", lambda p: p.excess.sharpe(p.periods_per_year), "mean(r - rf) / std(r - rf) x sqrt({A})", better="high"
    ),
    "sortino": _ratio(
        "Sortino",
        lambda p: p.excess.sortino(p.periods_per_year),
        "mean(r - rf) / sqrt(mean(min(r - rf, 0)^2)) x sqrt({A})",
        better="high",
    ),
    "max_drawdown": _percent(
        "Max drawdown",
        lambda p: p.drawdowns.deepest,
        "lowest level / highest before it - 1, from the capital on",
        better="high",
    ),
    "calmar": _ratio("Calmar", lambda p: m.calmar(p.cagr, p.drawdowns.deepest), "CAGR / |max drawdown|", better="high"),
    "ulcer": _percent(
        "Ulcer index",
        lambda p: math.sqrt(p.drawdowns.mean_square),
        "square root of the mean squared drawdown",
        better="low",
    ),
    "best_year": _percent(
        "Best year", lambda p: p.years.best, "best calendar year, partial ones included", better="high"
    ),
    "worst_year": _percent(
        "Worst year", lambda p: p.years.worst, "worst calendar year, partial ones included", better="high"
    ),
    "longest_drawdown": _days(
        "Longest drawdown",
        lambda p: p.drawdowns.longest,
        "calendar days from a high to its recovery or the end, 0 where it never fell",
        better="low",
    ),
    "turnover": _percent(
        "Turnover a year",
        lambda p: m.turnover(p.traded, p.mean_value, p.days / CALENDAR_DAYS_PER_YEAR),
        "money traded / 2 / mean value / years, opening purchase and payouts left out",
        better="low",
    ),
    "costs": _money(
        "Costs", lambda p: p.costs, "everything paid for orders, opening included, and the yearly fee", better="low"
    ),
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
        better="high",
    ),
    "paid_in": _money("Paid in after opening", lambda p: p.paid_in, "contributions less withdrawals"),
    "annual_return_by_count": _percent(
        "Return a year by count",
        lambda p: p.statistics.annual_by_count(p.periods_per_year),
        "product of (1 + r) ^ ({A} / n) - 1; other tools' CAGR",
        better="high",
    ),
    "best_month": _percent("Best month", lambda p: p.months.best, "best calendar month", better="high"),
    "worst_month": _percent("Worst month", lambda p: p.months.worst, "worst calendar month", better="high"),
    "win_months": _percent("Winning months", lambda p: p.months.won, "share of calendar months above 0", better="high"),
    "best_day": _percent("Best {day}", lambda p: p.statistics.highest, "highest {daily} return", better="high"),
    "worst_day": _percent("Worst {day}", lambda p: p.statistics.lowest, "lowest {daily} return", better="high"),
    "skew": _ratio("Skewness", lambda p: p.statistics.skewness, "third standardised moment of {daily} returns (n)"),
    "kurtosis": _ratio(
        "Kurtosis",
        lambda p: p.statistics.kurtosis,
        "fourth standardised moment of {daily} returns (n); 3 is normal",
    ),
    "omega": _ratio("Omega", lambda p: p.excess.omega, "gains above rf / losses below it", better="high"),
    "var_95": _percent(
        "VaR 95 %, one {day}",
        lambda p: p.statistics.value_at_risk,
        "5 % quantile of {daily} returns, historical",
        better="high",
    ),
    "cvar_95": _percent(
        "CVaR 95 %, one {day}",
        lambda p: p.statistics.expected_shortfall,
        "mean of the worst 5 % of {daily} returns, the last of them in part",
        better="high",
    ),
}
_PERIOD_WORDS: Final[dict[Frequency, tuple[str, str]]] = {
    "seven_day": ("day", "daily"),
    "daily": ("day", "daily"),
    "weekly": ("week", "weekly"),
    "monthly": ("month", "monthly"),
    "quarterly": ("quarter", "quarterly"),
}
"""What a session is called, and its returns."""


def metrics_at(frequency: Frequency) -> dict[str, Metric]:
    """Return every figure of a portfolio, in the order of the tables, in the words of its frequency."""
    day, daily = _PERIOD_WORDS[frequency]
    words = {"day": day, "daily": daily, "A": f"{PERIODS_PER_YEAR[frequency]:.0f}"}
    titled = {name: replace(one, headline=True) for name, one in _HEADLINE.items()} | _DETAILS
    return {
        name: replace(one, title=one.title.format_map(words), definition=one.definition.format_map(words))
        for name, one in titled.items()
    }


METRICS: Final = metrics_at("daily")
"""Every figure of a portfolio, in the words of daily closes; one place to add one."""
