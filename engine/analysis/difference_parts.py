"""What the difference in growth between a plan and its buy-and-hold is made of: runs with less and less of it (S18)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple, Self

import numpy as np

from engine.analysis.after_tax import TaxTerms
from engine.analysis.performance import Performance
from engine.analysis.portfolio_market import PortfolioMarket
from engine.core.arrays import FloatArray
from engine.core.errors import DataError
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import NoCosts
from engine.portfolio.policy import Decision, Policy
from engine.portfolio.policy_abilities import HasQualityGate, SelectsAssets
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, BOUGHT_AND_HELD, PolicyVersion
from engine.tax.book import Taxation

_HELD: Final = 1e-6
"""Weight from which an asset of an optimised plan is one of its names; less is the solver's rounding."""


@dataclass(frozen=True)
class DifferenceParts:
    """The difference of the CAGRs of a plan and its buy-and-hold in parts that add up to it [fraction a year].

    Each is what the plan gains, or loses, by: buying at every rebalance names that ``late_listings`` add, rather than
    once; the ``choice`` of names after the opening; loss ``reviews``; ``caps`` watched between rebalances; paying more
    ``costs`` and ``taxes``; and ``rebalancing`` alone, the same names without any of these.
    """

    late_listings: float
    choice: float
    reviews: float
    caps: float
    costs: float
    taxes: float
    rebalancing: float


class PlanTax(NamedTuple):
    """The law that a plan is taxed by, and the sessions of its ``twin`` before tax."""

    taxation: Taxation
    twin: PortfolioMarket

    @classmethod
    def of(cls, tax: TaxTerms | None, policy: Policy) -> Self | None:
        """Return that of a ``policy``, None where nothing is taxed."""
        return None if tax is None else cls(tax.taxation, tax.untaxed(policy))


@dataclass(frozen=True)
class Plan:
    """A policy on its own sessions, what it is simulated with, and the ``ledger`` of its run as written.

    ``tax`` is None where nothing is taxed; its twin has the same sessions.
    """

    sessions: PortfolioMarket
    policy: Policy
    account: Account
    costs: CostTable
    ledger: Ledger
    tax: PlanTax | None = None

    @cached_property
    def opening(self) -> int:
        """The market's row of the opening."""
        return self.ledger.opening_row(self.sessions.market)

    @cached_property
    def opening_targets(self) -> FloatArray:
        """(N,) the weights that the opening trades to."""
        if len(self.ledger.rows) and self.ledger.rows[0] == 0:
            opened: FloatArray = self.ledger.targets[0]
            return opened
        return self.policy.target_weights(self._opening_decision())  # no order was filled: asked anew

    @cached_property
    def with_opening_names(self) -> Plan:
        """The plan that asks no figures after the opening: who passed then passes for ever."""
        if not isinstance(self.policy, HasQualityGate):
            return self
        policy = self.policy.with_gate_of(self._opening_decision())
        return self if policy is self.policy else replace(self, policy=policy)

    def _opening_decision(self) -> Decision:
        from engine.simulation.opening import opening_decision  # noqa: PLC0415  (whoever reads results needs none)

        return opening_decision(self.sessions.market, self.account.capital, self.opening, self.costs.of_orders())

    @cached_property
    def late_names(self) -> tuple[str, ...]:
        """The assets with a target of their own that cannot be bought at the opening."""
        return tuple(
            ticker
            for ticker in sorted(self.policy.tickers)
            if self.policy.targets_before_listing(ticker) and self._target(ticker) == 0.0
        )

    @cached_property
    def names_not_chosen(self) -> tuple[str, ...]:
        """The assets of a choice that the opening does not hold."""
        choices = self.policy.choices() if isinstance(self.policy, SelectsAssets) else ()
        return tuple(ticker for ticker in sorted(choices) if self._target(ticker) <= _HELD)

    def _target(self, ticker: str) -> float:
        return float(self.opening_targets[self.sessions.market.column_index(ticker)])

    def bought_and_held(self, *, late: bool) -> PolicyVersion:
        """Return what buys and holds; ``late`` names are bought once, at the session at which the plan first does."""
        return BOUGHT_AND_HELD._replace(late_purchases=self._first_purchases() if late else {})

    def _first_purchases(self) -> Mapping[int, Mapping[int, float]]:
        """Return row -> target by column of the plan's first purchase of each late name."""
        ledger, found = self.ledger, dict[int, dict[int, float]]()
        for ticker in self.late_names:
            j = self.sessions.market.column_index(ticker)
            bought = np.flatnonzero(ledger.trades[:, j] > 0.0)
            if len(bought):
                row = self.opening + int(ledger.rows[bought[0]])
                found.setdefault(row, {})[j] = float(ledger.targets[bought[0], j])
        return found

    def opened_at(self, row: int, *, late: bool) -> tuple[Ledger, Ledger]:
        """Return the runs of a new account that opens at ``row`` of the market: the plan's, and what it buys and holds.

        ``late``: whether names that list after it are bought, once. Raises EngineError when one of them cannot be run.
        """
        from engine.simulation.simulate import simulate  # noqa: PLC0415  (whoever reads results needs no compiler)

        def run(version: PolicyVersion) -> Ledger:
            taxation = self.tax.taxation if self.tax else None
            market, terms = self.sessions.market, (self.policy, self.account, self.costs)
            return simulate(market, *terms, start=row, version=version, taxation=taxation)

        own = run(AS_WRITTEN)
        return own, run(replace(self, ledger=own).bought_and_held(late=late))

    def growth(self, version: PolicyVersion, *, costs: bool = False) -> float:
        """Return the CAGR before tax of a version of the plan, on its own sessions and from its own opening on.

        Raises EngineError when it cannot be run, as one that withdrawals ruin, or has lost or spent everything.
        """
        from engine.simulation.simulate import simulate  # noqa: PLC0415  (whoever reads results needs no compiler)

        market = self.tax.twin.market if self.tax else self.sessions.market
        paid = self.costs if costs else NoCosts().cost_table(len(market.assets))
        ledger = simulate(market, self.policy, self.account, paid, start=self.opening, version=version)
        if ledger.dates[-1] != self.ledger.dates[-1]:
            raise DataError("the money of a version that leaves something out is spent on another day than the plan's")
        found = Performance.from_ledger(ledger, 0.0, market.periods_per_year).cagr
        if found is None:
            raise DataError("a version of the plan that leaves something out has lost everything")
        return found


