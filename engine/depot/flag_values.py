"""Days and money that stand behind a flag of a command."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import Final

from engine.core.errors import DataError
from engine.depot.cells import MAX_NUMBER

_YEARS: Final = 1900, 2200
_MOST_DECIMALS: Final = 99
"""The fraction of a number of millions of digits would fill the memory."""


def read_day(flag: str, text: str) -> dt.date:
    """Return the day that ``flag`` names; raises DataError for what is no date, or one that no exchange has."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{flag}: found {text[:40]!r}, expected a date as 2027-01-04") from None
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise DataError(f"{flag}: found {day}, expected a day of the years {_YEARS[0]} to {_YEARS[1]}; correct it")
    return day


def read_money(flag: str, text: str, otherwise: str = "") -> Decimal:
    """Return the money that ``flag`` names [currency]; raises DataError for no number, with what else is expected."""
    try:
        money = Decimal(text.strip())
    except InvalidOperation:
        money = Decimal("NaN")
    if not (money.is_finite() and -MAX_NUMBER <= money <= MAX_NUMBER and money.adjusted() >= -_MOST_DECIMALS):
        raise DataError(f"{flag}: found {text[:40]!r}, expected money with a point, as 1234.56{otherwise}")
    return money
