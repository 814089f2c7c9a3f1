"""Refuse a sweep without a valid point: before it starts where that is certain, else at its end."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, cast

from engine.backtest.config import RunConfig
from engine.backtest.loading import unknown_spread
from engine.core.errors import ConfigError, Fault, shorten
from engine.core.yaml_document import Document
from engine.portfolio.policy import PolicyT
from engine.sweep.section_values import ConfigSection, Rejection, RejectionCounts
from engine.sweep.space import Axis, Points, Space
from engine.sweep.variants import PointConfigs

MAX_COMBINATIONS_TRIED: Final = 500
"""Combinations of one section's values that are tried before a sweep; of more, its end tells."""
MAX_VALUES_TRIED: Final = 100_000
"""Keys and items of a section at all these combinations together."""
MAX_REASONS_SHOWN: Final = 3
"""Reasons in one line."""


def require_valid_point(base_config: RunConfig[PolicyT], space: Space, document: Document) -> None:
    """Raise ConfigError when a section is valid at no combination of its values: then no point is a valid run."""
    faults: list[Fault] = []
    for name in dict.fromkeys(axis.section for axis in space.axes):
        axes = [(at, axis) for at, axis in enumerate(space.axes) if axis.section == name]
        section, count = ConfigSection(name, axes, base_config), math.prod(len(axis.values) for _, axis in axes)
        if count <= MAX_COMBINATIONS_TRIED and count * section.size <= MAX_VALUES_TRIED:
            faults += _section_faults(section, axes, document)
    if faults:
        raise ConfigError(faults)


def swept_spread_faults(space: Space, known: Sequence[str], document: Document) -> Iterator[Fault]:
    """Yield each name with a spread of its own among the values of an axis that is none of the ``known`` tickers."""
    held = {"rest", *known}
    for axis in space.axes:
        for value in axis.values if axis.path in {("costs",), ("costs", "spread")} else ():
            tree = value.text
            spread = tree.get("spread") if axis.path == ("costs",) and isinstance(tree, dict) else tree
            for name in spread if isinstance(spread, dict) else ():
                if name not in held:
                    where = document.locate(("sweep", "axes", axis.name))
                    yield Fault(where, f"sweep.axes.{axis.name}.{name}", *unknown_spread(name, known))


def no_valid_point(
    base_config: RunConfig[PolicyT], space: Space, points: Points, rejections: RejectionCounts
) -> ConfigError:
    """Return what is said when no point is valid."""
    order = sorted(rejections.items(), key=lambda item: (-item[1][0], item[1][1]))
    configs = PointConfigs(base_config, space)
    reasons = []
    for reason, (count, first) in order:
        found = configs.validate(points.indices_between(first, first + 1)[0].tolist())
        is_known = isinstance(found, Rejection) and found.reason == reason  # else prices or account rejected it
        reasons.append((count, cast("Rejection", found) if is_known else Rejection(reason)))
    message = _none_valid_message(points.count, "point", "a valid run")
    return ConfigError([Fault(space.where, "sweep.axes", message, _summarise_reasons(reasons))])


def _section_faults(
    section: ConfigSection[PolicyT], axes: Sequence[tuple[int, Axis]], document: Document
) -> Iterator[Fault]:
    """Yield the axes whose values are rejected one and all, when the section is valid at no combination."""
    combinations = itertools.product(*(range(len(axis.values)) for _, axis in axes))
    rejections = _all_rejections(_rejection_at(section, axes, combination) for combination in combinations)
    if not rejections:
        return
    blamed = False
    for _, axis in axes:
        found = _all_rejections(section.validate([(axis, index)]) for index in range(len(axis.values)))
        if found:
            blamed = True
            where = document.locate(("sweep", "axes", axis.name))
            message = _none_valid_message(len(found), "value", "valid")
            yield Fault(where, f"sweep.axes.{axis.name}", message, _summarise_reasons(_count_reasons(found)))
    if not blamed:
        names = [axis.name for _, axis in axes]
        message = f"no combination of {', '.join(names)} is valid"
        where = document.locate(("sweep", "axes", names[0]))
        yield Fault(where, "sweep.axes", message, _summarise_reasons(_count_reasons(rejections)))


def _rejection_at(
    section: ConfigSection[PolicyT], axes: Sequence[tuple[int, Axis]], combination: Sequence[int]
) -> object:
    """Return what the section is at a combination of its axes' values: a rejection, or anything else."""
    places = {at: index for (at, _), index in zip(axes, combination, strict=True)}
    indices = [places.get(at, 0) for at in range(max(places) + 1)]
    value = section.value_at(indices)
    return value if isinstance(value, Rejection) else section.independent_values_at(indices)


def _all_rejections(found: Iterable[object]) -> list[Rejection]:
    """Return all that was found when all of it is rejections; nothing otherwise, and no more is asked for then."""
    rejections = []
    for one in found:
        if not isinstance(one, Rejection):
            return []
        rejections.append(one)
    return rejections


def _count_reasons(rejections: Sequence[Rejection]) -> list[tuple[int, Rejection]]:
    """Return the first rejection for each reason with how many there are, the most frequent first."""
    counts = Counter(one.reason for one in rejections)
    first = {one.reason: one for one in reversed(rejections)}
    return [(count, first[reason]) for reason, count in counts.most_common()]


def _summarise_reasons(reasons: Sequence[tuple[int, Rejection]]) -> str:
    """Return the first reasons in one line, each with how many there are and what would mend it."""
    told = []
    for count, one in reasons[:MAX_REASONS_SHOWN]:
        often = f"{count:,}: " if count > 1 else ""
        told.append(often + shorten(f"{one.reason}; {one.remedy}" if one.remedy else one.reason, 280))
    rest = len(reasons) - MAX_REASONS_SHOWN
    return "; ".join([*told, f"and {rest:,} more {'reason' if rest == 1 else 'reasons'}"] if rest > 0 else told)


def _none_valid_message(count: int, noun: str, wanted: str) -> str:
    return f"none of {count:,} {noun}s is {wanted}" if count > 1 else f"the only {noun} is not {wanted}"
