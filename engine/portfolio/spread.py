"""Half the quoted spread, which every order pays: one of all assets, or by name."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Discriminator, Tag, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.core.fields import NUMBER_PATTERN, ConfigModel, format_percent, parse_basis_points


def _parse_spread(value: object) -> object:
    """Read a share, as ``0.1%``, as basis points."""
    if isinstance(value, str) and value.strip().endswith("%") and NUMBER_PATTERN.fullmatch(value.strip()[:-1].strip()):
        return float(Decimal(value.strip()[:-1].strip()) * 100)
    return value


def _check_spread(basis_points: float) -> float:
    """Refuse what no market quotes: a fraction written for basis points is far below, a slip far above."""
    if basis_points and not _NARROWEST_SPREAD <= basis_points <= _WIDEST_SPREAD:
        message = "a spread of {found} bp is none of a market; 0 or 0.01 bp to 10% is, as 0.1%, 10 bp, or 10, the same"
        raise PydanticCustomError("spread", message, {"found": f"{basis_points:g}"})
    return basis_points


_NARROWEST_SPREAD: Final = 0.01
_WIDEST_SPREAD: Final = 1000.0
SpreadShare: TypeAlias = Annotated[
    float,
    AfterValidator(_check_spread),
    BeforeValidator(parse_basis_points),
    BeforeValidator(_parse_spread),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^[0-9.]+\s*(bps?|%)$"}]}),
]
"""Half a quoted spread [basis points]: ``5``, ``5 bp`` or ``0.05%``."""


class SpreadByName(ConfigModel):
    """What half a quoted spread is of the money of an order, by ticker; ``rest`` for all that are not named."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SpreadShare]
    rest: SpreadShare

    @property
    def by_name(self) -> Mapping[str, float]:
        """The spreads of the assets that are named [basis points]."""
        return self.__pydantic_extra__


def _spread_form(value: object) -> str:
    return "by_name" if isinstance(value, (dict, SpreadByName)) else "alike"


Spread: TypeAlias = Annotated[
    Annotated[SpreadShare, Tag("alike")] | Annotated[SpreadByName, Tag("by_name")],
    Discriminator(_spread_form),
]
"""Basis points or a share, one for all assets or by name."""


def describe_spread(spread: float | SpreadByName) -> str:
    """Return what it adds to the cost of an order, in words; nothing where there is none."""
    if isinstance(spread, SpreadByName):
        named = "".join(f"{format_percent(points / 10_000.0)} for {name}, " for name, points in spread.by_name.items())
        return f", plus a spread of {named}{format_percent(spread.rest / 10_000.0)} for the rest"
    return f", plus a spread of {spread:g} bp" if spread else ""
