"""What a reader should know of the German taxes of a run: what was worth nothing, and what its prices do not say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np

from engine.core.arrays import DateArray
from engine.core.ordered_sum import add_in_order
from engine.tax.record import TaxYear

FIRST_SESSION: Final = 8
"""The latest day of January on which a year has its first session."""
SEEN: Final = 0.005
"""An amount that is not printed as zero [EUR]."""

_OF_POT = {"stocks": "with stocks", "other": "of other kinds"}


def notes_of(years: Sequence[TaxYear], pots: Mapping[str, float]) -> Iterator[str]:
    """Yield a sentence on pots that are left at the end, and one on credits that were lost."""
    left = [f"{money:,.2f} EUR {_OF_POT[name]}" for name, money in pots.items() if money >= SEEN]
    if left:
        yield f"Losses of {' and '.join(left)} were not set off at the end; they are counted as worth nothing."
    lost = [one for one in years if one.credit_lost >= SEEN]
    if lost:
        money = add_in_order(one.credit_lost for one in lost)
        yield (
            f"Of the tax withheld abroad {money:,.2f} EUR that might have been set off were lost in {len(lost)} "
            f"{'year' if len(lost) == 1 else 'years'}, in which the allowance or losses left too little tax."
        )


def late_prices_note(dates: DateArray, first_year: int) -> Iterator[str]:
    """Yield that the first year's prices begin late, so that its lump sums are of less than they would be."""
    january = np.datetime64(f"{first_year}-01-01")
    if dates[0] >= january + np.timedelta64(FIRST_SESSION, "D"):
        yield (
            f"The prices begin on {dates[0]}: the advance lump sums of funds for {first_year} are of their first price "
            "then, and not of that of January."
        )
