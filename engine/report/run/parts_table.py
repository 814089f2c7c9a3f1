"""The difference to buy-and-hold in its parts, as the terminal and the page show it (S18)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Final, TypeAlias

from engine.analysis.comparison import RelativePerformance
from engine.report import number_format as fmt

_TITLES: Final = {
    "late_listings": ("late listings", "what names listed later did to the plan, less what they did to buy & hold"),
    "choice": ("choice of names", "names chosen anew, rather than those of the opening for ever"),
    "reviews": ("loss reviews", "what they sold and topped up"),
    "caps": ("caps in between", "weights trimmed to their targets between rebalances too"),
    "costs": ("costs", "what costs did to the plan, less what they did to buy & hold"),
    "taxes": ("taxes", "what taxes did to the plan, less what they did to buy & hold"),
    "rebalancing": (
        "rebalancing alone",
        "the opening's names traded back to target weights by the plan's own orders, without any other part",
    ),
}
_DIGITS: Final = 3
PART_TITLES: Final = {key: title for key, (title, _) in _TITLES.items()}
"""What each part of a difference is called, in the order in which they are told."""

Row: TypeAlias = tuple[str, str, str]
"""A part's title, its amount in percentage points a year, what it means."""


def parts_table(versus: Mapping[str, RelativePerformance]) -> list[Row]:
    """Return a row for each part that is there, then their sum; nothing where the difference has no parts.

    What rebalancing gained is always said, the others where the plan has them. A difference of less than a year has no
    parts a year.
    """
    against = versus.get("buy_and_hold")
    if against is None or against.parts is None or against.years < 1.0:
        return []
    parts = dataclasses.asdict(against.parts)
    shown = [key for key in _TITLES if parts[key] or key == "rebalancing"]
    rows = [(_TITLES[key][0], fmt.percentage_points(parts[key], _DIGITS), _TITLES[key][1]) for key in shown]
    return [*rows, ("sum", fmt.percentage_points(math.fsum(parts.values()), _DIGITS), "")]
