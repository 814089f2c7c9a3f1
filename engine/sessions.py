"""Which sessions a schedule falls on: pure date arithmetic on naive session dates (S1).

Nothing here looks at whether a row is the last of the data and takes it for the end of a period, so a schedule up to a
date does not change when later sessions are appended.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np

from engine.arrays import BoolArray, DateArray, IntArray
from engine.errors import ScheduleError

Period: TypeAlias = Literal["week", "month", "quarter", "half_year", "year"]

MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)

_MONTHS_IN: Final[dict[str, int]] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def period_of(dates: DateArray, period: Period) -> IntArray:
    """Return (T,) the number of the period each date lies in; weeks run from Monday to Sunday."""
    if period == "week":
        return (dates.astype("datetime64[D]").astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
    return dates.astype("datetime64[M]").astype(np.int64) // _MONTHS_IN[period]


def starts_period(dates: DateArray, period: Period) -> BoolArray:
    """Return (T,) whether a session is the first of its period; the first row never is, as its past is unknown."""
    number = period_of(dates, period)
    return np.concatenate([[False], number[1:] != number[:-1]])


def sessions_in_month(dates: DateArray, month: int, session: Literal["first", "last"] | int) -> IntArray:
    """Return the rows of the first, last or n-th (from 1) session of ``month`` (1 to 12) in every year.

    A month that the data cover only in part is skipped where the answer is not certain: at the start when it began
    before the first row, at the end when it may still go on.

    Raises
    ------
    ScheduleError
        When a month inside the data has no session, or fewer than ``session``.

    """
    months = dates.astype("datetime64[M]").astype(np.int64)
    rows = []
    first_year, last_year = (months[0] - month + 12) // 12, (months[-1] - month + 1) // 12
    for number in range(first_year * 12 + month - 1, last_year * 12 + month, 12):
        inside = np.flatnonzero(months == number)
        name = f"{MONTHS[month - 1]} {1970 + number // 12}"
        if number <= months[0]:
            continue
        if len(inside) == 0:
            raise ScheduleError(f"{name}: no session in the data, so nothing can be scheduled; fill the gap in the prices")
        row = _pick(inside, session, complete=_is_over(dates, int(inside[-1])))
        if row is not None:
            rows.append(row)
        elif isinstance(session, int) and _is_over(dates, int(inside[-1])):
            raise ScheduleError(f"{name}: session {session} asked for, {len(inside)} are there; use session: last")
    return np.array(rows, dtype=np.int64)


def _pick(inside: IntArray, session: Literal["first", "last"] | int, *, complete: bool) -> int | None:
    if session == "first":
        return int(inside[0])
    if session == "last":
        return int(inside[-1]) if complete else None
    return int(inside[session - 1]) if session <= len(inside) else None


def _is_over(dates: DateArray, row: int) -> bool:
    """Return whether no weekday of the row's month can follow it."""
    if row + 1 < len(dates):
        return True
    next_weekday = np.busday_offset(dates[row], 1, roll="backward")
    return bool(next_weekday.astype("datetime64[M]") != dates[row].astype("datetime64[M]"))
