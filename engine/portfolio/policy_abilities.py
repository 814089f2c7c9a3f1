"""What a policy may be able to do beyond deciding: asked with isinstance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, NamedTuple, Protocol, TypeAlias, cast, runtime_checkable

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.portfolio.policy import Decision, Policy, Schedule
from engine.portfolio.weight_placement import PlacementRules


@runtime_checkable
class HasTargetWeights(Protocol):
    """A policy whose targets stand in the config."""

    def nominal_weights(self) -> Mapping[str, float]:
        """Return every target by ticker."""


@runtime_checkable
class SelectsSatellites(Protocol):
    """A policy that can list its candidate satellites before any price is read."""

    @property
    def satellite_count(self) -> int:
        """How many it will choose, 0 when they are named."""

    def candidate_weights(self) -> Mapping[str, float]:
        """Return every candidate with the weight it has when it is chosen."""


@dataclass(frozen=True)
class GroupCeiling:
    """A limit on one group of assets.

    ``weight`` is what its ``members``' targets add up to, or with ``at_most`` (some are yet to be chosen) the highest
    that a choice can make it; ``limit`` is the highest it may be.
    """

    name: str
    members: tuple[str, ...]
    weight: float
    limit: float
    at_most: bool


@runtime_checkable
class HasGroupLimits(Protocol):
    """A policy with limits on groups of assets."""

    def group_limits(self) -> Sequence[GroupCeiling]:
        """Return every group of every limit."""


@runtime_checkable
class NeverSells(Protocol):
    """A policy that may keep some assets whatever they grow to."""

    @property
    def never_sell(self) -> tuple[str, ...]:
        """The assets that are bought but never sold."""


@runtime_checkable
class DescribesRules(Protocol):
    """A policy that can say its rules."""

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the rules in words, by title."""


FieldValues: TypeAlias = Mapping[str, Sequence[object]]
"""Values of some fields of a policy, by the name of the field."""


class TargetTable(NamedTuple):
    """What U policies always want of n assets: ``targets`` and ``core`` (U, n), ``cap`` (U,) [infinity is none].

    ``valid`` (U,): which of them certainly break no rule of their kind.
    """

    targets: FloatArray
    core: FloatArray
    cap: FloatArray
    valid: BoolArray

    def select(self, rows: IntArray) -> TargetTable:
        """Return some rows of it."""
        return TargetTable(self.targets[rows], self.core[rows], self.cap[rows], self.valid[rows])


@runtime_checkable
class TabulatesTargets(Protocol):
    """A policy that can say at once what many want that differ from it in ``tabulated_fields`` only."""

    tabulated_fields: ClassVar[frozenset[str]]

    def tabulate(
        self, values: FieldValues, choices: Mapping[str, IntArray], assets: Sequence[str]
    ) -> TargetTable | None:
        """Return the targets of U policies over ``assets``, or None when each has to be asked by itself.

        ``choices`` (U,) says for a field which of its ``values`` each policy has. All of them name the same tickers in
        the same fields as this policy, which is valid, and each value is valid by itself.
        """

    def placement_rules(self, decision: Decision) -> PlacementRules:
        """Return who takes the weight of each asset that cannot be held, the same for all that it tabulates."""

    def payout_recipient(self, decision: Decision) -> int:
        """Return who takes a delisted asset's payout: the column of a proxy, CORE_RECEIVES or CASH_RECEIVES."""


@runtime_checkable
class SelectsAssets(Protocol):
    """A policy that changes which assets it holds; ``fewest`` is the number below which the run warns."""

    @property
    def fewest(self) -> int:
        """The fewest it is content with; 0 when it names them."""

    def choices(self) -> tuple[str, ...]:
        """Return the assets of which a decision may hold some and not others; none when it names them."""


@runtime_checkable
class HasMemberships(Protocol):
    """A policy that may hold a name only while it belongs to a list."""

    def memberships(self) -> Mapping[str, Sequence[tuple[dt.date, dt.date]]]:
        """Return the first and last days of every candidate's memberships; none where the list has no dates."""


@runtime_checkable
class HasQualityGate(Protocol):
    """A policy that may ask its assets for figures at every decision."""

    def with_gate_of(self, decision: Decision) -> Policy:
        """Return the policy that lets through for ever what passes at ``decision``; itself when it asks nothing."""


class SleeveRule(NamedTuple):
    """A part of the core whose ``tickers`` trade among themselves when its ``schedule`` decides."""

    name: str
    tickers: tuple[str, ...]
    schedule: Schedule


@runtime_checkable
class HasSleeves(Protocol):
    """A policy that may rebalance parts of its core inside themselves."""

    def sleeves(self) -> Sequence[SleeveRule]:
        """Return these parts, an outer one before those inside it; none of them has a capped asset."""


@runtime_checkable
class CountsFromOpening(Protocol):
    """A schedule some of whose dates are counted from a run's opening."""

    def since_opening(self, day: np.datetime64) -> Schedule:
        """Return the schedule of a run that opens on ``day``; equal for days that lead to the same dates."""


def schedule_since(schedule: Schedule, day: np.datetime64) -> Schedule:
    """Return ``schedule`` as a run has it that opens on ``day``."""
    return cast("CountsFromOpening", schedule).since_opening(day) if _counts_years(type(schedule)) else schedule


def sleeves_of(policy: Policy) -> Sequence[SleeveRule]:
    """Return the parts of a policy's core that are rebalanced inside themselves; none where it has no sleeves."""
    return cast("HasSleeves", policy).sleeves() if _has_sleeves(type(policy)) else ()


@lru_cache(maxsize=128)
def _counts_years(kind: type) -> bool:
    return issubclass(kind, CountsFromOpening)  # asked of a kind once: of an instance it takes a tenth of a short run


@lru_cache(maxsize=128)
def _has_sleeves(kind: type) -> bool:
    return issubclass(kind, HasSleeves)
