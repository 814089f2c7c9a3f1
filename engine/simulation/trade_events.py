"""What is written down of a run while it goes on: each event with what was traded and why.

A reason is put into words when somebody reads it: until then it is text, or a function that returns it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.simulation.band_rebalance import widths
from engine.simulation.kernel import OVER

Words: TypeAlias = str | Callable[[], str]
"""A reason, or what says it when asked."""

_NOTHING: Final[Mapping[int, str]] = {}


class Why(NamedTuple):
    """Why something is traded.

    ``words`` for all of it, ``own`` by column for assets with a reason of their own; ``whole`` and ``part`` say whether
    the portfolio is rebalanced, wholly or in part.
    """

    words: Words
    own: Mapping[int, str] = _NOTHING
    whole: bool = False
    part: bool = False

    @classmethod
    def of(cls, own: Mapping[int, str], assets: Sequence[int]) -> Why:
        """Return the reasons of several assets together."""
        return cls("; ".join(own[j] for j in assets), own)


class Event(NamedTuple):
    """What was traded at one session for one reason; fields as in :class:`engine.ledger.Ledger`."""

    row: int
    target: FloatArray
    trades: FloatArray
    prices: FloatArray
    costs: FloatArray
    why: Why


def said(words: Words) -> str:
    """Return a reason as text."""
    return words if isinstance(words, str) else words()


def cap_words(assets: Sequence[str], seen: FloatArray, caps: FloatArray) -> str:
    """Return which ``caps`` (N,) the weights ``seen`` (N,) broke."""
    over = np.flatnonzero(seen > caps * (1.0 + OVER)).tolist()
    return "cap: " + ", ".join(f"{assets[j]} {100.0 * seen[j]:.4g} % > {100.0 * caps[j]:.3g} %" for j in over)


def drift_words(
    assets: Sequence[str], seen: FloatArray, reference: FloatArray, absolute: float, relative: float
) -> str:
    """Return which asset had left its band around ``reference`` (N,) furthest at weights ``seen`` (N,), in widths."""
    drift = seen - reference
    worst = int((np.abs(drift) / np.maximum(widths(reference, absolute, relative), 1e-12)).argmax())
    return f"band: {assets[worst]} {100.0 * drift[worst]:+.1f} pp"


def own_reasons(events: Sequence[Event], market: Market, opening: int) -> tuple[Mapping[int, str], ...]:
    """Return the own reasons of every event; an asset listed after the opening is first bought as ``listed`` (S7)."""
    own = [event.why.own for event in events]
    for j, first in enumerate(market.lives[0].tolist()):
        joined = next((k for k, event in enumerate(events) if event.trades[j] > 0.0), None) if first > opening else None
        if joined is not None:
            own[joined] = {**own[joined], j: own[joined].get(j, "listed")}
    return tuple(own)
