"""What every strategy shares: weights written by ticker, and where the weight of an absent asset goes (S7, S8)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar, Literal, TypeAlias, cast

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import ConfigModel, Ticker, Weight
from engine.portfolio.policy import Decision, LossReviewRule
from engine.portfolio.policy_abilities import FieldValues, TargetTable
from engine.portfolio.weight_placement import CASH_RECEIVES, CORE_RECEIVES, PlacementRules, WeightPlacement
from strategies.group_limits import compact_percent


class Proxy(ConfigModel):
    """A named stand-in for an asset that cannot be held."""

    proxy: Ticker


def _validate_payout_destination(value: object) -> object:
    if isinstance(value, str) and value not in {"redistribute", "cash"}:
        raise PydanticCustomError(
            "destination", "found '{found}'; expected redistribute, cash or {proxy: TICKER}", {"found": value}
        )
    return value


Destination: TypeAlias = Annotated[
    Literal["redistribute", "cash"] | Proxy, BeforeValidator(_validate_payout_destination)
]
"""Where money goes that an asset cannot take: the core pro rata, cash, or a named proxy."""


def destination_name(destination: Destination) -> str:
    """Return where money goes, in words."""
    if isinstance(destination, Proxy):
        return destination.proxy
    return "the core" if destination == "redistribute" else "cash"


class AfterDelisting(ConfigModel):
    """What becomes of a delisted asset: its last price less ``haircut`` goes ``to``."""

    to: Destination = "redistribute"
    haircut: Weight = 0.0


def validate_total(weights: dict[str, float]) -> dict[str, float]:
    """Return ``weights`` when they can be shares of one portfolio."""
    total = sum(weights.values())
    if total > 1.0 + WEIGHT_SUM_TOLERANCE:
        raise PydanticCustomError(
            "over_100",
            "weights add up to {total}; 100% is all there is, lower them",
            {"total": compact_percent(total)},
        )
    if total <= 0.0:
        raise PydanticCustomError("empty", "weights add up to 0%; name at least one asset above it", {})
    return weights


Weights: TypeAlias = Annotated[dict[Ticker, Weight], Field(min_length=1), AfterValidator(validate_total)]
"""Target weights by ticker; what they leave of 100% is cash."""


class WeightedStrategy(ConfigModel):
    """The abstract base of strategies that name their weights; what they leave of 100 % is cash.

    A strategy says which weights it wants, which of them are its core, and when it decides. This class places them:
    the weight of an asset that is not listed goes to the core pro rata, to cash, or to a proxy (the core while the
    proxy is not listed either), and so does the payout of one that was delisted.
    """

    before_listing: Destination = "redistribute"
    after_delisting: AfterDelisting = AfterDelisting()

    @abstractmethod
    def nominal_weights(self) -> Mapping[str, float]:
        """Return every target by ticker, as if all assets were listed."""

    @abstractmethod
    def core(self) -> Mapping[str, float]:
        """Return the targets of the assets that take what others cannot."""

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every asset it may hold."""
        places = (self.before_listing, self.after_delisting.to)
        return tuple(
            dict.fromkeys((*self.nominal_weights(), *(place.proxy for place in places if isinstance(place, Proxy))))
        )

    @property
    def haircut(self) -> float:
        """What a delisted asset loses of its last price [fraction]."""
        return self.after_delisting.haircut

    def opening_tickers(self) -> tuple[str, ...]:
        """Return the assets with a positive target."""
        return tuple(ticker for ticker, weight in self.nominal_weights().items() if weight > 0.0)

    @property
    def unlisted_goes_to(self) -> str:
        """Where the weight of an asset that is not listed yet is."""
        return destination_name(self.before_listing)

    @property
    def delisted_goes_to(self) -> str:
        """Where the payout of a delisted asset goes."""
        return destination_name(self.after_delisting.to)

    def targets_before_listing(self, ticker: str) -> bool:
        """Return whether ``ticker`` has a target of its own."""
        return self.nominal_weights().get(ticker, 0.0) > 0.0

    @property
    def review(self) -> LossReviewRule | None:
        """What is done about an asset that has lost too much: nothing, unless a strategy says so."""
        return None

    def fixed_targets(self) -> Mapping[str, float] | None:
        """Return None: targets are decided at each rebalance; a strategy that always wants the same names them."""
        return None

    def nominal_weights_at(self, decision: Decision) -> Mapping[str, float]:  # noqa: ARG002  (for those that choose)
        """Return every target by ticker at a decision; a strategy that chooses its assets does it here."""
        return self.nominal_weights()

    def buyable(self, decision: Decision) -> BoolArray:
        """Return (N,) which assets may be bought as far as the market goes (S7)."""
        return decision.eligible

    def target_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) the wanted weights, with those of absent assets placed and caps kept (S6, S7, S8)."""
        wanted = decision.weight_vector(self.nominal_weights_at(decision))
        core, caps = decision.weight_vector(self.core()), decision.weight_vector(self.caps(), missing=np.inf)
        place = require_placement(decision).place
        placed: FloatArray = place(wanted[None], core[None], caps[None], self.placement_rules(decision))[0]
        return placed

    def placement_rules(self, decision: Decision) -> PlacementRules:
        """Return who takes the weight of an asset that a review has sold, or that is delisted, or not listed yet."""
        gone = decision.past_closes & ~decision.eligible
        recipients = np.where(gone, self.payout_recipient(decision), _recipient(self.before_listing, decision))
        to_core = self.review is None or self.review.to_core
        recipients[decision.barred] = CORE_RECEIVES if to_core else CASH_RECEIVES
        return PlacementRules(~self.buyable(decision) | decision.barred, decision.buyable, recipients)

    def payout_recipient(self, decision: Decision) -> int:
        """Return who takes a delisted asset's payout: the column of a proxy, CORE_RECEIVES or CASH_RECEIVES."""
        return _recipient(self.after_delisting.to, decision)

    @abstractmethod
    def caps(self) -> Mapping[str, float]:
        """Return the highest weight of each capped ticker; the core has none."""

    def weights_before_listing(self, decision: Decision) -> FloatArray:
        """Return (N,) shares in which the weight of an asset is held before its listing; zeros leave it in cash."""
        return self._recipient_shares(decision, _recipient(self.before_listing, decision))

    def reallocation_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) shares in which a delisted asset's payout is reinvested; zeros leave it in cash."""
        return self._recipient_shares(decision, self.payout_recipient(decision))

    def _recipient_shares(self, decision: Decision, recipient: int) -> FloatArray:
        core, shares = decision.weight_vector(self.core()), require_placement(decision).recipient_shares
        own: FloatArray = shares(core[None], decision.buyable, recipient)[0]
        return own


