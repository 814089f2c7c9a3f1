"""Why a decision is due, as a person says it; the engine's own words are those of ``trades.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_WORDS: Final[Mapping[str, str]] = {
    "asked for": "a rebalance, because you asked for one (--now)",
    "opening": "the opening purchase, because the depot holds nothing of the plan",
    "contribution": "money is paid in",
    "withdrawal": "money is taken out",
}


def describe_due(reason: str) -> str:
    """Return a reason in words; one that is a sentence already as it is.

    >>> describe_due("january"), describe_due("every quarter"), describe_due("UNF: 6.1 % broke its band")
    ('the rebalance of January', 'the rebalance of every quarter', 'UNF: 6.1 % broke its band')
    """
    first = reason.partition(",")[0]
    if first in _MONTHS:
        return f"the rebalance of {reason[:1].upper()}{reason[1:]}"
    if reason.startswith("every "):
        return f"the rebalance of {reason}"
    return _WORDS.get(reason, reason)
