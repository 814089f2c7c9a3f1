"""A portfolio's sessions are those of its own assets, whatever stands beside it (S1)."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.frequency import read_frequencies
from engine.data.portfolio_sessions import own_sessions
from engine.data.sessions import weekdays
from tests.data.test_frequency import DAILY, GRIDS, business_days, closes_on, last_of_months


def beside(**dates: np.ndarray) -> Closes:
    return read_frequencies(closes_on(**dates))


def test_gapless_daily_closes_stay_the_object_they_are() -> None:
    """Columns with the same sessions, or a late one measured from a later year on, need no market of their own."""
    closes = beside(A=DAILY, B=DAILY, LATE=DAILY[300:])
    assert own_sessions(closes, ("A", "B"), None).of(closes) is closes
    assert own_sessions(closes, ("A", "LATE"), None).of(closes) is closes
    assert own_sessions(closes, ("LATE",), None, dt.date(2017, 1, 1)).of(closes) is closes
    assert own_sessions(closes, ("LATE",), None, dt.date(2016, 4, 1)).of(closes).dates[0] == DAILY[300]


def test_weekend_prints_beside_a_column_leave_it_as_it_is_alone() -> None:
    """Dates and closes of a five-day column are the same alone and beside one that prints every day."""
    alone, company = beside(A=DAILY), beside(A=DAILY, COIN=GRIDS["seven_day"])
    own = own_sessions(company, ("A",), None)
    found = own.of(company)
    np.testing.assert_array_equal(found.dates, alone.dates)
    np.testing.assert_array_equal(found.closes[:, 0], alone.closes[:, 0])
    assert (own.frequency, own.note) == ("daily", "")
    assert own_sessions(company, ("COIN",), None).frequency == "seven_day"


def test_weekends_are_left_out_where_both_are_held_and_said() -> None:
    """A week's closes of the seven-day column go; a holiday of the other stays a session, as that one prints."""
    holiday = np.datetime64("2016-07-04")
    closes = beside(A=DAILY[holiday != DAILY], COIN=GRIDS["seven_day"])
    own = own_sessions(closes, ("A", "COIN"), None)
    found = own.of(closes)
    assert own.frequency == found.frequency == "daily"
    assert weekdays(found.dates).max() == 4
    assert holiday in found.dates
    assert "COIN: weekend closes are left out" in own.note


def test_saturday_sessions_of_an_exchange_stay() -> None:
    """A weekend date on which a five-day column prints is a session of both."""
    saturday = np.datetime64("2016-02-06")
    closes = beside(A=np.union1d(DAILY, saturday), COIN=GRIDS["seven_day"])
    found = own_sessions(closes, ("A", "COIN"), None).of(closes)
    assert found.dates[weekdays(found.dates) > 4].tolist() == [saturday]


def test_mixed_frequencies_need_the_lower_one_named() -> None:
    """The refusal names each with its tickers and the key; with it all are the last closes of their months."""
    closes = beside(A=DAILY, M=GRIDS["monthly"])
    with pytest.raises(DataError, match=r"daily: A; monthly: M.*write data.frequency: monthly"):
        own_sessions(closes, ("A", "M"), None)
    own = own_sessions(closes, ("A", "M"), "monthly")
    found = own.of(closes)
    np.testing.assert_array_equal(found.dates, GRIDS["monthly"])
    assert np.isfinite(found.closes).all()
    assert found.frequency == own.frequency == "monthly"
    with pytest.raises(DataError, match=r"data.frequency: daily, but the closes of M are monthly"):
        own_sessions(closes, ("A", "M"), "daily")


@pytest.mark.parametrize("frequency", ["weekly", "monthly", "quarterly"])
def test_daily_closes_read_at_a_lower_frequency_are_those_of_pandas(frequency: str) -> None:
    """The last close of each period, with its own date."""
    pandas = pytest.importorskip("pandas")
    closes = beside(A=np.delete(DAILY, np.arange(9, len(DAILY), 10)))
    found = own_sessions(closes, ("A",), frequency).of(closes)
    series = pandas.Series(closes.closes[:, 0], index=pandas.DatetimeIndex(closes.dates))
    rule = {"weekly": "W-SUN", "monthly": "ME", "quarterly": "QE"}[frequency]
    np.testing.assert_array_equal(found.closes[:, 0], series.resample(rule).last().to_numpy())
    assert np.isin(found.dates, closes.dates).all()


def test_month_ends_of_calendar_and_exchange_are_one_session() -> None:
    """Two monthly columns whose dates differ by a weekend have twelve sessions a year together."""
    calendar = last_of_months(GRIDS["seven_day"])
    closes = beside(A=GRIDS["monthly"], B=calendar)
    found = own_sessions(closes, ("A", "B"), None).of(closes)
    np.testing.assert_array_equal(found.dates, calendar)
    assert np.isfinite(found.closes).all()
    assert len(own_sessions(closes, ("A",), None).of(closes).dates) == len(GRIDS["monthly"])


def test_events_between_sessions_reach_the_next() -> None:
    """Dividends add up and splits multiply into the session after them."""
    closes = closes_on(A=business_days("2015-01-01", "2015-04-01"))
    dividends, splits = np.zeros_like(closes.closes), np.ones_like(closes.closes)
    dividends[[3, 7, 30], 0], splits[[4, 9], 0] = (0.5, 0.25, 1.0), (2.0, 1.5)
    found = type(closes)(
        closes.dates, closes.tickers, closes.closes, closes.currencies, closes.provenance, dividends, splits
    ).at_sessions(np.flatnonzero(np.isin(closes.dates, last_of_months(closes.dates))))
    assert found.dividends is not None
    assert found.splits is not None
    assert found.dividends[:, 0].tolist() == [0.75, 1.0, 0.0]
    assert found.splits[:, 0].tolist() == [3.0, 1.0, 1.0]


def test_seven_day_closes_can_be_read_daily() -> None:
    """``data.frequency: daily`` leaves out the weekends of a coin that is held alone, and says so."""
    closes = beside(COIN=GRIDS["seven_day"])
    own = own_sessions(closes, ("COIN",), "daily")
    assert own.of(closes).dates.tolist() == DAILY.tolist()
    assert own.note == "COIN: weekend closes are left out (data.frequency is daily), and figures annualised by 252"


BESIDE = (frozenset[str](), frozenset({"B"}), None)


def test_a_variant_outlives_its_assets_at_the_closes_that_its_own_run_would_load() -> None:
    """What only other variants hold prolongs no portfolio: a haircut would be taken in a sweep and not in its own run."""
    closes = beside(A=DAILY[:300], B=DAILY[:400], OTHER=DAILY)
    last = [own_sessions(closes, ("A",), None, outlives=True, beside=others).of(closes).dates[-1] for others in BESIDE]
    assert last == [DAILY[299], DAILY[399], DAILY[-1]]
