"""The values of an axis, as text that the config's own schema reads: lists, exact steps, ``all``, baskets."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from engine.core.errors import shortened
from engine.core.fields import Choice, Ticker, Whole, quoted, refuse
from engine.core.yaml_document import Tree

PIECES: Final = 1000
"""How many equal steps a range without a step of its own is sampled in."""
MOST_DIGITS: Final = 20
"""Characters of an end or a step of a range: so many are exact in decimal arithmetic."""
MOST_VALUES: Final = 1_000_000
"""Values of one axis."""

_EXACT = re.compile(r"([+-]?[0-9]+(?:\.[0-9]+)?|[+-]?\.[0-9]+)\s*(%?)")
_SPAN = re.compile(r"([1-9][0-9]*) (month|year)s?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Cell: TypeAlias = "str | float"


@dataclass(frozen=True)
class Value:
    """One value of an axis: ``text`` as it would stand in the file, ``cells`` as they stand in the results."""

    text: Tree
    cells: tuple[Cell, ...]


def _one_or_more(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _exact(value: object) -> str:
    """Keep a number, a percentage or a date as it was written: steps are taken in decimal arithmetic."""
    text = str(value).strip()
    if len(text) > MOST_DIGITS:
        words = "'{found}' is too long; write at most {most} digits"
        raise PydanticCustomError("step", words, {"found": shortened(text, 40), "most": MOST_DIGITS})
    if _EXACT.fullmatch(text) or _SPAN.fullmatch(text) or _DAY.fullmatch(text):
        return text
    words = "'{found}' is neither a number, a percentage nor a date; as 5%, 0.05 or 2004-01-01"
    raise PydanticCustomError("step", words, {"found": text[:60]})


_STEP_SCHEMA: Final = {"anyOf": [{"type": "string"}, {"type": "number"}]}

Step: TypeAlias = Annotated[str, BeforeValidator(_exact), WithJsonSchema(_STEP_SCHEMA)]
"""A number, a percentage or a date, as it was written."""


def _some(item: dict[str, object]) -> dict[str, object]:
    """Return the JSON schema of one item, or a list of them."""
    return {"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]}


class Range(Choice):
    """Every value ``from`` .. ``to`` in equal steps, both ends included; of dates a step is ``1 year`` or ``3 months``.

    Without ``step`` the range can only be sampled from.
    """

    first: Step = Field(alias="from")
    last: Step = Field(alias="to")
    step: Step | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Range:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[tuple[tuple[str, ...], str]]:
        dated = [bool(_DAY.fullmatch(text)) for text in (self.first, self.last)]
        if all(dated):
            yield from self._date_faults()
            return
        written = [_EXACT.fullmatch(text) for text in (self.first, self.last, self.step) if text is not None]
        if any(one is None for one in written):
            yield ("from",), "from, to and step are of different kinds; write numbers, percentages, or dates"
            return
        if len({one[2] for one in written if one}) > 1:
            yield ("from",), "percentages and plain numbers are mixed; write all of them with %, or none"
            return
        low, high = Decimal(_digits(self.first)), Decimal(_digits(self.last))
        if high <= low:
            yield ("to",), f"{self.last} is not above {self.first}; swap them"
        elif self.step is not None:
            yield from self._step_faults(low, high, Decimal(_digits(self.step)))

    def _date_faults(self) -> Iterator[tuple[tuple[str, ...], str]]:
        false = [(key, text) for key, text in (("from", self.first), ("to", self.last)) if not _is_day(text)]
        if false:
            for key, text in false:
                yield (key,), f"{text} is no day of the calendar; write year-month-day, as 2004-02-29"
        elif not _SPAN.fullmatch(self.step or ""):
            yield ("step",), "dates go in steps of months or years; write step: 1 year"
        elif self.last <= self.first:
            yield ("to",), f"{self.last} is not after {self.first}; swap them"
        else:
            *_, near = self._days()
            after = self._day_after(near)
            if near == self.first:
                yield ("step",), f"a step of {self.step} leads beyond {self.last}; write a shorter one"
            elif near != self.last:
                words = f"steps of {self.step} from {self.first} miss {self.last}; write to: {near}"
                yield ("to",), words + (f" or {after}" if after else "")

    def _step_faults(self, low: Decimal, high: Decimal, step: Decimal) -> Iterator[tuple[tuple[str, ...], str]]:
        if step <= 0:
            yield ("step",), f"a step of {self.step} leads nowhere; write one above 0"
        elif (high - low) / step > MOST_VALUES:
            count = int((high - low) / step) + 1
            yield ("step",), f"{count:,} values, an axis has at most {MOST_VALUES:,}; take larger steps"
        elif (high - low) % step:
            near = low + (high - low) // step * step
            unit = "%" if self.last.endswith("%") else ""
            words = f"steps of {self.step} from {self.first} miss {self.last}"
            yield ("to",), f"{words}; write to: {_plain(near)}{unit} or {_plain(near + step)}{unit}"

    @property
    def tenth(self) -> str:
        """A step that the range is ten of, in its own kind."""
        low, high = Decimal(_digits(self.first)), Decimal(_digits(self.last))
        return _plain((high - low) / 10) + ("%" if self.first.endswith("%") else "")

    def texts(self) -> list[str]:
        """Return every value, exactly as it would be written by hand."""
        if _DAY.fullmatch(self.first):
            return self._days()
        unit = "%" if self.first.endswith("%") else ""
        low, high = Decimal(_digits(self.first)), Decimal(_digits(self.last))
        step = Decimal(_digits(self.step)) if self.step else (high - low) / PIECES
        return [_plain(low + k * step) + unit for k in range(int((high - low) / step) + 1)]

    @property
    def _months(self) -> int:
        """How many months a step of dates has."""
        span = _SPAN.fullmatch(self.step or "1 year")
        if span is None:
            raise TypeError(self.step)
        return int(span[1]) * (12 if span[2] == "year" else 1)

    def _days(self) -> list[str]:
        first, last = dt.date.fromisoformat(self.first), dt.date.fromisoformat(self.last)
        steps = _months_between(first, last) // self._months
        days = (_months_after(first, k * self._months) for k in range(steps + 1))
        return [str(day) for day in days if day <= last]

    def _day_after(self, near: str) -> str | None:
        """Return the day of the step after the one that ends on ``near``; None when no calendar has it."""
        first = dt.date.fromisoformat(self.first)
        steps = _months_between(first, dt.date.fromisoformat(near)) // self._months
        months = (steps + 1) * self._months
        return str(_months_after(first, months)) if months <= _months_between(first, dt.date.max) else None


class Basket(Choice):
    """Every basket of ``choose`` names ``of`` a list, each name at the same ``weight``: for weights by ticker."""

    choose: Annotated[
        tuple[Annotated[Whole, Field(ge=1)], ...],
        Field(min_length=1),
        BeforeValidator(_one_or_more),
        WithJsonSchema(_some({"type": "integer"})),
    ]
    of: tuple[Ticker, ...] = Field(min_length=1)
    weight: Annotated[
        tuple[str, ...], Field(min_length=1), BeforeValidator(_one_or_more), WithJsonSchema(_some(_STEP_SCHEMA))
    ]

    @model_validator(mode="after")
    def _enough(self) -> Basket:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        twice = sorted({name for name in self.of if self.of.count(name) > 1})
        if twice:
            yield ("of",), f"{', '.join(twice)} stands there twice; name each once"
        most = max(self.choose)
        if most > len(self.of):
            words = f"{len(self.of)} names to choose {most} of"
            yield ("of",), f"{words}; name {most - len(self.of)} more, or choose at most {len(self.of)}"
        weights = tuple(cell_of(weight) for weight in self.weight)
        for key, values in (("choose", self.choose), ("weight", weights)):
            if len(set(values)) < len(values):
                yield (key,), "a value stands there twice; write each once"
        count = self.count
        if count > MOST_VALUES:
            yield ("of",), f"{count:,} baskets, an axis has at most {MOST_VALUES:,}; name fewer, or choose fewer"

    @property
    def count(self) -> int:
        """How many values the axis has."""
        return len(self.weight) * sum(math.comb(len(self.of), size) for size in self.choose)

    def values(self) -> list[Value]:
        """Return every basket at every weight; the weight changes first."""
        names = [basket for size in self.choose for basket in itertools.combinations(self.of, size)]
        return [
            Value({name: weight for name in basket}, (" ".join(basket), float(len(basket)), cell_of(weight)))  # noqa: C420
            for basket in names
            for weight in self.weight
        ]


_RANGE, _BASKET, _ALL, _LIST = "[range]", "[basket]", "[all]", "[list]"
_OF_BASKET: Final = {"choose", "of", "weight"}


def _form(value: object) -> str:
    if isinstance(value, dict | Range | Basket):
        return (
            _BASKET if isinstance(value, Basket) or (isinstance(value, dict) and _OF_BASKET & value.keys()) else _RANGE
        )
    return _LIST if isinstance(value, list | tuple) else _ALL


def _all(value: object) -> object:
    if value == "all":
        return value
    found = f"{quoted(value)} is no list of values" if value else "no values"
    words = f"{found}; write a list, as [5%, 10%], or {{from, to, step}}"
    raise PydanticCustomError("axis", "{text}", {"text": words, "words": [words]})


AnyAxis: TypeAlias = Annotated[
    Annotated[Range, Tag(_RANGE)]
    | Annotated[Basket, Tag(_BASKET)]
    | Annotated[Literal["all"], BeforeValidator(_all), Tag(_ALL)]
    | Annotated[tuple[object, ...], Field(min_length=1), Tag(_LIST)],
    Discriminator(_form),
]
"""Everything an axis can be: a list, a range, a basket, or ``all`` that a key can be."""


def cell_of(text: Tree) -> Cell:
    """Return what the results say of a value: a fraction or a number where it is one, else its text."""
    if isinstance(text, str):
        exact = _EXACT.fullmatch(text.strip())
        if exact:
            number = float(exact[1]) / 100.0 if exact[2] else float(exact[1])
            return number if math.isfinite(number) else text
        return text
    return flow(text)


def flow(node: Tree) -> str:
    """Return a value in one line, as YAML's flow style has it."""
    if isinstance(node, dict):
        return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in node.items()) + "}"
    if isinstance(node, list | tuple):
        return "[" + ", ".join(flow(item) for item in node) + "]"
    return node


def _digits(text: str) -> str:
    return text.rstrip("%").strip()


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _months_between(first: dt.date, last: dt.date) -> int:
    """Return how many months later the month of ``last`` is."""
    return 12 * (last.year - first.year) + last.month - first.month


def _months_after(day: dt.date, months: int) -> dt.date:
    """Return the same day some months later, or the last day of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
