"""What a reader should know of the German taxes of a run: losses and credits that were worth nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from engine.tax.record import TaxYear

_OF_POT = {"stocks": "with stocks", "other": "of other kinds"}


def notes_of(years: Sequence[TaxYear], pots: Mapping[str, float]) -> Iterator[str]:
    """Yield a sentence on pots that are left at the end, and one on credits that were lost."""
    left = [f"{money:,.2f} EUR {_OF_POT[name]}" for name, money in pots.items() if money >= 0.005]
    if left:
        yield f"Losses of {' and '.join(left)} were not set off at the end; they are counted as worth nothing."
    lost = [one for one in years if one.credit_lost >= 0.005]
    if lost:
        money = sum(one.credit_lost for one in lost)
        yield (
            f"Of the tax withheld abroad {money:,.2f} EUR that might have been set off were lost in {len(lost)} "
            f"{'year' if len(lost) == 1 else 'years'}, in which the allowance or losses left too little tax."
        )
