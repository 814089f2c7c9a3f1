"""A core in sleeves: parts with a weight of their own that their assets share, and that may rebalance themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from math import fsum
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator
from pydantic_core import PydanticCustomError

from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import ConfigModel, FieldFault, Ticker, Weight, format_percent, validates_fields
from engine.portfolio.policy_abilities import SleeveRule
from strategies.band_trading import BandSchedule
from strategies.group_limits import compact_percent
from strategies.schedules import Annual, AnyCalendar, Every

_SLEEVE_TAG, _WEIGHT_TAG = "[sleeve]", "[weight]"
"""Tags of what a part of the core can be; brackets keep them apart from every key and ticker."""


def _part_tag(part: object) -> str:
    return _SLEEVE_TAG if isinstance(part, Sleeve | Mapping) else _WEIGHT_TAG


def _refuse_word(rule: object) -> object:
    if isinstance(rule, str):
        message = "found '{found}'; expected {{kind: annual}} or {{kind: every, period: month}}"
        raise PydanticCustomError("schedule", message.format(found=rule[:40]), {})
    return rule


CorePart: TypeAlias = Annotated[
    Annotated["Sleeve", Tag(_SLEEVE_TAG)] | Annotated[Literal["rest"] | Weight, Tag(_WEIGHT_TAG)],
    Discriminator(_part_tag),
]
"""The weight of an asset, ``rest``, or a sleeve."""

Calendar: TypeAlias = Annotated[AnyCalendar, BeforeValidator(_refuse_word)]
"""When a sleeve is rebalanced inside itself: by the calendar."""


def validate_rest(parts: Mapping[str, CorePart]) -> None:
    """Refuse more than one ``rest`` among the parts of a core or a sleeve."""
    rests = [name for name, part in parts.items() if written_weight(part) == "rest"]
    if len(rests) > 1:
        raise PydanticCustomError(
            "rests",
            "{names} are both rest; one asset takes what is left, give the others a weight",
            {"names": " and ".join(rests)},
        )


def written_weight(part: CorePart) -> Literal["rest"] | float:
    """Return the weight of an asset or a sleeve as it is written."""
    return part.weight if isinstance(part, Sleeve) else part


class Sleeve(ConfigModel):
    """A part of the core: ``weight`` of the account, shared ``of`` assets, or sleeves, by shares of 100 %.

    ``rebalance``: at these dates, between rebalances of the whole portfolio, its assets trade among themselves.
    """

    weight: Literal["rest"] | Weight
    of: dict[Ticker, CorePart] = Field(min_length=1)
    rebalance: Calendar | None = None

    @cached_property
    def parts(self) -> Mapping[str, float]:
        """The share of every part, ``rest`` resolved."""
        rest = fsum([1.0, *(-share for share in map(written_weight, self.of.values()) if share != "rest")])
        shares = {name: written_weight(part) for name, part in self.of.items()}
        return {name: max(rest, 0.0) if share == "rest" else share for name, share in shares.items()}

    @cached_property
    def shares(self) -> Mapping[str, float]:
        """The share of every asset, those inside inner sleeves multiplied out."""
        return flatten(self.of, self.parts)

    @field_validator("of")
    @classmethod
    def _validate_rest(cls, parts: dict[str, CorePart]) -> dict[str, CorePart]:
        validate_rest(parts)
        return parts

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield shares that are not those of one whole."""
        shares = [share for share in map(written_weight, self.of.values()) if share != "rest"]
        total, has_rest = fsum(shares), len(shares) < len(self.of)
        if total > 1.0 + WEIGHT_SUM_TOLERANCE or (not has_rest and total < 1.0 - WEIGHT_SUM_TOLERANCE):
            yield (
                ("of",),
                f"the shares inside it add up to {compact_percent(total)}; make them 100%, or one of them rest",
            )


Sleeve.model_rebuild()


def flatten(parts: Mapping[str, CorePart], weights: Mapping[str, float]) -> dict[str, float]:
    """Return the weight of every asset, given the weights of the parts.

    >>> us = Sleeve(weight=0.6, of={"SPY": "rest", "VB": 0.25})
    >>> flatten({"US": us, "EFA": "rest"}, {"US": 0.6, "EFA": 0.4})
    {'SPY': 0.44999999999999996, 'VB': 0.15, 'EFA': 0.4}
    """
    flat: dict[str, float] = {}
    for name, part in parts.items():
        if isinstance(part, Sleeve):
            flat |= {ticker: weights[name] * share for ticker, share in part.shares.items()}
        else:
            flat[name] = weights[name]
    return flat


def sleeve_rules(parts: Mapping[str, CorePart]) -> Iterator[SleeveRule]:
    """Yield the sleeves that are rebalanced inside themselves, an outer before its inner ones."""
    for name, part in parts.items():
        if isinstance(part, Sleeve):
            if part.rebalance:
                schedule = BandSchedule(part.rebalance, 0.0, 0.0, drifted_only=False, flows_first=False)
                yield SleeveRule(name, tuple(part.shares), schedule)
            yield from sleeve_rules(part.of)


def describe_sleeves(parts: Mapping[str, CorePart], weights: Mapping[str, float], whole: str = "") -> Iterator[str]:
    """Yield a line a sleeve: its weight, what shares it, and when it is rebalanced inside itself."""
    for name, part in parts.items():
        if isinstance(part, Sleeve):
            shares = ", ".join(f"{inner} {format_percent(share)}" for inner, share in part.parts.items())
            when = f"; rebalanced inside itself {_describe(part.rebalance)}" if part.rebalance else ""
            yield f"{name}, {format_percent(weights[name])}{whole}: {shares}{when}"
            yield from describe_sleeves(part.of, part.parts, f" of {name}")


def _describe(rule: Annual | Every) -> str:
    if isinstance(rule, Every):
        return f"every {rule.period.replace('_', '-')}"
    return f"every {rule.month.title()}" if rule.every == 1 else f"every {rule.every} years in {rule.month.title()}"


def name_faults(core: Mapping[str, CorePart]) -> Iterator[FieldFault]:
    """Yield sleeves inside themselves, and names that stand in the core twice, each with its place in the core."""
    assets: dict[str, str] = {}
    sleeves: dict[str, str] = {}
    for path, part in _walk(core):
        name, place = path[-1], ".".join(("core", *path[:-2:2])) if len(path) > 1 else "core"
        key = tuple(path)
        if name in path[:-1:2]:
            yield key, f"sleeve {name} stands inside itself; write its assets there"
        elif name in assets or (name in sleeves and not isinstance(part, Sleeve)):
            found = f"{name} stands in {assets.get(name) or sleeves[name]} and in {place}"
            yield key, f"{found}; an asset has one place in the core, keep one of the two"
        elif name in sleeves:
            yield key, f"two sleeves are called {name}; rename one of them"
        else:
            (sleeves if isinstance(part, Sleeve) else assets)[name] = place


def _walk(parts: Mapping[str, CorePart], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], CorePart]]:
    """Yield every part with its path of keys in the core: names, with ``of`` between them."""
    for name, part in parts.items():
        yield (*above, name), part
        if isinstance(part, Sleeve):
            yield from _walk(part.of, (*above, name, "of"))
