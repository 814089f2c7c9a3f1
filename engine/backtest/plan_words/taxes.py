"""The taxes of a plan in words: whose law it is, in which account."""

from __future__ import annotations

from engine.backtest.plan_words.clauses import Clause, Section, Wording
from engine.core.fields import format_percent


def describe_tax(tax: Section) -> Clause:
    """Return by whose law a plan is taxed; nothing where it is not."""
    kind, told = tax.text("kind", "none"), {tax.path("kind")}
    if kind == "none":
        return Clause((Wording("", frozenset({tax.path()})),))
    if kind == "flat":
        rates = f"{format_percent(tax.number('gains'))}, income at {format_percent(tax.number('income'))}"
        return Clause((Wording(f"gains are taxed at {rates}", frozenset(told | tax.exact("gains", "income"))),))
    account = tax.text("account", "taxable")
    inside = f" in a {account} account" if account != "taxable" else ""
    told.add(tax.path("account"))
    return Clause((Wording(f"taxed as in {_country(kind)}{inside}", frozenset(told)),))


def _country(kind: str) -> str:
    """Return a country as a sentence has it.

    >>> _country("germany"), _country("united_states")
    ('Germany', 'the United States')
    """
    name = kind.replace("_", " ").title()
    return f"the {name}" if name.startswith("United ") else name
