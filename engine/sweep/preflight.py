"""A sweep none of whose points is a valid run: told before it starts where that is sure, at its end otherwise."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias, TypeVar, cast

from engine.backtest.config import RunConfig
from engine.core.errors import ConfigError, Fault, shorten
from engine.core.validation import validate
from engine.core.yaml_document import Document, Tree
from engine.portfolio.policy import Policy
from engine.sweep.chunk import RejectionCounter
from engine.sweep.config_sections import ConfigSection, Rejection, replace_at
from engine.sweep.space import Axis, Points, Space
from engine.sweep.variants import PointConfigs

PolicyT = TypeVar("PolicyT", bound=Policy)

MAX_COMBINATIONS_TRIED: Final = 500
"""Combinations of one section's values that are tried before a sweep; of more, its end tells."""
MAX_REASONS_SHOWN: Final = 3
"""Reasons in one line."""

_AxisChoices: TypeAlias = Sequence[tuple[Axis, int]]
"""Axes, and which of their values."""


def require_valid_point(plan: RunConfig[PolicyT], space: Space, document: Document) -> None:
    """Raise ConfigError when a section is valid at no combination of its values: then no point is a valid run."""
    faults: list[Fault] = []
    for name in dict.fromkeys(axis.section for axis in space.axes):
        axes = [(at, axis) for at, axis in enumerate(space.axes) if axis.section == name]
        if math.prod(len(axis.values) for _, axis in axes) <= MAX_COMBINATIONS_TRIED:
            faults += _section_faults(ConfigSection(name, axes, plan), axes, plan, document)
    if faults:
        raise ConfigError(faults)


def no_valid_point(
    plan: RunConfig[PolicyT], space: Space, points: Points, refused: Mapping[str, tuple[int, int]]
) -> ConfigError:
    """Return what is said when every point was ``refused``: reason -> how many points, and the first of them."""
    variants = PointConfigs(plan, space)
    told = _summarise_reasons(
        refused, plan, lambda number: variants.config_tree(points.indices_between(number, number + 1)[0].tolist())
    )
    return ConfigError(
        [Fault(space.where, "sweep.axes", _none_valid_message(points.count, "point", "a valid run"), told)]
    )


def _section_faults(
    section: ConfigSection[PolicyT], axes: Sequence[tuple[int, Axis]], plan: RunConfig[PolicyT], document: Document
) -> Iterator[Fault]:
    """Yield the axes whose values are refused one and all, when the section is valid at no combination."""
    combined = list(itertools.product(*(range(len(axis.values)) for _, axis in axes)))
    together = RejectionCounter()
    for number, key in enumerate(combined):
        refused = _find_rejection(section, {at: digit for (at, _), digit in zip(axes, key, strict=True)})
        if refused is None:
            return
        together.add(number, refused)
    blamed = [fault for _, axis in axes for fault in _axis_faults(section, axis, plan, document)]
    yield from blamed
    if not blamed:
        names = [axis.name for _, axis in axes]
        words = f"no combination of {', '.join(names)} is valid"
        told = _summarise_reasons(
            together.by_reason(),
            plan,
            lambda number: _config_tree(
                plan, [(axis, digit) for (_, axis), digit in zip(axes, combined[number], strict=True)]
            ),
        )
        yield Fault(document.locate(("sweep", "axes", names[0])), "sweep.axes", words, told)


def _find_rejection(section: ConfigSection[PolicyT], digits: Mapping[int, int]) -> Rejection | None:
    """Return why a section is not valid where its axes have ``digits``, by their place."""
    point = [digits.get(at, 0) for at in range(max(digits) + 1)]
    for found in (section.value_at(point), section.independent_values_at(point) if section.independent_axes else None):
        if isinstance(found, Rejection):
            return found
    return None


def _axis_faults(
    section: ConfigSection[PolicyT], axis: Axis, plan: RunConfig[PolicyT], document: Document
) -> Iterator[Fault]:
    refusals = RejectionCounter()
    for digit in range(len(axis.values)):
        found = section.value_with(axis, digit)
        if not isinstance(found, Rejection):
            return
        refusals.add(digit, found)
    told = _summarise_reasons(refusals.by_reason(), plan, lambda digit: _config_tree(plan, [(axis, digit)]))
    words = _none_valid_message(len(axis.values), "value", "valid")
    yield Fault(document.locate(("sweep", "axes", axis.name)), f"sweep.axes.{axis.name}", words, told)


def _summarise_reasons(
    refused: Mapping[str, tuple[int, int]], plan: RunConfig[PolicyT], tree: Callable[[int], dict[str, Tree]]
) -> str:
    """Return the most frequent reasons in one line, each with its remedy where the config's own faults have one."""
    order = sorted(refused.items(), key=lambda item: (-item[1][0], item[1][1]))
    told = []
    for reason, (count, first) in order[:MAX_REASONS_SHOWN]:
        often = f"{count:,}: " if count > 1 else ""
        told.append(often + shorten(_append_remedy(reason, plan, tree(first)), 280))
    rest = len(order) - MAX_REASONS_SHOWN
    return "; ".join([*told, f"and {rest:,} more {'reason' if rest == 1 else 'reasons'}"] if rest > 0 else told)


def _append_remedy(reason: str, plan: RunConfig[PolicyT], tree: dict[str, Tree]) -> str:
    try:
        validate(type(plan), Document.from_tree("sweep", tree))
    except ConfigError as error:
        for fault in error.faults:
            if f"{fault.path}: {fault.message}" == reason:
                return f"{reason}; {fault.remedy}" if fault.remedy else reason
    return reason


def _config_tree(plan: RunConfig[PolicyT], values: _AxisChoices) -> dict[str, Tree]:
    """Return the plan's config with some values replaced in it."""
    tree = cast("Tree", plan.canonical())
    for axis, digit in values:
        tree = replace_at(tree, axis.path, axis.values[digit].text)
    return cast("dict[str, Tree]", tree)


def _none_valid_message(count: int, noun: str, wanted: str) -> str:
    return f"none of {count:,} {noun}s is {wanted}" if count > 1 else f"the only {noun} is not {wanted}"
