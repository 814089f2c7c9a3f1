"""What a run paid, by kind and year, as the terminal and the page show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from engine.analysis.fees import FEE_KINDS, YearFees
from engine.report import number_format as fmt

_TITLES: Final = {
    "orders": "orders",
    "savings_plan": "savings plan",
    "spread": "spread",
    "fx": "currency exchange",
    "yearly": "yearly fee",
}


def fees_table(fees: Sequence[YearFees]) -> list[list[str]]:
    """Return a row of heads, one a year, and one of their sums; nothing where nothing was paid."""
    shown = [kind for kind in FEE_KINDS if any(getattr(year, kind) for year in fees)]
    if not shown:
        return []
    rows = [
        [str(year.year), *(fmt.money(getattr(year, kind)) for kind in shown), fmt.money(year.total)] for year in fees
    ]
    sums = [fmt.money(sum(getattr(year, kind) for year in fees)) for kind in shown]
    all_of_it = fmt.money(sum(year.total for year in fees))
    return [["year", *(_TITLES[kind] for kind in shown), "sum"], *rows, ["all years", *sums, all_of_it]]


def fees_share(fees: Sequence[YearFees], currency: str, paid_in: float, years: float) -> str:
    """Return all that was paid in ``years`` beside the money that was paid in; withdrawals take nothing from that."""
    total = sum(year.total for year in fees)
    if not total or paid_in <= 0.0:
        return ""
    share = fmt.percent(total / paid_in)
    told = f"{fmt.money(total)} {currency} in all{_a_year(total, years, currency)}"
    return f"{told}, {share} of the {fmt.money(paid_in)} {currency} that were paid in"


def _a_year(total: float, years: float, currency: str) -> str:
    """Return what was paid a year on average; nothing of a run that is shorter than one."""
    return f", {fmt.money(total / years)} {currency} a year" if years >= 1.0 else ""


def fees_text(fees: Sequence[YearFees], currency: str, years: float) -> str:
    """Return what was paid in ``years``, in all and for each kind; empty where one kind, or none, was."""
    table = fees_table(fees)
    if not table or len(table[0]) < 4:
        return ""
    parts = [f"{title} {amount}" for title, amount in zip(table[0][1:-1], table[-1][1:-1], strict=True)]
    whole = f"{table[-1][-1]} {currency} in all{_a_year(sum(year.total for year in fees), years, currency)}"
    return f"{', '.join(parts)}: {whole}; the page has them by year"
