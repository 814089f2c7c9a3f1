"""``MonthDay``: a day of every year, as the one on which a year's tax is paid, and the sessions that it means."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, NamedTuple, TypeAlias

import numpy as np
from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.core.arrays import DateArray
from engine.core.fields import quote_value
from engine.data.sessions import calendar_years


class MonthDay(NamedTuple):
    """A ``month`` and a ``day`` of it; 29 February is none, as most years lack it."""

    month: int
    day: int

    def __str__(self) -> str:
        """Return it as ``07-01``."""
        return f"{self.month:02d}-{self.day:02d}"

    def due_rows(self, dates: DateArray, opening: int) -> dict[int, int]:
        """Return by year, from that of the ``opening`` on, the first row of ``dates`` (T,) on or after it a year later.

        Years whose day comes after the last session are left out.
        """
        first, last = calendar_years(dates[[opening, -1]])
        due = {
            year: int(np.searchsorted(dates, np.datetime64(f"{year + 1}-{self}"))) for year in range(first, last + 1)
        }
        return {year: row for year, row in due.items() if row < len(dates)}

    def assessment_rows(self, dates: DateArray, opening: int) -> list[int]:
        """Return these rows in order, each once."""
        return sorted(set(self.due_rows(dates, opening).values()))


def _read_day(value: object) -> MonthDay:
    if isinstance(value, MonthDay):
        return value
    written = re.fullmatch(r"([0-9]{2})-([0-9]{2})", value) if isinstance(value, str) else None
    try:
        if written:
            day = dt.date(2001, int(written[1]), int(written[2]))
            return MonthDay(day.month, day.day)
    except ValueError:
        pass
    message = "{found} is no day of every year; write month and day, as 07-01"
    raise PydanticCustomError("month_day", message, {"found": quote_value(value)})


PayDay: TypeAlias = Annotated[
    MonthDay,
    BeforeValidator(_read_day),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$"}),
]
"""The day of the next year on which a year's tax is paid, as a config has it: ``07-01`` is 1 July."""
