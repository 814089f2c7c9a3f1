"""How often closes are printed, and what a year of them is (S1)."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.closes import Closes, CloseSeries
from engine.data.frequency import read_frequencies
from engine.data.market import Provenance
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series


def days(start: str, end: str) -> np.ndarray:
    """Every calendar day from ``start`` to before ``end``."""
    return np.arange(np.datetime64(start, "D"), np.datetime64(end, "D"))


def business_days(start: str, end: str) -> np.ndarray:
    """Every Monday to Friday from ``start`` to before ``end``."""
    found = days(start, end)
    return found[np.is_busday(found)]


def last_of_months(dates: np.ndarray, months: int = 1) -> np.ndarray:
    """The last of ``dates`` in every period of so many months."""
    period = dates.astype("datetime64[M]").astype(int) // months
    return dates[np.append(period[1:] != period[:-1], True)]


def closes_on(**dates: np.ndarray) -> Closes:
    """Closes of made-up tickers, each on its own dates."""
    series = {name: CloseSeries(on, np.linspace(90.0, 110.0, len(on)) + len(name)) for name, on in dates.items()}
    return combine_series(series, PriceRequest(tuple(series)), Provenance("memory", "adjusted"), "USD")


DAILY = business_days("2015-01-01", "2019-01-01")
GRIDS = {
    "daily": DAILY,
    "seven_day": days("2015-01-01", "2019-01-01"),
    "weekly": DAILY[4::5],
    "monthly": last_of_months(DAILY),
    "quarterly": last_of_months(DAILY, 3),
}


@pytest.mark.parametrize("frequency", GRIDS)
def test_a_frequency_is_read_with_a_tenth_of_its_closes_missing(frequency: str) -> None:
    """Each grid is told by its own steps, whole, with holes, and beside columns of every other frequency."""
    whole = GRIDS[frequency]
    holes = np.delete(whole, np.arange(5, len(whole), 11))
    found = read_frequencies(closes_on(A=whole, B=holes, **GRIDS))
    known = dict(zip(found.tickers, found.frequencies, strict=True))
    assert known == {"A": frequency, "B": frequency} | {name: name for name in GRIDS}


def test_sundays_alone_are_no_seven_days() -> None:
    """A market open from Sunday to Thursday, or a fund with the odd Saturday, has five days a week."""
    week = days("2015-01-01", "2019-01-01")
    sunday_to_thursday = week[np.isin((week.astype(int) + 3) % 7, (6, 0, 1, 2, 3))]
    saturdays = np.union1d(DAILY, np.array(["2016-02-06", "2017-03-11"], "datetime64[D]"))
    assert read_frequencies(closes_on(A=sunday_to_thursday, B=saturdays)).frequencies == ("daily", "daily")


def test_a_single_close_says_nothing() -> None:
    """One close has no frequency, and takes that of the others."""
    found = read_frequencies(closes_on(A=GRIDS["monthly"], B=GRIDS["monthly"][:1]))
    assert found.frequencies == ("monthly", None)
    assert found.to_market("USD").periods_per_year == 12.0


def test_other_frequencies_than_daily_are_said() -> None:
    """One note names the tickers and A; daily columns need none."""
    notes = read_frequencies(closes_on(**GRIDS)).provenance.notes
    assert [note.split(":")[0] for note in notes] == ["monthly", "quarterly", "seven_day", "weekly"]
    assert "annualised by 12" in notes[0]
    assert read_frequencies(closes_on(A=DAILY)).provenance.notes == ()


def test_a_column_that_was_monthly_once_is_refused_unless_all_is_read_so() -> None:
    """No one figure a year fits closes that are monthly for years and daily after; the message has the key."""
    both = closes_on(IDX=np.concatenate([GRIDS["monthly"][:24], DAILY[600:]]))
    with pytest.raises(DataError, match=r"IDX: its closes are monthly from 2015-01-30 to .* data.frequency: monthly"):
        read_frequencies(both)
    assert read_frequencies(both, "monthly").frequencies == ("daily",)


def test_a_suspension_is_no_change_of_frequency() -> None:
    """A month without a close, or half of all sessions missing, leaves a daily column daily."""
    suspended = np.delete(DAILY, np.arange(300, 340))
    assert read_frequencies(closes_on(A=suspended, B=DAILY[::2])).frequencies == ("daily", "daily")


def test_yearly_closes_are_refused() -> None:
    """Figures of risk need a close a quarter at least."""
    with pytest.raises(DataError, match=r"A: its closes are 36\d days apart.*quarter"):
        read_frequencies(closes_on(A=GRIDS["quarterly"][3::4]))


def test_few_closes_around_a_holiday_are_no_weekly_ones() -> None:
    """Two closes six days apart say nothing; beside daily columns they are read as those."""
    found = read_frequencies(closes_on(A=DAILY, NEW=np.array(["2018-12-24", "2018-12-31"], "datetime64[D]")))
    assert found.frequencies == ("daily", None)


def test_a_seven_day_column_with_a_hole_of_years_has_seven_days() -> None:
    """What is missing in between does not make it a five-day one."""
    week = GRIDS["seven_day"]
    assert read_frequencies(closes_on(A=np.concatenate([week[:200], week[-200:]]))).frequencies == ("seven_day",)


def test_fortnights_are_refused_with_the_frequency_that_reads_them() -> None:
    """Every two weeks has no A; named, the last close of each month counts."""
    closes = closes_on(F=GRIDS["seven_day"][::14])
    with pytest.raises(DataError, match=r"F: its closes are 14 days apart.* write data.frequency: monthly"):
        read_frequencies(closes)
    assert read_frequencies(closes, "monthly").frequencies == ("weekly",)
