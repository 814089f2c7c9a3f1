"""The values of an axis, as text that the config's own schema reads: lists, exact steps, ``all``, baskets."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.core.errors import shorten
from engine.core.fields import (
    ISO_DATE_PATTERN,
    MAX_ASSETS,
    ConfigModel,
    FieldFault,
    Ticker,
    WholeNumber,
    quote_value,
    validates_fields,
)
from engine.core.yaml_tree import Tree

DEFAULT_RANGE_STEPS: Final = 1000
"""How many equal steps a range without a step of its own is sampled in."""
MAX_NUMBER_LENGTH: Final = 20
"""Characters of an end or a step of a range: so many are exact in decimal arithmetic."""
MAX_AXIS_VALUES: Final = 100_000
"""Values of one axis, and of all axes of a sweep together."""

_DECIMAL = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?|[+-]?\.[0-9]+)\s*(%?)")
_MONTHS_OR_YEARS = re.compile(r"([1-9][0-9]*) (month|year)s?")

ParameterValue: TypeAlias = str | float


@dataclass(frozen=True)
class AxisValue:
    """One value of an axis: ``text`` as it would stand in the file, ``parameters`` as they stand in the results."""

    text: Tree
    parameters: tuple[ParameterValue, ...]


def _as_list(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _validate_step(value: object) -> str:
    """Keep a number, a percentage or a date as it was written: steps are taken in decimal arithmetic."""
    text = str(value).strip()
    if len(text) > MAX_NUMBER_LENGTH:
        message = "'{found}' is too long; write at most {most} digits"
        raise PydanticCustomError("step", message, {"found": shorten(text, 40), "most": MAX_NUMBER_LENGTH})
    if _DECIMAL.fullmatch(text) or _MONTHS_OR_YEARS.fullmatch(text) or ISO_DATE_PATTERN.fullmatch(text):
        return text
    message = "'{found}' is neither a number, a percentage nor a date; as 5%, 0.05 or 2004-01-01"
    raise PydanticCustomError("step", message, {"found": text[:60]})


_STEP_SCHEMA: Final = {"anyOf": [{"type": "string"}, {"type": "number"}]}

StepText: TypeAlias = Annotated[str, BeforeValidator(_validate_step), WithJsonSchema(_STEP_SCHEMA)]
"""A number, a percentage or a date, as it was written."""


def _one_or_many_schema(item: dict[str, object]) -> dict[str, object]:
    """Return the JSON schema of one item, or a list of them."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


