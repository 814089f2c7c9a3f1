"""Dates that name a period and not a session: a month's row stamped on the 1st carries the close of the month's end.

Yahoo, investing.com and FRED write months and quarters so, and weeks by their Monday. Taken as written, such a close
would be known a month before it was made.
"""

from __future__ import annotations

import dataclasses
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray, read_only
from engine.core.conventions import Frequency
from engine.data.sessions import period_numbers, weekdays
from engine.data.sources.base import Closes
from engine.data.sources.headers import shortlist

Stamps: TypeAlias = Literal["as_written", "start_of_period"]
"""What dates of closes below daily frequency mean: the session, or the period that begins with them."""

_MONTHS: Final[dict[Frequency, int]] = {"monthly": 1, "quarterly": 3}
_A_YEAR_OF_WEEKS: Final = 52
"""Mondays in a row after which one of them would have been a holiday."""


def move_period_stamps(closes: Closes, stamps: Stamps | None) -> Closes:
    """Return ``closes`` with the dates that name a period moved to its last weekday, which is said.

    ``stamps`` settles what dates mean; None leaves it to the dates: they are no sessions where all are the first of a
    month, weekends and New Year among them, or Mondays for a year without one holiday.
    """
    if stamps == "as_written" or not {"weekly", "monthly", "quarterly"} & set(closes.frequencies):
        return closes
    printed, moved = ~np.isnan(closes.closes), {}
    for column, frequency in enumerate(closes.frequencies):
        rows = np.flatnonzero(printed[:, column])
        if frequency in {"weekly", "monthly", "quarterly"} and _names_periods(closes.dates[rows], frequency, stamps):
            moved[column] = _period_ends(closes.dates[rows], frequency)
    if not moved:
        return closes
    whose = shortlist(closes.tickers[column] for column in moved)
    kind = "Monday of a week" if closes.frequencies[min(moved)] == "weekly" else "first day of a month"
    note = f"{whose}: stamped by the {kind}, read as closes of the last weekday of the period"
    if stamps is None:
        note += " (data.stamps: as_written keeps the dates, start_of_period settles it)"
    provenance = dataclasses.replace(closes.provenance, notes=(*closes.provenance.notes, note))
    return dataclasses.replace(_with_dates(closes, printed, moved), provenance=provenance)


def _names_periods(dates: DateArray, frequency: Frequency, stamps: Stamps | None) -> bool:
    """Return whether a column's dates are the first of its periods; the last may be of one that still goes on."""
    whole = dates[:-1]
    if frequency == "weekly":
        on_mondays = bool((weekdays(whole) == 0).all())
        steady = len(whole) >= _A_YEAR_OF_WEEKS and bool((np.diff(whole).astype(np.int64) == 7).all())
        return on_mondays and (steady or stamps is not None)
    first = whole.astype("datetime64[M]").astype("datetime64[D]")
    no_session = (weekdays(whole) >= 5) | (whole == whole.astype("datetime64[Y]").astype("datetime64[D]"))
    return bool((whole == first).all()) and (bool(no_session.any()) or stamps is not None)


def _period_ends(dates: DateArray, frequency: Frequency) -> DateArray:
    """Return (T,) the last weekday of the period of each date; the last date stays where it is no period's first.

    NaT takes the place of a period's row that such a last date has the newer close of.
    """
    if frequency == "weekly":
        ends = dates + 4
        own = weekdays(dates[-1:])[0] == 0
        again = len(dates) > 1 and np.diff(period_numbers(dates[-2:], "week"))[0] == 0
    else:
        following = (dates.astype("datetime64[M]") + _MONTHS[frequency]).astype("datetime64[D]")
        ends = np.busday_offset(following, -1, roll="forward")
        own = dates[-1] == dates[-1].astype("datetime64[M]").astype("datetime64[D]")
        again = len(dates) > 1 and dates[-1] <= ends[-2]
    if not own:
        ends[-1] = dates[-1]
        if again:
            ends[-2] = np.datetime64("NaT")
    return ends


def _with_dates(closes: Closes, printed: BoolArray, moved: dict[int, DateArray]) -> Closes:
    """Return ``closes`` with other dates for the prints of some columns."""
    own = [moved.get(column, closes.dates[rows]) for column, rows in enumerate(printed.T)]
    kept = [~np.isnat(dates) for dates in own]
    union = np.unique(np.concatenate([dates[keep] for dates, keep in zip(own, kept, strict=True)]))
    places: list[IntArray] = [np.searchsorted(union, dates[keep]) for dates, keep in zip(own, kept, strict=True)]

    def place(table: FloatArray | None, empty: float) -> FloatArray | None:
        if table is None:
            return None
        whole = np.full((len(union), len(places)), empty)
        for column, rows in enumerate(places):
            whole[rows, column] = table[printed[:, column], column][kept[column]]
        return read_only(whole)

    found = place(closes.closes, np.nan)
    assert found is not None  # noqa: S101  (there are closes)
    return dataclasses.replace(
        closes,
        dates=read_only(union),
        closes=found,
        dividends=place(closes.dividends, 0.0),
        splits=place(closes.splits, 1.0),
        traded=place(closes.traded, np.nan),
    )
