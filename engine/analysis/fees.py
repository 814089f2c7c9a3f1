"""What a run paid, by kind and calendar year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.fields import format_percent
from engine.data.market import Market
from engine.data.sessions import calendar_years
from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import AnyCosts, BrokerCosts, FeeKind
from engine.portfolio.tariffs import OtherOrders
from engine.simulation import market_memory
from engine.simulation.ledger import Ledger

FEE_KINDS: Final[tuple[FeeKind, ...]] = get_args(FeeKind)


@dataclass(frozen=True)
class YearFees:
    """What was paid in one calendar year [currency]."""

    year: int
    orders: float = 0.0
    savings_plan: float = 0.0
    spread: float = 0.0
    fx: float = 0.0
    yearly: float = 0.0

    @property
    def total(self) -> float:
        """Their sum."""
        return self.orders + self.savings_plan + self.spread + self.fx + self.yearly


def fees_by_year(ledger: Ledger, market: Market, tables: Mapping[FeeKind, CostTable]) -> tuple[YearFees, ...]:
    """Return what each calendar year of a run cost, those without any fee left out.

    ``tables`` are the costs in parts, as ``Costs.tables_by_kind`` gives them: the kernel charges each order by each.
    """
    years = calendar_years(ledger.dates)
    paid = {
        kind: np.bincount(years[ledger.rows], costs, years[-1] + 1) for kind, costs in _by_event(ledger, market, tables)
    }
    paid["yearly"] = np.bincount(years, ledger.fees)
    found = (
        YearFees(year, **{kind: float(paid[kind][year]) for kind in paid}) for year in range(years[0], years[-1] + 1)
    )
    return tuple(one for one in found if one.total > 0.0)


def uncharged_fees(ledger: Ledger, market: Market, costs: AnyCosts) -> list[str]:
    """Say what of the broker's tariff a run did not charge: orders of another size, exchanges, the subscription."""
    if not isinstance(costs, BrokerCosts):
        return []
    tariff, said = costs.published, []
    if (other := tariff.other_orders) and (count := _count_orders(ledger, market, costs, other)):
        missing = count * (other.fixed - tariff.fixed)
        said.append(
            f"{count} orders {other.describe()} {tariff.currency} cost {other.fixed:,.2f} each at {costs.tariff}, "
            f"{missing:,.2f} {tariff.currency} more in all than was charged"
        )
    if tariff.exchange and (count := _count_exchanges(ledger, market)):
        charged = f"{format_percent(costs.fx)} of such trades was" if costs.fx else "nothing was"
        said.append(
            f"An exchange of currency costs {tariff.exchange.describe()} at {costs.tariff}; {charged} charged for it. "
            f"With one exchange for each currency and day of trading, there were {count}."
        )
    if tariff.subscription:
        said.append(
            f"The subscription of {costs.tariff}, {tariff.subscription:,.2f} {tariff.currency} a year, is not charged; "
            "take it from what is paid in, or write it as a share of the account's value: costs.yearly"
        )
    return said


def _count_orders(ledger: Ledger, market: Market, costs: BrokerCosts, other: OtherOrders) -> int:
    """Return how many orders are of a size at which the broker charges something else."""
    rates = np.ones(1) if market.tariff_rates is None else market.tariff_rates[ledger.session_rows(market)]
    money = np.abs(ledger.order_values) / rates[np.minimum(ledger.rows, len(rates) - 1)][:, None]
    ordinary = ~(ledger.payouts | ledger.contributions) if costs.savings_plan_price() else ~ledger.payouts
    outside = (money > (other.above or np.inf)) | ((money > 0.0) & (money < (other.below or 0.0)))
    return int((outside & ordinary[:, None]).sum())


def _count_exchanges(ledger: Ledger, market: Market) -> int:
    """Return the sum over all currencies but the account's of the days on which assets in it were traded."""
    traded = (ledger.order_values != 0.0) & ~ledger.payouts[:, None] & market.foreign
    currencies = np.array(market.currencies or (market.currency,) * len(market.assets))
    return sum(len(np.unique(ledger.rows[traded[:, currencies == one].any(axis=1)])) for one in np.unique(currencies))


def _by_event(ledger: Ledger, market: Market, tables: Mapping[FeeKind, CostTable]) -> list[tuple[FeeKind, FloatArray]]:
    """Return (R,) what each event paid, by kind."""
    if not len(ledger.rows) or not tables:
        return []
    if len(tables) == 1:
        return [(kind, ledger.costs.sum(axis=1)) for kind in tables]
    from engine.simulation.kernel.order_costs import total_cost  # noqa: PLC0415  (whoever reads results needs no compiler)

    by_plan = ledger.contributions & ("savings_plan" in tables)
    orders = np.where(ledger.payouts[:, None], 0.0, ledger.order_values)
    first = ledger.opening_row(market)
    arrays = market_memory.recall(market).arrays
    quotes = [market_memory.quotes_at(arrays, first + row) for row in ledger.rows.tolist()]
    found = []
    for kind, table in tables.items():
        charged = {"orders": ~by_plan, "savings_plan": by_plan}.get(kind, np.ones_like(by_plan))
        costs = [total_cost(orders[k], quotes[k], table) if charged[k] else 0.0 for k in range(len(quotes))]
        found.append((kind, np.array(costs)))
    return found