def _recipient(destination: Destination, decision: Decision) -> int:
    """Return who a destination is at a decision, as ``PlacementRules`` has it."""
    if isinstance(destination, Proxy):
        return decision.column(destination.proxy)
    return CORE_RECEIVES if destination == "redistribute" else CASH_RECEIVES


def require_placement(decision: Decision) -> WeightPlacement:
    """Return what places weights at a decision; raises ValueError when it was made without."""
    if decision.placement is None:
        raise ValueError("a decision without placement places no weights")
    return decision.placement


def weight_rows(mixes: Sequence[Mapping[str, float]], assets: Sequence[str]) -> FloatArray:
    """Return (M, n) the weights of ``assets`` in each of ``mixes``; those not named get 0."""
    return np.array([[mix.get(asset, 0.0) for asset in assets] for mix in mixes])


class SingleMix(WeightedStrategy):
    """The abstract base of plans that are all core: one mix of weights, and no caps."""

    tabulated_fields: ClassVar[frozenset[str]] = frozenset({"weights"})
    weights: Weights

    @property
    def watch_caps(self) -> bool:
        """There are no caps to watch."""
        return False

    def nominal_weights(self) -> Mapping[str, float]:
        """Return the mix."""
        return self.weights

    def fixed_targets(self) -> Mapping[str, float] | None:
        """Return the mix."""
        return self.weights

    def core(self) -> Mapping[str, float]:
        """Return the mix: all of it takes what an absent asset leaves."""
        return self.weights

    def caps(self) -> Mapping[str, float]:
        """Return none."""
        return {}

    def tabulate(
        self, values: FieldValues, choices: Mapping[str, IntArray], assets: Sequence[str]
    ) -> TargetTable | None:
        """Return the targets of many mixes of the same tickers; each is valid when its weights are."""
        mixes = cast("Sequence[Mapping[str, float]]", values.get("weights", (self.weights,)))
        weights = weight_rows(mixes, assets)
        targets = weights[choices["weights"]] if "weights" in choices else weights
        return TargetTable(targets, targets, np.full(len(targets), np.inf), np.ones(len(targets), dtype=np.bool_))
