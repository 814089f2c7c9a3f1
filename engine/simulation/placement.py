"""What policies are handed to place weights that cannot be held: the kernel's one rule for runs and sweeps."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.portfolio.weight_placement import PlacementRules, WeightPlacement
from engine.simulation.kernel.placement import fill_recipient_shares, place_weights


class KernelPlacement:
    """Placement as :mod:`engine.simulation.kernel.placement` has it."""

    def place(self, weights: FloatArray, core: FloatArray, caps: FloatArray, rules: PlacementRules) -> FloatArray:
        """Return (U, N) ``weights`` with those of absent assets placed, and cut to ``caps``: ``core`` takes it."""
        placed = np.array(weights, order="C")
        place_weights(placed, core, caps, *rules)
        return placed

    def recipient_shares(self, core: FloatArray, buyable: BoolArray, recipient: int) -> FloatArray:
        """Return (U, N) the shares in which ``recipient`` takes money, summing to 1, or to 0 where it stays in cash."""
        shares = np.empty_like(core)
        fill_recipient_shares(core, buyable, recipient, shares)
        return shares


PLACEMENT: Final[WeightPlacement] = KernelPlacement()
