"""Core and satellites: ETFs that carry the portfolio, three to five single stocks that must stay small."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import fsum
from typing import Annotated, ClassVar, Literal, TypeAlias, cast

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag, field_validator
from pydantic_core import PydanticCustomError

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.core.conventions import WEIGHT_SUM_TOLERANCE
from engine.core.fields import FieldFault, Ticker, Weight, raise_faults, validates_fields
from engine.portfolio.policy import Decision, LossReviewRule
from engine.portfolio.policy_abilities import FieldValues, GroupCeiling, SleeveRule, TargetTable
from strategies.band_trading import RebalancingStrategy
from strategies.base import Proxy, WeightedStrategy, weight_rows
from strategies.core_sleeves import (
    CorePart,
    Sleeve,
    describe_sleeves,
    flatten,
    name_faults,
    sleeve_rules,
    validate_rest,
    written_weight,
)
from strategies.group_limits import MAX_LIMITS, GroupLimits, Limit, compact_percent
from strategies.loss_review import ByList, LossReview
from strategies.never_sell import KeepsPositions, never_sell_faults
from strategies.satellite_caps import SatelliteCaps
from strategies.satellite_choice import SatelliteChoice
from strategies.satellite_selection import FromUniverse

_SATELLITE_COUNT = (3, 5)

_NAMED_TAG, _CHOSEN_TAG = "[named]", "[universe]"
"""Tags of the two forms of satellites; brackets keep them apart from every key and ticker."""


def _refuse_universe_keys(value: object) -> object:
    """Say of a key that only satellites of a universe have what is missing, not that it is no weight."""
    found = value.items() if isinstance(value, Mapping) else ()
    strange = [key for key, written in found if key in FromUniverse.model_fields and isinstance(written, (list, dict))]
    remedy = "; write universe: names.yaml beside it, with choose and weight in place of the names"
    raise_faults([((key,), f"{key} is of satellites from a universe, and these are named{remedy}") for key in strange])
    return value


def _satellites_tag(value: object) -> str:
    from_universe = isinstance(value, FromUniverse) or (isinstance(value, Mapping) and "universe" in value)
    return _CHOSEN_TAG if from_universe else _NAMED_TAG


NamedSatellites: TypeAlias = Annotated[dict[Ticker, Weight], BeforeValidator(_refuse_universe_keys), Tag(_NAMED_TAG)]


def _add_pro_rata(core: Mapping[str, float], weight: float) -> Mapping[str, float]:
    """Return the targets of a core that takes a ``weight`` more, pro rata; one without any takes nothing."""
    total = fsum(core.values())
    return {ticker: own + weight * own / total for ticker, own in core.items()} if total and weight else core


class CoreSatellite(KeepsPositions, RebalancingStrategy, WeightedStrategy):
    """Hold the core and the satellites at their targets; what an absent satellite or a cap leaves goes to the core.

    ``core``: weights by ticker, or of sleeves; one of them may be ``rest`` (what all others leave of 100 %).
    ``satellites``: weights by ticker, or names from a universe. ``cap``: no satellite's target is above it, or above
    its own of ``caps_by_name``: one that is written above it is refused, or with ``over_cap: to_core`` cut to it.
    ``caps: always`` also trims one that drifts above it. ``loss_review`` looks again at one that has lost much.
    What is in ``never_sell`` is bought but not sold.
    """

    tabulated_fields: ClassVar[frozenset[str]] = frozenset({"core_parts", "satellites", "cap"})
    kind: Literal["core_satellite"] = "core_satellite"
    core_parts: dict[Ticker, CorePart] = Field(alias="core", min_length=1)
    satellites: Annotated[NamedSatellites | Annotated[FromUniverse, Tag(_CHOSEN_TAG)], Discriminator(_satellites_tag)]
    cap: Annotated[Weight, Field(gt=0.0)]
    caps_by_name: dict[Ticker, Annotated[Weight, Field(gt=0.0)]] = Field(default_factory=dict)
    over_cap: Literal["refuse", "to_core"] = "refuse"
    cap_policy: Literal["at_rebalance", "always"] = Field(default="at_rebalance", alias="caps")
    limits: tuple[Limit, ...] = Field(default=(), max_length=MAX_LIMITS)
    loss_review: LossReview | None = None
    _admitted: frozenset[str] | None = PrivateAttr(default=None)

    @property
    def watch_caps(self) -> bool:
        """Whether caps bind between rebalances too."""
        return self.cap_policy == "always"

    @cached_property
    def review(self) -> LossReviewRule | None:
        """The loss review, over all satellites."""
        return self.loss_review.build_review(tuple(self.candidate_weights())) if self.loss_review else None

    @property
    def _universe(self) -> FromUniverse | None:
        """What the satellites come from, unless they are named with their weights."""
        return self.satellites if isinstance(self.satellites, FromUniverse) else None

    @property
    def _choice(self) -> FromUniverse | None:
        """What the satellites are chosen from by prices or figures; None when they are named and nothing is asked."""
        return self._universe if self._universe and self._universe.chooses else None

    @property
    def fewest(self) -> int:
        """The fewest satellites that a choice is content with; 0 when they are named."""
        return self._choice.count.min if self._choice else 0

    def choices(self) -> tuple[str, ...]:
        """Return the candidates; none when the satellites are named."""
        return self._choice.candidates if self._choice else ()

    def candidate_weights(self) -> Mapping[str, float]:
        """Return the weight of every satellite, or candidate for one, when it is held: cut to its cap if so asked."""
        return self._caps.weights()

    def _written_weights(self) -> Mapping[str, float]:
        chosen = self.satellites
        return dict.fromkeys(chosen.candidates, chosen.weight) if isinstance(chosen, FromUniverse) else chosen

    @cached_property
    def _caps(self) -> SatelliteCaps:
        return SatelliteCaps(self._written_weights(), self.cap, self.caps_by_name, self.over_cap == "to_core")

    @cached_property
    def _cuts(self) -> Mapping[str, float]:
        """What the caps take from each satellite's written weight; none where one above its cap is refused."""
        return self._caps.excess()

    @property
    def satellite_count(self) -> int:
        """How many of the planned satellites a choice holds at once; 0 when they are named."""
        return self._choice.satellite_count if self._choice else 0

    def memberships(self) -> Mapping[str, Sequence[tuple[dt.date, dt.date]]]:
        """Return the first and last days on which each candidate belongs to its universe; none where none is dated."""
        universe = self._universe
        if universe is None or not universe.universe.is_dated:
            return {}
        return {ticker: universe.universe.memberships[ticker] for ticker in universe.candidates}

    def group_limits(self) -> tuple[GroupCeiling, ...]:
        """Return every group of every limit with what its targets add up to."""
        return self._limits.ceilings()

    @cached_property
    def _limits(self) -> GroupLimits:
        candidates, universe = self.candidate_weights(), self._universe
        known = universe.universe.sectors if universe else {}
        sectors = {sector: tuple(name for name in names if name in candidates) for sector, names in known.items()}
        return GroupLimits(self.limits, self.core(), candidates, sectors, self.satellite_count or None)

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the rules in words, by title."""
        universe = self._universe
        above = "one that closes above it is sold down to its target at the next session" if self.watch_caps else ""
        between = above or "between rebalances a satellite may drift above it"
        sleeves = tuple(describe_sleeves(self.core_parts, self._part_weights))
        return {
            **({"Sleeves": sleeves} if sleeves else {}),
            **({"Satellites": universe.describe()} if universe else {}),
            "Caps": tuple(self._caps.describe(between)),
            **super().rules(),
            **({"Loss review": self.loss_review.describe()} if self.loss_review else {}),
            **self.kept_rules(),
        }

    def sleeves(self) -> Sequence[SleeveRule]:
        """Return the parts of the core that are rebalanced inside themselves."""
        return self._sleeve_rules

    @cached_property
    def _sleeve_rules(self) -> Sequence[SleeveRule]:
        return tuple(sleeve_rules(self.core_parts))

    def nominal_weights(self) -> Mapping[str, float]:
        """Return the core and the satellites that are named; those to be chosen have no target yet."""
        return self.core() if self._choice else {**self.core(), **self.candidate_weights()}

    def fixed_targets(self) -> Mapping[str, float] | None:
        """Return the targets, unless satellites are chosen or have to be listed for a while."""
        universe = self._universe
        waits = universe is not None and (universe.min_history > 0 or universe.universe.is_dated)
        return None if self._choice or waits else self.nominal_weights()

    def nominal_weights_at(self, decision: Decision) -> Mapping[str, float]:
        """Return the core and the satellites as they are chosen; the core takes what fewer names leave."""
        universe = self._universe
        if universe is None or not (universe.chooses or universe.universe.is_dated):
            return self.nominal_weights()
        barred = frozenset(ticker for ticker in self.candidate_weights() if decision.barred[decision.column(ticker)])
        findings = universe.findings(decision) if self._admitted is None else {}
        admitted = universe.admitted(findings) if self._admitted is None else self._admitted
        weights = self.candidate_weights()
        picked = universe.pick(decision, admitted, barred, weights, self._limits.headroom(self.limits))
        SatelliteChoice(universe, decision, findings, barred, picked).write_down()
        cuts = fsum(self._cuts.get(ticker, 0.0) for ticker in picked)
        unused = (universe.satellite_count - len(picked)) * universe.weight + cuts
        return {**_add_pro_rata(self._written_core, unused), **{ticker: weights[ticker] for ticker in picked}}

    def with_gate_of(self, decision: Decision) -> CoreSatellite:
        """Return the plan that lets through for ever what passes at ``decision``; itself when it asks nothing."""
        if not self._universe or self._universe.gate is None:
            return self
        plan = self.model_copy()
        plan._admitted = self._universe.admitted(self._universe.findings(decision))  # noqa: SLF001  (its own)
        return plan

    def target_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) the weights to trade to; what the core takes of absent satellites breaks no limit."""
        w = super().target_weights(decision)
        if not self.limits:
            return w
        held = dict(zip(decision.history.assets, w.tolist(), strict=True))
        enforced = self._limits.enforce(held)
        return w if enforced == held else decision.weight_vector(enforced)

    def tabulate(
        self, values: FieldValues, choices: Mapping[str, IntArray], assets: Sequence[str]
    ) -> TargetTable | None:
        """Return the targets of many that differ in core, named satellites and cap; those near a limit are not sure."""
        parts = cast("Sequence[Mapping[str, CorePart]]", values.get("core_parts", (self.core_parts,)))
        if any(isinstance(part, Sleeve) for core in parts for part in core.values()):
            return None
        cores = cast("Sequence[Mapping[str, str | float]]", parts)
        satellites = values.get("satellites", (self.satellites,))
        alike = not (self.limits or self.caps_by_name) and self.over_cap == "refuse"
        if not alike or not all(isinstance(chosen, dict) for chosen in satellites):
            return None
        own = weight_rows(cast("Sequence[Mapping[str, float]]", satellites), assets)
        named = weight_rows([{a: w for a, w in core.items() if not isinstance(w, str)} for core in cores], assets)
        rests = np.array([[core.get(asset) == "rest" for asset in assets] for core in cores])
        count = max(map(len, choices.values()), default=1)
        which = {field: choices.get(field, np.zeros(count, dtype=np.int64)) for field in self.tabulated_fields}
        own, named, rests = own[which["satellites"]], named[which["core_parts"]], rests[which["core_parts"]]
        cap = np.array(values.get("cap", (self.cap,)), dtype=np.float64)[which["cap"]]
        terms = np.hstack([np.ones((count, 1)), -named, -own]).tolist()
        left = np.array([fsum(row) for row in terms])
        left[(left >= -WEIGHT_SUM_TOLERANCE) & (left < 0.0)] = 0.0
        core = np.where(rests, left[:, None], named)
        sure = WEIGHT_SUM_TOLERANCE / 2.0
        valid = (own.max(axis=1) <= cap + sure) & (core.min(axis=1) >= 0.0)
        return TargetTable(core + own, core, cap, valid & ((core + own).sum(axis=1) <= 1.0 + sure))

    def core(self) -> Mapping[str, float]:
        """Return the core's targets, ``rest`` resolved, with what the caps cut of whatever satellites are held."""
        return self._core

    @cached_property
    def _core(self) -> Mapping[str, float]:
        cuts = self._cuts.values()
        return _add_pro_rata(
            self._written_core, self.satellite_count * min(cuts, default=0.0) if self._choice else fsum(cuts)
        )

    @cached_property
    def _part_weights(self) -> Mapping[str, float]:
        """The weight of every asset and sleeve of the core, ``rest`` resolved."""
        written = {name: written_weight(part) for name, part in self.core_parts.items()}
        named = [weight for weight in written.values() if weight != "rest"]
        rest = fsum([1.0, *(-weight for weight in (*named, *self._full_satellite_weights()))])  # in any order
        if -WEIGHT_SUM_TOLERANCE <= rest < 0.0:  # 92.5% and three times 2.5% are more than 1 as binary numbers
            rest = 0.0
        return {name: rest if weight == "rest" else weight for name, weight in written.items()}

    @cached_property
    def _written_core(self) -> Mapping[str, float]:
        return flatten(self.core_parts, self._part_weights)

    def caps(self) -> Mapping[str, float]:
        """Return the cap of every satellite: its own, or the one of all."""
        return self._caps.by_ticker()

    @property
    def tickers(self) -> tuple[str, ...]:
        """Every asset it may hold."""
        return tuple(dict.fromkeys((*super().tickers, *self.candidate_weights())))

    def buyable(self, decision: Decision) -> BoolArray:
        """Return (N,) which assets may be bought: listed, satellites for ``min_history`` sessions (S7)."""
        if not (universe := self._universe):
            return decision.eligible
        ready = decision.eligible.copy()
        for ticker in self.candidate_weights():
            ready[decision.column(ticker)] = universe.is_buyable(decision, ticker)
        return ready

    def _full_satellite_weights(self) -> list[float]:
        """Return the weights of the satellites at full count."""
        chosen = self.satellites
        return [chosen.weight] * chosen.satellite_count if isinstance(chosen, FromUniverse) else list(chosen.values())

    @field_validator("core_parts")
    @classmethod
    def _validate_core(cls, parts: dict[str, CorePart]) -> dict[str, CorePart]:
        validate_rest(parts)
        raise_faults(name_faults(parts))
        return parts

    @field_validator("core_parts", "satellites")
    @classmethod
    def _validate_tickers(cls, part: object) -> object:
        message = "'satellites' stands for all of them in limits; write the ticker in capitals"
        raise_faults([(("satellites",), message)] if isinstance(part, dict) and "satellites" in part else [])
        return part

    @field_validator("satellites")
    @classmethod
    def _validate_count(cls, satellites: dict[str, float] | FromUniverse) -> dict[str, float] | FromUniverse:
        low, high = _SATELLITE_COUNT
        if isinstance(satellites, dict) and not low <= len(satellites) <= high:
            raise PydanticCustomError(
                "satellites",
                "found {count}, expected {low} to {high}; the core takes what is left, and kind: fixed_mix any number",
                {"count": len(satellites), "low": low, "high": high},
            )
        return satellites

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield contradictions between the parts of the strategy, each with its place and remedy."""
        planned = self.candidate_weights()
        both = sorted(set(self._written_core) & set(planned))
        if both:
            yield ("satellites", both[0]), f"{', '.join(both)} is core and satellite at once; keep one of the two"
        yield from self._cap_faults()
        yield from never_sell_faults(self.never_sell, self, (*self._written_core, *planned))
        yield from self._sale_faults()
        for key, place in (("before_listing", self.before_listing), ("after_delisting", self.after_delisting.to)):
            if isinstance(place, Proxy) and place.proxy in planned:
                grown = f"proxy {place.proxy} is a satellite and may not outgrow its cap"
                yield (key,), f"{grown}; name the core or another asset"
        core = self._part_weights
        total = sum(core.values()) + sum(self._full_satellite_weights())
        lowest = min(core.values())  # below zero when the others leave no rest
        if total > 1.0 + WEIGHT_SUM_TOLERANCE or lowest < -WEIGHT_SUM_TOLERANCE:
            named = total - min(lowest, 0.0)
            yield ("core",), f"core and satellites add up to {compact_percent(named)}; 100% is all there is, lower them"
        yield from self._limits.faults()
        thesis = self.loss_review.thesis if self.loss_review else None
        if isinstance(thesis, ByList):
            for below, text in thesis.verdicts.unknown_ticker_faults(planned):
                yield ("loss_review", "thesis", "verdicts", *below), text

    def _sale_faults(self) -> Iterator[FieldFault]:
        """Yield satellites that are never sold though another rule would sell them between rebalances, or drop them."""
        universe = self._universe
        for at, name in enumerate(self.never_sell):
            if name not in self.candidate_weights():
                continue
            place = ("never_sell", at)
            if universe and (universe.chooses or universe.universe.is_dated):
                yield place, f"{name} is chosen, and sold when it is no longer; name it in satellites, or take it off"
            if self.watch_caps and self._caps.of(name) < 1.0:
                yield (
                    place,
                    f"{name} is sold down by caps: always; write caps: at_rebalance or its own cap of 100%",
                )
            if self.loss_review and self.loss_review.may_exit:
                yield place, f"{name} may be sold by loss_review; write broken: keep and unknown: keep, or take it off"

    def _cap_faults(self) -> Iterator[FieldFault]:
        yield from self._caps.stranger_faults()
        if self.over_cap == "refuse":
            yield from self._caps.excess_faults(self._universe.weight if self._universe else None)
        elif any(self._cuts.values()) and not any(self._written_core.values()):
            yield ("over_cap",), "the core has no weight to add what the caps cut to; give it one, or write refuse"
