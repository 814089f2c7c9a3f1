"""Dates in the forms that people write; day and month are told apart by the whole column or by its owner."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.price_files.dates import Dates, parse_dates

SECOND = dt.date(2019, 1, 2)


def parse(*cells: str, order: str | None = None) -> Dates:
    """Parse cells that stand below a header."""
    return parse_dates("p.csv", cells, range(2, 2 + len(cells)), order)


@pytest.mark.parametrize(
    "cell",
    [
        *("2019-01-02", "2019/01/02", "2019.01.02", "2019/1/2", "20190102", "02.01.2019", "2.1.2019", "2. 1. 2019"),
        *("02.01.19", "Jan 02, 2019", "Jan 2 2019", "January 2, 2019", "January 2nd, 2019", "02-Jan-19", "02-Jan-2019"),
        *(
            "2 January 2019",
            "2. Januar 2019",
            "02. Jan. 2019",
            "2Jan2019",
            "2019-Jan-02",
            "Wed, 02 Jan 2019",
            "2019年1月2日",
        ),
        *("Mittwoch, 2. Januar 2019", "Mi, 02.01.2019", "Wed Jan 02 2019 00:00:00 GMT-0500 (EST)", "43467", "43467.0"),
        *("1546387200", "1546387200000", "1546387200000000", "1546387200000000000", "2019-01-02 00:00:00"),
        *("2019-01-02T00:00:00Z", "2019-01-02 00:00:00 UTC", "2019-01-02 00:00:00-05:00", "2019-01-02T00:00:00.000"),
        *("2019-01-02 16:00:00", "02.01.2019 17:35 Uhr", "2019.01.02 00:00", "2019-01-02 09:30:00-05:00"),
    ],
)
def test_forms_that_mean_one_day(cell: str) -> None:
    """A single cell is enough where the form tells."""
    assert parse(cell).days.tolist() == [SECOND]


@pytest.mark.parametrize(
    ("cell", "month"), [("02. Mär. 2019", 3), ("02-Mai-19", 5), ("2. Okt 2019", 10), ("02. Dezember 2019", 12)]
)
def test_german_months(cell: str, month: int) -> None:
    """Mär, Mai, Okt and Dez are months too."""
    assert parse(cell).days.tolist() == [dt.date(2019, month, 2)]


@pytest.mark.parametrize("cell", ["2019-01", "2019/01", "201901", "2019M01", "Jan 2019", "January 2019"])
def test_a_month_without_a_day_is_its_first(cell: str) -> None:
    """What it stands for is a matter of its frequency."""
    assert parse(cell).days.tolist() == [dt.date(2019, 1, 1)]


@pytest.mark.parametrize(
    ("form", "order"),
    [
        *(("%d/%m/%Y", "dmy"), ("%m/%d/%Y", "mdy"), ("%d-%m-%Y", "dmy"), ("%m-%d-%Y", "mdy"), ("%d/%m/%y", "dmy")),
        *(("%m/%d/%y", "mdy"), ("%y-%m-%d", "ymd"), ("%y/%m/%d", "ymd")),
    ],
)
def test_the_column_tells_the_order(form: str, order: str) -> None:
    """Thirty sessions have a day above twelve, and in another order are none or out of order."""
    sessions = np.busday_offset("2019-01-02", np.arange(30), roll="forward")
    found = parse(*(day.strftime(form) for day in sessions.tolist()))
    assert np.array_equal(found.days, sessions)
    assert found.order == order


def test_only_one_order_is_in_order() -> None:
    """First sessions of months: read day first they would jump to and fro."""
    cells = [
        "01/02/2019",
        "02/01/2019",
        "03/01/2019",
        "04/01/2019",
        "05/01/2019",
        "06/03/2019",
        "07/01/2019",
        "08/01/2019",
    ]
    found = parse(*cells)
    assert found.days[-1] == np.datetime64("2019-08-01")
    assert "month first: only so are they in order" in found.notes[0]
    with pytest.raises(DataError, match=r"no date of the column tells whether day or month is first"):
        parse(*cells[:7])  # so few may be in order by chance


@pytest.mark.parametrize(
    "cells", [("01/12/2020", "01/11/2020", "01/10/2020"), ("12/06/2020", "11/06/2020"), ("05/04/03",), ("1-2-2019",)]
)
def test_what_may_be_two_days_is_refused_with_the_key(cells: tuple[str, ...]) -> None:
    """Monthly dates on the first, or within the first twelve days of a month."""
    with pytest.raises(
        DataError, match=r"p.csv:2: found the date .*day or month.*`order: dmy` \(day first\) or `order: mdy`"
    ):
        parse(*cells)
    assert parse("05/04/03", order="ymd").days.tolist() == [dt.date(2005, 4, 3)]
    assert parse("01/12/2020", order="dmy").days.tolist() == [dt.date(2020, 12, 1)]
    assert parse("01/12/2020", order="mdy").days.tolist() == [dt.date(2020, 1, 12)]
    assert parse("01.12.2020", order="mdy").days.tolist() == [dt.date(2020, 1, 12)]


def test_an_order_leaves_other_forms_alone() -> None:
    """A folder may hold files whose dates need no word."""
    assert parse("2019-01-02", order="dmy").days.tolist() == [SECOND]
    assert parse("Jan 2, 2019", order="dmy").days.tolist() == [SECOND]


def test_two_digits_of_the_year() -> None:
    """Those below fifty are of this century."""
    assert parse("31-Dec-99", "03-Jan-00").days.tolist() == [dt.date(1999, 12, 31), dt.date(2000, 1, 3)]
    assert parse("31.12.50", "31.12.49").days.tolist() == [dt.date(1950, 12, 31), dt.date(2049, 12, 31)]


def test_dates_that_occur_often_are_read_once() -> None:
    """A long file repeats its dates; the place in the file is kept for messages."""
    assert parse("03.01.2019", "02.01.2019", "03.01.2019").days.tolist() == [
        dt.date(2019, 1, 3),
        SECOND,
        dt.date(2019, 1, 3),
    ]
    with pytest.raises(DataError, match=r"p.csv:4: found the date '31.02.2019'"):
        parse("02.01.2019", "02.01.2019", "31.02.2019")


def daily(zone: str, hour: int, *, utc: bool, count: int = 60) -> tuple[list[str], np.ndarray]:
    """Return stamps at an hour of a zone, and their sessions, over the begin of summer time."""
    from zoneinfo import ZoneInfo

    sessions = np.busday_offset("2019-02-15", np.arange(count), roll="forward")
    local = [dt.datetime(day.year, day.month, day.day, hour, tzinfo=ZoneInfo(zone)) for day in sessions.tolist()]
    return [(stamp.astimezone(dt.UTC) if utc else stamp).isoformat(sep=" ") for stamp in local], sessions


@pytest.mark.parametrize("utc", [True, False])
@pytest.mark.parametrize("hour", [0, 16])
@pytest.mark.parametrize(
    "zone", ["Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Australia/Sydney"]
)
def test_stamps_of_any_zone_give_the_session(zone: str, hour: int, utc: bool) -> None:
    """Midnights and closes, on the exchange's clock or in UTC."""
    cells, sessions = daily(zone, hour, utc=utc)
    assert np.array_equal(parse(*cells).days, sessions)


