"""Conventions that several packages share: lengths of a year, and when a sum of weights is its total."""

from typing import Final, Literal, TypeAlias

Frequency: TypeAlias = Literal["seven_day", "daily", "weekly", "monthly", "quarterly"]
"""How often closes are printed (S1)."""
PERIODS_PER_YEAR: Final[dict[Frequency, float]] = {
    "seven_day": 365.0,
    "daily": 252.0,
    "weekly": 52.0,
    "monthly": 12.0,
    "quarterly": 4.0,
}
"""A, by which means, covariances and volatilities of a session's returns are annualised (S1, S13)."""

SESSIONS_PER_YEAR: Final = PERIODS_PER_YEAR["daily"]
"""A of daily closes."""
CALENDAR_DAYS_PER_YEAR: Final = 365.25
"""Growth rates a year count calendar days (S13)."""
CASH_DAYS_PER_YEAR: Final = 365.0
"""Cash and money-weighted rates accrue over calendar days / 365 (S5)."""
WEIGHT_SUM_TOLERANCE: Final = 1e-9
"""Most by which a sum of weights may miss its total or its limit, as decimals are rounded [weight]."""
