"""When planned money is due, and how much of it (S11): by calendar days, one date at a time, in exact fractions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

ZERO = Fraction(0)
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class FlowPlan:
    """One plan of `account.contributions`: an amount, or a share of the value where `percent` is given."""

    amount: Fraction = ZERO
    percent: Fraction | None = None
    every: str = "month"  # week | month | quarter | half_year | year
    on: date | None = None  # once, in place of `every`
    first: date | None = None  # from
    last: date | None = None  # to
    rate: Fraction | None = None  # indexed: a year
    index: Sequence[tuple[date, Fraction]] = ()  # indexed: {path: ..}

    def due_days(self, until: date) -> Iterator[date]:
        """S11: yield the days on which the plan is due, up to `until`: its first, then those on which a period begins."""
        if self.on:
            yield self.on
            return
        if self.first:
            yield self.first
        for day in period_starts(self.every, self.first or date(1990, 1, 1), until):
            if (not self.first or day > self.first) and (not self.last or day <= self.last):
                yield day

    def grown(self, day: date, opening: date) -> Fraction:
        """S11: return by how much an indexed amount has risen since the plan's first day."""
        begun = self.first or opening
        if self.rate is not None:
            months = 12 * (day.year - begun.year) + day.month - begun.month
            return (1 + self.rate) ** (months // 12)
        if self.index:
            return _last_value(self.index, day) / _last_value(self.index, begun)
        return Fraction(1)


def period_starts(every: str, since: date, until: date) -> Iterator[date]:
    """Yield the first days of the periods that begin from one day to another, both included."""
    day = since
    while day <= until:
        begins = day.weekday() == 0 if every == "week" else day.day == 1 and (day.month - 1) % MONTHS[every] == 0
        if begins:
            yield day
        day += timedelta(days=1)


def planned(plans: Iterable[FlowPlan], days: Sequence[date], opening: int) -> tuple[dict[int, Fraction], ...]:
    """S11: return by row, after the opening, the money that plans pay and the share of the value that others do."""
    money, shares = dict[int, Fraction](), dict[int, Fraction]()
    for plan in plans:
        for day in plan.due_days(days[-1]):
            row = next((t for t, session in enumerate(days) if session >= day), 0)
            if row > opening and plan.percent is None:
                money[row] = money.get(row, ZERO) + plan.amount * plan.grown(days[row], days[opening])
            elif row > opening and plan.percent is not None:
                shares[row] = shares.get(row, ZERO) + plan.percent
    return money, shares


def _last_value(index: Sequence[tuple[date, Fraction]], day: date) -> Fraction:
    return [value for dated, value in index if dated <= day][-1]
