"""Trend: an equal share of each asset that is above its own average, cash for the others (Faber 2007)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from engine.core.fields import FieldFault, WholeNumber, validates_fields
from engine.portfolio.policy import Decision
from strategies.own_weights import OwnWeights


class Trend(OwnWeights):
    """Hold 1 / N of each asset whose last close is above the mean of its last ``sessions`` closes."""

    kind: Literal["trend"] = "trend"
    sessions: Annotated[WholeNumber, Field(ge=2, le=1000)] = 200
    most: Annotated[WholeNumber, Field(ge=1)] | None = None

    def decide_weights(self, decision: Decision) -> Mapping[str, float]:
        """Return the weight of each asset in an upward trend; of more than ``most``, the strongest."""
        strength: dict[str, float] = {}
        for asset in self.assets:
            closes = decision.history.prices[-self.sessions :, decision.column(asset)]
            if len(closes) == self.sessions and np.isfinite(closes).all():
                strength[asset] = float(closes[-1] / closes.mean() - 1.0)
        rising = sorted((asset for asset, above in strength.items() if above > 0.0), key=lambda one: -strength[one])
        return dict.fromkeys(rising[: self.most], 1.0 / (self.most or len(self.assets)))

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the rules in words, by title."""
        most = f", at most {self.most} of them" if self.most else ""
        return {"Trend": (f"held: what is above the mean of its last {self.sessions} closes{most}",), **super().rules()}

    @validates_fields
    def _most_faults(self) -> Iterator[FieldFault]:
        if self.most is not None and self.most > len(self.assets):
            yield ("most",), f"{self.most} of {len(self.assets)} assets; lower it or leave it out"
