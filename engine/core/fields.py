"""The closed, frozen base of everything that YAML can name, and the scalar types it is written in.

Scalars arrive as text (``yamlfile`` never guesses a type), so ``NO``, ``007`` and ``1E5`` stay tickers and each
field says here how its text is read.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Iterable
from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from engine.core.errors import shorten

_MAX_NUMBER = 1e15
_MAX_PERCENT = 1e5
YEAR_BOUNDS = (1900, 2200)
NUMBER_PATTERN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_TICKER = re.compile(r"\^?[A-Za-z0-9][A-Za-z0-9.\-=_]{0,19}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_TEXT_CHARACTERS = 1000
_MAX_PATH_CHARACTERS = 4096
RATE_BOUNDS = (-0.5, 1.0)
"""What a year's interest can be [fraction]."""


class ConfigModel(BaseModel):
    """Frozen and closed: an unknown key is an error; what choosable things share is that they have a ``kind``.

    A key that may be left out may also be ``null``, so that ``--set`` and an axis of a sweep can leave it out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: object) -> object:
        if not isinstance(data, dict) or "null" not in data.values():
            return data
        left_out = {field.alias or name for name, field in cls.model_fields.items() if field.default is None}
        return {key: value for key, value in data.items() if value != "null" or key not in left_out}


def raise_faults(faults: Iterable[tuple[tuple[str | int, ...], str]]) -> None:
    """Raise one error for all that a model's fields say against each other; nothing when there is nothing.

    Each fault is the keys, below the model, that it is about, and ``message; remedy``: so its line can be shown.
    """
    found = list(faults)
    if found:
        places, words = zip(*found, strict=True)
        context = {"text": "\n".join(words), "words": list(words), "places": list(places)}
        raise PydanticCustomError("together", "{text}", context)


def format_percent(share: float) -> str:
    """Return a fraction as a sentence says it, with no more digits than it needs: ``2.5 %``."""
    return f"{100.0 * share:.6g} %"


def quote_value(value: object) -> str:
    """Return what was found as a message shows it: one line, not too long."""
    if isinstance(value, str):
        return repr(shorten(value, 60))
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return shorten(repr(value), 60)


def _parse_number(value: object) -> float:
    """Read a plain number; ``nan``, ``inf``, underscores and thousands separators are not numbers here."""
    if (
        isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER
    ):  # not nan, not inf
        return float(value)
    if isinstance(value, str) and NUMBER_PATTERN.fullmatch(value.strip()) and abs(float(value)) <= _MAX_NUMBER:
        return float(value)
    if (isinstance(value, str) and NUMBER_PATTERN.fullmatch(value.strip())) or (isinstance(value, int) and value):
        words = "{found} is too large; write a number up to 1e15"
        raise PydanticCustomError("number", words, {"found": quote_value(value)})
    raise PydanticCustomError(
        "number", "{found} is not a number; write digits with a point, as 1000 or 0.5", {"found": quote_value(value)}
    )


def _parse_fraction(value: object) -> float:
    """Read ``2.5%`` or ``0.025``; a bare number above 1 could mean either, so it is refused with both readings."""
    if isinstance(value, str) and value.strip().endswith("%"):
        text = value.strip()[:-1].strip()
        if not NUMBER_PATTERN.fullmatch(text):
            raise PydanticCustomError(
                "fraction", "{found} is not a percentage; write 2.5%", {"found": quote_value(value)}
            )
        if abs(float(text)) > _MAX_PERCENT:
            raise PydanticCustomError("fraction", "{found} is out of all range; as 2.5%", {"found": quote_value(value)})
        return float(text) / 100.0
    number = _parse_number(value)
    if abs(number) > 1.0:
        raise PydanticCustomError(
            "ambiguous_fraction",
            "{found} could mean {found}% or {times} times the whole; write {found}% or {fraction}",
            {"found": shorten(str(value), 60), "times": f"{number:g}", "fraction": f"{number / 100:g}"},
        )
    return number


def _parse_rate(value: object) -> float:
    """Read a year's interest; beyond these bounds it is a slip of the pen or of the unit."""
    rate = _parse_fraction(value)
    if not RATE_BOUNDS[0] <= rate <= RATE_BOUNDS[1]:
        words = "{found} a year is no rate of interest; -50% to 100% is expected, as 2.5%"
        raise PydanticCustomError("rate", words, {"found": quote_value(value)})
    return rate


def _parse_basis_points(value: object) -> float:
    """Read basis points: ``5`` or ``5 bp``."""
    if isinstance(value, str):
        value = re.sub(r"\s*bps?$", "", value.strip())
    return _parse_number(value)


def _parse_whole(value: object) -> int:
    number = _parse_number(value)
    if number != int(number):
        raise PydanticCustomError(
            "whole", "{found} is not a whole number; write digits only", {"found": quote_value(value)}
        )
    return int(number)


def _parse_date(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value.strip()):
        try:
            day = dt.date.fromisoformat(value.strip())
        except ValueError:
            day = dt.date.min
        if YEAR_BOUNDS[0] <= day.year <= YEAR_BOUNDS[1]:
            return day
    raise PydanticCustomError(
        "iso_date", "{found} is not a date; write year-month-day, as 2004-02-01", {"found": quote_value(value)}
    )


def _parse_switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "yes", "on"}:
        return True
    if isinstance(value, str) and value.strip().lower() in {"false", "no", "off"}:
        return False
    raise PydanticCustomError(
        "switch", "{found} is neither true nor false; write one of them", {"found": quote_value(value)}
    )


