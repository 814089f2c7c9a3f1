"""Dates that name a month, a quarter or a week: the close is that of its end (S1)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.data.closes import Closes
from engine.data.frequency import read_frequencies
from engine.data.period_stamps import Stamps, move_period_stamps
from tests.data.test_frequency import DAILY, GRIDS, closes_on

FIRSTS = np.arange("2015-01", "2019-01", dtype="datetime64[M]").astype("datetime64[D]")
LAST_WEEKDAYS = GRIDS["monthly"]


def moved(stamps: Stamps | None = None, **dates: np.ndarray) -> Closes:
    return move_period_stamps(read_frequencies(closes_on(**dates)), stamps)


def test_months_stamped_on_the_first_are_read_as_their_ends_and_said() -> None:
    """Weekends and New Year among the stamps show that they are no sessions."""
    found = moved(IDX=FIRSTS)
    np.testing.assert_array_equal(found.dates, LAST_WEEKDAYS)
    assert "IDX: stamped by the first day of each period" in found.provenance.notes[-1]
    assert "data.stamps" in found.provenance.notes[-1]


def test_quarters_and_weeks_likewise() -> None:
    """A quarter's stamp is the first day of its first month, a week's its Monday, holidays or not."""
    np.testing.assert_array_equal(moved(Q=FIRSTS[::3]).dates, GRIDS["quarterly"])
    mondays = np.arange(np.datetime64("2015-01-05"), np.datetime64("2017-01-01"), 7)
    np.testing.assert_array_equal(moved(W=mondays).dates, mondays + 4)


def test_the_key_settles_both_ways() -> None:
    """``as_written`` keeps such dates; ``start_of_period`` moves few of them too, which might be first sessions."""
    np.testing.assert_array_equal(moved("as_written", IDX=FIRSTS).dates, FIRSTS)
    few = np.array(["2019-02-01", "2019-03-01", "2019-04-01"], "datetime64[D]")
    np.testing.assert_array_equal(moved(IDX=few).dates, few)
    ends = np.array(["2019-02-28", "2019-03-29", "2019-04-30"], "datetime64[D]")
    settled = moved("start_of_period", IDX=few)
    np.testing.assert_array_equal(settled.dates, ends)
    assert "settles it" not in settled.provenance.notes[-1]


def test_sessions_are_no_stamps() -> None:
    """The first session of every month, the last one, and daily closes stay where they are."""
    first = DAILY[np.append([True], np.diff(DAILY.astype("datetime64[M]").astype(int)) != 0)]
    assert read_frequencies(closes_on(F=first)).frequencies == ("monthly",)
    for dates in (first, LAST_WEEKDAYS, DAILY, GRIDS["weekly"]):
        np.testing.assert_array_equal(moved(A=dates).dates, dates)


@pytest.mark.parametrize(("last", "ends"), [("2018-12-14", [-1]), ("2019-01-15", [])])
def test_a_row_of_the_running_month_stays_and_stands_for_it(last: str, ends: list[int]) -> None:
    """Yahoo adds the newest close to its months: in a month that has a stamp, too, it is the newer of the two."""
    newest = np.datetime64(last)
    closes = closes_on(IDX=np.append(FIRSTS, newest))
    found = move_period_stamps(read_frequencies(closes), None)
    np.testing.assert_array_equal(found.dates, np.append(np.delete(LAST_WEEKDAYS, ends), newest))
    assert found.closes[-1, 0] == closes.closes[-1, 0]


def test_what_a_month_paid_stays_where_its_row_gives_way_to_the_newest_close() -> None:
    """The dividend and the split of the running month's own row belong to the close that stands for the month now."""
    closes = closes_on(IDX=np.append(FIRSTS, np.datetime64("2018-12-14")))
    dividends, splits = np.zeros_like(closes.closes), np.ones_like(closes.closes)
    dividends[-2], splits[-2] = 1.5, 2.0
    stated = dataclasses.replace(read_frequencies(closes), dividends=dividends, splits=splits)
    found = move_period_stamps(stated, None)
    assert found.dividends is not None
    assert found.splits is not None
    assert (found.dividends[-1, 0], found.dividends.sum()) == (1.5, 1.5)
    assert (found.splits[-1, 0], found.splits.prod()) == (2.0, 2.0)


def test_columns_beside_keep_their_dates_and_closes() -> None:
    """Only the stamped column moves."""
    closes = closes_on(DAY=DAILY, IDX=FIRSTS)
    found = move_period_stamps(read_frequencies(closes), None)
    day = ~np.isnan(found.closes[:, 0])
    np.testing.assert_array_equal(found.dates[day], DAILY)
    np.testing.assert_array_equal(found.closes[day, 0], closes.closes[~np.isnan(closes.closes[:, 0]), 0])
    np.testing.assert_array_equal(found.dates[~np.isnan(found.closes[:, 1])], LAST_WEEKDAYS)


def test_sundays_end_a_week_or_begin_one() -> None:
    """No date tells which: they are kept and said, and the key reads them as the Fridays after."""
    sundays = np.arange(np.datetime64("2015-01-04"), np.datetime64("2017-01-01"), 7)
    kept = moved(W=sundays)
    np.testing.assert_array_equal(kept.dates, sundays)
    assert "W: weeks stamped by Sundays" in kept.provenance.notes[-1]
    np.testing.assert_array_equal(moved("start_of_period", W=sundays).dates, sundays + 5)


def test_a_week_that_goes_on_has_its_newest_close() -> None:
    """A last row of a Wednesday takes the place of its own week's Monday."""
    mondays = np.arange(np.datetime64("2015-01-05"), np.datetime64("2017-01-01"), 7)
    found = moved(W=np.append(mondays, mondays[-1] + 2))
    np.testing.assert_array_equal(found.dates, np.append(mondays[:-1] + 4, mondays[-1] + 2))
