"""What an optimiser may choose from, and within which limits: a core, satellites that are in or out, groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Discriminator, Field, Tag

from engine.core.fields import ConfigModel, FieldFault, Ticker, Weight, WholeNumber
from engine.data.research.universe import Universe, UniverseOrPath
from engine.optimisation.constraints import Bounds, Cardinality, Constraints, GroupConstraint
from strategies.group_limits import Limit, compact_percent
from strategies.list_faults import filter_faults, repeat_faults

_TICKERS_TAG, _UNIVERSE_TAG = "[tickers]", "[universe]"
"""Tags of the two forms of a universe; brackets keep them apart from every key and ticker."""


def _universe_tag(value: object) -> str:
    return _TICKERS_TAG if isinstance(value, list | tuple) else _UNIVERSE_TAG


TickerList: TypeAlias = Annotated[tuple[Ticker, ...], Field(min_length=1), Tag(_TICKERS_TAG)]


class HowMany(ConfigModel):
    """How many satellites are held at once; without ``max``, as many as there are."""

    min: Annotated[WholeNumber, Field(ge=0)] = 0
    max: Annotated[WholeNumber, Field(ge=1)] | None = None


class Satellites(ConfigModel):
    """Names that are in, at ``floor`` to ``cap`` each, or out, at nothing; ``count`` of them are in.

    ``universe``: tickers, or a universe's file, of which ``available_at`` (brokers) and ``tags`` leave some.
    """

    universe: Annotated[TickerList | Annotated[UniverseOrPath, Tag(_UNIVERSE_TAG)], Discriminator(_universe_tag)]
    available_at: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    count: HowMany = HowMany()
    cap: Annotated[Weight, Field(gt=0.0)]
    floor: Weight = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """What may ever be held, sorted."""
        if isinstance(self.universe, Universe):
            return tuple(sorted(self.universe.tickers_where(self.available_at, self.tags)))
        return tuple(sorted(self.universe))

    @property
    def sectors(self) -> Mapping[str, tuple[str, ...]]:
        """The names of each sector that the universe knows."""
        if not isinstance(self.universe, Universe):
            return {}
        there = set(self.names)
        return {sector: tuple(n for n in names if n in there) for sector, names in self.universe.sectors.items()}

    @property
    def max_held(self) -> int:
        """The most that are held at once."""
        return min(self.count.max or len(self.names), len(self.names))

    @property
    def has_choice(self) -> bool:
        """Whether some must be out, or none may be in a little: then which are in is a choice of its own."""
        return self.floor > 0.0 or self.max_held < len(self.names) or self.count.min > 0

    def faults(self) -> Iterator[FieldFault]:
        """Yield contradictions between the keys, each with its place and remedy."""
        low, high, there = self.count.min, self.count.max, self.names
        if isinstance(self.universe, Universe):
            if self.universe.is_dated:
                dated = "an optimised plan does not read from and to of a universe"
                yield ("universe",), f"{dated}; remove the dates, or use kind: core_satellite"
            yield from filter_faults(self.universe, self.available_at, self.tags)
        else:
            for key in ("available_at", "tags"):
                if getattr(self, key):
                    yield (key,), f"{key} needs a universe that knows it; name a universe file, or remove {key}"
            yield from repeat_faults(self.universe, "universe")
        if self.floor > self.cap:
            yield ("floor",), f"floor {compact_percent(self.floor)} is above cap {compact_percent(self.cap)}; swap them"
        if high is not None and low > high:
            yield ("count",), f"min {low} is above max {high}; swap them"
        elif low > len(there):
            yield ("count",), f"at least {low} of {len(there)} names cannot be held; lower min, or name more"
        if self.floor == 0.0 and (low > 0 or self.max_held < len(there)):
            message = "count needs a floor above 0%, for a name at 0% is not held"
            yield ("count",), f"{message}; add floor: 1%, or remove count"


class GroupBounds(Limit):
    """Bounds on the weights of a group together; ``satellites`` stands for all of them, a sector's name for its own."""

    min: Weight = 0.0
    max: Weight = 1.0


def limit_faults(
    limits: Sequence[GroupBounds], core: Sequence[str], satellites: Satellites | None
) -> Iterator[FieldFault]:
    """Yield limits on what is not there, or that leave no room."""
    names, sectors = (satellites.names, satellites.sectors) if satellites else ((), {})
    for at, limit in enumerate(limits):
        if limit.min > limit.max:
            low, high = compact_percent(limit.min), compact_percent(limit.max)
            yield ("limits", at), f"min {low} is above max {high}; swap them"
        yield from ((("limits", at), text) for text in limit.name_faults(core, names, sectors))


def build_constraints(
    assets: tuple[str, ...], core_cap: float, satellites: Satellites | None, limits: Sequence[GroupBounds]
) -> Constraints:
    """Return what weights of ``assets`` must satisfy, those held now aside.

    Of fewer satellites than ``count.min`` all must be in.
    """
    names, sectors = (satellites.names, satellites.sectors) if satellites else ((), {})
    inside = np.isin(assets, names)
    cap, floor = (satellites.cap, satellites.floor) if satellites else (1.0, 0.0)
    upper = np.where(inside, cap, core_cap)
    cap_keys = tuple("satellites.cap" if one else "core_cap" for one in inside)
    bounds = Bounds(assets, np.zeros(len(assets)), upper, "satellites.floor", cap_keys)
    found = [
        GroupConstraint(f"limit {name}", np.isin(assets, members), limit.max, limit.min)
        for limit in limits
        for name, members in limit.groups(names, sectors).items()
    ]
    found = [group for group in found if group.members.any() or group.least > 0.0]
    groups = tuple(sorted(found, key=lambda group: (group.members.tobytes(), group.most, group.least)))
    choice = None
    if satellites is not None and satellites.has_choice and inside.any():
        there = int(inside.sum())
        low, high = min(satellites.count.min, there), min(satellites.max_held, there)
        choice = Cardinality(inside, np.where(inside, floor, 0.0), np.where(inside, cap, 0.0), low, high)
    return Constraints(bounds, groups, cardinality=choice)
