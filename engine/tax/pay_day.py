"""The day of the next year at which an assessed tax is due."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.core.arrays import DateArray
from engine.core.fields import quote_value

_PATTERN = "[0-9]{2}-[0-9]{2}"
_COMMON_YEAR = 2001


def _parse_month_day(value: object) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(_PATTERN, text):
        with suppress(ValueError):
            dt.date.fromisoformat(f"{_COMMON_YEAR}-{text}")
            return text
    message = "{found} is no day of every year; write month-day, as 04-15"
    raise PydanticCustomError("month_day", message, {"found": quote_value(value)})


MonthDay: TypeAlias = Annotated[
    str, BeforeValidator(_parse_month_day), WithJsonSchema({"type": "string", "pattern": f"^{_PATTERN}$"})
]
"""A day of every year: month and day, as ``04-15``."""


def pay_day(year: int, pay_on: str) -> dt.date:
    """Return when the tax of ``year`` is due: on ``pay_on`` of the next.

    >>> pay_day(2023, "04-15")
    datetime.date(2024, 4, 15)
    """
    return dt.date.fromisoformat(f"{year + 1}-{pay_on}")


def assessment_rows(dates: DateArray, opening: int, pay_on: str) -> Sequence[int]:
    """Return the rows of the first sessions on or after the days at which a year since the ``opening`` is due."""
    return list(_due_rows(dates, opening, pay_on))


def _due_rows(dates: DateArray, opening: int, pay_on: str) -> Iterator[int]:
    first, last = (int(dates[row].astype("datetime64[Y]").astype(np.int64)) + 1970 for row in (opening, -1))
    for year in range(first, last):
        row = int(np.searchsorted(dates, np.datetime64(pay_day(year, pay_on))))
        if row < len(dates):
            yield row
