"""Taxes in words: what a plan is taxed by, and what they leave of its lead over buy-and-hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from engine.backtest.plan_words.clauses import Section
from engine.backtest.run_summary import RunSummary
from engine.core.number_text import fixed_point
from engine.tax.law import TaxLaw
from engine.tax.none import NoTax

_DIGITS: Final = 2
"""Decimals of percentage points."""
_PERIODS: Final = {"week": "weekly", "two_weeks": "two-week", "month": "monthly", "quarter": "quarterly"}


def tax_sentence(summary: RunSummary, config: object) -> str:
    """Return how far the plan is ahead of buy-and-hold, or else of the first benchmark, before tax and sold after it.

    Empty where there is no such difference, and of less than a year.
    """
    rival = next(iter(summary.versus), None)
    after = summary.versus[rival].after_tax if rival else None
    if rival is None or after is None or summary.versus[rival].years < 1.0:
        return ""
    name = "buy-and-hold" if rival == "buy_and_hold" else rival
    before, sold = (round(100.0 * one, _DIGITS) + 0.0 for one in (after.before, after.sold))
    lead = f"Before tax {rule_name(config)} was {_place(before)} {name}{_points(before, ' a year')}"
    turned = (before > 0.0) != (sold > 0.0) or (before < 0.0) != (sold < 0.0)
    if turned:
        return f"{lead}, after tax {_place(sold)} it{_points(sold)}."
    return f"{lead}, after tax by {fixed_point(abs(sold), _DIGITS)}." if sold else f"{lead}, and after tax, too."


def rule_name(config: object) -> str:
    """Return what a plan is called by when it trades.

    >>> rule_name({"strategy": {"rebalance": {"kind": "annual", "month": "january"}}})
    'the January rule'
    """
    rule = Section(config).below("strategy").below("rebalance")
    kind = rule.text("kind")
    if kind == "annual" and rule.number("every", 1.0) == 1.0:
        return f"the {rule.text('month', 'january').capitalize()} rule"
    if kind == "every" and rule.text("period") in _PERIODS:
        return f"the {_PERIODS[rule.text('period')]} rule"
    return "the band rule" if kind == "band" else "the plan"


def _place(points: float) -> str:
    return "level with" if points == 0.0 else "ahead of" if points > 0.0 else "behind"


def _points(points: float, span: str = "") -> str:
    return f" by {fixed_point(abs(points), _DIGITS)} points{span}" if points else ""


def describe_law(law: TaxLaw, tickers: Iterable[str]) -> str:
    """Return what a plan is taxed by: the law, then each asset's attributes; empty where nothing is taxed."""
    if isinstance(law, NoTax):
        return ""
    by_words: dict[str, list[str]] = {}
    for ticker in tickers:
        by_words.setdefault(law.describe(ticker), []).append(ticker)
    assets = "; ".join(f"{', '.join(names)}: {words}" for words, names in by_words.items() if words)
    return ". ".join(one for one in (f"Taxed by {law.describe_law()}", assets) if one).rstrip(". ") + "."
