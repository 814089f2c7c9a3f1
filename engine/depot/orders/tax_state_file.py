"""What was booked of an account's taxes, as JSON: each booking on its session, vectors by their columns."""

from __future__ import annotations

import datetime as dt
from math import isfinite
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from engine.core.errors import DataError
from engine.core.fields import ConfigModel
from engine.core.json_files import Json
from engine.simulation.tax_state import TaxState
from engine.tax.booking_log import BookingKind, LoggedBooking

_VECTORS: Final = {"take_income": 2, "take_trades": 3, "buy_back": 3}
_Column = Annotated[int, Field(ge=0)]


class Booking(ConfigModel):
    """One booking ``on`` a session of ``Taxes.dates``."""

    on: _Column
    kind: BookingKind
    columns: tuple[_Column, ...] = ()
    vectors: tuple[tuple[float, ...], ...] = ()
    amount: float = 0.0


class Taxes(ConfigModel):
    """The taxes of a state, as a file has them."""

    opened: str
    dates: tuple[str, ...]
    bookings: tuple[Booking, ...]
    earned: float
    settled: bool


def taxes_json(tax: TaxState) -> dict[str, Json]:
    """Return the taxes of a state as JSON-ready data."""
    dates: list[Json] = [str(date) for date in tax.dates]
    bookings: list[Json] = [_booking_json(one) for one in tax.bookings]
    opened = str(tax.opened)
    return {"opened": opened, "dates": dates, "bookings": bookings, "earned": tax.earned, "settled": tax.settled}


def _booking_json(one: LoggedBooking) -> dict[str, Json]:
    plain: dict[str, Json] = {"on": one.row, "kind": one.kind}
    if one.vectors:
        columns: list[Json] = list(one.columns)
        plain |= {"columns": columns, "vectors": [list(vector) for vector in one.vectors]}
    if one.amount:
        plain["amount"] = one.amount
    return plain


def read_taxes(tax: Taxes, count: int, path: str) -> TaxState:
    """Return the taxes of a state of ``count`` assets; raises DataError for what no order wrote."""
    days = [tax.opened, *tax.dates]
    known = all(_is_booking(one, len(tax.dates), count) for one in tax.bookings)
    known = known and isfinite(tax.earned) and list(tax.dates) == sorted(set(tax.dates))
    if not known or not all(is_iso_day(day) for day in days) or min(days) != tax.opened:
        raise DataError(f"{path}: found a booking of taxes that cannot be one; it was changed by hand")
    bookings = tuple(LoggedBooking(one.on, one.kind, one.columns, one.vectors, one.amount) for one in tax.bookings)
    dates = np.array(tax.dates, dtype="datetime64[D]")
    return TaxState(np.datetime64(tax.opened), dates, bookings, tax.earned, tax.settled)


def _is_booking(one: Booking, days: int, count: int) -> bool:
    fits = len(one.vectors) == _VECTORS.get(one.kind, 0) and all(len(each) == len(one.columns) for each in one.vectors)
    fits = fits and all(isfinite(number) for vector in (*one.vectors, (one.amount,)) for number in vector)
    return fits and one.on < days and all(column < count for column in one.columns)


def is_iso_day(text: str) -> bool:
    """Tell whether a text is a day as 2027-01-04: Python takes 20270104 and 2027-W01-1 for one too, numpy does not."""
    try:
        return str(dt.date.fromisoformat(text)) == text
    except ValueError:
        return False
