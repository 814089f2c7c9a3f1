"""The closed, frozen base of everything that YAML can name, and the scalar types it is written in.

Scalars arrive as text (``yaml_document`` never guesses a type), so ``NO``, ``007`` and ``1E5`` stay tickers and each
field says here how its text is read.
"""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from engine.core.errors import EngineError, shorten

_MAX_NUMBER = 1e15
_MAX_PERCENT = 1e5
YEAR_BOUNDS = (1900, 2200)
NUMBER_PATTERN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
ISO_DATE_PATTERN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MAX_PATH_CHARACTERS = 4096
RATE_BOUNDS = (-0.5, 1.0)
"""What a year's interest can be [fraction]."""
MAX_ASSETS = 1000
"""Assets that one plan names."""


FieldFault: TypeAlias = tuple[tuple[str | int, ...], str]
"""Keys below a model, and ``message; remedy`` of what is wrong there."""

ModelT = TypeVar("ModelT", bound="ConfigModel")


class ConfigModel(BaseModel):
    """Base of all that YAML can name: frozen, and an unknown key is an error. Alternatives are told apart by ``kind``.

    A key that may be left out may also be ``null``, so that ``--set`` and an axis of a sweep can leave it out.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    independent_keys: ClassVar[frozenset[str]] = frozenset()
    """Keys that no rule reads together with another: a sweep validates their values by themselves."""

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: object) -> object:
        if not isinstance(data, dict) or "null" not in data.values():
            return data
        left_out = {field.alias or name for name, field in cls.model_fields.items() if field.default is None}
        return {key: value for key, value in data.items() if value != "null" or key not in left_out}


@dataclass(frozen=True)
class WordsOf:
    """Says of a field, in its annotation, that it is one of ``words``, which are read when they are asked for."""

    words: Callable[[], Iterable[str]]


def raise_faults(faults: Iterable[FieldFault]) -> None:
    """Raise one error for all contradictions between a model's fields; none when there are none."""
    found = list(faults)
    if found:
        places, lines = zip(*found, strict=True)
        context = {"text": "\n".join(lines), "lines": list(lines), "places": list(places)}
        raise PydanticCustomError("together", "{text}", context)


@contextmanager
def file_faults(keys: tuple[str | int, ...] = ()) -> Iterator[None]:
    """Turn what is wrong in a file that a value names into faults of the value, or of its ``keys``."""
    try:
        yield
    except EngineError as error:
        raise_faults((keys, line) for line in error.args)


def validates_fields(faults: Callable[[ModelT], Iterable[FieldFault]]) -> object:
    """Let a model refuse what the decorated method yields: contradictions between its fields."""

    def validate(model: ModelT) -> ModelT:
        raise_faults(faults(model))
        return model

    return model_validator(mode="after")(validate)


def format_percent(share: float) -> str:
    """Return a fraction as a sentence says it, with no more digits than it needs.

    >>> format_percent(0.025)
    '2.5 %'
    """
    return f"{100.0 * share:.6g} %"


