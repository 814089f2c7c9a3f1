"""A plan on its sessions with what it did there: what each kind of luck is measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.analysis.bootstrap import Evidence
from engine.analysis.difference_parts import Plan
from engine.analysis.performance import Performance
from engine.analysis.portfolio_market import PortfolioMarket
from engine.core.arrays import FloatArray
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import AnyCosts
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, PolicyVersion
from engine.sweep.batch.policy_groups import Variant


@dataclass(frozen=True)
class MeasuredPlan:
    """A policy on its own ``sessions`` (S1), with account and costs, and how luck is drawn (``terms``).

    ``late_purchases``: whether its buy-and-hold buys names that list late (S18).
    """

    policy: Policy
    account: Account
    costs: AnyCosts
    sessions: PortfolioMarket
    terms: Evidence
    late_purchases: bool = True

    @cached_property
    def cost_table(self) -> CostTable:
        """What orders cost, by asset of the market."""
        market = self.sessions.market
        return self.costs.cost_table(market.assets, market.foreign)

    @cached_property
    def ledger(self) -> Ledger:
        """What the plan did."""
        return self.simulate(self.sessions.start)

    @cached_property
    def performance(self) -> Performance:
        """What the plan earned."""
        return self.performance_of(self.ledger)

    @property
    def opening(self) -> int:
        """The market's row of the opening."""
        return self.ledger.opening_row(self.sessions.market)

    def simulate(self, start: int, version: PolicyVersion = AS_WRITTEN) -> Ledger:
        """Return the run of a version of the plan from row ``start`` of its market on."""
        from engine.simulation.simulate import simulate  # noqa: PLC0415  (a config needs no compiler)

        return simulate(self.sessions.market, self.policy, self.account, self.cost_table, start=start, version=version)

    def performance_of(self, ledger: Ledger) -> Performance:
        """Return what a run over the plan's market earned."""
        own = self.sessions.until(ledger)
        return Performance.from_ledger(ledger, own.risk_free, own.market.periods_per_year)

    def held_from(self, start: int, ledger: Ledger) -> Ledger:
        """Return the plan's buy-and-hold from row ``start`` on, beside the plan's own ``ledger`` from there on."""
        plan = Plan(self.sessions._replace(start=start), self.policy, self.account, self.cost_table, ledger)
        return self.simulate(start, plan.bought_and_held(late=self.late_purchases))

    @cached_property
    def risk_free(self) -> float | FloatArray:
        """A rate a session, or (T,) one for each of the market's, NaN before the window."""
        free = self.sessions.risk_free
        return free if isinstance(free, float) else np.concatenate([np.full(self.sessions.start, np.nan), free])

    def variants(self, policies: Sequence[Policy]) -> list[Variant]:
        """Return the plan with each of ``policies`` in place of its own."""
        start, end = self.sessions.start, len(self.sessions.market.dates)
        return [Variant(policy, self.account, self.costs, start, end) for policy in policies]
