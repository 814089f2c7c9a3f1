"""Fixed mix: the same weights at every rebalance, as 60 % stocks and 40 % bonds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from strategies.plan import Plan, Weights
from strategies.rebalance import Annual, AnyRebalance


class FixedMix(Plan):
    """Trade back to ``weights`` whenever ``rebalance`` says so; an absent asset's weight goes to the others."""

    kind: Literal["fixed_mix"] = "fixed_mix"
    weights: Weights
    rebalance: AnyRebalance = Annual()

    @property
    def schedule(self) -> AnyRebalance:
        """When it decides."""
        return self.rebalance

    @property
    def watch_caps(self) -> bool:
        """It has no caps to watch."""
        return False

    def wanted(self) -> Mapping[str, float]:
        """Return the mix."""
        return self.weights

    def core(self) -> Mapping[str, float]:
        """Return the mix: all of it takes what an absent asset leaves."""
        return self.weights

    def caps(self) -> Mapping[str, float]:
        """Return none."""
        return {}