def test_closes_on_a_clock_in_tokyo_are_of_the_day_before() -> None:
    """New York closes in the morning of the next day there."""
    sessions = np.busday_offset("2020-11-02", np.arange(30), roll="forward")
    found = parse(*(f"{day + 1} 06:00:00+09:00" for day in sessions))
    assert np.array_equal(found.days, sessions)
    with pytest.raises(
        DataError, match=r"stamps in the morning on Saturdays \(first 2020-11-07\) and none on a Monday"
    ):
        parse(*(f"{day + 1} 06:00:00" for day in sessions))


def test_evening_stamps_that_prove_nothing_are_refused() -> None:
    """Three evenings may be closes, or midnights further east."""
    with pytest.raises(
        DataError, match=r"found the stamp 2019-03-05 22:00, which may be the midnight of a zone further"
    ):
        parse("2019-03-05 22:00:00+00:00", "2019-03-06 22:00:00+00:00", "2019-03-07 22:00:00+00:00")


def test_midnights_after_the_session_are_of_the_day_before() -> None:
    """A day that ends at midnight ends on the next date: Tuesdays to Saturdays."""
    sessions = np.busday_offset("2020-11-02", np.arange(30), roll="forward")
    assert np.array_equal(parse(*(f"{day + 1} 00:00:00+03:00" for day in sessions)).days, sessions)


def test_closes_of_new_york_on_a_clock_in_moscow_are_refused() -> None:
    """In summer 23:00 of the day, in winter 0:00 of the next: no midnights of London, though they look alike."""
    from zoneinfo import ZoneInfo

    sessions = np.busday_offset("2019-02-15", np.arange(60), roll="forward").tolist()
    closes = [dt.datetime(day.year, day.month, day.day, 16, tzinfo=ZoneInfo("America/New_York")) for day in sessions]
    for begin, end in ((0, 60), (0, 30), (12, 60), (0, 20)):
        with pytest.raises(DataError, match=r"found .*stamp.*; write the dates of the sessions, without times"):
            parse(*(stamp.astimezone(ZoneInfo("Europe/Moscow")).isoformat(sep=" ") for stamp in closes[begin:end]))


def test_days_of_a_market_that_never_closes() -> None:
    """A minute before midnight is of the day; an evening hour may be the midnight of another zone."""
    days = np.datetime64("2021-03-01") + np.arange(60)
    assert np.array_equal(parse(*(f"{day} 23:59:59+00:00" for day in days)).days, days)
    assert np.array_equal(parse(*(f"{day} 16:00:00" for day in days)).days, days)
    with pytest.raises(DataError, match=r"which may be the midnight of a zone further east"):
        parse(*(f"{day} 16:00:00+00:00" for day in days))


def test_stamps_of_sunday_to_thursday_mornings_are_refused() -> None:
    """Tokyo's midnights on a clock in New York are 10:00 of the day before; no exchange trades so."""
    sessions = np.busday_offset("2020-03-02", np.arange(30), roll="forward")
    with pytest.raises(DataError, match=r"stamps in the morning on Sundays \(first 2020-03-01\) and none on a Friday"):
        parse(*(f"{day - 1} 10:00:00-05:00" for day in sessions))