class Range(ConfigModel):
    """Every value ``from`` .. ``to`` in equal steps, both ends included; of dates a step is ``1 year`` or ``3 months``.

    Without ``step`` the range can only be sampled from.
    """

    first: StepText = Field(alias="from")
    last: StepText = Field(alias="to")
    step: StepText | None = None

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        dated = [bool(ISO_DATE_PATTERN.fullmatch(text)) for text in (self.first, self.last)]
        if all(dated):
            yield from self._date_faults()
            return
        written = [_DECIMAL.fullmatch(text) for text in (self.first, self.last, self.step) if text is not None]
        if any(one is None for one in written):
            yield ("from",), "from, to and step are of different kinds; write numbers, percentages, or dates"
            return
        if len({one[2] for one in written if one}) > 1:
            yield ("from",), "percentages and plain numbers are mixed; write all of them with %, or none"
            return
        if _to_decimal(self.last) <= _to_decimal(self.first):
            yield ("to",), f"{self.last} is not above {self.first}; swap them"
        elif self.step is not None:
            yield from self._step_faults(_to_decimal(self.first), _to_decimal(self.last), _to_decimal(self.step))

    def _date_faults(self) -> Iterator[FieldFault]:
        false = [(key, text) for key, text in (("from", self.first), ("to", self.last)) if parse_date(text) is None]
        for key, text in false:
            yield (key,), f"{text} is no day of the calendar; write year-month-day, as 2004-02-29"
        if false:
            return
        if not _MONTHS_OR_YEARS.fullmatch(self.step or ""):
            yield ("step",), "dates go in steps of months or years; write step: 1 year"
        elif self.last <= self.first:
            yield ("to",), f"{self.last} is not after {self.first}; swap them"
        else:
            near = self.texts()[-1]
            after = next((day for day in self._dates() if day > self.last), "")
            if near == self.first:
                yield ("step",), f"a step of {self.step} leads beyond {self.last}; write a shorter one"
            elif near != self.last:
                message = f"steps of {self.step} from {self.first} miss {self.last}; write to: {near}"
                yield ("to",), message + (f" or {after}" if after else "")

    def _step_faults(self, low: Decimal, high: Decimal, step: Decimal) -> Iterator[FieldFault]:
        if step <= 0:
            yield ("step",), f"a step of {self.step} leads nowhere; write one above 0"
        elif (high - low) / step > MAX_AXIS_VALUES:
            count = int((high - low) / step) + 1
            yield ("step",), f"{count:,} values, an axis has at most {MAX_AXIS_VALUES:,}; take larger steps"
        elif (high - low) % step:
            near = low + (high - low) // step * step
            message = f"steps of {self.step} from {self.first} miss {self.last}"
            yield ("to",), f"{message}; write to: {self._format(near)} or {self._format(near + step)}"

    @property
    def suggested_step(self) -> str:
        """A step that the range is ten of, in its own kind."""
        return self._format((_to_decimal(self.last) - _to_decimal(self.first)) / 10)

    @property
    def count(self) -> int:
        """How many values the axis has."""
        if ISO_DATE_PATTERN.fullmatch(self.first):
            return len(self.texts())
        low, high = _to_decimal(self.first), _to_decimal(self.last)
        return int((high - low) / _to_decimal(self.step)) + 1 if self.step else DEFAULT_RANGE_STEPS + 1

    def texts(self) -> list[str]:
        """Return every value, exactly as it would be written by hand.

        >>> Range.model_validate({"from": "5%", "to": "6%", "step": "0.5%"}).texts()
        ['5%', '5.5%', '6%']
        """
        if ISO_DATE_PATTERN.fullmatch(self.first):
            return list(itertools.takewhile(lambda day: day <= self.last, self._dates()))
        low, high = _to_decimal(self.first), _to_decimal(self.last)
        step = _to_decimal(self.step) if self.step else (high - low) / DEFAULT_RANGE_STEPS
        return [self._format(low + k * step) for k in range(int((high - low) / step) + 1)]

    def _format(self, number: Decimal) -> str:
        """Return a number as the range is written: percentages, or plain."""
        return f"{number.normalize():f}" + ("%" if self.first.endswith("%") else "")

    def _dates(self) -> Iterator[str]:
        """Yield the first day, and each a step later that a calendar has."""
        span = _MONTHS_OR_YEARS.fullmatch(self.step or "1 year")
        if span is None:
            raise TypeError(self.step)
        first, months = dt.date.fromisoformat(self.first), int(span[1]) * (12 if span[2] == "year" else 1)
        last_month = 12 * (dt.date.max.year - first.year) + dt.date.max.month - first.month
        return (str(_add_months(first, later)) for later in range(0, last_month + 1, months))


