"""What orders cost on one day, and where their cost bends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.portfolio.cost_table import CostTable
from engine.simulation.kernel.order_costs import order_cost
from engine.simulation.kernel.records import Quotes


@dataclass(frozen=True)
class OrderFees:
    """The cost of orders: ``columns`` of assets in ``quotes`` and in what is ``charged``.

    What is ``saved_up`` costs what orders of a ``savings_plan`` do, where the broker has one.
    """

    columns: Mapping[str, int]
    quotes: Quotes
    charged: CostTable
    savings_plan: CostTable | None = None
    saved_up: frozenset[str] = frozenset()

    def __call__(self, ticker: str, money: float) -> float:
        """Return the cost of an order of ``money`` in an asset [currency]."""
        return float(order_cost(money, self.columns[ticker], self.quotes, self._table(ticker))) if money else 0.0

    def _table(self, ticker: str) -> CostTable:
        return self.savings_plan if self.savings_plan and ticker in self.saved_up else self.charged

    def bends(self, ticker: str) -> tuple[float, ...]:
        """Return the money at which the cost of an order may stop being linear, ascending: between two it is."""
        a, quotes, costs = self.columns[ticker], self.quotes, self._table(ticker)
        fixed, least, most = (float(one[a]) * quotes.tariff_rate for one in (costs.fixed, costs.minimum, costs.maximum))
        share = float(costs.per_share[a]) * quotes.tariff_rate / float(quotes.prices[a]) * float(quotes.shares[a])
        rate, ceiling = float(costs.rate[a]) + share, float(costs.maximum_rate[a])
        found = {_ratio(least - fixed, rate), _ratio(most - fixed, rate), _ratio(fixed, ceiling - rate)}
        found |= {_ratio(least, ceiling), _ratio(most, ceiling)}
        return tuple(sorted(one for one in found if 0.0 < one < float("inf")))


def _ratio(money: float, rate: float) -> float:
    return money / rate if 0.0 < rate < float("inf") else 0.0
