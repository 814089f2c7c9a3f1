"""Portfolio Visualizer: everything from returns of calendar months, the first from the capital on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.analysis.dialects import formulas as f
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectFigure, DialectSeries
from engine.analysis.metrics import rate_per_session
from engine.core.arrays import FloatArray

VERSION: Final = "its help pages of 2026"
_A: Final = 12.0


def _months(series: DialectSeries) -> FloatArray:
    return series.calendar_returns("month")


def _excess(series: DialectSeries) -> FloatArray:
    return _months(series) - rate_per_session(series.risk_free, _A)


def _growth(series: DialectSeries) -> float:
    return f.growth_by_count(_months(series), _A)


FIGURES: Final[Mapping[str, DialectFigure]] = {
    "total_return": DialectFigure(lambda s: f.growth(_months(s)) - 1.0, Reason.SAME),
    "cagr": DialectFigure(_growth, Reason.MONTHS),
    "volatility": DialectFigure(lambda s: f.volatility(_months(s), _A), Reason.MONTHS),
    "sharpe": DialectFigure(lambda s: f.sharpe(_excess(s), _A), Reason.MONTHS),
    "sortino": DialectFigure(lambda s: f.sortino(_excess(s), _A), Reason.MONTHS),
    "max_drawdown": DialectFigure(lambda s: f.deepest(_months(s)), Reason.MONTHS),
    "calmar": DialectFigure(lambda s: _growth(s) / abs(f.deepest(_months(s))), Reason.MONTHS),
    "var_95": DialectFigure(lambda s: f.quantile(_months(s), 0.05), Reason.MONTHS),
    "best_month": DialectFigure(lambda s: float(_months(s).max()), Reason.SAME),
    "worst_month": DialectFigure(lambda s: float(_months(s).min()), Reason.SAME),
    "best_year": DialectFigure(lambda s: float(s.calendar_returns("year").max()), Reason.SAME),
    "worst_year": DialectFigure(lambda s: float(s.calendar_returns("year").min()), Reason.SAME),
}
