"""The calendar rules: which session a schedule falls on."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import ScheduleError
from engine.data.sessions import is_period_start, month_session_rows, period_numbers
from strategies.schedules import Annual, AnyOf, DriftBand, Every, Never


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


def weekdays(start: str, end: str) -> np.ndarray:
    dates = np.arange(np.datetime64(start), np.datetime64(end))
    return dates[np.is_busday(dates)]


def test_last_and_nth_sessions_are_counted_inside_the_month() -> None:
    dates = weekdays("2019-12-02", "2021-03-01")
    assert dates[month_session_rows(dates, 1, "last")].tolist() == days("2020-01-31", "2021-01-29").tolist()
    assert dates[month_session_rows(dates, 1, 3)].tolist() == days("2020-01-03", "2021-01-05").tolist()


@pytest.mark.parametrize("cut", range(1, 420, 7))
def test_a_schedule_does_not_change_when_later_sessions_are_appended(cut: int) -> None:
    dates = weekdays("2019-06-03", "2021-03-01")
    for session in ("first", "last", 5):
        whole = month_session_rows(dates, 1, session)
        part = month_session_rows(dates[:cut], 1, session)
        assert part.tolist() == whole[whole < cut].tolist() or dates[cut - 1] == dates[whole[whole < cut][-1:]]


def test_the_last_row_of_the_data_is_no_month_end_unless_the_month_is_over() -> None:
    assert month_session_rows(weekdays("2019-12-02", "2020-01-20"), 1, "last").size == 0
    assert month_session_rows(weekdays("2019-12-02", "2020-02-01"), 1, "last").size == 1


def test_a_month_without_sessions_is_an_error_not_a_silent_skip() -> None:
    dates = np.concatenate([weekdays("2019-11-01", "2019-12-28"), weekdays("2020-02-03", "2020-04-01")])
    with pytest.raises(ScheduleError, match="january 2020: no session"):
        month_session_rows(dates, 1, "first")
    assert month_session_rows(dates, 3, "first").size == 1


def test_a_month_with_too_few_sessions_is_an_error() -> None:
    with pytest.raises(ScheduleError, match="january 2020: session 23 asked for, 1 are there"):
        month_session_rows(days("2019-12-31", "2020-01-02", "2020-02-03"), 1, 23)


def test_periods_begin_on_their_first_session_and_weeks_on_monday() -> None:
    dates = days("2020-01-31", "2020-02-03", "2020-02-07", "2020-02-10", "2020-04-01", "2020-07-01", "2021-01-04")
    assert is_period_start(dates, "month").tolist() == [False, True, False, False, True, True, True]
    assert is_period_start(dates, "quarter").tolist() == [False, False, False, False, True, True, True]
    assert is_period_start(dates, "half_year").tolist() == [False, False, False, False, False, True, True]
    assert is_period_start(dates, "year").tolist() == [False] * 6 + [True]
    assert np.diff(period_numbers(days("2020-02-02", "2020-02-03", "2020-02-09", "2020-02-10"), "week")).tolist() == [
        1,
        0,
        1,
    ]


def test_the_number_of_annual_rebalances_is_the_number_of_years() -> None:
    dates = weekdays("1999-12-31", "2026-06-01")
    assert len(Annual().calendar(dates)) == 27
    assert set(Annual(month="July", session="last").calendar(dates).values()) == {"july"}


def test_rules_say_when_and_why() -> None:
    dates = weekdays("2020-01-01", "2021-02-01")
    assert Never().calendar(dates) == {}
    assert len(Every(period="quarter").calendar(dates)) == 4
    both = AnyOf(of=[{"kind": "annual"}, {"kind": "every", "period": "quarter"}, {"kind": "band", "absolute": "5%"}])
    assert sorted(set(both.calendar(dates).values())) == ["every quarter", "january"]
    assert both.band(dates).absolute == 0.05
    look = DriftBand(relative="20%", look="week").band(dates).check_rows
    assert dates[look][:2].tolist() == days("2020-01-03", "2020-01-10").tolist()


@pytest.mark.parametrize("month", range(1, 13))
def test_any_month_of_the_year_is_found_in_every_year(month: int) -> None:
    dates = weekdays("2017-12-01", "2021-02-01")
    for session, expected in (("first", 0), ("last", -1), (3, 2)):
        rows = month_session_rows(dates, month, session)
        for year, row in zip(range(2018, 2022), rows, strict=False):
            inside = dates[dates.astype("datetime64[M]") == np.datetime64(f"{year}-{month:02d}")]
            assert dates[row] == inside[expected]
        assert len(rows) == (4 if month == 1 else 3)


def test_the_first_month_of_the_data_is_left_out_as_its_beginning_is_unknown() -> None:
    dates = weekdays("2020-01-02", "2021-02-01")
    for session in ("first", "last", 2):
        assert [str(day)[:4] for day in dates[month_session_rows(dates, 1, session)]] == ["2021"]


def test_a_month_with_exactly_n_sessions_has_its_nth_and_no_further_one() -> None:
    dates = days("2019-12-31", "2020-01-02", "2020-01-03", "2020-01-31", "2020-02-03", "2020-03-02")
    assert dates[month_session_rows(dates, 1, 3)].tolist() == days("2020-01-31").tolist()
    with pytest.raises(ScheduleError, match="january 2020: session 4 asked for, 3 are there"):
        month_session_rows(dates, 1, 4)


def test_an_unfinished_last_month_lacks_its_nth_session_without_complaint() -> None:
    dates = weekdays("2019-12-02", "2020-01-04")
    assert month_session_rows(dates, 1, 2).size == 1
    assert month_session_rows(dates, 1, 9).size == 0
    finished = np.concatenate([weekdays("2018-12-03", "2019-01-04"), weekdays("2019-02-01", "2020-01-04")])
    with pytest.raises(ScheduleError, match="january 2019: session 9 asked for, 3 are there"):
        month_session_rows(finished, 1, 9)


def test_every_missing_month_that_is_asked_for_is_named_by_its_first_year() -> None:
    dates = np.concatenate([weekdays("2017-11-01", "2017-12-28"), weekdays("2020-02-03", "2020-04-01")])
    with pytest.raises(ScheduleError, match="january 2018: no session"):
        month_session_rows(dates, 1, "first")
    with pytest.raises(ScheduleError, match="february 2018: no session"):
        month_session_rows(dates, 2, "first")


def test_a_friday_that_ends_its_month_ends_it_though_a_weekend_follows() -> None:
    assert month_session_rows(weekdays("2020-12-01", "2021-01-30"), 1, "last").size == 1
    assert month_session_rows(weekdays("2020-12-01", "2021-01-29"), 1, "last").size == 0


def test_an_open_month_end_is_left_out_and_those_of_the_years_before_stay() -> None:
    dates = weekdays("2017-12-01", "2020-01-20")
    assert dates[month_session_rows(dates, 1, "last")].tolist() == days("2018-01-31", "2019-01-31").tolist()


def test_a_month_is_over_when_the_next_has_begun_though_its_last_weekdays_had_no_session() -> None:
    dates = np.concatenate([weekdays("2019-12-02", "2020-01-30"), weekdays("2020-02-03", "2020-02-05")])
    assert dates[month_session_rows(dates, 1, "last")].tolist() == days("2020-01-29").tolist()


def test_the_sessions_of_a_short_month_are_counted_in_its_complaint() -> None:
    with pytest.raises(ScheduleError, match="january 2020: session 3 asked for, 2 are there; use session: last"):
        month_session_rows(days("2019-12-31", "2020-01-02", "2020-01-03", "2020-02-03"), 1, 3)


def test_half_years_begin_in_january_and_july_quarters_every_third_month_and_years_in_january() -> None:
    dates = np.arange("2018-12", "2021-02", dtype="datetime64[M]").astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(int) % 12 + 1
    for period, expected in (("half_year", [1, 7] * 2 + [1]), ("year", [1] * 3), ("quarter", [1, 4, 7, 10] * 2 + [1])):
        assert month[is_period_start(dates, period)].tolist() == expected


def test_a_missing_month_that_is_not_asked_for_is_no_error() -> None:
    dates = np.concatenate([weekdays("2019-11-01", "2020-02-01"), weekdays("2020-03-02", "2020-06-01")])
    for month in (1, 3, 5, 12):
        assert month_session_rows(dates, month, "first").size == 1
    with pytest.raises(ScheduleError, match="february 2020: no session"):
        month_session_rows(dates, 2, "first")


def test_pairs_of_weeks_are_counted_from_the_last_monday_of_1969() -> None:
    """From 29 December 1969 to 6 January 2020 are 18,270 days, 1,305 pairs of weeks."""
    dates = weekdays("2020-01-01", "2020-02-08")
    assert (
        dates[is_period_start(dates, "two_weeks")].tolist() == days("2020-01-06", "2020-01-20", "2020-02-03").tolist()
    )


@pytest.mark.filterwarnings("ignore")  # the calendar library on the newest pandas
def test_the_first_january_session_of_ten_exchanges_and_27_years_is_the_published_one(shared_data: Path) -> None:
    import exchange_calendars

    with (shared_data / "oracles" / "first_january_session.csv").open() as file:
        published = list(csv.DictReader(file))
    compared = 0
    for code in [name for name in published[0] if name != "year"]:
        calendar = exchange_calendars.get_calendar(code, start="1999-12-01", end="2026-02-01")
        dates = calendar.sessions.to_numpy().astype("datetime64[D]")
        rows = month_session_rows(dates, 1, "first")
        assert [str(day) for day in dates[rows]] == [year[code] for year in published]
        compared += len(rows)
    assert compared == 270


@pytest.mark.filterwarnings("ignore")
def test_the_first_session_common_to_three_exchanges_is_the_published_one() -> None:
    import exchange_calendars

    sets = [
        exchange_calendars.get_calendar(code, start="1999-12-01", end="2024-01-01")
        .sessions.to_numpy()
        .astype("datetime64[D]")
        for code in ("XNYS", "XLON", "XETR")
    ]
    common = np.intersect1d(np.intersect1d(*sets[:2]), sets[2])
    first = {str(day)[:4]: str(day)[5:] for day in common[month_session_rows(common, 1, "first")]}
    fourth = {year for year, day in first.items() if day == "01-04"}
    third = {year for year, day in first.items() if day == "01-03"}
    assert fourth == {"2000", "2005", "2010", "2011", "2016", "2021", "2022"}
    assert third == {"2006", "2007", "2012", "2017", "2023"}
