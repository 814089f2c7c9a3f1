"""Core and satellites: an ETF sleeve that carries the portfolio, three to five single stocks that must stay small."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import fsum
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from engine.choice import Choice, Ticker, Weight, refuse
from strategies.plan import Plan, Proxy
from strategies.rebalance import Annual, AnyRebalance

_SATELLITES = (3, 5)
_TOLERANCE = 1e-9


class Limit(Choice):
    """A ceiling on the targets of a group of tickers together; ``satellites`` stands for all satellites."""

    group: tuple[Ticker, ...] = Field(min_length=1)
    max: Weight


class CoreSatellite(Plan):
    """Hold the core and the satellites at their targets; what an absent satellite or a cap leaves goes to the core.

    ``core``: weights by ticker, one of them may be ``rest`` (what all others leave of 100 %).
    ``cap``: no satellite's target is above it; ``caps: always`` also trims one that drifts above it.
    """

    kind: Literal["core_satellite"] = "core_satellite"
    sleeve: dict[Ticker, Literal["rest"] | Weight] = Field(alias="core", min_length=1)
    satellites: dict[Ticker, Weight]
    cap: Annotated[Weight, Field(gt=0.0)]
    cap_policy: Literal["at_rebalance", "always"] = Field(default="at_rebalance", alias="caps")
    limits: tuple[Limit, ...] = ()
    rebalance: AnyRebalance = Annual()

    @property
    def schedule(self) -> AnyRebalance:
        """When it decides."""
        return self.rebalance

    @property
    def watch_caps(self) -> bool:
        """Whether caps bind between rebalances too."""
        return self.cap_policy == "always"

    def wanted(self) -> Mapping[str, float]:
        """Return core and satellites."""
        return {**self.core(), **self.satellites}

    def core(self) -> Mapping[str, float]:
        """Return the core's targets, ``rest`` resolved."""
        named = {ticker: weight for ticker, weight in self.sleeve.items() if weight != "rest"}
        rest = fsum([1.0, *(-weight for weight in (*named.values(), *self.satellites.values()))])  # in any order
        return {ticker: rest if weight == "rest" else weight for ticker, weight in self.sleeve.items()}

    def caps(self) -> Mapping[str, float]:
        """Return the cap of every satellite."""
        return dict.fromkeys(self.satellites, self.cap)

    @field_validator("sleeve")
    @classmethod
    def _one_rest(cls, sleeve: dict[str, str | float]) -> dict[str, str | float]:
        rests = [ticker for ticker, weight in sleeve.items() if weight == "rest"]
        if len(rests) > 1:
            raise PydanticCustomError(
                "rests",
                "{names} are both rest; one asset takes what is left, give the others a weight",
                {"names": " and ".join(rests)},
            )
        return sleeve

    @field_validator("sleeve", "satellites")
    @classmethod
    def _no_group(cls, part: dict[str, str | float]) -> dict[str, str | float]:
        words = "'satellites' stands for all of them in limits; write the ticker in capitals"
        refuse([(("satellites",), words)] if "satellites" in part else [])
        return part

    @field_validator("satellites")
    @classmethod
    def _few(cls, satellites: dict[str, float]) -> dict[str, float]:
        low, high = _SATELLITES
        if not low <= len(satellites) <= high:
            raise PydanticCustomError(
                "satellites",
                "{count} satellites, {low} to {high} expected; the rest belongs to the core",
                {"count": len(satellites), "low": low, "high": high},
            )
        return satellites

    @model_validator(mode="after")
    def _consistent(self) -> CoreSatellite:
        refuse(self._faults())
        return self

    def _faults(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield what the parts of the plan say against each other: where, what, and the remedy."""
        both = sorted(set(self.sleeve) & set(self.satellites))
        if both:
            yield ("satellites", both[0]), f"{', '.join(both)} is core and satellite at once; keep one of the two"
        for ticker, weight in self.satellites.items():
            if weight > self.cap + _TOLERANCE:
                above = f"satellite {ticker} at {_percent(weight)} is above the cap of {_percent(self.cap)}"
                yield ("satellites", ticker), f"{above}; lower it or raise the cap"
        for key, place in (("before_listing", self.before_listing), ("after_delisting", self.after_delisting.to)):
            if isinstance(place, Proxy) and place.proxy in self.satellites:
                grown = f"proxy {place.proxy} is a satellite and may not outgrow its cap"
                yield (key,), f"{grown}; name the core or another asset"
        core = self.core()
        total = sum(core.values()) + sum(self.satellites.values())
        lowest = min(core.values())  # below zero when the others leave no rest
        if total > 1.0 + _TOLERANCE or lowest < -_TOLERANCE:
            named = total - min(lowest, 0.0)
            yield ("core",), f"core and satellites add up to {_percent(named)}; 100% is all there is, lower them"
        for at, limit in enumerate(self.limits):
            for text in self._limit_faults(limit, {**core, **self.satellites}):
                yield ("limits", at), text

    def _limit_faults(self, limit: Limit, wanted: Mapping[str, float]) -> Iterator[str]:
        names = [name for part in limit.group for name in (self.satellites if part == "satellites" else (part,))]
        unknown = [name for name in names if name not in wanted]
        if unknown:
            yield f"limit names {', '.join(unknown)}, which is neither core nor satellite; correct the name"
            return
        total = sum(wanted[name] for name in dict.fromkeys(names))
        if total > limit.max + _TOLERANCE:
            above = f"group {', '.join(limit.group)} has {_percent(total)}, its limit is {_percent(limit.max)}"
            yield f"{above}; lower a weight or raise the limit"


def _percent(share: float) -> str:
    return f"{100.0 * share:.6g}%"
