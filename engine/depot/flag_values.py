"""Days and money that stand behind a flag of a command."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation

from engine.core.errors import DataError


def read_day(flag: str, text: str) -> dt.date:
    """Return the day that ``flag`` names; raises DataError for what is no date."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{flag}: found {text[:40]!r}, expected a date as 2027-01-04") from None


def read_money(flag: str, text: str, otherwise: str = "") -> Decimal:
    """Return the money that ``flag`` names [currency]; raises DataError for no number, with what else is expected."""
    try:
        money = Decimal(text.strip())
    except InvalidOperation:
        money = Decimal("NaN")
    if not money.is_finite():
        raise DataError(f"{flag}: found {text[:40]!r}, expected money with a point, as 1234.56{otherwise}")
    return money
