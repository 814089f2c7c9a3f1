"""empyrical-reloaded, which pyfolio prints: functions of daily returns from the second session on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.analysis.dialects import formulas as f
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectFigure, DialectSeries

VERSION: Final = "0.7.1"


def _growth(series: DialectSeries) -> float:
    return f.growth_by_count(series.returns, series.periods)


FIGURES: Final[Mapping[str, DialectFigure]] = {
    "total_return": DialectFigure(lambda s: f.growth(s.returns) - 1.0, Reason.OPENING),
    "cagr": DialectFigure(_growth, Reason.YEARS),
    "volatility": DialectFigure(lambda s: f.volatility(s.returns, s.periods), Reason.SAME),
    "sharpe": DialectFigure(lambda s: f.sharpe(s.excess, s.periods), Reason.SAME),
    "sharpe_annual_rate": DialectFigure(lambda s: f.sharpe(s.returns - s.risk_free, s.periods), Reason.RATE),
    "sortino": DialectFigure(lambda s: f.sortino(s.excess, s.periods), Reason.SAME),
    "max_drawdown": DialectFigure(lambda s: f.deepest(s.returns), Reason.OPENING),
    "calmar": DialectFigure(lambda s: _growth(s) / abs(f.deepest(s.returns)), Reason.YEARS),
    "var_95": DialectFigure(lambda s: f.quantile(s.returns, 0.05), Reason.SAME),
    "cvar_95": DialectFigure(lambda s: f.mean_of_lowest(s.returns, 0.05), Reason.PART),
    "information_ratio": DialectFigure(lambda s: f.plain_information_ratio(s.pair), Reason.PLAIN),
}
