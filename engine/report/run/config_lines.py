"""A resolved config line by line, and which of its lines say something else than the default."""

from __future__ import annotations

import re
from typing import Final

_SETTING: Final = re.compile(r"(?P<indent> *(?:- )*)(?P<key>'[^']*'|[^\s'\"][^:]*):(?: (?P<value>.*))?")
_DEFAULTS: Final = {
    **dict.fromkeys(
        ("spread", "fx", "yearly", "fixed", "minimum", "min_order", "haircut", "floor", "risk_free"), "0.0"
    ),
    **dict.fromkeys(("limits", "never_sell", "tags", "available_at", "where", "benchmarks"), "[]"),
    **dict.fromkeys(("currencies", "caps_by_name", "window"), "{}"),
    **dict.fromkeys(("skip", "min_history"), "0"),
    **dict.fromkeys(("after_delisting.to", "before_listing"), "redistribute"),
    "description": "",
    "trade_to": "target",
    "trade_only": "all",
    "funding": "sell_and_buy",
    "caps": "at_rebalance",
    "over_cap": "refuse",
    "core_cap": "1.0",
    "power": "1.0",
    "closes": "auto",
    "calendar": "XNYS",
    "fx.kind": "ecb",
    "costs.kind": "none",
    "savings_plan": "false",
    "capital": "100000.0",
    "currency": "USD",
    "shares": "fractional",
    "execution": "close",
    "when_spent": "error",
    "cash.rate": "0.0",
    "contributions.amount": "0.0",
    "contributions.every": "month",
    "invest": "towards_targets",
    "rebalance.kind": "annual",
    "rebalance.month": "january",
    "rebalance.session": "first",
    "rebalance.every": "1",
    "look": "day",
    "count.min": "3",
    "count.max": "5",
    "buy_and_hold": "true",
    "late": "buy_once",
    "covariance": "ledoit_wolf",
    "mean": "shrunk",
    "penalty": "none",
    "risk_aversion": "4.0",
    "fallback": "previous",
    "satellites.unknown": "out",
    "loss_review.unknown": "keep",
    "on_fail": "sell",
    "proceeds": "core",
    "reenter": "next_rebalance",
    "intact": "top_up",
    "broken": "exit",
    "sessions": "200",
    "seed": "1",
    "draws": "10000",
    "level": "0.95",
}
"""What settings are where a config does not name them, as a resolved config writes it; by their key, or with the key
above where others are called the same."""

ConfigLine = tuple[str, bool]
"""A line, and whether it says something else than the default, or has none."""


def mark_settings(text: str) -> list[ConfigLine]:
    r"""Return the lines of a resolved config, each with whether it says something of its own.

    A key with others below it says nothing itself.

    >>> mark_settings("account:\n  capital: 5000.0\n  currency: USD")
    [('account:', False), ('  capital: 5000.0', True), ('  currency: USD', False)]
    """
    above: list[tuple[int, str]] = []
    lines, own = list[ConfigLine](), False
    for line in text.splitlines():
        found = _SETTING.fullmatch(line)
        if found is None:  # an item of a list, or a long text that goes on
            own = own or line.lstrip().startswith("- ")
        else:
            depth, key, value = len(found["indent"]), found["key"].strip("'"), found["value"]
            above = [one for one in above if one[0] < depth]
            parent = above[-1][1] if above else ""
            above.append((depth, key))
            default = _DEFAULTS.get(f"{parent}.{key}", _DEFAULTS.get(key))
            own = bool(value) and value.strip("'") != default
        lines.append((line, own))
    return lines
