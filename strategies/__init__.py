"""The catalogue of strategies, nothing else: AnyStrategy is everything `strategy:` can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import Field

from engine.core.plug_ins import take_in
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from strategies.optimised import Optimised
from strategies.plugged_in import prepare_strategy

AnyStrategy: TypeAlias = Annotated[BuyAndHold | CoreSatellite | FixedMix | Optimised, Field(discriminator="kind")]
"""A discriminated union: `kind` says which."""

if not TYPE_CHECKING:
    AnyStrategy = take_in("strategies", AnyStrategy, prepare_strategy)
