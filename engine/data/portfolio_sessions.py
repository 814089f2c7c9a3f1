"""The sessions of one portfolio: the dates on which any asset it may hold prints (S1).

What stands beside a portfolio neither gives it sessions nor takes any.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, IntArray
from engine.core.conventions import PERIODS_PER_YEAR, Frequency
from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.sessions import Period, period_numbers, weekdays

ReadFrequency: TypeAlias = Literal["daily", "weekly", "monthly", "quarterly"]
"""At which frequency closes of a higher one can be read."""

PERIODS: Final[dict[Frequency, Period]] = {"weekly": "week", "monthly": "month", "quarterly": "quarter"}
"""The period of which a frequency below daily has one close."""


@dataclass(frozen=True)
class OwnSessions:
    """The sessions of one portfolio among those of closes: their ``rows``, None for all; and what is to be said."""

    rows: IntArray | None
    frequency: Frequency
    note: str = ""

    @property
    def key(self) -> tuple[bytes | None, Frequency]:
        """What is equal for portfolios with the same market."""
        return None if self.rows is None else self.rows.tobytes(), self.frequency

    def of(self, closes: Closes) -> Closes:
        """Return the closes of all assets on these sessions; the same object where that changes nothing."""
        found = closes if self.rows is None else closes.at_sessions(self.rows)
        if found.frequency == self.frequency:
            return found
        return dataclasses.replace(found, frequencies=(self.frequency,) * len(closes.tickers))


def own_sessions(
    closes: Closes,
    tickers: tuple[str, ...],
    read_at: ReadFrequency | None,
    since: dt.date | None = None,
    *,
    outlives: bool = False,
    beside: frozenset[str] | None = None,
) -> OwnSessions:
    """Return the sessions of a portfolio of ``tickers`` among those of ``closes``, and its frequency.

    ``read_at`` is a lower frequency than that of some of its assets, None for their own; ``since`` the first day that
    is measured, None for the first close. A portfolio that ``outlives`` its assets goes on when all of them have ended,
    at the closes of others of its frequency, those ``beside`` it or all of ``closes``: a haircut is taken of what has
    ended before the market did (S8).

    Raises DataError when its assets have different frequencies, or a lower one than they are to be read at.
    """
    if missing := sorted(set(tickers) - set(closes.tickers)):
        raise DataError(f"{', '.join(missing)}: not among the closes that were loaded")
    columns = [closes.tickers.index(ticker) for ticker in sorted(set(tickers))]
    known = {closes.tickers[at]: one for at in columns if closes.frequencies and (one := closes.frequencies[at])}
    frequency = _common_frequency(known, read_at)
    printed = ~np.isnan(closes.closes[:, columns])
    session: BoolArray = np.logical_or.reduce(printed, axis=1)
    note = ""
    if not session.any():
        raise DataError(f"{', '.join(sorted(set(tickers)))}: no close in this data; name other assets")
    if "seven_day" in known.values() and (frequency == "daily" or set(known.values()) != {"seven_day"}):
        seven = np.array([known.get(closes.tickers[at]) == "seven_day" for at in columns])
        left_out = session & (weekdays(closes.dates) >= 5) & ~printed[:, ~seven].any(axis=1)
        session &= ~left_out
        note = _weekend_note(known, frequency) if left_out.any() else ""
    if outlives:
        alike = np.array([one == frequency for one in closes.frequencies or (frequency,) * len(closes.tickers)])
        if beside is not None:
            alike &= np.array([one in beside or one in tickers for one in closes.tickers])
        after = int(np.flatnonzero(session)[-1]) + 1
        session[after:] = (~np.isnan(closes.closes[after:, alike])).any(axis=1)
    rows = np.flatnonzero(session)
    if frequency in PERIODS:
        rows = _period_rows(closes, printed, rows, PERIODS[frequency], alike=set(known.values()) == {frequency})
    same = _changes_nothing(closes, session, len(rows), since)
    return OwnSessions(None if same else rows, frequency, note)


def _common_frequency(known: dict[str, Frequency], read_at: ReadFrequency | None) -> Frequency:
    """Return the one frequency at which all assets of a portfolio can be read."""
    if read_at is not None:
        lower = sorted(ticker for ticker, own in known.items() if PERIODS_PER_YEAR[own] < PERIODS_PER_YEAR[read_at])
        if lower:
            own = known[lower[0]]
            raise DataError(
                f"data.frequency: {read_at}, but the closes of {', '.join(lower)} are {own}; write frequency: {own}"
            )
        return read_at
    found = set(known.values()) or {"daily"}
    if found == {"daily", "seven_day"}:
        return "daily"
    if len(found) > 1:
        lowest = min(found, key=PERIODS_PER_YEAR.__getitem__)
        whose = {one: ", ".join(sorted(t for t, own in known.items() if own == one)) for one in sorted(found)}
        listed = "; ".join(f"{one.replace('_', ' ')}: {names}" for one, names in whose.items())
        raise DataError(
            f"data.frequency: one portfolio has closes of different frequency ({listed}); write data.frequency: "
            f"{lowest} to read all at the last close of each period, or name assets of one frequency"
        )
    return found.pop()


def _period_rows(closes: Closes, printed: BoolArray, rows: IntArray, period: Period, *, alike: bool) -> IntArray:
    """Return the last session of each period; all where the assets print once a period on the same dates."""
    last: IntArray = rows[np.append(np.diff(period_numbers(closes.dates[rows], period)) != 0, [True])]
    if not alike or len(last) == len(rows):
        return last
    mine = printed[rows]
    seen, coming = np.logical_or.accumulate(mine), np.logical_or.accumulate(mine[::-1])[::-1]
    on_one_grid = not (seen & coming & ~mine).any()
    return rows if on_one_grid else last


def _changes_nothing(closes: Closes, session: BoolArray, count: int, since: dt.date | None) -> bool:
    """Return whether ``count`` rows are all there are, but for some before the first that no schedule looks at.

    What rows there are before the first close matters in the calendar year of that close only: it says whether a month
    or a week is known from its first session on.
    """
    first = int(session.argmax())
    if first + count < len(session) or not first:
        return count == len(session)
    return since is not None and int(str(closes.dates[first])[:4]) < since.year


def _weekend_note(known: dict[str, Frequency], frequency: Frequency) -> str:
    """Say whose weekend closes are no sessions, and why."""
    seven = ", ".join(sorted(ticker for ticker, own in known.items() if own == "seven_day"))
    why = (
        "data.frequency is daily" if set(known.values()) == {"seven_day"} else "assets of five days a week beside them"
    )
    return f"{seven}: weekend closes are left out ({why}), and figures annualised by {PERIODS_PER_YEAR[frequency]:.0f}"
