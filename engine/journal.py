"""What is written down of a run while it goes on: each event with what was traded and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from engine.arrays import FloatArray
from engine.market import Market


@dataclass(frozen=True)
class Why:
    """Why something is traded.

    ``words`` for all of it, ``own`` by column for assets with a reason of their own; ``whole`` and ``part`` say whether
    the portfolio is rebalanced, wholly or in part.
    """

    words: str
    own: Mapping[int, str] = field(default_factory=dict)
    whole: bool = False
    part: bool = False

    @classmethod
    def of(cls, own: Mapping[int, str], assets: Sequence[int]) -> Why:
        """Return the reasons of several assets together."""
        return cls("; ".join(own[j] for j in assets), own)


@dataclass(frozen=True)
class Event:
    """What was traded at one session for one reason; fields as in :class:`engine.ledger.Ledger`."""

    row: int
    target: FloatArray
    trades: FloatArray
    prices: FloatArray
    costs: FloatArray
    why: Why


def own_reasons(events: Sequence[Event], market: Market, opening: int) -> tuple[Mapping[int, str], ...]:
    """Return the own reasons of every event; an asset listed after the opening is first bought as ``listed`` (S7)."""
    late = np.flatnonzero(~market.listed[opening] & market.listed[opening:].any(axis=0))
    own = [event.why.own for event in events]
    for j in late:
        joined = next((k for k, event in enumerate(events) if event.trades[j] > 0.0), None)
        if joined is not None:
            own[joined] = {**own[joined], int(j): own[joined].get(int(j), "listed")}
    return tuple(own)
