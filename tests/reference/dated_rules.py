"""What goes by calendar days: rebalances once in so many years, and what cash earns by a dated rate (S2, S5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Context, Decimal
from fractions import Fraction
from typing import Literal

DIGITS = Context(prec=60)
DAYS_PER_YEAR = 365


@dataclass(frozen=True)
class Annual:
    """`rebalance: {kind: annual}`: the first, last or n-th session of a month (1 to 12), in every `every`-th year."""

    month: int
    session: Literal["first", "last"] | int = "first"
    every: int = 1

    def rows(self, days: Sequence[date], opening: int) -> list[int]:
        """Return when it is due after the opening; the years that are skipped are counted from that of the opening."""
        found = []
        for year in range(days[opening].year, days[-1].year + 1):
            of_month = [t for t, day in enumerate(days) if (day.year, day.month) == (year, self.month)]
            skipped = self.every > 1 and (year == days[opening].year or (year - days[opening].year) % self.every)
            if of_month and not skipped:
                at = self.session - 1 if isinstance(self.session, int) else 0 if self.session == "first" else -1
                found.append(of_month[at])
        return [row for row in found if row > opening]


def interest(rates: Sequence[tuple[date, Fraction]], days: Sequence[date], opening: int) -> Mapping[int, Fraction]:
    """S5: return the factor of cash into each session after the opening, from dated rates a year, by their dates."""
    found = {}
    for t in range(opening + 1, len(days)):
        rate = [rate for published, rate in rates if published <= days[t - 1]][-1]
        base, years = 1 + rate, Fraction((days[t] - days[t - 1]).days, DAYS_PER_YEAR)
        found[t] = Fraction(DIGITS.power(_decimal(base), _decimal(years)))
    return found


def _decimal(x: Fraction) -> Decimal:
    return DIGITS.divide(Decimal(x.numerator), Decimal(x.denominator))
