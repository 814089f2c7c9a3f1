"""Limits: ceilings on the targets of groups of assets together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from engine.core.fields import ConfigModel, Weight

_TOLERANCE = 1e-9

GroupPart: TypeAlias = Annotated[str, Field(min_length=1, max_length=60)]
SectorMembers: TypeAlias = Mapping[str, tuple[str, ...]]


def _wrap_single(value: object) -> object:
    """Read a group of one that is written without brackets, unless it is the word sector."""
    return (value,) if isinstance(value, str) and value != "sector" else value


class Limit(ConfigModel):
    """A ceiling on the targets of a group of tickers together.

    ``satellites`` in a group stands for all of them, a sector's name for the satellites in it; ``group: sector`` puts
    the ceiling on each sector by itself.
    """

    group: Annotated[
        Literal["sector"] | Annotated[tuple[GroupPart, ...], Field(min_length=1)], BeforeValidator(_wrap_single)
    ]
    max: Weight

    def groups(self, satellites: Sequence[str], sectors: SectorMembers) -> dict[str, tuple[str, ...]]:
        """Return the members of each group the ceiling is on, by what the group is called."""
        if self.group == "sector":
            return {sector: names for sector, names in sectors.items() if names}
        words = {"satellites": tuple(satellites), **sectors}
        members = (name for part in self.group for name in words.get(part, (part,)))
        return {", ".join(self.group): tuple(dict.fromkeys(members))}


@dataclass(frozen=True)
class GroupCeiling:
    """A limit on one group of assets.

    Attributes
    ----------
    name : as the config calls the group
    members : the tickers in it
    weight : what their targets add up to, or with ``at_most`` the highest that a choice of satellites can make it
    limit : the highest it may be
    at_most : whether satellites in it are yet to be chosen

    """

    name: str
    members: tuple[str, ...]
    weight: float
    limit: float
    at_most: bool


def group_ceilings(
    limits: Sequence[Limit],
    core: Mapping[str, float],
    satellites: Mapping[str, float],
    sectors: SectorMembers,
    places: int | None,
) -> tuple[GroupCeiling, ...]:
    """Return every group of every limit with what its targets add up to.

    ``places``: how many of the satellites are chosen later, None when all of them are held.
    """
    found = []
    for limit in limits:
        for name, members in limit.groups(tuple(satellites), sectors).items():
            total = sum(core.get(member, 0.0) for member in members)
            inside = [satellites[member] for member in members if member in satellites]
            for weight in inside[:places]:  # those to be chosen weigh the same
                total += weight if places is None or total + weight <= limit.max + _TOLERANCE else 0.0
            found.append(GroupCeiling(name, members, total, limit.max, bool(inside) and places is not None))
    return tuple(found)


def ceiling_faults(
    limits: Sequence[Limit],
    core: Mapping[str, float],
    satellites: Mapping[str, float],
    sectors: SectorMembers,
    chosen: float | None,
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where a plan breaks its own limits, and how to mend it.

    ``chosen``: the weight of all satellites together when they are yet to be chosen, so that groups of them can be kept
    by choosing others; None when they are named.
    """
    broken: set[int] = set()
    for at, limit in enumerate(limits):
        if limit.group == "sector" and not sectors:
            yield ("limits", at), "no sectors are known of satellites written as weights; name them from a universe"
            continue
        for name, members in limit.groups(tuple(satellites), sectors).items():
            unknown = [member for member in members if member not in core and member not in satellites]
            if unknown:
                known = f"; known sectors: {', '.join(sorted(sectors))}" if sectors else "; correct the name"
                words = f"limit names {', '.join(unknown)}, which is neither core nor satellite"
                yield ("limits", at), f"{words}{' nor sector' if sectors else ''}{known}"
                continue
            total = sum(core.get(member, 0.0) for member in members)
            inside = [member for member in members if member in satellites]
            if chosen is None:
                total += sum(satellites[member] for member in inside)
            elif len(inside) == len(satellites):
                total += chosen
            if total > limit.max + _TOLERANCE:
                broken.add(at)
                above = f"group {name} has {_percent(total)}, its limit is {_percent(limit.max)}"
                yield ("limits", at), f"{above}; lower a weight or raise the limit"
        if chosen is not None and at not in broken:
            yield from ((("limits", at), text) for text in _capacity_faults(limit, core, satellites, sectors, chosen))


def _capacity_faults(
    limit: Limit, core: Mapping[str, float], satellites: Mapping[str, float], sectors: SectorMembers, chosen: float
) -> Iterator[str]:
    """Yield ``message; remedy`` when fewer satellites than are to be chosen can ever keep ``limit``."""
    weight = max(satellites.values(), default=0.0)
    places = round(chosen / weight) if weight else 0
    able = len(satellites)
    for group, room in group_room([limit], core, tuple(satellites), sectors).items():
        able -= max(len(group) - max(int((room + _TOLERANCE) / weight), 0), 0) if weight else 0
    if able < places:
        words = f"the limit of {_percent(limit.max)} leaves room for {able} satellites of {_percent(weight)} each"
        yield f"{words}, {places} are to be chosen; raise it, lower the weight or choose fewer"


def group_room(
    limits: Sequence[Limit], core: Mapping[str, float], satellites: Sequence[str], sectors: SectorMembers
) -> dict[frozenset[str], float]:
    """Return what the limits leave to each group of satellites beside the core's share [weight]."""
    room: dict[frozenset[str], float] = {}
    for limit in limits:
        for members in limit.groups(satellites, sectors).values():
            group = frozenset(members) & frozenset(satellites)
            left = limit.max - sum(core.get(member, 0.0) for member in members)
            room[group] = min(left, room.get(group, left))
    return room


def enforce_limits(
    w: Mapping[str, float],
    limits: Sequence[Limit],
    core: Mapping[str, float],
    satellites: Sequence[str],
    sectors: SectorMembers,
) -> dict[str, float]:
    """Return weights by ticker with what the core has too much of, under a limit, given to the rest of the core.

    Pro rata to the weights of core assets that no limit names; what none may take is left over, as cash.
    """
    result = dict(w)
    groups = [(members, limit.max) for limit in limits for members in limit.groups(satellites, sectors).values()]
    bound = {member for members, _ in groups for member in members}
    for members, most in groups:
        inside = [member for member in members if core.get(member) and result.get(member)]
        held, own = sum(result.get(member, 0.0) for member in members), sum(result[member] for member in inside)
        excess = min(held - most, own)
        if excess <= _TOLERANCE:
            continue
        free = {member: weight for member, weight in core.items() if member not in bound and result.get(member)}
        for member in inside:
            result[member] *= 1.0 - excess / own
        for member, weight in free.items():
            result[member] += excess * weight / sum(free.values())
    return result


def _percent(share: float) -> str:
    return f"{100.0 * share:.6g}%"
