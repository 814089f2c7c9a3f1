"""vectorbt's returns accessor as it comes: a year of 365 days, closes of one day (``vectorbt/returns``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.analysis.dialects import formulas as f
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectFigure, DialectSeries
from engine.analysis.metrics import rate_per_session
from engine.core.arrays import FloatArray
from engine.core.powers import power

VERSION: Final = "1.2.0"
_A: Final = 365.0


def _falls(series: DialectSeries) -> FloatArray:
    return f.drawdowns(f.compound(series.returns)[1:])


def _growth(series: DialectSeries) -> float:
    return f.growth_by_count(series.returns, _A)


def _martin(series: DialectSeries) -> float:
    falls = _falls(series)
    free = power(1.0 + rate_per_session(series.risk_free, series.periods), _A) - 1.0
    return (_growth(series) - free) / f.root_mean_square(falls, len(falls))


FIGURES: Final[Mapping[str, DialectFigure]] = {
    "total_return": DialectFigure(lambda s: f.growth(s.returns) - 1.0, Reason.OPENING),
    "cagr": DialectFigure(_growth, Reason.PERIODS),
    "volatility": DialectFigure(lambda s: f.volatility(s.returns, _A), Reason.PERIODS),
    "sharpe": DialectFigure(lambda s: f.sharpe(s.excess, _A), Reason.PERIODS),
    "sharpe_annual_rate": DialectFigure(lambda s: f.sharpe(s.returns - s.risk_free, _A), Reason.RATE),
    "sortino": DialectFigure(lambda s: f.sortino(s.excess, _A), Reason.PERIODS),
    "max_drawdown": DialectFigure(lambda s: float(_falls(s).min()), Reason.FIRST_BAR),
    "calmar": DialectFigure(lambda s: _growth(s) / abs(float(_falls(s).min())), Reason.PERIODS),
    "ulcer": DialectFigure(lambda s: f.root_mean_square(_falls(s), len(_falls(s))), Reason.FIRST_BAR),
    "upi": DialectFigure(_martin, Reason.PERIODS),
    "var_95": DialectFigure(lambda s: f.quantile(s.returns, 0.05), Reason.SAME),
    "cvar_95": DialectFigure(lambda s: f.mean_of_lowest(s.returns, 0.05), Reason.PART),
    "information_ratio": DialectFigure(lambda s: f.plain_information_ratio(s.pair), Reason.PLAIN),
}
