"""Fixed mix: the same weights at every rebalance, as 60 % stocks and 40 % bonds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from engine.core.fields import FieldFault, validates_fields
from strategies.band_trading import RebalancingStrategy
from strategies.base import SingleMix
from strategies.never_sell import KeepsPositions, never_sell_faults


class FixedMix(KeepsPositions, RebalancingStrategy, SingleMix):
    """Trade back to ``weights`` whenever ``rebalance`` says so; an absent asset's weight goes to the others.

    What is in ``never_sell`` is bought but not sold.
    """

    kind: Literal["fixed_mix"] = "fixed_mix"

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the rules in words, by title."""
        return {**super().rules(), **self.kept_rules()}

    @validates_fields
    def _never_sell_faults(self) -> Iterator[FieldFault]:
        return never_sell_faults(self.never_sell, self, self.weights)
