"""The sentence of a plan, from its resolved config: at most 420 characters, and what it leaves out beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from engine.backtest.plan_words.account import describe_account, describe_costs, describe_flows, describe_money
from engine.backtest.plan_words.clauses import Clause, KeyPath, Section, is_told, leaves
from engine.backtest.plan_words.holdings import (
    describe_core_satellite,
    describe_mix,
    describe_optimised,
    describe_other,
    describe_review,
)
from engine.backtest.plan_words.schedule import describe_schedule
from engine.backtest.plan_words.taxes import describe_tax

MAX_CHARACTERS: Final = 420
"""Of a sentence; a longer one counts names, then leaves out what is told beside it."""
_LONGEST_VALUE: Final = 200
"""Characters of a setting that are shown; of a longer one its beginning and its digest."""
_SECTIONS: Final = ("account", "strategy", "costs", "tax")
_UNSAID: Final[Mapping[KeyPath, object]] = {
    ("strategy", "before_listing"): "redistribute",
    ("strategy", "after_delisting", "to"): "redistribute",
    ("strategy", "after_delisting", "haircut"): 0.0,
    ("strategy", "caps_by_name"): {},
    ("strategy", "limits"): [],
    ("strategy", "never_sell"): [],
    ("strategy", "satellites", "available_at"): [],
    ("strategy", "satellites", "tags"): [],
    ("strategy", "satellites", "count", "min"): 3,
    ("strategy", "satellites", "count", "max"): 5,
    ("strategy", "satellites", "min_history"): 0,
    ("strategy", "satellites", "where"): [],
    ("strategy", "satellites", "unknown"): "out",
    ("strategy", "satellites", "on_fail"): "sell",
    ("strategy", "loss_review", "unknown"): "keep",
    ("strategy", "loss_review", "proceeds"): "core",
    ("strategy", "loss_review", "reenter"): "next_rebalance",
    ("strategy", "loss_review", "intact"): "top_up",
    ("strategy", "loss_review", "broken"): "exit",
    ("strategy", "trade_to"): "target",
    ("strategy", "trade_only"): "all",
    ("strategy", "funding"): "sell_and_buy",
    ("strategy", "estimates", "covariance"): "ledoit_wolf",
    ("strategy", "estimates", "mean"): "shrunk",
    ("strategy", "turnover", "penalty"): "none",
    ("strategy", "turnover", "risk_aversion"): 4.0,
    ("strategy", "fallback"): "previous",
    ("tax", "twin"): "gross",
    ("tax", "law"): "current",
    ("tax", "church"): "none",
    ("tax", "pots"): "two",
    ("tax", "opening_pots", "stocks"): 0.0,
    ("tax", "opening_pots", "other"): 0.0,
    ("tax", "base_rate"): {},
    ("tax", "short_of_cash"): "sell",
    ("tax", "rounding"): "none",
    ("tax", "wash_sales"): True,
    ("tax", "lots"): "fifo",
    ("tax", "use_allowance"): False,
    ("tax", "harvest"): "none",
    ("tax", "assets"): {},
}
"""Settings that need no word while they are these: the defaults."""


@dataclass(frozen=True)
class PlanDescription:
    """A plan in a ``sentence``, and its settings ``as_configured`` by path that the sentence does not tell.

    Two configs that differ in a key of account, strategy, costs or tax differ in one of the two.
    """

    sentence: str
    as_configured: Mapping[str, str]


def describe_plan(config: object, start: str) -> PlanDescription:
    """Return a plan in words from its resolved config and the day of its opening."""
    sections = {name: Section(config).below(name) for name in _SECTIONS}
    clauses = _clauses(sections, start)
    chosen = _choose_wordings(clauses)
    told = {path for name, at in chosen.items() for path in clauses[name].wordings[at].told} | {("strategy", "kind")}
    left = {
        ".".join(path): _value_text(value)
        for name, section in sections.items()
        for path, value in leaves(section.values, (name,))
        if not is_told(path, told) and not (path in _UNSAID and _UNSAID[path] == value)
    }
    return PlanDescription(_join(clauses, chosen), left)


_SHORTENED: Final = (
    *("holdings", "kept", "flows", "review", "account", "limits", "estimates", "holdings"),
    *("costs", "caps", "turnover", "when", "holdings", "when"),
)
"""Which clauses are told by their next shorter wording, in this order."""


def _choose_wordings(clauses: Mapping[str, Clause]) -> dict[str, int]:
    """Return which wording of each clause makes a sentence that has room: shortened in order, then as full as fits."""
    chosen = dict.fromkeys(clauses, 0)
    for name in _SHORTENED:
        if name in clauses and not _fits(clauses, chosen):
            chosen[name] = min(chosen[name] + 1, len(clauses[name].wordings) - 1)
    for name in dict.fromkeys(_SHORTENED):
        fuller = (at for at in range(chosen.get(name, 0)) if _fits(clauses, {**chosen, name: at}))
        if (at := next(fuller, None)) is not None:
            chosen[name] = at
    return chosen


def _fits(clauses: Mapping[str, Clause], chosen: Mapping[str, int]) -> bool:
    return len(_join(clauses, chosen)) <= MAX_CHARACTERS


_NAMES_WEIGHTS: Final = {"buy_and_hold", "fixed_mix", "core_satellite"}
"""Kinds that trade back to what they name; those of plug-ins decide."""


def _clauses(sections: Mapping[str, Section], start: str) -> dict[str, Clause]:
    """Return the clauses of a sentence by what they tell."""
    account, strategy = sections["account"], sections["strategy"]
    kind = strategy.text("kind")
    found = {"money": describe_money(account, start), "flows": describe_flows(account)}
    again = "back to these weights" if kind in _NAMES_WEIGHTS else "weighed anew"
    if kind in {"buy_and_hold", "fixed_mix"}:
        held = dict(zip(("holdings",), describe_mix(strategy), strict=True))
    elif kind == "core_satellite":
        held = dict(zip(("holdings", "caps", "limits"), describe_core_satellite(strategy), strict=True))
        again = "chosen anew" if strategy.below("satellites").below("choose").text("kind") == "top" else again
    elif kind == "optimised":
        held = dict(zip(("holdings", "turnover", "estimates"), describe_optimised(strategy), strict=True))
        again = "weighed anew"
    else:
        held = dict(zip(("holdings",), describe_other(strategy), strict=True))
    times = dict(zip(("when", "kept"), describe_schedule(strategy, again), strict=False))
    rest = {
        "review": describe_review(strategy),
        "account": describe_account(account),
        "costs": describe_costs(sections["costs"]),
        "tax": describe_tax(sections["tax"]),
    }
    return {**found, **held, **times, **rest}


def _join(clauses: Mapping[str, Clause], chosen: Mapping[str, int]) -> str:
    """Return the sentence: money and payments, what is held, when it is traded, what it costs."""
    text = {name: clauses[name].wordings[at].text for name, at in chosen.items()}
    opening = f"{text.pop('money')}{text.pop('flows')}: {text.pop('holdings')}"
    cap = text.pop("caps", "")
    parts = [f"{opening}, {cap}" if cap else opening, *(one for one in text.values() if one)]
    return f"{'; '.join(parts)}."


def _value_text(value: object) -> str:
    """Return a setting as text, of a long one its beginning and its digest."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if len(text) <= _LONGEST_VALUE:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[:_LONGEST_VALUE]}... ({len(text):,} characters, SHA-256 {digest})"
