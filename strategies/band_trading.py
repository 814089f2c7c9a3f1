"""Band geometry: when drift is looked at, what triggers, where it is brought back to, what is traded, who pays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from engine.core.arrays import DateArray
from engine.core.fields import ConfigModel, FieldFault, Fraction, format_percent, validates_fields
from engine.portfolio.policy import Band
from strategies.group_limits import compact_percent
from strategies.schedules import Annual, AnyOf, AnyRebalance, DriftBand

_LOOK_PHRASES: Final = {"day": "at every close", "two_weeks": "at the last close of every two weeks"}
_WHOLE_PORTFOLIO: Final = "the whole portfolio, decided anew as at a scheduled rebalance"
_TRADED_PHRASES: Final = {
    "all": "every asset, each by the same part of its way to its target",
    "drifted": "only assets out of their band, and of the others as much as pays for that",
}
_FUNDING_PHRASES: Final = {
    "all": "what is overweight pays for what is underweight",
    "drifted": "assets without a cap that are inside their band take or give the difference",
}


class Within(ConfigModel):
    """A destination between target and edge, one of two ways.

    ``inside`` the edge [weight]: threshold 200 bp, destination 175 bp is 0.25%. ``of_band``: at this part of the band's
    width from the target, as Daryanani's tolerance band of 50%.
    """

    inside: Annotated[Fraction, Field(gt=0.0)] | None = None
    of_band: Annotated[Fraction, Field(gt=0.0, lt=1.0)] | None = None

    @validates_fields
    def _destination_faults(self) -> Iterator[FieldFault]:
        if (self.inside is None) == (self.of_band is None):
            yield (), "a destination is inside or of_band, one of the two; as {inside: 1%} or {of_band: 50%}"


def _validate_band_destination(value: object) -> object:
    if isinstance(value, str) and value not in {"target", "edge"}:
        raise PydanticCustomError(
            "trade_to", "found '{found}'; expected target, edge, {inside: 1%} or {of_band: 50%}", {"found": value}
        )
    return value


BandDestination: TypeAlias = Annotated[Literal["target", "edge"] | Within, BeforeValidator(_validate_band_destination)]
"""How far an asset is brought back that has left its band."""


@dataclass(frozen=True)
class BandSchedule:
    """A schedule whose band has a destination, a scope and a way to pay, all as in ``Band``.

    ``opened``: the year from which a rule counts that decides every few years.
    """

    rule: AnyRebalance
    edge_fraction: float
    edge_margin: float
    drifted_only: bool
    flows_first: bool
    opened: int | None = None

    def since_opening(self, day: np.datetime64) -> BandSchedule:
        """Return the schedule of a run that opens on ``day``."""
        return replace(self, opened=day.astype(dt.date).year) if self.rule.counts_years else self

    @property
    def decides(self) -> bool:
        """Whether the rule may ever decide."""
        return self.rule.decides

    def calendar(self, dates: DateArray) -> dict[int, str]:
        """Return the rule's decisions; they trade everything to its target."""
        return self.rule.calendar(dates, self.opened)

    def band(self, dates: DateArray) -> Band | None:
        """Return the rule's band with its geometry."""
        band = self.rule.band(dates)
        return band and replace(
            band,
            edge_fraction=self.edge_fraction,
            edge_margin=self.edge_margin,
            drifted_only=self.drifted_only,
            flows_first=self.flows_first,
        )


class RebalancingStrategy(ConfigModel):
    """What every strategy that rebalances can say about when and how.

    ``trade_to`` and ``trade_only`` shape the answer to a band; a scheduled rebalance trades everything to its target.
    ``funding: flows_first`` leaves a band to a flow that is due on the same session, when that will do.
    """

    rebalance: AnyRebalance = Annual()
    trade_to: BandDestination = "target"
    trade_only: Literal["all", "drifted"] = "all"
    funding: Literal["sell_and_buy", "flows_first"] = "sell_and_buy"

    @property
    def schedule(self) -> BandSchedule:
        """When it decides, and what a band trades."""
        part, inside = 0.0 if self.trade_to == "target" else 1.0, 0.0
        if isinstance(self.trade_to, Within):
            part, inside = self.trade_to.of_band or 1.0, self.trade_to.inside or 0.0
        return BandSchedule(self.rebalance, part, inside, self.trade_only == "drifted", self.funding == "flows_first")

    @property
    def trades_in_part(self) -> bool:
        """Whether a band trades less than a scheduled rebalance does."""
        return self.trade_to != "target" or self.trade_only != "all"

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the drift band in words, by title; empty when the calendar alone decides."""
        band = find_band(self.rebalance)
        if band is None:
            return {}
        widths = [f"{format_percent(band.absolute)} of the portfolio"] if band.absolute is not None else []
        widths += [f"{format_percent(band.relative)} of its target"] if band.relative is not None else []
        either = ", whichever is less" if len(widths) > 1 else ""
        if isinstance(self.trade_to, Within) and self.trade_to.inside is not None:
            place = f"{format_percent(self.trade_to.inside)} of the portfolio inside the edge of its band"
        elif isinstance(self.trade_to, Within):
            place = f"{format_percent(self.trade_to.of_band or 1.0)} of its band's width away from its target"
        else:
            place = {"target": "its target", "edge": "the edge of its band"}[self.trade_to]
        look = _LOOK_PHRASES.get(band.look, f"at the last close of every {band.look.replace('_', '-')}")
        funding = _FUNDING_PHRASES[self.trade_only]
        first = "a contribution or withdrawal due that session, when it alone will do; else " * (
            self.funding == "flows_first"
        )
        lines = (
            f"trigger: a weight that has drifted by more than {' or '.join(widths)}{either}",
            f"look: {look}",
            f"trades to: {place}",
            f"trades what: {_TRADED_PHRASES[self.trade_only] if self.trades_in_part else _WHOLE_PORTFOLIO}",
            f"who pays: {first}{funding}",
        )
        return {"Drift band": lines}

    @validates_fields
    def _band_faults(self) -> Iterator[FieldFault]:
        """Yield contradictions between the keys, each with its place and remedy."""
        band = find_band(self.rebalance)
        defaults = {"trade_to": "target", "trade_only": "all", "funding": "sell_and_buy"}
        for key, default in defaults.items():
            if band is None and getattr(self, key) != default:
                message = f"{key} shapes what a band trades, and rebalance has none"
                yield (key,), f"{message}; add a band, as {{kind: band, absolute: 5%}}, or write {key}: {default}"
        inside = self.trade_to.inside if isinstance(self.trade_to, Within) else None
        if band and inside is not None and inside >= band.max_width:
            widest = compact_percent(band.max_width)
            message = f"{compact_percent(inside)} inside a band of at most {widest} is its target"
            yield ("trade_to", "inside"), f"{message}; write trade_to: target, or less than {widest}"


def find_band(rule: AnyRebalance) -> DriftBand | None:
    """Return the drift band in a rebalance rule, if there is one."""
    rules = rule.of if isinstance(rule, AnyOf) else (rule,)
    return next((one for one in rules if isinstance(one, DriftBand)), None)