def _parse_ticker(value: object) -> str:
    if isinstance(value, str) and value in {"cash", "date"}:
        words = "'{found}' is a column of the results, not a ticker here; what the weights leave over is cash"
        raise PydanticCustomError("ticker", words, {"found": value})
    if isinstance(value, str) and _TICKER.fullmatch(value):
        return value
    raise PydanticCustomError(
        "ticker", "{found} is not a ticker; up to 20 letters, digits and . - = _ are", {"found": quote_value(value)}
    )


def _parse_slug(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", value):
        return value
    raise PydanticCustomError(
        "slug",
        "{found} cannot name a folder; up to 64 letters, digits, - and _ can, starting with a letter or digit",
        {"found": quote_value(value)},
    )


def _parse_currency(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Z]{3}", value):
        return value
    raise PydanticCustomError(
        "currency", "{found} is not a currency; write its three capital letters, as USD", {"found": quote_value(value)}
    )


def _parse_exchange(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Z0-9]{4}", value):
        return value
    words = "{found} is not an exchange; write its market identifier code, four capital letters, as XNYS"
    raise PydanticCustomError("exchange", words, {"found": quote_value(value)})


def _parse_text(value: object) -> str:
    if isinstance(value, str) and len(value) <= _MAX_TEXT_CHARACTERS:
        return value
    words = "{found} is no text of up to {most} characters; shorten it, or put it in quotes"
    raise PydanticCustomError("text", words, {"found": quote_value(value), "most": f"{_MAX_TEXT_CHARACTERS:,}"})


def _parse_name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[^\x00-\x1f<>]{1,60}", value):
        return value
    words = "{found} cannot name a portfolio; up to 60 characters can, but for < and >"
    raise PydanticCustomError("name", words, {"found": quote_value(value)})


def _parse_path(value: object) -> str:
    """Read a path as text: an empty one would quietly mean the working directory."""
    text = str(value) if isinstance(value, (str, os.PathLike)) else ""
    if text.strip() and len(text) <= _MAX_PATH_CHARACTERS and "\0" not in text:
        return text
    raise PydanticCustomError(
        "path", "{found} is not a path; name a file or folder, as prices.parquet", {"found": quote_value(value)}
    )


_PERCENT_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": r"^[+-]?[0-9.]+%$"}, {"type": "number", "minimum": -1, "maximum": 1}]
}

Fraction: TypeAlias = Annotated[float, BeforeValidator(_parse_fraction), WithJsonSchema(_PERCENT_SCHEMA)]
"""A share or rate, any sign: ``2.5%`` or ``0.025``."""

Rate: TypeAlias = Annotated[float, BeforeValidator(_parse_rate), WithJsonSchema(_PERCENT_SCHEMA)]
"""A year's interest, annual effective, between -50 % and 100 %."""

Weight: TypeAlias = Annotated[
    float, Field(ge=0.0, le=1.0), BeforeValidator(_parse_fraction), WithJsonSchema(_PERCENT_SCHEMA)
]
"""A share between 0 % and 100 %."""

Money: TypeAlias = Annotated[float, BeforeValidator(_parse_number), WithJsonSchema({"type": "number"})]
"""An amount in the account's currency, any sign."""

Positive: TypeAlias = Annotated[
    float, Field(gt=0.0), BeforeValidator(_parse_number), WithJsonSchema({"type": "number", "exclusiveMinimum": 0})
]
"""An amount above zero."""

NonNegative: TypeAlias = Annotated[
    float, Field(ge=0.0), BeforeValidator(_parse_number), WithJsonSchema({"type": "number", "minimum": 0})
]
"""An amount of zero or more."""

BasisPoints: TypeAlias = Annotated[
    float,
    Field(ge=0.0, le=1000.0),
    BeforeValidator(_parse_basis_points),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9.]+\s*bps?$"}]}),
]
"""Hundredths of a percent: ``5`` or ``5 bp``."""

WholeNumber: TypeAlias = Annotated[int, BeforeValidator(_parse_whole), WithJsonSchema({"type": "integer"})]
"""A whole number."""

Switch: TypeAlias = Annotated[bool, BeforeValidator(_parse_switch), WithJsonSchema({"type": "boolean"})]
"""true or false."""

Date: TypeAlias = Annotated[dt.date, BeforeValidator(_parse_date)]
"""An ISO date; nothing else is a date."""

Ticker: TypeAlias = Annotated[str, BeforeValidator(_parse_ticker)]
"""A name in the price source, kept letter for letter."""

Currency: TypeAlias = Annotated[
    str, BeforeValidator(_parse_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})
]
"""An ISO 4217 code, as USD."""

Exchange: TypeAlias = Annotated[
    str, BeforeValidator(_parse_exchange), WithJsonSchema({"type": "string", "pattern": "^[A-Z0-9]{4}$"})
]
"""A market identifier code (ISO 10383), as XNYS."""

DisplayText: TypeAlias = Annotated[
    str, BeforeValidator(_parse_text), WithJsonSchema({"type": "string", "maxLength": _MAX_TEXT_CHARACTERS})
]
"""Text for people, of a length that a page can show."""

PortfolioName: TypeAlias = Annotated[
    str, BeforeValidator(_parse_name), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 60})
]
"""What a portfolio is called in tables and files."""

FilePath: TypeAlias = Annotated[str, BeforeValidator(_parse_path), WithJsonSchema({"type": "string", "minLength": 1})]
"""A path as it was written; ``~`` is left to whoever opens it."""

Slug: TypeAlias = Annotated[str, BeforeValidator(_parse_slug)]
"""A name that is safe as a folder."""
