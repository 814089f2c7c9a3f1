"""Fixed mix: the same weights at every rebalance, as 60 % stocks and 40 % bonds."""

from __future__ import annotations

from typing import Literal

from strategies.band_trading import Rebalanced
from strategies.base import Mix


class FixedMix(Rebalanced, Mix):
    """Trade back to ``weights`` whenever ``rebalance`` says so; an absent asset's weight goes to the others."""

    kind: Literal["fixed_mix"] = "fixed_mix"
