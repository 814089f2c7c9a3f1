"""A run's figures in parts, all of them, as tests ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from engine.analysis.breakdown.contribution import (
    Contribution,
    YearContribution,
    contribution,
    contribution_by_year,
    contribution_differences,
)
from engine.analysis.breakdown.correlation import PairCorrelation, pair_correlations
from engine.analysis.breakdown.drift import Drift, drift
from engine.analysis.breakdown.rebalances import RebalanceEffects, rebalance_effects
from engine.analysis.breakdown.risk import RiskShares, risk_shares
from engine.analysis.breakdown.session_gains import SessionGains
from engine.analysis.breakdown.start_years import StartYears, start_years
from engine.analysis.comparison import Comparison, PortfolioResult
from engine.analysis.difference_parts import Plan
from engine.backtest.config import RunConfig
from engine.backtest.prices import load_prices
from engine.backtest.workflow import run_backtest
from engine.composition import load_run

CONFIGS = Path(__file__).parents[2] / "configs"


def shared_config(name: str, shared_data: Path, *overrides: str) -> RunConfig:
    """Return a shipped config on the shared prices."""
    source = f"data.source={{kind: files, path: {shared_data / 'prices.parquet'}}}"
    return load_run(CONFIGS / f"{name}.yaml", (source, *overrides))


@dataclass(frozen=True)
class Breakdown:
    """A config's run with what is said of its parts."""

    config: RunConfig

    @cached_property
    def _loaded(self):
        return load_prices(self.config)

    @cached_property
    def comparison(self) -> Comparison:
        return run_backtest(self.config, self._loaded, intervals=False, parts=False, breakdown=False).comparison

    @property
    def strategy(self) -> PortfolioResult:
        return self.comparison.strategy

    @property
    def held(self) -> PortfolioResult:
        return self.comparison.portfolios["buy_and_hold"]

    def gains(self, name: str = "strategy") -> SessionGains:
        one = self.comparison.portfolios[name]
        return SessionGains.of(one.ledger, one.market)

    def contribution(self, name: str = "strategy") -> Contribution:
        return self._contributions[name]

    @cached_property
    def _contributions(self) -> dict[str, Contribution]:
        return {name: contribution(self.gains(name)) for name in ("strategy", "buy_and_hold")}

    @cached_property
    def differences(self) -> dict[str, float]:
        return contribution_differences(self.contribution(), self.contribution("buy_and_hold"))

    @cached_property
    def by_year(self) -> tuple[YearContribution, ...]:
        return contribution_by_year(self.gains())

    @cached_property
    def risk(self) -> RiskShares:
        return risk_shares(self.gains())

    @cached_property
    def correlations(self) -> tuple[PairCorrelation, ...]:
        return pair_correlations(self.strategy.ledger, self.strategy.market, self.gains().assets)

    @cached_property
    def rebalances(self) -> RebalanceEffects:
        return rebalance_effects(self.strategy.ledger, self.strategy.market, self.held.ledger)

    @cached_property
    def drift(self) -> Drift:
        return drift(self.strategy.ledger, self.strategy.market, self.config.strategy.caps())

    @property
    def plan(self) -> Plan:
        own = self._loaded.sessions_of(self.config.strategy)
        costs = self.config.costs.cost_table(own.market.assets, own.market.foreign)
        return Plan(own, self.config.strategy, self.config.account, costs, self.strategy.ledger)

    @cached_property
    def start_years(self) -> StartYears:
        return start_years(self.plan, self.held.ledger, self.config.evidence)
