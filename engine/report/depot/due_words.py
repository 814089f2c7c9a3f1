"""Why a decision is due, as a person says it; a run's own words are those of ``trades.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from engine.data.sessions import MONTH_NAMES

_WORDS: Final[Mapping[str, str]] = {
    "asked for": "a rebalance, because you asked for one (--now)",
    "opening": "the opening purchase, because the depot holds nothing of the plan",
    "contribution": "money is paid in",
    "withdrawal": "money is taken out",
}
_BROKEN: Final[Mapping[str, str]] = {"band": "outside its band", "cap": "above its cap"}


def describe_due(reason: str) -> str:
    """Return a reason in words; one that is a sentence already as it is.

    >>> describe_due("january"), describe_due("every quarter"), describe_due("band: CRS +1.9 pp")
    ('the rebalance of January', 'the rebalance of every quarter', 'outside its band: CRS +1.9 pp')
    """
    several = reason.split("; ")
    if len(several) > 1:
        return "; ".join(map(describe_due, several))
    first = reason.partition(",")[0]
    if first in MONTH_NAMES:
        return f"the rebalance of {reason[:1].upper()}{reason[1:]}"
    if reason.startswith("every "):
        return f"the rebalance of {reason}"
    kind, colon, which = reason.partition(": ")
    if colon and kind in _BROKEN:
        return f"{_BROKEN[kind]}: {which}"
    return _WORDS.get(reason, reason)
