"""The table of all metrics: every figure of a portfolio, named, defined and ordered in one place (S13)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, get_args

import numpy as np

from engine.analysis import metrics as m
from engine.analysis.performance import Performance
from engine.core.arrays import finite_or_none
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, PERIODS_PER_YEAR, Frequency
from engine.core.errors import EngineError
from engine.core.plug_in_entries import PlugIn, PlugInError
from engine.core.plug_ins import load_plug_ins, warn_once

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
    of_plug_ins = plug_in_metrics()
    found = {name: finite_or_none(one.compute(performance)) for name, one in _own_metrics("daily").items()}
    for name, metric in of_plug_ins.items():
        try:
            found[name] = finite_or_none(metric.compute(performance))
        except PlugInError as error:  # nobody named it, so it stops nobody
            found[name] = None
            warn_once(str(error))
    return found


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
_STYLES: Final = ("percent", "ratio", "money", "count", "days")
_OTHER_KEYS: Final = frozenset(
    [
        "start",
        "end",
        "sessions",
        "point",
        "max_weight",
        "sessions_over_cap",
        "metrics",
        "frequency",
        "currency_parts",
        "yearly_fees",
        "last_withdrawal",
        "tax",
        "after_tax",
        "pre_tax",
        "tax_paid",
        "held_value",
        "held_cagr",
        "sold_value",
        "sold_cagr",
    ]
)
"""What a summary or a table of variants has under other keys."""


def _prepare_metric(found: object, plug_in: PlugIn) -> Metric:
    """Return a plug-in's metric as the tables have it; raises TypeError saying what is wrong with it."""
    if not isinstance(found, Metric):
        raise TypeError(f"is no engine.analysis.metrics_table.Metric, but a {type(found).__name__}")
    if not re.fullmatch("[a-z][a-z0-9_]{0,39}", plug_in.kind) or plug_in.kind in _OTHER_KEYS:
        raise TypeError("a metric's name has small letters, digits and _, and is no other key of a summary")
    texts = found.title, found.definition
    if found.style not in _STYLES or found.better not in get_args(Better):
        raise TypeError(f"has style '{found.style}' and better '{found.better}'; styles are {', '.join(_STYLES)}")
    if not all(isinstance(text, str) and text.isprintable() and 0 < len(text) <= 200 for text in texts):
        raise TypeError("its title and definition must be texts of one line, up to 200 characters")
    if set("{}") & set("".join(texts)):
        raise TypeError("its title and definition must be without braces")
    compute = found.compute

    def computed(performance: Performance) -> float | int | None:
        try:
            answer = compute(performance)
        except (EngineError, MemoryError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a SystemExit would end the process with code 0
            raise plug_in.fault("failed", error) from error
        if answer is not None and not isinstance(answer, (int, float, np.integer, np.floating)):
            raise plug_in.fault(f"answers {type(answer).__name__}; a number or None is expected")
        return answer if answer is None else float(answer)

    return replace(found, compute=computed)


@cache
def plug_in_metrics() -> Mapping[str, Metric]:
    """Return the figures that packages of others add, by name."""
    return load_plug_ins("metrics", (*_HEADLINE, *_DETAILS), _prepare_metric)


def metrics_at(frequency: Frequency) -> dict[str, Metric]:
    """Return every figure of a portfolio, in the order of the tables, in the words of its frequency."""
    return {**_own_metrics(frequency), **plug_in_metrics()}


@cache
def _own_metrics(frequency: Frequency) -> Mapping[str, Metric]:
    day, daily = _PERIOD_WORDS[frequency]
    words = {"day": day, "daily": daily, "A": f"{PERIODS_PER_YEAR[frequency]:.0f}"}
    titled = {name: replace(one, headline=True) for name, one in _HEADLINE.items()} | _DETAILS
    return {
        name: replace(one, title=one.title.format_map(words), definition=one.definition.format_map(words))
        for name, one in titled.items()
    }


if TYPE_CHECKING:
    METRICS: Mapping[str, Metric]
    """Every figure of a portfolio, in the words of daily closes; one place to add one."""
else:

    def __getattr__(name: str) -> object:
        """Make the table when it is asked for: a plug-in imports ``Metric`` from here."""
        if name != "METRICS":
            raise AttributeError(name)
        globals()["METRICS"] = made = metrics_at("daily")
        return made
