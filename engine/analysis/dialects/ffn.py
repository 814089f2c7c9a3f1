"""ffn: functions of prices, which are the level with the capital a day before it, and of returns (``ffn/core.py``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import numpy as np

from engine.analysis.dialects import formulas as f
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectFigure, DialectSeries
from engine.analysis.metrics import annualise_growth, period_returns
from engine.core.arrays import FloatArray

VERSION: Final = "1.4.1"


def _growth(series: DialectSeries) -> float:
    return annualise_growth(float(series.level[-1] / series.level[0]), series.days + 1)


def _deepest(series: DialectSeries) -> float:
    return float(f.drawdowns(series.level).min())


def _ulcer_percent(series: DialectSeries) -> float:
    return f.root_mean_square(100.0 * f.drawdowns(series.level), len(series.level))


def _calendar(series: DialectSeries, period: Literal["month", "year"]) -> FloatArray:
    """Return the changes from one period's last price to the next one's: the first period has none."""
    dates = np.concatenate([[series.dates[0] - np.timedelta64(1, "D")], series.dates])
    return period_returns(np.concatenate([series.level[:1], series.level]), dates, period)[1][1:]


FIGURES: Final[Mapping[str, DialectFigure]] = {
    "total_return": DialectFigure(lambda s: float(s.level[-1] / s.level[0]) - 1.0, Reason.SAME),
    "cagr": DialectFigure(_growth, Reason.OPENING),
    "volatility": DialectFigure(lambda s: f.volatility(s.returns, s.periods), Reason.SAME),
    "sharpe": DialectFigure(lambda s: f.sharpe(s.excess, s.periods), Reason.SAME),
    "sortino": DialectFigure(lambda s: f.sortino(s.excess, s.periods), Reason.SAME),
    "max_drawdown": DialectFigure(_deepest, Reason.SAME),
    "calmar": DialectFigure(lambda s: _growth(s) / abs(_deepest(s)), Reason.OPENING),
    "ulcer": DialectFigure(_ulcer_percent, Reason.PERCENT, style="ratio"),
    "upi": DialectFigure(lambda s: (_growth(s) - s.risk_free) * 100.0 / _ulcer_percent(s), Reason.OPENING),
    "skew": DialectFigure(lambda s: f.sample_skewness(s.returns), Reason.SAMPLE),
    "kurtosis": DialectFigure(lambda s: f.sample_excess_kurtosis(s.returns), Reason.SAMPLE),
    "information_ratio": DialectFigure(lambda s: f.plain_information_ratio(s.pair), Reason.PLAIN),
    "best_day": DialectFigure(lambda s: float(s.returns.max()), Reason.SAME),
    "worst_day": DialectFigure(lambda s: float(s.returns.min()), Reason.SAME),
    "best_month": DialectFigure(lambda s: float(_calendar(s, "month").max()), Reason.FIRST_PERIOD),
    "worst_month": DialectFigure(lambda s: float(_calendar(s, "month").min()), Reason.FIRST_PERIOD),
    "best_year": DialectFigure(lambda s: float(_calendar(s, "year").max()), Reason.FIRST_PERIOD),
    "worst_year": DialectFigure(lambda s: float(_calendar(s, "year").min()), Reason.FIRST_PERIOD),
}
