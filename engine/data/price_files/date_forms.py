"""How people write a day, a time beside it and a zone: each form with the orders its parts may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_MONTHS: Final = (
    *("january januar", "february februar", "march märz maerz mrz", "april", "may mai", "june juni", "july juli"),
    *("august", "september", "october oktober", "november", "december dezember"),
)
_MONTH_BY_NAME: Final = {
    name[:length]: month
    for month, names in enumerate(_MONTHS, 1)
    for name in names.split()
    for length in range(3, len(name) + 1)
}
_NAME: Final = r"(?P<name>[A-Za-zä]{3,9})\.?"
_DAY: Final = r"(?P<a>\d{1,2})(?:st|nd|rd|th|\.)?"
_YEAR: Final = r"(?P<c>\d{4}|\d{2})"
_WEEKDAY: Final = re.compile(r"(mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so)[a-z]*\.?,? +(?=\w)", re.IGNORECASE)
_TIME: Final = re.compile(
    r"(?P<day>.*?\d)(?:,? +|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?: ?(?P<half>[AP])\.?M\.?| Uhr)?"
    r"(?: ?(?P<zone>Z|[A-Z]{2,5}|(?:UTC|GMT)?(?P<sign>[+-])(?P<h>\d{2}):?(?P<m>\d{2})?))?(?: ?\([^()]*\))?",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class DateForm:
    """A way to write a day.

    ``orders`` are those that its three parts may have, where nobody says; ``sayable`` whether its owner may say
    another one; ``settled`` whether the first of the orders stands unless the file shows that it cannot.
    """

    label: str
    text: str
    orders: tuple[str, ...]
    sayable: bool = False
    settled: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The form compiled; most files need two or three of them, and a start of the engine none."""
        return re.compile(self.text, re.ASCII | re.IGNORECASE)


def _form(label: str, pattern: str, *orders: str, sayable: bool = False, settled: bool = False) -> DateForm:
    return DateForm(label, pattern, orders, sayable, settled)


def _numeric_forms() -> Iterator[DateForm]:
    for label, sign in (("dots", r"\. ?"), ("slashes", "/"), ("dashes", "-")):
        free = () if label == "dots" else ("mdy",)
        start = rf"(?P<a>\d{{1,2}}){sign}(?P<b>\d{{1,2}}){sign}"
        yield _form(label, rf"{start}(?P<c>\d{{4}})", "dmy", *free, sayable=True)
        years = (*free, "ymd") if free else ()
        yield _form(f"{label} and two digits of the year", rf"{start}(?P<c>\d{{2}})", "dmy", *years, sayable=True)


FORMS: Final = (
    _form("year-month-day", r"(?P<a>\d{4})(?P<sign>[-/.])(?P<b>\d{1,2})(?P=sign)(?P<c>\d{1,2})", "ymd"),
    _form("year, month and day in Chinese", r"(?P<a>\d{4})年(?P<b>\d{1,2})月(?P<c>\d{1,2})日", "ymd"),
    _form("yyyymmdd", r"(?P<a>\d{4})(?P<b>\d{2})(?P<c>\d{2})", "ymd"),
    *_numeric_forms(),
    _form(
        "day, month by name, year", rf"{_DAY}[-\s/]*{_NAME}[-\s,/]*{_YEAR}", "dmy", "ymd", sayable=True, settled=True
    ),
    _form("month by name, day, year", rf"{_NAME}[-\s/]*{_DAY}[-\s,/]+{_YEAR}", "mdy"),
    _form("year, month by name, day", rf"(?P<a>\d{{4}})[-\s/]*{_NAME}[-\s/]*(?P<c>\d{{1,2}})", "ymd"),
    _form("year and month", r"(?P<a>\d{4})(?:[-/.]|M)(?P<b>\d{1,2})", "ymd"),
    _form("yyyymm", r"(?P<a>\d{4})(?P<b>\d{2})", "ymd"),
    _form("month by name and year", rf"{_NAME}[-\s]+(?P<a>\d{{4}})", "ymd"),
    _form("Excel's days", r"(?P<a>[1-7]\d{4})(?P<fraction>\.\d*)?", ""),
    _form("seconds since 1970", r"(?P<a>-?\d{9,10})(?:\.0*)?", ""),
    _form("milliseconds since 1970", r"(?P<a>-?\d{12,13})(?:\.0*)?", ""),
    _form("microseconds since 1970", r"(?P<a>-?\d{15,16})", ""),
    _form("nanoseconds since 1970", r"(?P<a>-?\d{18,19})", ""),
)
TICKS: Final = {
    "seconds since 1970": 1,
    "milliseconds since 1970": 1_000,
    "microseconds since 1970": 1_000_000,
    "nanoseconds since 1970": 1_000_000_000,
}


@dataclass(frozen=True)
class WrittenDate:
    """What a cell says.

    Attributes
    ----------
    form : how its day is written
    parts : the numbers of the day in the order in which they stand, a month by name in its place
    minute : of the day [minutes], None where there is no time
    offset : of the zone from UTC [minutes], None where it says no zone

    """

    form: DateForm
    parts: tuple[int, int, int]
    minute: int | None = None
    offset: int | None = None


def read_date(cell: str) -> WrittenDate | None:
    """Return what a cell says; None for no date.

    >>> read_date("2. Jan 2019 17:35").parts
    (2, 1, 2019)
    """
    text = _WEEKDAY.sub("", cell, count=1) if cell[:1].isalpha() else cell
    minute = offset = None
    if ":" in text:
        time = _TIME.fullmatch(text)
        if time is None:
            return None
        text, minute, offset = time["day"], _minute(time), _offset(time)
        if minute is None:
            return None
    for form in FORMS:
        match = form.pattern.fullmatch(text)
        parts = None if match is None else _parts(match)
        if parts is not None:
            return WrittenDate(form, parts, minute, offset)
    return None


def _minute(time: re.Match[str]) -> int | None:
    hour, minute, second = int(time["hour"]), int(time["minute"]), int(time["second"] or 0)
    if time["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if time["half"] in "pP" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 and second < 61 else None


def _offset(time: re.Match[str]) -> int | None:
    if not time["zone"]:
        return None
    minutes = int(time["h"]) * 60 + int(time["m"] or 0) if time["sign"] else 0
    return -minutes if time["sign"] == "-" else minutes


def _parts(match: re.Match[str]) -> tuple[int, int, int] | None:
    """Return the numbers in the order in which they stand; a month stands for its first day."""
    found = match.groupdict()
    month = 0
    if "name" in found:
        month = _MONTH_BY_NAME.get(found["name"].lower(), 0)
        if not month:
            return None
    if "c" not in found:
        return int(found["a"]), month or int(found.get("b") or 1), 1
    if "name" not in found:
        return int(found["a"]), int(found["b"]), int(found["c"])
    first, last = int(found["a"]), int(found["c"])
    return (month, first, last) if match.start("name") == 0 else (first, month, last)
