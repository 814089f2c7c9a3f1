"""What another tool is given of a run: its returns, its level, and what stands beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from engine.analysis.dialects.reasons import Reason
from engine.analysis.metrics import period_returns, rate_per_session
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, SESSIONS_PER_YEAR


@dataclass(frozen=True)
class DialectSeries:
    """A run as another tool sees it.

    ``dates`` (T,), ``level`` (T+1,) from the capital on, ``risk_free`` [annual, effective], ``pair`` (2, K) returns of
    the strategy and of its rival over their common sessions, where there is a rival, ``traded`` (T,) bought and sold
    at each close over the value then, ``periods`` a year.
    """

    dates: DateArray
    level: FloatArray
    risk_free: float = 0.0
    pair: FloatArray | None = None
    traded: FloatArray | None = None
    periods: float = SESSIONS_PER_YEAR

    @cached_property
    def returns(self) -> FloatArray:
        """(T-1,) returns from the second session on."""
        before, after = self.level[1:-1], self.level[2:]
        changes: FloatArray = np.divide(after, before, out=np.ones_like(after), where=before > 0.0) - 1.0
        return changes

    @cached_property
    def excess(self) -> FloatArray:
        """(T-1,) returns above the risk-free rate, which is spread over the sessions geometrically."""
        return self.returns - rate_per_session(self.risk_free, self.periods)

    @property
    def days(self) -> int:
        """Calendar days from the first session to the last."""
        return int((self.dates[-1] - self.dates[0]).item().days)

    @property
    def years(self) -> float:
        """Calendar days / 365.25."""
        return self.days / CALENDAR_DAYS_PER_YEAR

    def calendar_returns(self, period: Literal["month", "year"]) -> FloatArray:
        """Return the returns of calendar periods, the first from the capital on."""
        return period_returns(self.level, self.dates, period)[1]

    def calendar_returns_after_opening(self, period: Literal["month", "year"]) -> FloatArray:
        """Return the same, the first from the first close on: what returns from the second session on show."""
        return period_returns(self.level[1:], self.dates[1:], period)[1]


Formula = Callable[[DialectSeries], float | None]


@dataclass(frozen=True)
class DialectFigure:
    """A figure by another tool's formula and why it differs; ``style`` is how it writes it, where not as we do.

    A formula may divide by zero: its answer is then no figure.
    """

    formula: Formula
    reason: Reason
    style: str = ""
