"""What it did to a plan that some of its assets are never sold: what they grew to, and what keeping them was worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.analysis.rule_effect import measure_effect
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.portfolio.policy_abilities import NeverSells
from engine.simulation.kernel.records import NEVER_SOLD
from engine.simulation.ledger import Ledger
from engine.tax.book import Taxation


@dataclass(frozen=True)
class KeptAsset:
    """An asset that is never sold: its highest ``weight`` at a close and when, and how many sales were left out."""

    weight: float
    date: str
    sales_left_out: int


@dataclass(frozen=True)
class NeverSoldFigures:
    """Every asset that is never sold, and the run less the same run that sells them.

    The differences are of CAGRs [fraction a year] and of final values [currency]; None where that run has none, or its
    money ended on another day.
    """

    assets: Mapping[str, KeptAsset]
    cagr_difference: float | None
    final_value_difference: float | None


def measure_never_sold(
    market: Market,
    policy: Policy,
    account: Account,
    costs: CostTable,
    ledger: Ledger,
    taxation: Taxation | None = None,
) -> NeverSoldFigures | None:
    """Return what ``never_sell`` did to the run that ``ledger`` is of; None for a policy that keeps nothing."""
    from engine.simulation.run_setup import PolicyVersion  # noqa: PLC0415  (whoever reads results needs no compiler)
    from engine.simulation.simulate import simulate  # noqa: PLC0415

    if not isinstance(policy, NeverSells) or not policy.never_sell:
        return None
    weights, assets = ledger.weights(market), {}
    for ticker in policy.never_sell:
        j = market.column_index(ticker)
        top = int(weights[:, j].argmax())
        left_out = sum(int(one.causes[j] == NEVER_SOLD) for one in ledger.left_out)
        assets[ticker] = KeptAsset(float(weights[top, j]), str(ledger.dates[top]), left_out)
    start, selling = ledger.opening_row(market), PolicyVersion(never_sells=False)

    def run_selling() -> Ledger:
        return simulate(market, policy, account, costs, start=start, version=selling, taxation=taxation)

    return NeverSoldFigures(assets, *measure_effect(ledger, run_selling, market.periods_per_year))
