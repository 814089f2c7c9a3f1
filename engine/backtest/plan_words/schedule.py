"""When a plan trades, in words: the rebalance rule, and what a band does."""

from __future__ import annotations

from typing import Final

from engine.backtest.plan_words.clauses import Clause, KeyPath, Section, Wording, is_exact, join_and
from engine.core.fields import format_percent

_ORDINALS: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}
_PERIODS: Final = {"two_weeks": "two weeks", "half_year": "half-year"}


def describe_schedule(strategy: Section, again: str) -> list[Clause]:
    """Return when a strategy trades, what a band trades, and what is never sold.

    ``again`` is what it does then, as "back to these weights".
    """
    if not isinstance(strategy.values.get("rebalance"), dict):
        return [Clause((Wording("never traded again"),))]
    rule = strategy.below("rebalance")
    when, is_whole = _rule_text(rule)
    told: frozenset[KeyPath] = frozenset({rule.path()} if is_whole else ())
    text = f"{again} {when}" if when else "never rebalanced"
    band, band_told = _band_text(strategy)
    kept = strategy.names("never_sell")
    never = strategy.path("never_sell")
    rules = Wording(f"{again} by {len(rule.sections('of'))} rules" if rule.sections("of") else text)
    clauses = [Clause((Wording(text + band, told | band_told), Wording(text, told), rules))]
    if kept:
        count = f"{len(kept)} names are" if len(kept) > 1 else "one name is"
        named = f"{join_and(kept)} {'are' if len(kept) > 1 else 'is'} never sold"
        clauses.append(Clause((Wording(named, frozenset({never})), Wording(f"{count} never sold"))))
    else:
        clauses.append(Clause((Wording("", frozenset({never})),)))
    return clauses


def calendar_text(rule: Section) -> str:
    """Return the dates of one rule of the calendar, in words; nothing for another one."""
    kind = rule.text("kind")
    if kind == "every":
        return f"on the first session of every {period_text(rule.text('period'))}"
    if kind != "annual":
        return ""
    session = rule.values.get("session", "first")
    if isinstance(session, int):
        session = f"{session}{_ORDINALS.get(session, 'th')}"
    years = int(rule.number("every", 1.0))
    month = rule.text("month", "january").capitalize()
    return f"on the {session} session of {f'every {month}' if years == 1 else f'{month} every {years} years'}"


def rule_words(strategy: object) -> str:
    """Return when the strategy of a config trades, in words; "" where it never does, or by no calendar or band."""
    text, _ = _rule_text(Section(strategy).below("rebalance"))
    return text


def period_text(period: str) -> str:
    """Return a period in words.

    >>> period_text("half_year")
    'half-year'
    """
    return _PERIODS.get(period, period)


def _rule_text(rule: Section) -> tuple[str, bool]:
    """Return when a rule trades, "" for never, and whether that is all that the rule says."""
    kind = rule.text("kind")
    if kind == "any":
        rules = [_rule_text(one) for one in rule.sections("of")]
        said = [text for text, _ in rules if text]
        is_whole = all(whole and text for text, whole in rules) and len(rules) > 1
        return (join_and(said) if said else "", is_whole)
    if kind == "band":
        return _drift_text(rule)
    return calendar_text(rule), kind in {"never", "annual", "every"}


def _drift_text(rule: Section) -> tuple[str, bool]:
    widths = [f"{format_percent(rule.number('absolute'))} of the portfolio"] if "absolute" in rule.values else []
    widths += [f"{format_percent(rule.number('relative'))} of its target"] if "relative" in rule.values else []
    look = rule.text("look", "day")
    close = "at any close" if look == "day" else f"at the last close of every {period_text(look)}"
    whole = all(is_exact(rule.values.get(key)) for key in ("absolute", "relative"))
    return f"when a weight is off by more than {' or '.join(widths)} {close}", whole


def _band_text(strategy: Section) -> tuple[str, frozenset[KeyPath]]:
    """Return what a band trades beyond the whole portfolio to its targets; nothing where it does just that."""
    to, told = strategy.values.get("trade_to", "target"), {strategy.path("trade_only"), strategy.path("funding")}
    text = ""
    if to == "edge":
        text = ", then only to the edge of its band"
    elif isinstance(to, dict):
        parts = strategy.below("trade_to")
        inside = f"{format_percent(parts.number('inside'))} inside the edge"
        width = f"{format_percent(parts.number('of_band'))} of the band's width from its target"
        text = f", then only to {inside if 'inside' in parts.values else width}"
        told |= parts.exact(*parts.values)
    if not isinstance(to, dict):
        told.add(strategy.path("trade_to"))
    if strategy.text("trade_only") == "drifted":
        text += ", trading only what is out of its band and what pays for it"
    if strategy.text("funding") == "flows_first":
        text += ", by a payment of that session where it will do"
    return text, frozenset(told)
