"""The gain of each portfolio in parts, as the terminal and the page show it (S17)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from engine.backtest.run_summary import PortfolioSummary
from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label

_TITLES: Final = {
    "local": "local prices",
    "currency": "currencies",
    "dividends": "dividends",
    "interest": "interest",
    "costs": "costs",
    "taxes": "taxes",
    "flows": "paid in",
}
HINT: Final = (
    "Local prices: each session's change in an asset's own currency, at the rate of that session. Currencies: each "
    "session's change of the rate. The parts add up to the final value less the capital."
)


def currency_table(portfolios: Mapping[str, PortfolioSummary]) -> list[list[str]]:
    """Return a row of heads, then one a portfolio; nothing where all prices are in the account's currency."""
    parts = {name: dataclasses.asdict(one.currency_parts) for name, one in portfolios.items() if one.currency_parts}
    if not parts:
        return []
    shown = [key for key in _TITLES if key in ("local", "currency") or any(own[key] for own in parts.values())]
    table = [["portfolio", *(_TITLES[key] for key in shown), "sum"]]
    for name, own in parts.items():
        amounts = [*(own[key] for key in shown), sum(part or 0.0 for part in own.values())]
        table.append([portfolio_label(name), *(fmt.money(amount or 0.0) for amount in amounts)])
    return table
