"""A file of claims: sentences, who said them, what to compute on what data, and what was claimed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from engine.analysis.bootstrap import Evidence
from engine.backtest.config_sections import Window
from engine.core.did_you_mean import did_you_mean
from engine.core.fields import ConfigModel, DisplayText, FieldFault, Slug, Weight, validates_fields
from engine.evidence.claims.basket_size import BasketSize
from engine.evidence.claims.claim_prices import ClaimData
from engine.evidence.claims.claimed import AgreeingFigures, AnyClaimed
from engine.evidence.claims.compounding import Compounding
from engine.evidence.claims.fund_figures import BestRatio, Difference, Figure
from engine.evidence.claims.plan_effects import LossReviewEffect, RebalancingPremium
from engine.evidence.claims.stretches import PeriodReturn, RollingWinShare, WorstFall

MAX_CLAIMS: Final = 200

AnyComputation: TypeAlias = Annotated[
    Figure
    | Difference
    | BestRatio
    | WorstFall
    | PeriodReturn
    | RollingWinShare
    | Compounding
    | RebalancingPremium
    | LossReviewEffect
    | BasketSize,
    Field(discriminator="kind"),
]
"""Everything `compute:` can be."""


class Claim(ConfigModel):
    """One sentence and how it is checked.

    ``says``: what the sentence itself leaves no choice in, as ``{closes: total_return}``; in all else every way to mean
    it counts. ``about``: a ``window`` that is past, whose figures are what they are, or an ``expectation``, for which
    the interval counts too. ``tolerance``: how far a figure may be from the claimed one [fraction]; by default half a
    unit of the last digit that was printed.
    """

    sentence: Annotated[DisplayText, Field(min_length=1)]
    source: DisplayText = ""
    compute: AnyComputation
    claimed: AnyClaimed
    tolerance: Weight | None = None
    says: Mapping[str, str] = Field(default_factory=dict)
    about: Literal["window", "expectation"] = "window"

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        ways = self.compute.ways
        for key, value in self.says.items():
            if key not in ways:
                message = f"{self.compute.kind} leaves no choice of '{key}'; {did_you_mean(key, list(ways))}"
                yield ("says", key), message
            elif value not in ways[key]:
                yield ("says", key), f"{key} is never '{value}'; {did_you_mean(value, list(ways[key]))}"
        if isinstance(self.claimed, str) and self.tolerance is not None:
            yield ("tolerance",), "a sign has no tolerance; leave it out"

    @property
    def agreeing(self) -> AgreeingFigures:
        """The figures that agree with what was claimed."""
        return AgreeingFigures.of(self.claimed, self.tolerance)


class ClaimFile(ConfigModel):
    """Claims and the data that they are checked on, every default spelled out."""

    name: Slug
    description: DisplayText = ""
    data: ClaimData
    window: Window = Window()
    evidence: Evidence = Evidence()
    claims: tuple[Claim, ...] = Field(min_length=1, max_length=MAX_CLAIMS)

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every ticker that any claim names."""
        named = ((*claim.compute.tickers, *claim.compute.companions) for claim in self.claims)
        return tuple(dict.fromkeys(ticker for tickers in named for ticker in tickers))

    @property
    def last_day(self) -> dt.date | None:
        """The last day that any claim is about; None where that is the last close there is."""
        ends = [claim.compute.period.end for claim in self.claims]
        return max((self.window.end, *(end for end in ends if end is not None))) if self.window.end else None
