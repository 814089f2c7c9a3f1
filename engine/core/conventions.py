"""Conventions that several packages share: lengths of a year, and when a sum of weights is its total."""

from typing import Final

SESSIONS_PER_YEAR: Final = 252.0
"""Means, covariances and volatilities of session returns are annualised by it (S13)."""
CALENDAR_DAYS_PER_YEAR: Final = 365.25
"""Growth rates a year count calendar days (S13)."""
CASH_DAYS_PER_YEAR: Final = 365.0
"""Cash and money-weighted rates accrue over calendar days / 365 (S5)."""
WEIGHT_SUM_TOLERANCE: Final = 1e-9
"""Most by which a sum of weights may miss its total or its limit, as decimals are rounded [weight]."""
