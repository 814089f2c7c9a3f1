"""What the comparison of a depot with its plan found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from engine.core.arrays import DateArray, FloatArray

PartKind: TypeAlias = Literal[
    "late",
    "price",
    "size",
    "not_done",
    "not_planned",
    "fees",
    "taxes",
    "income",
]
"""In the order in which parts are shown."""


@dataclass(frozen=True)
class Deviation:
    """One thing that was done otherwise: its day (ISO), the asset, what it made of the difference, in words what.

    ``money`` [currency] is negative where the plan's way would have left more; ``ticker`` is ``""`` for cash.
    """

    date: str
    ticker: str
    money: float
    words: str


@dataclass(frozen=True)
class DifferencePart:
    """One part of the difference [currency] with all that it is the sum of, the largest first."""

    kind: PartKind
    label: str
    money: float
    deviations: tuple[Deviation, ...] = ()


@dataclass(frozen=True)
class ComparedFigure:
    """One figure of what was done and of the plan; None where it has none, ``plan_after_tax`` where no tax is due."""

    label: str
    mine: float | None
    plan: float | None
    kind: Literal["percent", "money"]
    plan_after_tax: float | None = None


@dataclass(frozen=True)
class DepotComparison:
    """What was done beside what the plan would have done with the same flows.

    ``dates`` (T,) sessions from ``start`` to ``end`` (ISO); ``mine`` and ``plan`` (T,) values at their closes, and
    ``flows`` (T,) paid in, or out where negative, before the trades of the session [currency]; what was there at the
    start is no flow. ``difference`` is mine minus the plan at the end, which the money of ``parts`` adds up to.
    ``sha256`` of what it was made of, by what that is.
    """

    name: str
    currency: str
    start: str
    end: str
    dates: DateArray
    mine: FloatArray
    plan: FloatArray
    flows: FloatArray
    figures: tuple[ComparedFigure, ...]
    difference: float
    parts: tuple[DifferencePart, ...]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sha256: Mapping[str, str] = field(default_factory=dict)
