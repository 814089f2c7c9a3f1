"""Which sessions a schedule falls on: pure date arithmetic on naive session dates (S1).

Nothing here looks at whether a row is the last of the data and takes it for the end of a period, so a schedule up to a
date does not change when later sessions are appended.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, DateArray, IntArray
from engine.core.errors import ScheduleError

Period: TypeAlias = Literal["week", "two_weeks", "month", "quarter", "half_year", "year"]

MONTH_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)

_DAYS_IN_PERIOD: Final[dict[str, int]] = {"week": 7, "two_weeks": 14}
_MONTHS_IN_PERIOD: Final[dict[str, int]] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


def weekdays(dates: DateArray) -> IntArray:
    """Return (T,) the day of the week of each date: Monday is 0, Sunday 6.

    >>> weekdays(np.array(["1970-01-01", "2024-02-04"], "datetime64[D]")).tolist()
    [3, 6]
    """
    return (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday


def calendar_years(dates: DateArray) -> IntArray:
    """Return (T,) the year each date lies in.

    >>> calendar_years(np.array(["1969-12-31", "2024-02-04"], "datetime64[D]")).tolist()
    [1969, 2024]
    """
    return dates.astype("datetime64[Y]").astype(np.int64) + 1970


def period_numbers(dates: DateArray, period: Period) -> IntArray:
    """Return (T,) the number of the period each date lies in; weeks run from Monday to Sunday."""
    if period in _DAYS_IN_PERIOD:
        since_monday = dates.astype("datetime64[D]").astype(np.int64) + 3  # 1970-01-01 was a Thursday
        return since_monday // _DAYS_IN_PERIOD[period]
    return dates.astype("datetime64[M]").astype(np.int64) // _MONTHS_IN_PERIOD[period]


def is_period_start(dates: DateArray, period: Period) -> BoolArray:
    """Return (T,) whether a session is the first of its period; the first row never is, as its past is unknown.

    >>> is_period_start(np.array(["2024-01-30", "2024-01-31", "2024-02-01"], "datetime64[D]"), "month").tolist()
    [False, False, True]
    """
    number = period_numbers(dates, period)
    return np.concatenate([[False], number[1:] != number[:-1]])


def month_session_rows(
    dates: DateArray, month: int, session: Literal["first", "last"] | int, *, or_last: bool = False
) -> IntArray:
    """Return the rows of the first, last or n-th (from 1) session of ``month`` (1 to 12) in every year.

    A month that the data cover only in part is skipped where the answer is not certain: at the start when it began
    before the first row, at the end when it may still go on. With ``or_last`` a month of fewer sessions gives its last.

    Raises ScheduleError when a month inside the data has no session, or fewer than ``session``.
    """
    months = dates.astype("datetime64[M]").astype(np.int64)
    first: IntArray = np.flatnonzero(months[1:] != months[:-1]) + 1
    _require_month(np.concatenate([months[:1], months[first]]), month)
    last: IntArray = np.concatenate([first, [len(dates)]])[1:] - 1
    asked = months[first] % 12 == month - 1
    first, last = first[asked], last[asked]
    open_end = len(last) > 0 and not _month_is_over(dates, int(last[-1]))
    certain = slice(-1 if open_end else None)
    if session == "first":
        return first
    if session == "last":
        return last[certain]
    nth: IntArray = first + session - 1
    if or_last:
        nth[certain] = np.minimum(nth[certain], last[certain])
    short = nth > last
    if short[certain].any():
        at = int(short.argmax())
        message = f"session {session} asked for, {last[at] - first[at] + 1} are there; use session: last"
        raise ScheduleError(f"{_month_label(int(months[first[at]]))}: {message}")
    return nth[~short]


def _require_month(months: IntArray, month: int) -> None:
    """Raise ScheduleError when a month that is asked for lies between ``months``, those with a session, but is none."""
    inside = np.arange(months[0], months[-1])
    skipped = np.setdiff1d(inside[inside % 12 == month - 1], months)
    if len(skipped):
        present = ", ".join(MONTH_NAMES[one] for one in np.unique(months % 12).tolist())
        message = "no session in the data, so nothing can be scheduled; fill the gap in the prices"
        if MONTH_NAMES[month - 1] not in present:
            message += f", or choose a month that has one: {present}"
        raise ScheduleError(f"{_month_label(int(skipped[0]))}: {message}")


def _month_label(number: int) -> str:
    return f"{MONTH_NAMES[number % 12]} {1970 + number // 12}"


def _month_is_over(dates: DateArray, row: int) -> bool:
    """Return whether no weekday of the row's month can follow it."""
    if row + 1 < len(dates):
        return True
    next_weekday = np.busday_offset(dates[row], 1, roll="backward")
    return bool(next_weekday.astype("datetime64[M]") != dates[row].astype("datetime64[M]"))
