"""Fixed mix: the same weights at every rebalance, as 60 % stocks and 40 % bonds."""

from __future__ import annotations

from typing import Literal

from strategies.band_trading import RebalancingStrategy
from strategies.base import SingleMix


class FixedMix(RebalancingStrategy, SingleMix):
    """Trade back to ``weights`` whenever ``rebalance`` says so; an absent asset's weight goes to the others."""

    kind: Literal["fixed_mix"] = "fixed_mix"
