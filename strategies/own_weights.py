"""``OwnWeights``: the base of a strategy that weighs assets it names, the shortest way to one of one's own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray
from engine.core.fields import MAX_ASSETS, ConfigModel, FieldFault, Ticker, Weight, validates_fields
from engine.portfolio.policy import Decision
from strategies.decided_weights import DecidedWeights
from strategies.list_faults import repeat_faults


class OwnPayout(ConfigModel):
    """What becomes of a delisted asset: its last price less ``haircut`` goes ``to`` the others, or stays in cash."""

    to: Literal["redistribute", "cash"] = "redistribute"
    haircut: Weight = 0.0


class OwnWeights(DecidedWeights):
    """The abstract base of strategies that weigh ``assets`` anew whenever ``rebalance`` says so.

    A subclass has a ``kind`` and says in ``decide_weights`` what each asset gets; the rest is cash. What cannot be
    bought at a decision gets nothing, whatever it says; the first price of any asset starts the run.
    """

    assets: tuple[Ticker, ...] = Field(min_length=1, max_length=MAX_ASSETS)
    after_delisting: OwnPayout = OwnPayout()

    @abstractmethod
    def decide_weights(self, decision: Decision) -> Mapping[str, float]:
        """Return the weight of each ticker [fraction], at most 1 together; of ``self.assets``, others get none."""

    def target_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) the weights that were decided, 0 for what cannot be bought."""
        decided = self.decide_weights(decision)
        return np.where(decision.buyable, decision.weight_vector({t: float(w) for t, w in decided.items()}), 0.0)

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every asset it may hold, sorted: the order of a config changes nothing (S4)."""
        return tuple(sorted(self.assets))

    @property
    def watch_caps(self) -> bool:
        """There are no caps to watch."""
        return False

    @property
    def haircut(self) -> float:
        """What a delisted asset loses of its last price [fraction]."""
        return self.after_delisting.haircut

    @property
    def delisted_goes_to(self) -> str:
        """Where the payout of a delisted asset goes."""
        return "the others" if self.after_delisting.to == "redistribute" else "cash"

    @property
    def fewest(self) -> int:
        """It is content with any number of assets."""
        return 0

    def caps(self) -> Mapping[str, float]:
        """Return none."""
        return {}

    def core(self) -> Mapping[str, float]:
        """Return equal shares of all assets."""
        return dict.fromkeys(self.tickers, 1.0 / len(self.assets))

    def reallocation_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) shares in which a delisted asset's payout is reinvested, as the others are held; or zeros."""
        held = np.where(decision.buyable, decision.weights, 0.0)
        total = float(np.add.reduce(held))
        return held / total if total > 0.0 and self.after_delisting.to == "redistribute" else np.zeros_like(held)

    @validates_fields
    def _asset_faults(self) -> Iterator[FieldFault]:
        yield from repeat_faults(self.assets, "assets")
