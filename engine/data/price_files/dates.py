"""A column of dates, strictly: one form throughout, day and month told apart by the whole column or by its owner."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.core.arrays import BoolArray, DateArray, IntArray
from engine.core.errors import DataError
from engine.core.fields import ISO_DATE_PATTERN
from engine.data.price_files.date_forms import TICKS, DateForm, WrittenDate, read_date
from engine.data.price_files.stamps import session_days

_YEARS: Final = (1800, 2200)
_CENTURY: Final = 50
"""Two digits below it are of 2000, others of 1900."""
_ENOUGH_TO_PROVE: Final = 8
"""So many dates in another order are in order by chance once in 20,000 times."""
_NAMES_OF_ORDERS: Final = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
_EXPECTED: Final = "expected a date as 2024-01-31, 31.01.2024, 01/31/2024 or Jan 31, 2024"


@dataclass(frozen=True)
class Dates:
    """The days of a column.

    Attributes
    ----------
    days : (T,) datetime64[D] session dates
    order : of day, month and year, where it may be said; else ``""``
    notes : what was assumed

    """

    days: DateArray
    order: str = ""
    notes: tuple[str, ...] = ()


def parse_dates(
    file: str, cells: Sequence[str], lines: Sequence[int], order: Literal["ymd", "dmy", "mdy"] | None = None
) -> Dates:
    """Return the session dates of date cells: the day as it is written, without its time and zone.

    Midnights and closes on another zone's clock give the session where that is certain (:mod:`.stamps`).

    Parameters
    ----------
    file : its name, for messages
    cells : in one form throughout
    lines : the line of each cell, for messages
    order : of day, month and year as the file's owner says, where the form leaves it open

    Raises
    ------
    DataError
        For a cell that is no date or is written unlike the others, and where day and month cannot be told apart.

    """
    unique = list(dict.fromkeys(cells))
    if len(unique) == len(cells):
        return _parse_unique(file, unique, lines, order)
    codes = {cell: at for at, cell in enumerate(unique)}
    places = np.fromiter(map(codes.__getitem__, cells), dtype=np.int64, count=len(cells))
    first = np.unique(places, return_index=True)[1].tolist()
    found = _parse_unique(file, unique, [lines[at] for at in first], order)
    return Dates(found.days[places], found.order, found.notes)


def _parse_unique(file: str, cells: list[str], lines: Sequence[int], order: str | None) -> Dates:
    if all(map(ISO_DATE_PATTERN.fullmatch, cells)):
        with suppress(ValueError):
            days: DateArray = np.array(cells, dtype="datetime64[D]")
            _refuse_years(file, days, cells, lines)
            return Dates(days)
    written = _read_cells(file, cells, lines)
    form = written[0].form
    minutes = np.array([-1 if one.minute is None else one.minute for one in written])
    if not form.orders[0]:
        days, minutes = _count_days(form, cells, minutes)
        found = Dates(days, notes=_counting_notes(file, form))
    else:
        found = _order_parts(file, form, written, cells, lines, order)
    _refuse_years(file, found.days, cells, lines)
    zoned = form.label in TICKS or _refuse_mixed_zones(file, written)
    days, notes = session_days(file, found.days, minutes, zoned=zoned)
    return Dates(days, found.order, found.notes + notes)


def _read_cells(file: str, cells: list[str], lines: Sequence[int]) -> list[WrittenDate]:
    written: list[WrittenDate] = []
    for cell, line in zip(cells, lines, strict=True):
        one = read_date(cell)
        if one is None:
            raise DataError(f"{file}:{line}: found the date {cell!r}, {_EXPECTED}; correct it")
        if written and one.form is not written[0].form:
            message = f"found the date {cell!r} ({one.form.label}) below {cells[0]!r} ({written[0].form.label})"
            raise DataError(f"{file}:{line}: {message}, expected one form; write all dates alike, as 2024-01-31")
        written.append(one)
    return written


def _order_parts(
    file: str, form: DateForm, written: list[WrittenDate], cells: list[str], lines: Sequence[int], order: str | None
) -> Dates:
    """Return the days in the one order of the parts that they can have."""
    parts = np.array([one.parts for one in written])
    orders = (order,) if order and form.sayable else form.orders
    readings = {one: _to_days(parts, one) for one in orders}
    possible = {one: days for one, (days, valid) in readings.items() if valid.all()}
    if not possible:
        raise _impossible(file, {one: valid for one, (_, valid) in readings.items()}, cells, lines)
    if form.label == "yyyymm":
        _refuse_short_years(file, parts, cells, lines)
    chosen, days = next(iter(possible.items()))
    if all(np.array_equal(days, others) for others in possible.values()):
        return Dates(days, chosen if form.sayable else "")
    rising = [one for one, days in possible.items() if _is_ordered(days)]
    if len(rising) == 1 and len(cells) >= _ENOUGH_TO_PROVE:
        chosen = rising[0]
        note = f"{file}: dates are read {_NAMES_OF_ORDERS[chosen]}: only so are they in order (`order:` settles it)"
        return Dates(possible[chosen], chosen, () if form.settled and chosen == orders[0] else (note,))
    if form.settled:
        return Dates(possible[orders[0]], orders[0])
    choices = " or ".join(f"`order: {one}` ({_NAMES_OF_ORDERS[one]})" for one in possible)
    message = f"found the date {cells[0]!r}, and no date of the column tells whether day or month is first"
    raise DataError(f"{file}:{lines[0]}: {message}, expected one order; write {choices} in data.source")


def _to_days(parts: IntArray, order: str) -> tuple[DateArray, BoolArray]:
    """Return the days of (T, 3) numbers in an order, and which of them there are."""
    year, month, day = (parts[:, order.index(one)] for one in "ymd")
    if order[0] != "y" or year.max() < 100:
        year = np.where(year < 100, year + np.where(year < _CENTURY, 2000, 1900), year)
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days: DateArray = months.astype("datetime64[D]") + (day - 1).astype("timedelta64[D]")
    return days, (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & (days.astype("datetime64[M]") == months)


def _is_ordered(days: DateArray) -> bool:
    steps = np.diff(days).astype(np.int64)
    return bool((steps > 0).all() or (steps < 0).all())


def _impossible(file: str, valid: dict[str, BoolArray], cells: list[str], lines: Sequence[int]) -> DataError:
    """Return the error for dates that are none in any of the orders."""
    wrong = {order: int(np.flatnonzero(~rows)[0]) for order, rows in valid.items()}
    never = np.flatnonzero(~np.logical_or.reduce(list(valid.values())))
    if len(never) or len(wrong) == 1:
        order = next(iter(valid))
        at = int(never[0]) if len(never) else wrong[order]
        read = "" if order == "ymd" else f", read {_NAMES_OF_ORDERS[order]}"
        other = next((one for one in _NAMES_OF_ORDERS if one not in valid), "ymd")
        remedy = f" or write `order: {other}` in data.source" if read and len(valid) == 1 else ""
        return DataError(f"{file}:{lines[at]}: found the date {cells[at]!r}{read}, {_EXPECTED}; correct it{remedy}")
    found = " and ".join(
        f"{cells[at]!r} in line {lines[at]}, which is not {_NAMES_OF_ORDERS[order]}" for order, at in wrong.items()
    )
    return DataError(f"{file}: found {found}, expected one order of day and month; write all dates as 2024-01-31")


def _refuse_short_years(file: str, parts: IntArray, cells: list[str], lines: Sequence[int]) -> None:
    """Raise DataError where six digits may be yymmdd as well as yyyymm."""
    digits = parts[:, 0] * 100 + parts[:, 1]
    if _to_days(np.stack([digits // 10_000, digits // 100 % 100, digits % 100], axis=1), "ymd")[1].all():
        message = f"found the date {cells[0]!r}, which may be a month or a day, expected one meaning"
        raise DataError(f"{file}:{lines[0]}: {message}; write months as 2024-01 and days as 2024-01-31")


def _count_days(form: DateForm, cells: list[str], minutes: IntArray) -> tuple[DateArray, IntArray]:
    """Return days and minutes of the day of numbers that count from a day."""
    if form.label not in TICKS:
        serials = np.array([float(cell) for cell in cells])
        whole = np.floor(serials)
        days = np.datetime64("1899-12-30") + whole.astype("timedelta64[D]")
        inside = np.round((serials - whole) * 1440).astype(np.int64)
        return days, np.where(inside.any(), np.minimum(inside, 1439), minutes)
    per_minute = TICKS[form.label] * 60
    since = np.array([int(cell.split(".")[0]) for cell in cells]) // per_minute
    return (since // 1440).astype("datetime64[D]"), since % 1440


def _counting_notes(file: str, form: DateForm) -> tuple[str, ...]:
    return () if form.label in TICKS else (f"{file}: dates are read as Excel's, in days since 1899-12-30",)


def _refuse_years(file: str, days: DateArray, cells: list[str], lines: Sequence[int]) -> None:
    first, last = (np.datetime64(f"{year}-01-01") for year in _YEARS)
    wrong = np.flatnonzero((days < first) | (days >= last))
    if len(wrong):
        at = int(wrong[0])
        message = f"found the date {cells[at]!r}, expected a year from {_YEARS[0]} to {_YEARS[1] - 1}"
        raise DataError(f"{file}:{lines[at]}: {message}; correct it")


def _refuse_mixed_zones(file: str, written: list[WrittenDate]) -> bool:
    """Return whether the stamps say their zone; raises DataError for several zones."""
    offsets = [one.offset for one in written if one.offset is not None]
    if offsets and max(offsets) - min(offsets) > 2 * 60:  # summer time moves a zone by an hour
        found = f"offsets from {min(offsets) / 60:+g} h to {max(offsets) / 60:+g} h"
        raise DataError(f"{file}: found stamps with {found}, expected one time zone; convert them to session dates")
    return bool(offsets)