class Basket(ConfigModel):
    """Every basket of ``choose`` names ``of`` a list, each name at the same ``weight``: for weights by ticker."""

    choose: Annotated[
        tuple[Annotated[WholeNumber, Field(ge=1)], ...],
        Field(min_length=1, max_length=100),
        BeforeValidator(_as_list),
        WithJsonSchema(_one_or_many_schema({"type": "integer"})),
    ]
    of: tuple[Ticker, ...] = Field(min_length=1, max_length=MAX_ASSETS)
    weight: Annotated[
        tuple[str, ...],
        Field(min_length=1),
        BeforeValidator(_as_list),
        WithJsonSchema(_one_or_many_schema(_STEP_SCHEMA)),
    ]

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        twice = sorted(name for name, count in Counter(self.of).items() if count > 1)
        if twice:
            yield ("of",), f"{', '.join(twice)} stands there twice; name each once"
        most = max(self.choose)
        if most > len(self.of):
            message = f"{len(self.of)} names to choose {most} of"
            yield ("of",), f"{message}; name {most - len(self.of)} more, or choose at most {len(self.of)}"
        weights = tuple(parse_parameter_value(weight) for weight in self.weight)
        for key, values in (("choose", self.choose), ("weight", weights)):
            if len(set(values)) < len(values):
                yield (key,), "a value stands there twice; write each once"
        count = self.count
        if count > MAX_AXIS_VALUES:
            yield ("of",), f"{count:,} baskets, an axis has at most {MAX_AXIS_VALUES:,}; name fewer, or choose fewer"

    @property
    def count(self) -> int:
        """How many values the axis has."""
        return len(self.weight) * sum(math.comb(len(self.of), size) for size in self.choose)

    def values(self) -> list[AxisValue]:
        """Return every basket at every weight; the weight changes first."""
        names = [basket for size in self.choose for basket in itertools.combinations(self.of, size)]
        weights = [(weight, parse_parameter_value(weight)) for weight in self.weight]
        return [
            AxisValue(dict.fromkeys(basket, weight), (" ".join(basket), float(len(basket)), parameter))
            for basket in names
            for weight, parameter in weights
        ]


_RANGE, _BASKET, _ALL, _LIST = "[range]", "[basket]", "[all]", "[list]"
_BASKET_KEYS: Final = {"choose", "of", "weight"}


def _axis_tag(value: object) -> str:
    if isinstance(value, dict | Range | Basket):
        is_basket = bool(_BASKET_KEYS & value.keys()) if isinstance(value, dict) else isinstance(value, Basket)
        return _BASKET if is_basket else _RANGE
    return _LIST if isinstance(value, list | tuple) else _ALL


def _validate_all_keyword(value: object) -> object:
    if value == "all":
        return value
    found = f"{quote_value(value)} is no list of values" if value else "no values"
    message = f"{found}; write a list, as [5%, 10%], or {{from, to, step}}"
    raise PydanticCustomError("axis", "{text}", {"text": message, "lines": [message]})


AnyAxis: TypeAlias = Annotated[
    Annotated[Range, Tag(_RANGE)]
    | Annotated[Basket, Tag(_BASKET)]
    | Annotated[Literal["all"], BeforeValidator(_validate_all_keyword), Tag(_ALL)]
    | Annotated[tuple[object, ...], Field(min_length=1), Tag(_LIST)],
    Discriminator(_axis_tag),
]
"""Everything an axis can be: a list, a range, a basket, or ``all`` that a key can be."""


def parse_parameter_value(text: Tree) -> ParameterValue:
    """Return what the results say of a value: a fraction or a number where it is one, else its text.

    >>> parse_parameter_value("2.5%"), parse_parameter_value("close"), parse_parameter_value({"kind": "none"})
    (0.025, 'close', '{kind: none}')
    """
    exact = _DECIMAL.fullmatch(text.strip()) if isinstance(text, str) else None
    number = float(exact[1]) / (100.0 if exact[2] else 1.0) if exact else math.inf
    return number if math.isfinite(number) else format_inline_yaml(text)


def format_inline_yaml(node: Tree) -> str:
    """Return a value in one line, as YAML's flow style has it."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{key}: {format_inline_yaml(item)}" for key, item in node.items()) + "}"
    if isinstance(node, list | tuple):
        return "[" + ", ".join(format_inline_yaml(item) for item in node) + "]"
    return node


def _to_decimal(text: str) -> Decimal:
    return Decimal(text.rstrip("%").strip())


def parse_date(text: str) -> dt.date | None:
    """Return a day that is written year-month-day; None where the calendar has none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _add_months(day: dt.date, months: int) -> dt.date:
    """Return the same day some months later, or the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
