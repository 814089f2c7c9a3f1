"""Optimised: the config names what is aimed at and what is allowed; the weights are found at every decision anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray
from engine.core.fields import MAX_ASSETS, ConfigModel, FieldFault, Ticker, Weight, format_percent, validates_fields
from engine.optimisation.constraints import Constraints
from engine.optimisation.estimates import Estimates
from engine.optimisation.objectives import MinTrackingError, Objective, RiskParity
from engine.portfolio.policy import Decision
from strategies.base import destination_name
from strategies.decided_weights import DecidedWeights
from strategies.group_limits import MAX_LIMITS
from strategies.list_faults import repeat_faults
from strategies.optimised_universe import GroupBounds, Satellites, build_constraints, limit_faults
from strategies.trading_limits import Trading, decisions_per_year

if TYPE_CHECKING:
    from engine.optimisation.optimiser import Optimiser
    from engine.optimisation.problem import OptimisationProblem


class Payout(ConfigModel):
    """What becomes of a delisted asset: its last price less ``haircut`` goes ``to`` the core, or stays in cash."""

    to: Literal["redistribute", "cash"] = "redistribute"
    haircut: Weight = 0.0


class Optimised(DecidedWeights):
    """Hold what is best for ``objective``, by ``estimates`` from the past, within caps, floors and limits.

    ``core``: assets of 0 to ``core_cap`` each. ``satellites``: names that are in, at floor to cap, or out. ``limits``:
    bounds on groups. ``turnover``: what trading costs, and how much of it is allowed. ``fallback``, where there are no
    such weights: hold on to what is held, hold equal weights, or end the run.
    """

    kind: Literal["optimised"] = "optimised"
    core_assets: tuple[Ticker, ...] = Field(alias="core", min_length=1, max_length=MAX_ASSETS)
    core_cap: Annotated[Weight, Field(gt=0.0)] = 1.0
    satellites: Satellites | None = None
    cap_policy: Literal["at_rebalance", "always"] = Field(default="at_rebalance", alias="caps")
    limits: tuple[GroupBounds, ...] = Field(default=(), max_length=MAX_LIMITS)
    objective: Objective
    estimates: Estimates = Estimates()
    turnover: Trading = Trading()
    fallback: Literal["previous", "equal_weight", "fail"] = "previous"
    after_delisting: Payout = Payout()

    # ---- which weights: how they are found is told in strategies/optimised_decision.py -------------------------------

    def target_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) the best admissible weights, or the fallback's; how they were found goes into the ledger."""
        from strategies.optimised_decision import decide_weights  # noqa: PLC0415  (solvers are for those who optimise)

        return decide_weights(self, decision, self.optimiser)

    def problem(self, decision: Decision) -> OptimisationProblem:
        """Return what is asked at a decision; raises DataError when there is too little history to ask it."""
        from strategies.optimised_decision import pose_problem  # noqa: PLC0415

        return pose_problem(self, decision)

    def constraints_for(self, assets: tuple[str, ...]) -> Constraints:
        """Return what weights of ``assets`` must satisfy, whatever is held now."""
        return build_constraints(assets, self.core_cap, self.satellites, self.limits)

    @cached_property
    def optimiser(self) -> Optimiser:
        """Every problem this strategy has posed so far, compiled once."""
        from engine.optimisation.optimiser import Optimiser  # noqa: PLC0415

        return Optimiser()

    # ---- what every policy says --------------------------------------------------------------------------------------

    @cached_property
    def tickers(self) -> tuple[str, ...]:
        """Every asset it may hold, sorted: the order of a config changes nothing (S4)."""
        return tuple(sorted({*self.core_assets, *self.caps()}))

    @property
    def watch_caps(self) -> bool:
        """Whether caps bind between rebalances too."""
        return self.cap_policy == "always"

    @property
    def haircut(self) -> float:
        """What a delisted asset loses of its last price [fraction]."""
        return self.after_delisting.haircut

    @property
    def delisted_goes_to(self) -> str:
        """Where the payout of a delisted asset goes."""
        return destination_name(self.after_delisting.to)

    @property
    def fewest(self) -> int:
        """The fewest satellites it is content with; 0 when there is no choice of names."""
        return self.satellites.count.min if self.satellites and self.satellites.has_choice else 0

    def caps(self) -> Mapping[str, float]:
        """Return the cap of every satellite."""
        return dict.fromkeys(self.satellites.names, self.satellites.cap) if self.satellites else {}

    def core(self) -> Mapping[str, float]:
        """Return equal shares of the core, by which it takes what a cap cuts between rebalances."""
        return dict.fromkeys(sorted(self.core_assets), 1.0 / len(self.core_assets))

    def reallocation_weights(self, decision: Decision) -> FloatArray:
        """Return (N,) shares in which a delisted asset's payout is reinvested; zeros leave it in cash."""
        shares = self.core_shares(decision)
        return shares if self.after_delisting.to == "redistribute" else np.zeros_like(shares)

    def core_shares(self, decision: Decision) -> FloatArray:
        """Return (N,) the core's shares in what it holds, equal ones where it holds nothing, summing to 1 or 0."""
        core = np.where(decision.buyable, decision.weight_vector(self.core()), 0.0)
        for shares in (np.where(core > 0.0, decision.weights, 0.0), core):
            if total := float(np.add.reduce(shares)):
                return shares / total
        return core

    # ---- in words ----------------------------------------------------------------------------------------------------

    def rules(self) -> Mapping[str, Sequence[str]]:
        """Return the rules in words, by title."""
        return {"Optimiser": tuple(self._describe()), **super().rules()}

    def _describe(self) -> Iterator[str]:
        estimates, satellites = self.estimates, self.satellites
        yield f"aims at: {self.objective.kind.replace('_', ' ')} ({self.objective.metric.title})"
        decay = f", a return counting half after {estimates.half_life:g}" if estimates.half_life else ""
        yield (
            f"estimates: {estimates.covariance.replace('_', '-')} covariance, {estimates.mean} mean, from the last "
            f"{estimates.lookback or 'three years of'} returns before each decision{decay}; an asset needs "
            f"{estimates.min_history or 'a year'} of them"
        )
        most = f", at most {format_percent(self.core_cap)} each" if self.core_cap < 1.0 else ""
        yield f"core: {', '.join(sorted(self.core_assets))}{most}"
        if satellites:
            how = f"{format_percent(satellites.floor)} to {format_percent(satellites.cap)}" if satellites.floor else ""
            size = f"each out or at {how}" if how else f"at most {format_percent(satellites.cap)} each"
            count = f"; {satellites.count.min} to {satellites.max_held} of them are in" if satellites.has_choice else ""
            yield f"satellites: {', '.join(satellites.names)}; {size}{count}"
        for limit in self.limits:
            least = f"at least {format_percent(limit.min)}" if limit.min else ""
            bounds = " and ".join(
                filter(None, (least, f"at most {format_percent(limit.max)}" if limit.max < 1.0 else ""))
            )
            group = limit.group if isinstance(limit.group, str) else ", ".join(limit.group)
            yield f"limit: {group} {'each ' if limit.group == 'sector' else ''}{bounds or 'without bounds'}"
        yield from self.turnover.describe(decisions_per_year(self.rebalance))
        instead = {
            "previous": "what is held stays, within the limits",
            "equal_weight": "equal weights",
            "fail": "the run ends",
        }
        yield f"where there are no such weights: {instead[self.fallback]}"

    # ---- what a config may not say -----------------------------------------------------------------------------------

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        """Yield contradictions between the parts, each with its place and remedy."""
        satellites = self.satellites
        own = list(satellites.faults()) if satellites else []
        yield from ((("satellites", *keys), text) for keys, text in own)
        yield from repeat_faults(self.core_assets, "core")
        both = sorted(set(self.core_assets) & set(self.caps()))
        if both:
            yield ("core",), f"{', '.join(both)} is core and satellite at once; keep one of the two"
        limits = list(limit_faults(self.limits, self.core_assets, satellites))
        yield from limits
        yield from self.turnover.faults(self.objective.metric, self.objective.kind)
        yield from self._objective_faults()
        if self.estimates.covariance == "sample" and (self.estimates.lookback or np.inf) <= len(self.tickers):
            message = (
                f"a sample covariance of {len(self.tickers)} assets from {self.estimates.lookback} returns is singular"
            )
            yield ("estimates", "lookback"), f"{message}; raise lookback, or choose covariance: ledoit_wolf"
        if not own and not limits and not both:
            from engine.optimisation.feasibility import check_feasibility  # noqa: PLC0415

            proof = check_feasibility(self.constraints_for(self.tickers))
            if not proof.holds:
                key = next((key for key in ("limits", "core_cap") if key.rstrip("s") in proof.message), "satellites")
                yield (key,), proof.message

    def _objective_faults(self) -> Iterator[FieldFault]:
        objective = self.objective
        named = objective.to if isinstance(objective, MinTrackingError) else {}
        budgets = (objective.budgets or {}) if isinstance(objective, RiskParity) else {}
        known = frozenset(self.tickers)
        for key, given in (("to", named), ("budgets", budgets)):
            for ticker in given:
                if ticker not in known:
                    yield (
                        ("objective", key, ticker),
                        f"{ticker} is neither core nor satellite; add or remove it",
                    )
        missing = [ticker for ticker in self.tickers if ticker not in budgets] if budgets else []
        if missing:
            yield ("objective", "budgets"), f"no budget for {', '.join(missing)}; every asset needs one above 0"
