"""Dates that name a period and not a session: a month's row stamped on the 1st carries the close of the month's end.

Yahoo, investing.com and FRED write months and quarters so, and weeks by their Monday. Taken as written, such a close
would be known a month before it was made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray, read_only
from engine.core.conventions import Frequency
from engine.core.shortlist import shortlist
from engine.data.closes import Closes, CloseSeries
from engine.data.sessions import weekdays

Stamps: TypeAlias = Literal["as_written", "start_of_period"]
"""What dates of closes below daily frequency mean: the session, or the period that begins with them."""

_MONTHS: Final[dict[Frequency, int]] = {"monthly": 1, "quarterly": 3}
_MONDAY, _FRIDAY, _SUNDAY = 0, 4, 6
_MOVED: Final = "stamped by the first day of each period, read as closes of its last weekday"
_ON_SUNDAYS: Final = (
    "weeks stamped by Sundays, which end a week or begin one; the dates are kept, data.stamps: start_of_period reads "
    "them as the Fridays after"
)
_A_YEAR_OF_WEEKS: Final = 52
"""Mondays in a row after which one of them would have been a holiday."""


def move_period_stamps(closes: Closes, stamps: Stamps | None) -> Closes:
    """Return ``closes`` with the dates that name a period moved to its last weekday, which is said.

    ``stamps`` settles what dates mean; None leaves it to the dates: they are no sessions where all are the first of a
    month, weekends and New Year among them, or Mondays for a year without one holiday.
    """
    if stamps == "as_written" or not {"weekly", "monthly", "quarterly"} & set(closes.frequencies):
        return closes
    printed, moved, sundays = ~np.isnan(closes.closes), {}, []
    for column, frequency in enumerate(closes.frequencies):
        dates = closes.dates[printed[:, column]]
        if frequency in {"weekly", "monthly", "quarterly"} and _names_periods(dates, frequency, stamps):
            moved[column] = _period_ends(dates, frequency)
        elif frequency == "weekly" and (weekdays(dates) == _SUNDAY).all():
            sundays.append(closes.tickers[column])
    notes = []
    if moved:
        notes.append(f"{shortlist(closes.tickers[column] for column in moved)}: {_MOVED}")
        notes[0] += "" if stamps else " (data.stamps: as_written keeps the dates, start_of_period settles it)"
        closes = _with_dates(closes, printed, moved)
    if sundays:
        notes.append(f"{shortlist(sundays)}: {_ON_SUNDAYS}")
    provenance = dataclasses.replace(closes.provenance, notes=(*closes.provenance.notes, *notes))
    return dataclasses.replace(closes, provenance=provenance)


def _names_periods(dates: DateArray, frequency: Frequency, stamps: Stamps | None) -> bool:
    """Return whether a column's dates are the first of its periods; the last may be of one that still goes on."""
    whole = dates[:-1]
    if frequency == "weekly":
        if stamps is not None:
            return bool(np.isin(weekdays(whole), (_MONDAY, _SUNDAY)).all() and np.ptp(weekdays(whole)) == 0)
        steady = len(whole) >= _A_YEAR_OF_WEEKS and bool((np.diff(whole).astype(np.int64) == 7).all())
        return steady and bool((weekdays(whole) == _MONDAY).all())
    first = whole.astype("datetime64[M]").astype("datetime64[D]")
    no_session = (weekdays(whole) >= 5) | (whole == whole.astype("datetime64[Y]").astype("datetime64[D]"))
    return bool((whole == first).all()) and (bool(no_session.any()) or stamps is not None)


def _period_ends(dates: DateArray, frequency: Frequency) -> DateArray:
    """Return (T,) the last weekday of the period of each date; the last date stays where it is no period's first.

    NaT takes the place of a period's row that such a last date has the newer close of.
    """
    if frequency == "weekly":
        ends = dates + (_FRIDAY - weekdays(dates)) % 7
        names_period = weekdays(dates[-1:])[0] == weekdays(dates[:1])[0]
    else:
        following = (dates.astype("datetime64[M]") + _MONTHS[frequency]).astype("datetime64[D]")
        ends = np.busday_offset(following, -1, roll="forward")
        names_period = dates[-1] == dates[-1].astype("datetime64[M]").astype("datetime64[D]")
    if not names_period:
        ends[-1] = dates[-1]
        if len(dates) > 1 and dates[-1] <= ends[-2]:
            ends[-2] = np.datetime64("NaT")
    return ends


def _with_dates(closes: Closes, printed: BoolArray, moved: dict[int, DateArray]) -> Closes:
    """Return ``closes`` with other dates for the prints of some columns; events of a row left out move to the next."""
    own = [_prints(closes, column, rows, moved.get(column)) for column, rows in enumerate(printed.T)]
    union = np.unique(np.concatenate([one.dates for one in own]))
    places: list[IntArray] = [np.searchsorted(union, one.dates) for one in own]

    def place(columns: Sequence[FloatArray | None], empty: float) -> FloatArray | None:
        if all(values is None for values in columns):
            return None
        whole = np.full((len(union), len(places)), empty)
        for column, (rows, values) in enumerate(zip(places, columns, strict=True)):
            whole[rows, column] = values
        return read_only(whole)

    found = place([one.closes for one in own], np.nan)
    assert found is not None  # noqa: S101  (there are closes)
    return dataclasses.replace(
        closes,
        dates=read_only(union),
        closes=found,
        dividends=place([one.dividends for one in own], 0.0),
        splits=place([one.splits for one in own], 1.0),
        traded=place([one.traded for one in own], np.nan),
    )


def _prints(closes: Closes, column: int, rows: BoolArray, dates: DateArray | None) -> CloseSeries:
    """Return the prints of a column, on other ``dates`` where there are some; NaT is none."""
    tables = (closes.dividends, closes.splits, closes.traded)
    dividends, splits, traded = (None if table is None else table[rows, column] for table in tables)
    dates = closes.dates[rows] if dates is None else dates
    kept = np.where(np.isnat(dates), np.nan, closes.closes[rows, column])
    return CloseSeries(dates, kept, dividends, splits, traded=traded).printed()
