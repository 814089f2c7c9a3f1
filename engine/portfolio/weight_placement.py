"""Where the weight goes of an asset that cannot be held: what policies are handed to place it with."""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from engine.core.arrays import BoolArray, FloatArray, IntArray

CORE_RECEIVES: Final = -1
"""The recipient of a weight that the core takes pro rata."""
CASH_RECEIVES: Final = -2
"""The recipient of a weight that stays in cash."""


class PlacementRules(NamedTuple):
    """Where weights go that cannot be held at one decision (S7, S8).

    ``absent`` (N,) which assets cannot be held, ``buyable`` (N,) which can take the weight of others, ``recipients``
    (N,) who takes that of each asset while it is absent: the column of a proxy, CORE_RECEIVES or CASH_RECEIVES.
    """

    absent: BoolArray
    buyable: BoolArray
    recipients: IntArray


class WeightPlacement(Protocol):
    """What places weights; the engine's own, handed to policies with every decision."""

    def place(self, weights: FloatArray, core: FloatArray, caps: FloatArray, rules: PlacementRules) -> FloatArray:
        """Return (U, N) ``weights`` with those of absent assets placed, and cut to ``caps`` (U, N): ``core`` takes it.

        ``core`` (U, N) are the targets of the assets that take what others cannot, pro rata.
        """

    def recipient_shares(self, core: FloatArray, buyable: BoolArray, recipient: int) -> FloatArray:
        """Return (U, N) the shares in which ``recipient`` takes money, summing to 1, or to 0 where it stays in cash."""
