"""What taxes leave of each portfolio, as the terminal shows it (S19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.backtest.run_summary import PortfolioSummary
from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label

HEADS: Final = ("portfolio", "before tax", "held", "sold", "drag", "tax paid", "owed", "on a sale")
"""Growth a year three times, what taxes cost of it in percentage points, and money."""


def after_tax_rows(portfolios: Mapping[str, PortfolioSummary]) -> list[list[str]]:
    """Return a row for each portfolio; nothing where they are not taxed.

    Tax that the investor paid from elsewhere and what was withheld abroad are among what was paid.
    """
    rows = []
    for name, one in portfolios.items():
        if one.tax is None or one.after_tax is None or one.pre_tax is None:
            continue
        tax, growth = one.tax, (one.pre_tax.cagr, one.after_tax.held.cagr, one.after_tax.sold.cagr)
        paid = tax.paid + tax.outside + tax.withheld_abroad
        money = (paid, tax.accrued_unpaid, tax.latent)
        drag = fmt.percentage_points(tax.drag)
        rows.append([portfolio_label(name), *map(fmt.percent, growth), drag, *map(fmt.money, money)])
    return rows


def year_rows(strategy: PortfolioSummary) -> list[list[str]]:
    """Return a row for each year in which the strategy owed any tax, by what it was due on; then their sums."""
    if strategy.tax is None:
        return []
    years = {year: one for year, one in strategy.tax.by_year.items() if any(vars(one).values())}
    kinds = ("dividends", "advance", "sales", "interest", "total")
    rows = [[year, *(fmt.money(getattr(one, kind)) for kind in kinds)] for year, one in years.items()]
    sums = (fmt.money(sum(getattr(one, kind) for one in years.values())) for kind in kinds)
    return [*rows, ["all", *sums]] if len(rows) > 1 else rows


YEAR_HEADS: Final = ("year", "dividends", "advance", "sales", "interest", "total")
"""Deemed income of funds is ``advance``."""
