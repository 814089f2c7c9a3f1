"""What a command line says beside config and transactions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from engine.core.errors import DataError
from engine.depot.holdings import read_holdings
from engine.depot.records import Holdings


class DepotFlags(NamedTuple):
    """What a command line says beside config and transactions; texts as they were typed, "" where nothing was."""

    holdings_at_start: Path | None = None
    cash_at_start: str = ""
    holdings: Path | None = None
    start: str = ""
    end: str = ""
    prices: Path | None = None
    layout: str = ""
    account: str = ""
    corrections: Path | None = None


def read_positions(path: Path | None, flags: DepotFlags) -> Holdings | None:
    """Return the positions in a file of the account that is compared, None where no file is named."""
    return None if path is None else read_holdings(str(path), account=flags.account)


def read_day(flag: str, text: str) -> dt.date | None:
    """Return the day that a flag names, None for none; raises DataError for what is no date."""
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError(f"{flag}: found {text[:40]!r}, expected a date as 2025-01-02") from None


def read_money(flag: str, text: str) -> Fraction | None:
    """Return the money that a flag names, None for none; raises DataError for what is no number."""
    if not text:
        return None
    try:
        money = Decimal(text)
    except InvalidOperation:
        money = Decimal("NaN")
    if not money.is_finite():
        raise DataError(f"{flag}: found {text[:40]!r}, expected money with a point, as 1234.56")
    return Fraction(money)
