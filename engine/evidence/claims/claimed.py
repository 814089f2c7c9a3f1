"""What somebody claimed: a number, a range or a sign, and which figures agree with it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import PydanticCustomError

from engine.core.fields import ConfigModel, FieldFault, Fraction, quote_value, validates_fields

_ROUNDING: Final = 1e-12
"""A difference that is only rounding (S13): neither positive nor negative, and inside of a tolerance."""


Sign: TypeAlias = Literal["positive", "negative"]
"""That a figure is above zero, or below it."""


class ClaimedRange(ConfigModel):
    """A figure between two others, both included."""

    low: Fraction = Field(alias="from")
    high: Fraction = Field(alias="to")

    @validates_fields
    def _order_faults(self) -> Iterator[FieldFault]:
        if self.high <= self.low:
            yield ("to",), "the range does not rise; write the lower figure as from, -60% before -50%"


def _name_all_forms(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Say of what is none of them which forms there are."""
    if isinstance(value, Mapping):
        return ClaimedRange.model_validate(value)
    try:
        return validate(value)
    except ValidationError:
        forms = "write 8.24%, a range as {from: 0.5%, to: 1%}, positive or negative"
        message = f"{quote_value(value)} is nothing that can be measured; {forms}"
        raise PydanticCustomError("claimed", "{text}", {"text": message}) from None


AnyClaimed: TypeAlias = Annotated[Sign | Fraction | ClaimedRange, WrapValidator(_name_all_forms)]
"""Everything `claimed:` can be."""


@dataclass(frozen=True)
class AgreeingFigures:
    """The figures from ``low`` to ``high``, both included, which agree with what was claimed."""

    low: float
    high: float

    @classmethod
    def of(cls, claimed: Sign | float | ClaimedRange, tolerance: float | None) -> AgreeingFigures:
        """Return the figures that agree with a claim within a ``tolerance``.

        Without one it is half a unit of the last digit that was printed: 8.24 % is anything that rounds to it.

        >>> AgreeingFigures.of(0.24, None)
        AgreeingFigures(low=0.235, high=0.245)
        """
        if isinstance(claimed, str):
            bounds = (2.0 * _ROUNDING, math.inf) if claimed == "positive" else (-math.inf, -2.0 * _ROUNDING)
            return cls(*bounds)
        low, high = (claimed.low, claimed.high) if isinstance(claimed, ClaimedRange) else (claimed, claimed)
        if tolerance is None:
            return cls(low - half_last_digit(low), high + half_last_digit(high))
        return cls(low - tolerance, high + tolerance)

    def contain(self, figure: float) -> bool:
        """Return whether a figure agrees, but for rounding."""
        return self.low - _ROUNDING < figure < self.high + _ROUNDING

    def are_above(self, figure: float) -> bool:
        """Return whether all that agree are above a figure, by more than rounding."""
        return figure <= self.low - _ROUNDING

    def are_below(self, figure: float) -> bool:
        """Return whether all that agree are below a figure, by more than rounding."""
        return figure >= self.high + _ROUNDING


def half_last_digit(fraction: float) -> float:
    """Return half a unit of the last digit of a fraction that was printed as a percentage.

    A printed zero at the end is not in the number any more: 20 % has no decimal, and is 19.5 % to 20.5 %.

    >>> half_last_digit(0.0824), half_last_digit(0.2)
    (5e-05, 0.005)
    """
    text = f"{100.0 * fraction:.10g}"  # ten digits forget what dividing by 100 added
    decimals = len(text.partition(".")[2]) if "e" not in text else 0
    return float(f"5e-{decimals + 3}")
