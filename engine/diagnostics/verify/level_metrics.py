"""A portfolio's figures from its levels, by the formulas of S13 in plain numpy: a second opinion on `analysis`."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR

_ROUNDING: Final = 1e-12
"""Below which a denominator is rounding: the ratio does not exist (S13)."""
_TAIL: Final = 0.05


def level_metrics(level: FloatArray, dates: DateArray, periods: float, rate: float | None) -> dict[str, float | None]:
    """Return figures by their names in ``summary.json``, None for one that does not exist.

    ``level`` (T+1,) begins with the capital, its other values are of ``dates`` (T,); ``periods`` sessions are a year.
    ``rate`` is the risk-free rate a year; without it the ratios that need it are left out.
    """
    returns = level_returns(level[1:])
    growth = annual_growth(level, days_between(dates))
    below = level / np.maximum.accumulate(level) - 1.0
    deepest = float(below.min())
    months, years = (calendar_returns(level, dates, unit) for unit in ("M", "Y"))
    found = {
        "total_return": float(level[-1] / level[0] - 1.0),
        "cagr": growth,
        "max_drawdown": deepest,
        "calmar": growth / -deepest if growth is not None and deepest < -_ROUNDING else None,
        "ulcer": math.sqrt(float(np.mean(below**2))),
        "longest_drawdown": float(_longest_fall(below, dates)),
        "best_month": float(months.max()),
        "worst_month": float(months.min()),
        "win_months": float(np.mean(months > _ROUNDING)),
        "best_year": float(years.max()),
        "worst_year": float(years.min()),
    }
    return {**found, **(_return_figures(returns, periods, rate) if len(returns) > 1 else {})}


def level_returns(level: FloatArray) -> FloatArray:
    """Return (T-1,) the changes of ``level`` (T,); 0 once nothing is left."""
    before = level[:-1]
    return np.divide(level[1:] - before, before, out=np.zeros(len(before)), where=before > 0.0)


def days_between(dates: DateArray) -> float:
    """Return the calendar days from the first date to the last."""
    return float((dates[-1] - dates[0]) / np.timedelta64(1, "D")) if len(dates) else 0.0


def annual_growth(level: FloatArray, days: float) -> float | None:
    """Return the growth rate a year from the first level to the last, ``days`` apart."""
    if not days or not len(level) or level[0] <= 0.0:
        return None
    return math.pow(float(level[-1] / level[0]), CALENDAR_DAYS_PER_YEAR / days) - 1.0


def deviation(x: FloatArray) -> float | None:
    """Return the standard deviation (n - 1) of ``x`` where it is more than rounding."""
    found = float(np.std(x, ddof=1)) if len(x) > 1 else 0.0
    return found if found > _ROUNDING else None


def calendar_returns(level: FloatArray, dates: DateArray, unit: str) -> FloatArray:
    """Return those of each calendar period, the first from the capital; ``unit`` is M or Y."""
    period = dates.astype(f"datetime64[{unit}]")
    last: IntArray = np.flatnonzero(np.append(period[1:] != period[:-1], [True]))
    return level_returns(level[np.concatenate([[0], last + 1])])


def _longest_fall(below: FloatArray, dates: DateArray) -> int:
    """Return the most days from a high to its recovery or the end; ``below`` (T+1,) is how far it is to the high."""
    high: BoolArray = below >= -_ROUNDING
    days = np.concatenate([dates[:1], dates]).astype("datetime64[D]").astype(np.int64)
    since = np.maximum.accumulate(np.where(high, days, days[0]))
    fallen = days - np.concatenate([since[:1], since[:-1]])
    return int(fallen[~high | np.append([False], ~high[:-1])].max(initial=0))


def _return_figures(returns: FloatArray, periods: float, rate: float | None) -> dict[str, float | None]:
    spread = deviation(returns)
    central = returns - returns.mean()
    moment = math.sqrt(float(np.mean(central**2)))
    worst, share = np.sort(returns), len(returns) * _TAIL
    whole = int(share)
    tail = float(worst[:whole].sum()) + (share - whole) * float(worst[whole])
    found: dict[str, float | None] = {
        "volatility": float(np.std(returns, ddof=1)) * math.sqrt(periods),
        "annual_return_by_count": math.pow(float(np.prod(1.0 + returns)), periods / len(returns)) - 1.0,
        "best_day": float(returns.max()),
        "worst_day": float(returns.min()),
        "skew": float(np.mean(central**3)) / moment**3 if spread else None,
        "kurtosis": float(np.mean(central**4)) / moment**4 if spread else None,
        "var_95": float(np.quantile(returns, _TAIL)),
        "cvar_95": tail / share,
    }
    return {**found, **({} if rate is None else _excess_figures(returns, periods, rate))}


def _excess_figures(returns: FloatArray, periods: float, rate: float) -> dict[str, float | None]:
    excess = returns - (math.pow(1.0 + rate, 1.0 / periods) - 1.0)
    spread, shortfall = deviation(excess), np.minimum(excess, 0.0)
    downside, losses = math.sqrt(float(np.mean(shortfall**2))), -float(shortfall.sum())
    mean, scale = float(excess.mean()), math.sqrt(periods)
    return {
        "sharpe": mean / spread * scale if spread else None,
        "sortino": mean / downside * scale if downside > _ROUNDING else None,
        "omega": float(np.maximum(excess, 0.0).sum()) / losses if losses > _ROUNDING * len(excess) else None,
    }
