"""What an axis of a sweep is called on the page: a title in words, of the dotted path that a config writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

_TITLES: Final = {
    "account": "Account",
    "account.capital": "Capital",
    "account.cash.rate": "Interest on cash",
    "account.execution": "When orders are filled",
    "account.min_order": "Smallest order",
    "account.shares": "Shares",
    "costs": "Costs",
    "costs.model": "Costs",
    "costs.rate": "Cost of a trade",
    "costs.fx": "Cost of changing currency",
    "costs.tariff": "Tariff",
    "costs.yearly": "Yearly fee",
    "strategy": "Strategy",
    "strategy.cap": "Cap of a satellite",
    "strategy.caps": "When caps bind",
    "strategy.core": "Core",
    "strategy.rebalance": "Rebalancing",
    "strategy.rebalance.every": "Years between rebalances",
    "strategy.rebalance.absolute": "Band in points",
    "strategy.rebalance.relative": "Band in shares of a weight",
    "strategy.rebalance.kind": "Kind of rebalancing",
    "strategy.rebalance.look": "When bands are looked at",
    "strategy.rebalance.month": "Month",
    "strategy.rebalance.period": "Period",
    "strategy.rebalance.session": "Session",
    "strategy.satellites": "Satellites",
    "strategy.weights": "Weights",
    "tax": "Taxes",
    "window.end": "End",
    "window.start": "Start",
}
_WEIGHTS: Final = ("strategy.core.", "strategy.satellites.", "strategy.weights.")
_CAPS: Final = "strategy.caps_by_name."
HOLDS: Final = " holds"
"""What follows a basket's path where its names are meant."""


def axis_titles(paths: Iterable[str], baskets: Collection[str] = ()) -> dict[str, str]:
    """Return a title for each path of an axis, all of them different; ``baskets`` are paths of baskets.

    >>> list(axis_titles(["strategy.satellites.count", "strategy.core.VB"], ["strategy.satellites"]).values())
    ['Number of satellites', 'Weight of VB']
    """
    found = {path: _title(path, baskets) for path in paths}
    titles = list(found.values())
    return {path: title if titles.count(title) == 1 else f"{title} ({path})" for path, title in found.items()}


def _title(path: str, baskets: Collection[str]) -> str:
    parent, _, last = path.rpartition(".")
    if path.endswith(HOLDS) and (basket := path.removesuffix(HOLDS)) in baskets:
        return f"A name among the {_noun(basket)}"
    if parent in baskets and last in {"count", "weight"}:
        noun = _noun(parent)
        return (
            f"Number of {noun}"
            if last == "count"
            else f"Weight of each of the {noun}"
            if " " in noun
            else f"Weight of each {noun[:-1]}"
        )
    if path in _TITLES:
        return _TITLES[path]
    for prefix in _WEIGHTS:
        if path.startswith(prefix):
            return f"Weight of {path.removeprefix(prefix)}"
    if path.startswith(_CAPS):
        return f"Cap of {path.removeprefix(_CAPS)}"
    return last[:1].upper() + last[1:].replace("_", " ")


def _noun(basket: str) -> str:
    """Return what a basket's names are, in the plural: the key that holds them.

    >>> _noun("strategy.satellites"), _noun("strategy.core.US.of")
    ('satellites', 'names of US')
    """
    parent, _, last = basket.rpartition(".")
    if last == "of":
        return f"names of {parent.rpartition('.')[2]}"
    if last == "weights":
        return "names"
    return last if last.endswith("s") else f"names of {last}"
