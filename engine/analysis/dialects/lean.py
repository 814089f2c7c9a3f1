"""Lean: ``Common/Statistics/Statistics.cs`` and ``PortfolioStatistics.cs``, of returns from the second session on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.analysis.dialects import formulas as f
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectFigure, DialectSeries
from engine.core.arrays import FloatArray
from engine.core.conventions import CASH_DAYS_PER_YEAR
from engine.core.powers import power

VERSION: Final = "its source of 2026"


def _growth(series: DialectSeries) -> float:
    return power(float(series.level[-1] / series.level[0]), CASH_DAYS_PER_YEAR / series.days) - 1.0


def _performance(returns: FloatArray, periods: float) -> float:
    """Return the mean return, compounded to a year."""
    return power(1.0 + float(returns.mean()), periods) - 1.0


def _sharpe(series: DialectSeries) -> float:
    spread = f.volatility(series.returns, series.periods)
    return (_performance(series.returns, series.periods) - series.risk_free) / spread


def _sortino(series: DialectSeries) -> float:
    losing = series.returns[series.returns < 0.0]
    spread = f.volatility(losing, series.periods)
    return (_performance(series.returns, series.periods) - series.risk_free) / spread


def _information_ratio(series: DialectSeries) -> float | None:
    if series.pair is None:
        return None
    ahead = _performance(series.pair[0], series.periods) - _performance(series.pair[1], series.periods)
    return ahead / f.volatility(series.pair[0] - series.pair[1], series.periods)


FIGURES: Final[Mapping[str, DialectFigure]] = {
    "total_return": DialectFigure(lambda s: float(s.level[-1] / s.level[0]) - 1.0, Reason.SAME),
    "cagr": DialectFigure(_growth, Reason.YEARS),
    "volatility": DialectFigure(lambda s: f.volatility(s.returns, s.periods), Reason.SAME),
    "sharpe": DialectFigure(_sharpe, Reason.COMPOUNDED),
    "sortino": DialectFigure(_sortino, Reason.PART),
    "max_drawdown": DialectFigure(lambda s: float(f.drawdowns(s.level).min()), Reason.SAME),
    "var_95": DialectFigure(lambda s: f.normal_quantile(s.returns, 0.05), Reason.NORMAL),
    "information_ratio": DialectFigure(_information_ratio, Reason.COMPOUNDED),
    "turnover": DialectFigure(lambda s: None if s.traded is None else float(s.traded.mean()), Reason.PLAIN),
}
