"""The catalogue of the engine's own strategies, nothing else."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from strategies.optimised import Optimised

BuiltInStrategy: TypeAlias = Annotated[BuyAndHold | CoreSatellite | FixedMix | Optimised, Field(discriminator="kind")]
"""A discriminated union: `kind` says which."""
