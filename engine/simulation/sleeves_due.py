"""When sleeves of the core are rebalanced inside themselves: between rebalances of the whole portfolio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from engine.core.arrays import IntArray
from engine.data.market import Market
from engine.portfolio.policy import Policy
from engine.portfolio.policy_abilities import schedule_since, sleeves_of
from engine.simulation import market_memory


class SleeveDue(NamedTuple):
    """A sleeve that is due at a session: the ``columns`` of its assets, and why."""

    columns: frozenset[int]
    reason: str


def sleeves_by_row(
    policy: Policy, market: Market, opening: int, delay: int, fills: IntArray
) -> Mapping[int, Sequence[SleeveDue]]:
    """Return row -> sleeves due there; one inside another that is due is not, nor any at the rows ``fills``."""
    if not (sleeves := sleeves_of(policy)):
        return {}
    found: dict[int, list[SleeveDue]] = {}
    whole, memory = set(fills.tolist()), market_memory.recall(market)
    for sleeve in sleeves:
        columns = frozenset(market.column_index(ticker) for ticker in sleeve.tickers)
        schedule = memory.schedule_rows(schedule_since(sleeve.schedule, market.dates[opening]), market)
        rows, reasons = schedule.fills(opening, delay, len(market.dates))
        for row, why in zip(rows[1:].tolist(), reasons[1:], strict=True):
            due = found.setdefault(row, [])
            if row not in whole and not any(columns <= outer.columns for outer in due):
                due.append(SleeveDue(columns, f"sleeve {sleeve.name}: {why}"))
    return {row: due for row, due in found.items() if due}
