"""What every strategy shares: weights written by ticker, and where the weight of an absent asset goes (S7, S8)."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping
from math import fsum
from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from engine.core.arrays import BoolArray, FloatArray
from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import ConfigModel, Ticker, Weight
from engine.portfolio.policy import Decision, LossReviewRule
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


_TIMING_FIELDS = frozenset({"rebalance", "trade_to", "trade_only", "funding"})
"""Fields that say when a strategy trades, not what it wants."""


def _hashable_value(value: object) -> Hashable:
    """Return what is equal for equal fields of a strategy."""
    return tuple(value.items()) if isinstance(value, dict) else repr(value)


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

    def targets_key(self) -> Hashable:
        """Return a key that is equal for strategies which differ in nothing but when they trade."""
        return type(self), *(_hashable_value(value) for name, value in self if name not in _TIMING_FIELDS)

    def nominal_weights_at(self, decision: Decision) -> Mapping[str, float]:  # noqa: ARG002  (for those that choose)
        """Return every target by ticker at a decision; a strategy that chooses its assets does it here."""
        return self.nominal_weights()

    def buyable(self, decision: Decision) -> BoolArray:
        """Return (N,) which assets may be bought as far as the market goes (S7)."""
        return decision.eligible

    def target_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) the wanted weights, with those of absent assets placed and caps kept (S6, S7, S8)."""
        w = decision.weight_vector(self.nominal_weights_at(decision))
        absent = ~self.buyable(decision) | decision.barred
        missing = np.flatnonzero(absent & (w != 0.0)).tolist()
        if missing:
            w = self._reallocate(np.where(absent, 0.0, w), {column: float(w[column]) for column in missing}, decision)
        caps, columns = self.caps(), decision.history.columns
        if not any(w[columns[ticker]] > cap for ticker, cap in caps.items()):
            return w
        cut = np.maximum(w - decision.weight_vector(caps, missing=np.inf), 0.0)
        return w - cut + fsum(cut.tolist()) * self._recipient_shares(decision, "redistribute")

    def _reallocate(self, w: FloatArray, missing: Mapping[int, float], decision: Decision) -> FloatArray:
        """Return ``w`` (N,) with the weights of the ``missing`` columns given to where the strategy puts them."""
        freed: dict[Destination, list[float]] = {}
        for column, weight in missing.items():
            freed.setdefault(self._destination_for(column, decision), []).append(weight)
        for destination, weights in freed.items():
            w = w + fsum(weights) * self._recipient_shares(decision, destination)
        return w

    def _destination_for(self, column: int, decision: Decision) -> Destination:
        """Return who takes the weight of an asset that a review has sold, or that is delisted, or not listed yet."""
        if decision.barred[column]:
            return "redistribute" if self.review is None or self.review.to_core else "cash"
        gone = decision.has_past_close(column) and not decision.eligible[column]
        return self.after_delisting.to if gone else self.before_listing

    @abstractmethod
    def caps(self) -> Mapping[str, float]:
        """Return the highest weight of each capped ticker; the core has none."""

    def reallocation_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) shares in which a delisted asset's payout is reinvested; zeros leave it in cash."""
        return self._recipient_shares(decision, self.after_delisting.to)

    def _recipient_shares(self, decision: Decision, destination: Destination) -> FloatArray:
        if destination == "cash":
            return np.zeros(len(decision.eligible))
        buyable = decision.buyable
        proxies = ({destination.proxy: 1.0},) if isinstance(destination, Proxy) else ()
        for weights in (*proxies, self.core()):
            shares = np.where(buyable, decision.weight_vector(weights), 0.0)
            total = fsum(shares.tolist())
            if total:
                return shares / total
        return np.zeros(len(decision.eligible))


class SingleMix(WeightedStrategy):
    """The abstract base of plans that are all core: one mix of weights, and no caps."""

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