def quote_value(value: object) -> str:
    """Return what was found as a message shows it: one line, not too long."""
    if isinstance(value, str):
        return repr(shorten(value, 60))
    if isinstance(value, (dict, list, tuple)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return shorten(repr(value), 60)


def _refusal(kind: str, message: str, value: object) -> PydanticCustomError:
    """Return the error of a ``value``, which ``message`` shows as ``{found}``."""
    return PydanticCustomError(kind, message, {"found": quote_value(value)})


def _matching(kind: str, pattern: str, message: str) -> BeforeValidator:
    """Return the check of a text all of which has to match ``pattern``."""

    def check(value: object) -> str:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return value
        raise _refusal(kind, message, value)

    return BeforeValidator(check)


def _parse_number(value: object, remedy: str = "write digits with a point, as 1000 or 0.5") -> float:
    """Read a plain number; ``nan``, ``inf``, underscores and thousands separators are not numbers here."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _MAX_NUMBER:  # nor nan, inf
        return float(value)
    written = NUMBER_PATTERN.fullmatch(value.strip()) if isinstance(value, str) else None
    if written and abs(float(written[0])) <= _MAX_NUMBER:
        return float(written[0])
    if written or (isinstance(value, int) and value):
        raise _refusal("number", "{found} is too large; write a number up to 1e15", value)
    raise _refusal("number", "{found} is not a number; " + remedy, value)


def _parse_fraction(value: object) -> float:
    """Read ``2.5%`` or ``0.025``; a bare number above 1 could mean either, so it is refused with both readings."""
    if isinstance(value, str) and value.strip().endswith("%"):
        text = value.strip()[:-1].strip()
        if not NUMBER_PATTERN.fullmatch(text):
            raise _refusal("fraction", "{found} is not a percentage; write 2.5%", value)
        if abs(float(text)) > _MAX_PERCENT:
            raise _refusal("fraction", "{found} is out of all range; as 2.5%", value)
        return float(text) / 100.0
    number = _parse_number(value, "write 2.5% or 0.025")
    if abs(number) > 1.0:
        message = "{found} could mean {found}% or {times} times the whole; write {found}% or {fraction}"
        context = {"found": shorten(str(value), 60), "times": f"{number:g}", "fraction": f"{number / 100:g}"}
        raise PydanticCustomError("ambiguous_fraction", message, context)
    return number


def _parse_rate(value: object) -> float:
    """Read a year's interest; outside these bounds it is a typing error or the wrong unit."""
    rate = _parse_fraction(value)
    if not RATE_BOUNDS[0] <= rate <= RATE_BOUNDS[1]:
        raise _refusal("rate", "{found} a year is no rate of interest; -50% to 100% is expected, as 2.5%", value)
    return rate


def rate_or_file(example: str) -> BeforeValidator:
    """Return the check of a rate that may be a file too: of text that is no rate it says how a file is written."""

    def check(value: object) -> object:
        if isinstance(value, str) and not NUMBER_PATTERN.fullmatch(value.strip().removesuffix("%").strip()):
            message = f"{quote_value(value)} is neither a rate nor a file; write 2% or {example}"
            raise PydanticCustomError("rate_or_file", "{text}", {"text": message})
        return value

    return BeforeValidator(check)


def parse_basis_points(value: object) -> float:
    """Read basis points: ``5`` or ``5 bp``."""
    points = re.sub(r"\s*bps?$", "", value.strip()) if isinstance(value, str) else value
    return _parse_number(points, "write 0.1% or 10 bp")


def _parse_whole(value: object) -> int:
    number = _parse_number(value, "write digits only")
    if number != int(number):
        raise _refusal("whole", "{found} is not a whole number; write digits only", value)
    return int(number)


def _parse_date(value: object) -> dt.date:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return value
    day = None
    if isinstance(value, str) and ISO_DATE_PATTERN.fullmatch(value.strip()):
        with suppress(ValueError):
            day = dt.date.fromisoformat(value.strip())
    first, last = YEAR_BOUNDS
    if day and not first <= day.year <= last:
        message = f"{{found}} is out of the years {first} to {last}; write one of them, or leave it out"
        raise _refusal("iso_date", message, value)
    if day:
        return day
    raise _refusal("iso_date", "{found} is not a date; write year-month-day, as 2004-02-01", value)


def _parse_switch(value: object) -> bool:
    word = value.strip().lower() if isinstance(value, str) else ""
    if isinstance(value, bool) or word in {"true", "yes", "on", "false", "no", "off"}:
        return value is True or word in {"true", "yes", "on"}
    raise _refusal("switch", "{found} is neither true nor false; write one of them", value)


def _refuse_columns(value: object) -> object:
    if isinstance(value, str) and value in {"cash", "date"}:
        message = "'{found}' is a column of the results, not a ticker here; what the weights leave over is cash"
        raise PydanticCustomError("ticker", message, {"found": value})
    return value


def _parse_path(value: object) -> str:
    """Read a path as text: an empty one would quietly mean the working directory."""
    text = str(value) if isinstance(value, (str, os.PathLike)) else ""
    if text.strip() and len(text) <= _MAX_PATH_CHARACTERS and "\0" not in text:
        return text
    raise _refusal("path", "{found} is not a path; name a file or folder, as prices.parquet", value)


def _schema(**schema: object) -> WithJsonSchema:
    return WithJsonSchema(schema)


_NUMBER = BeforeValidator(_parse_number)
_FRACTION = BeforeValidator(_parse_fraction)
_PERCENT_SCHEMA = _schema(
    anyOf=[{"type": "string", "pattern": r"^[+-]?[0-9.]+%$"}, {"type": "number", "minimum": -1, "maximum": 1}]
)
_TICKER = "{found} is not a ticker; up to 20 letters, digits and . - = _ are"
_CURRENCY = "{found} is not a currency; write its three capital letters, as USD"
_EXCHANGE = "{found} is not an exchange; write its market identifier code, four capital letters, as XNYS, or 24/7"
_TEXT = "{found} is no text of up to 1,000 characters; shorten it, or put it in quotes"
_NAME = "{found} cannot name a portfolio; up to 60 characters can, but for < and >"
_SLUG = "{found} cannot name a folder; up to 64 letters, digits, - and _ can, starting with a letter or digit"

Fraction: TypeAlias = Annotated[float, _FRACTION, _PERCENT_SCHEMA]
"""A share or rate, any sign: ``2.5%`` or ``0.025``."""

Rate: TypeAlias = Annotated[float, BeforeValidator(_parse_rate), _PERCENT_SCHEMA]
"""A year's interest, annual effective, between -50 % and 100 %."""

Weight: TypeAlias = Annotated[float, Field(ge=0.0, le=1.0), _FRACTION, _PERCENT_SCHEMA]
"""A share between 0 % and 100 %."""

Money: TypeAlias = Annotated[float, _NUMBER, _schema(type="number")]
"""An amount in the account's currency, any sign."""

Positive: TypeAlias = Annotated[float, Field(gt=0.0), _NUMBER, _schema(type="number", exclusiveMinimum=0)]
"""An amount above zero."""

NonNegative: TypeAlias = Annotated[float, Field(ge=0.0), _NUMBER, _schema(type="number", minimum=0)]
"""An amount of zero or more."""

WholeNumber: TypeAlias = Annotated[int, BeforeValidator(_parse_whole), _schema(type="integer")]
"""A whole number."""

Switch: TypeAlias = Annotated[bool, BeforeValidator(_parse_switch), _schema(type="boolean")]
"""true or false."""

Date: TypeAlias = Annotated[dt.date, BeforeValidator(_parse_date)]
"""An ISO date; nothing else is a date."""

Ticker: TypeAlias = Annotated[
    str, _matching("ticker", r"\^?[A-Za-z0-9][A-Za-z0-9.\-=_]{0,19}", _TICKER), BeforeValidator(_refuse_columns)
]
"""A name in the price source, kept letter for letter."""

Currency: TypeAlias = Annotated[
    str, _matching("currency", "[A-Z]{3}", _CURRENCY), _schema(type="string", pattern="^[A-Z]{3}$")
]
"""An ISO 4217 code, as USD."""

Exchange: TypeAlias = Annotated[
    str, _matching("exchange", "[A-Z0-9]{4}|24/7", _EXCHANGE), _schema(type="string", pattern="^([A-Z0-9]{4}|24/7)$")
]
"""A market identifier code (ISO 10383), as XNYS; 24/7 for markets that never close."""

DisplayText: TypeAlias = Annotated[
    str, _matching("text", r"(?s).{0,1000}", _TEXT), _schema(type="string", maxLength=1000)
]
"""Text for people, of a length that a page can show."""

PortfolioName: TypeAlias = Annotated[
    str, _matching("name", r"[^\x00-\x1f<>]{1,60}", _NAME), _schema(type="string", minLength=1, maxLength=60)
]
"""What a portfolio is called in tables and files."""

FilePath: TypeAlias = Annotated[str, BeforeValidator(_parse_path), _schema(type="string", minLength=1)]
"""A path as it was written; ``~`` is left to whoever opens it."""

Slug: TypeAlias = Annotated[str, _matching("slug", "[A-Za-z0-9][A-Za-z0-9_-]{0,63}", _SLUG)]
"""A name that is safe as a folder."""