def split_difference(plan: Plan, p: float, b: float, held: PolicyVersion) -> DifferenceParts:
    """Return the parts of ``p`` less ``b``, the CAGRs of ``plan`` and of what is ``held``, after taxes that were paid.

    The names are those of docs/semantics.md (S18): each run leaves out one thing more than the one before. Runs that
    are equal by construction are not run again. Raises EngineError when one of them has no growth.
    """
    policy, version, charged = plan.policy, AS_WRITTEN, plan.costs.yearly > 0.0 or plan.costs.is_charged
    p1, b1 = (plan.growth(one, costs=True) for one in (version, held)) if plan.tax else (p, b)
    p2, b2 = (plan.growth(version), plan.growth(held)) if charged else (p1, b1)
    p3, p4, p5, p6, b6 = p2, p2, p2, p2, b2
    if policy.watch_caps:
        version = version._replace(watches_caps=False)
        p3 = p4 = p5 = p6 = plan.growth(version)
    if policy.review is not None:
        version = version._replace(reviews=False)
        p4 = p5 = p6 = plan.growth(version)
    late, chosen = plan.late_names, plan
    plan = plan.with_opening_names
    if chosen.names_not_chosen or plan is not chosen:
        version = version._replace(left_out=chosen.names_not_chosen)
        p5 = p6 = plan.growth(version)
    if late:
        version = version._replace(left_out=(*version.left_out, *late))
        p6 = plan.growth(version)
        b6 = plan.growth(BOUGHT_AND_HELD._replace(left_out=version.left_out)) if held.late_purchases else b2
    return DifferenceParts(
        late_listings=(p5 - p6) - (b2 - b6),
        choice=p4 - p5,
        reviews=p3 - p4,
        caps=p2 - p3,
        costs=(p1 - p2) - (b1 - b2),
        taxes=(p - p1) - (b - b1) if plan.tax else 0.0,
        rebalancing=p6 - b6,
    )
