"""What strategies share whose weights are found at each decision: any asset may be left out, none has a target."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

import numpy as np

from engine.core.arrays import FloatArray
from engine.portfolio.policy import Decision, LossReviewRule
from strategies.band_trading import RebalancingStrategy


class DecidedWeights(RebalancingStrategy):
    """The abstract base of strategies that decide weights from what is known; no weight waits for a listing."""

    @property
    @abstractmethod
    def tickers(self) -> tuple[str, ...]:
        """Every asset it may hold, sorted: the order of a config changes nothing (S4)."""

    @property
    def unlisted_goes_to(self) -> str:
        """There is no weight that waits for a listing."""
        return "the others"

    @property
    def review(self) -> LossReviewRule | None:
        """There is no loss review: every decision looks at every asset anew."""
        return None

    def choices(self) -> tuple[str, ...]:
        """Return every asset: each decision may leave any out."""
        return self.tickers

    def opening_tickers(self) -> tuple[str, ...]:
        """Return every asset: the first price of any starts the run (S1)."""
        return self.tickers

    def targets_before_listing(self, ticker: str) -> bool:  # noqa: ARG002  (none has)
        """Return that no asset has a target that waits."""
        return False

    def fixed_targets(self) -> Mapping[str, float] | None:
        """Return None: targets are decided."""
        return None

    def weights_before_listing(self, decision: Decision) -> FloatArray:
        """Return zeros: no weight waits for a listing."""
        return np.zeros(len(decision.eligible))
