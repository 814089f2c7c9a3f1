"""What limit orders did to a plan: how many were filled, and what waiting gained or cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.rule_effect import measure_effect
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.simulation.kernel.records import NOT_AT_LIMIT
from engine.simulation.ledger import Ledger
from engine.tax.book import Taxation


@dataclass(frozen=True)
class LimitOrderFigures:
    """Orders after the opening that were ``filled`` and ``unfilled``, and the run less the same run without limits.

    The differences are of CAGRs [fraction a year] and of final values [currency]; None where that run has none, or its
    money ended on another day.
    """

    filled: int
    unfilled: int
    cagr_difference: float | None
    final_value_difference: float | None


def measure_limit_orders(
    market: Market,
    policy: Policy,
    account: Account,
    costs: CostTable,
    ledger: Ledger,
    taxation: Taxation | None = None,
) -> LimitOrderFigures | None:
    """Return what limits did to the run that ``ledger`` is of; None for an account without them."""
    from engine.simulation.simulate import simulate  # noqa: PLC0415  (whoever reads results needs no compiler)

    if account.limit_margin is None:
        return None
    filled = int(np.count_nonzero(ledger.trades[~ledger.opening & ~ledger.payouts]))
    unfilled = sum(int(np.count_nonzero(one.causes == NOT_AT_LIMIT)) for one in ledger.left_out)
    start = ledger.opening_row(market)

    def run_at_any_close() -> Ledger:
        return simulate(market, policy, account.without_limits(), costs, start=start, taxation=taxation)

    return LimitOrderFigures(filled, unfilled, *measure_effect(ledger, run_at_any_close, market.periods_per_year))
