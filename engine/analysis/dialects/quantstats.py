"""quantstats: functions of daily returns from the second session on (``quantstats/stats.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist
from typing import Final

from engine.analysis.dialects import formulas as f
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectFigure, DialectSeries
from engine.core.arrays import FloatArray

VERSION: Final = "0.0.86"


def _ulcer(series: DialectSeries) -> float:
    falls = f.drawdowns(f.compound(series.returns))[1:]
    return f.root_mean_square(falls, len(falls) - 1)


def _growth(series: DialectSeries) -> float:
    return f.growth_by_count(series.returns, series.periods)


def _excess(series: DialectSeries) -> FloatArray:
    """Return the returns above the risk-free rate; one below zero is not taken off."""
    return series.excess if series.risk_free > 0.0 else series.returns


def _normal_tail(series: DialectSeries) -> float:
    normal = NormalDist()
    depth = normal.pdf(normal.inv_cdf(0.05)) / 0.05
    return float(series.returns.mean()) - f.deviation(series.returns) * depth


FIGURES: Final[Mapping[str, DialectFigure]] = {
    "total_return": DialectFigure(lambda s: f.growth(s.returns) - 1.0, Reason.OPENING),
    "cagr": DialectFigure(_growth, Reason.YEARS),
    "volatility": DialectFigure(lambda s: f.volatility(s.returns, s.periods), Reason.SAME),
    "sharpe": DialectFigure(lambda s: f.sharpe(_excess(s), s.periods), Reason.RATE),
    "sortino": DialectFigure(lambda s: f.sortino(_excess(s), s.periods), Reason.RATE),
    "max_drawdown": DialectFigure(lambda s: f.deepest(s.returns), Reason.OPENING),
    "calmar": DialectFigure(lambda s: _growth(s) / abs(f.deepest(s.returns)), Reason.YEARS),
    "ulcer": DialectFigure(_ulcer, Reason.SAMPLE),
    "upi": DialectFigure(lambda s: (f.growth(s.returns) - 1.0 - s.risk_free) / _ulcer(s), Reason.PLAIN),
    "var_95": DialectFigure(lambda s: f.normal_quantile(s.returns, 0.05), Reason.NORMAL),
    "cvar_95": DialectFigure(_normal_tail, Reason.NORMAL),
    "skew": DialectFigure(lambda s: f.sample_skewness(s.returns), Reason.SAMPLE),
    "kurtosis": DialectFigure(lambda s: f.sample_excess_kurtosis(s.returns), Reason.SAMPLE),
    "information_ratio": DialectFigure(lambda s: f.plain_information_ratio(s.pair), Reason.PLAIN),
    "best_day": DialectFigure(lambda s: float(s.returns.max()), Reason.SAME),
    "worst_day": DialectFigure(lambda s: float(s.returns.min()), Reason.SAME),
    "best_month": DialectFigure(lambda s: float(s.calendar_returns_after_opening("month").max()), Reason.OPENING),
    "worst_month": DialectFigure(lambda s: float(s.calendar_returns_after_opening("month").min()), Reason.OPENING),
    "best_year": DialectFigure(lambda s: float(s.calendar_returns_after_opening("year").max()), Reason.OPENING),
    "worst_year": DialectFigure(lambda s: float(s.calendar_returns_after_opening("year").min()), Reason.OPENING),
}
