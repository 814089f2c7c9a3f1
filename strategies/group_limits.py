"""Limits: ceilings on the targets of groups of assets together."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import MAX_ASSETS, ConfigModel, FieldFault, Weight, quote_value
from engine.portfolio.policy_abilities import GroupCeiling

MAX_LIMITS: Final = 50
"""Limits of one plan."""

GroupPart: TypeAlias = Annotated[str, Field(min_length=1, max_length=60)]
SectorMembers: TypeAlias = Mapping[str, tuple[str, ...]]


def _wrap_single(value: object) -> object:
    """Read a group of one that is written without brackets, unless it is the word sector; refuse what is no group."""
    if not isinstance(value, (str, list, tuple)) or not value:
        found = "none" if value in ([], ()) else quote_value(value)
        message = f"found {found}; expected names, as [VB, satellites], or sector"
        raise PydanticCustomError("group", "{text}", {"text": message})
    return (value,) if isinstance(value, str) and value != "sector" else value


class Limit(ConfigModel):
    """A ceiling on the targets of a group of tickers together.

    ``satellites`` in a group stands for all of them, a sector's name for the satellites in it; ``group: sector`` puts
    the ceiling on each sector by itself.
    """

    group: Annotated[
        Literal["sector"] | Annotated[tuple[GroupPart, ...], Field(min_length=1, max_length=MAX_ASSETS)],
        BeforeValidator(_wrap_single),
    ]
    max: Weight

    def groups(self, satellites: Sequence[str], sectors: SectorMembers) -> dict[str, tuple[str, ...]]:
        """Return the members of each group the ceiling is on, by what the group is called."""
        if self.group == "sector":
            return {sector: names for sector, names in sectors.items() if names}
        members_by_name = {"satellites": tuple(satellites), **sectors}
        members = (name for part in self.group for name in members_by_name.get(part, (part,)))
        return {", ".join(self.group): tuple(dict.fromkeys(members))}

    def name_faults(self, core: Collection[str], satellites: Sequence[str], sectors: SectorMembers) -> Iterator[str]:
        """Yield ``message; remedy`` where it is on what is not there."""
        known = {*core, *satellites}
        if self.group == "sector" and not sectors:
            yield "no sectors are known of these satellites; name them from a universe file"
        for members in self.groups(satellites, sectors).values():
            unknown = [member for member in members if member not in known]
            if unknown:
                where = f" nor sector; known sectors: {', '.join(sorted(sectors))}" if sectors else "; correct the name"
                yield f"limit names {', '.join(unknown)}, which is neither core nor satellite{where}"


@dataclass(frozen=True)
class GroupLimits:
    """Limits over a core and satellites.

    ``core`` and ``satellites`` are the weights of assets when they are held, ``sectors`` the satellites of each sector;
    ``places`` of the satellites are chosen later, None when all of them are held.
    """

    limits: Sequence[Limit]
    core: Mapping[str, float]
    satellites: Mapping[str, float]
    sectors: SectorMembers
    places: int | None

    def groups(self, limit: Limit) -> dict[str, tuple[str, ...]]:
        """Return the members of each group that ``limit`` is on, by what the group is called."""
        return limit.groups(tuple(self.satellites), self.sectors)

    def ceilings(self) -> tuple[GroupCeiling, ...]:
        """Return every group of every limit with what its targets add up to."""
        found = []
        for limit in self.limits:
            for name, members in self.groups(limit).items():
                total = self._core_weight(members)
                inside = [self.satellites[member] for member in members if member in self.satellites]
                if self.places is None:
                    total += sum(inside)
                else:
                    total = self._highest(total, inside, limit.max)
                found.append(GroupCeiling(name, members, total, limit.max, bool(inside) and self.places is not None))
        return tuple(found)

    def faults(self) -> Iterator[FieldFault]:
        """Yield where a strategy breaks its own limits, and how to mend it.

        Satellites yet to be chosen can keep a group's limit, unless all of them are in it or too few ever fit.
        """
        for at, limit in enumerate(self.limits):
            names = list(limit.name_faults(self.core, tuple(self.satellites), self.sectors))
            sums = [] if names else list(self._sum_faults(limit))  # an unknown name has no weight to add up
            faults = [*names, *(sums or self._capacity_faults(limit))]
            yield from ((("limits", at), text) for text in faults)

    def _highest(self, total: float, inside: Sequence[float], limit: float) -> float:
        """Return the most that a choice can make of ``total``, with weights ``inside`` (equal, but for own caps)."""
        for weight in sorted(inside, reverse=True)[: self.places]:
            if total + weight <= limit + WEIGHT_SUM_TOLERANCE:
                total += weight
            elif len(set(inside)) > 1:  # smaller ones may come closer
                return max(total, limit)
        return total

    def _sum_faults(self, limit: Limit) -> Iterator[str]:
        for name, members in self.groups(limit).items():
            inside = [self.satellites[member] for member in members if member in self.satellites]
            total = self._core_weight(members)
            if self.places is None:
                total += sum(inside)
            elif len(inside) == len(self.satellites):
                total += sum(sorted(inside)[: self.places])
            if total > limit.max + WEIGHT_SUM_TOLERANCE:
                above = f"group {name} has {compact_percent(total)}, its limit is {compact_percent(limit.max)}"
                yield f"{above}; lower a weight or raise the limit"

    def _capacity_faults(self, limit: Limit) -> Iterator[str]:
        """Yield ``message; remedy`` when fewer satellites than are to be chosen can ever keep ``limit``."""
        weight, fitting = max(self.satellites.values(), default=0.0), len(self.satellites)
        if self.places is None or not weight:
            return
        for group, headroom in self.headroom([limit]).items():
            sums = accumulate(sorted(self.satellites[member] for member in group))
            fitting -= sum(total > headroom + WEIGHT_SUM_TOLERANCE for total in sums)
        if fitting < self.places:
            message = f"the limit of {compact_percent(limit.max)} leaves room for {fitting} satellites"
            message = f"{message} of {compact_percent(weight)} each, {self.places} are to be chosen"
            yield f"{message}; raise it, lower the weight or choose fewer"

    def headroom(self, limits: Sequence[Limit]) -> dict[frozenset[str], float]:
        """Return what ``limits`` leave to each group of satellites beside the core's share [weight]."""
        found: dict[frozenset[str], float] = {}
        satellites = frozenset(self.satellites)
        for limit in limits:
            for members in self.groups(limit).values():
                group = frozenset(members) & satellites
                left = limit.max - self._core_weight(members)
                found[group] = min(left, found.get(group, left))
        return found

    def enforce(self, w: Mapping[str, float]) -> dict[str, float]:
        """Return weights by ticker with what the core has too much of, under a limit, given to the rest of the core.

        Pro rata to the weights of core assets that no limit names; what none may take is left over, as cash.
        """
        result, core = dict(w), self.core
        groups = [(members, limit.max) for limit in self.limits for members in self.groups(limit).values()]
        bound = {member for members, _ in groups for member in members}
        for members, most in groups:
            inside = [member for member in members if core.get(member) and result.get(member)]
            held, own = sum(result.get(member, 0.0) for member in members), sum(result[member] for member in inside)
            excess = min(held - most, own)
            if excess <= WEIGHT_SUM_TOLERANCE:
                continue
            free = {member: weight for member, weight in core.items() if member not in bound and result.get(member)}
            for member in inside:
                result[member] *= 1.0 - excess / own
            for member, weight in free.items():
                result[member] += excess * weight / sum(free.values())
        return result

    def _core_weight(self, members: Sequence[str]) -> float:
        return sum(self.core.get(member, 0.0) for member in members)


def compact_percent(share: float) -> str:
    """Return a fraction as a config writes it.

    >>> compact_percent(0.025)
    '2.5%'
    """
    return f"{100.0 * share:.6g}%"
