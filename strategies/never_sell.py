"""Positions that are bought but never sold: what they grow to is kept, and the others share what is left."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from engine.core.did_you_mean import did_you_mean
from engine.core.fields import ConfigModel, FieldFault, Ticker
from strategies.band_trading import RebalancingStrategy
from strategies.list_faults import repeat_faults


class KeepsPositions(ConfigModel):
    """What a strategy says that keeps some of its assets whatever they grow to; a delisting still pays out."""

    never_sell: tuple[Ticker, ...] = ()

    def kept_rules(self) -> Mapping[str, Sequence[str]]:
        """Return who is never sold, in words, by title; empty where nobody is."""
        if not self.never_sell:
            return {}
        lines = (
            f"{', '.join(self.never_sell)}: bought up to the target, kept above it",
            "the others share what that leaves, pro rata to their targets; a delisting pays out",
            "a withdrawal or a yearly fee that the others cannot pay ends the run with an error",
        )
        return {"Never sold": lines}


def never_sell_faults(
    names: Sequence[str], plan: RebalancingStrategy, targets: Collection[str]
) -> Iterator[FieldFault]:
    """Yield names that stand twice or have no target in ``targets``, and a band that would ask for sales for ever."""
    yield from repeat_faults(names, "never_sell")
    for at, name in enumerate(names):
        if name not in targets:
            yield ("never_sell", at), f"{name} has no target to be kept above; {did_you_mean(name, targets)}"
    if names and plan.trades_in_part:
        message = "a band that trades a part asks at every close for sales that are never made"
        yield ("never_sell",), f"{message}; write trade_to: target and trade_only: all"
