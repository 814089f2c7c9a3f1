"""Dividends that a sale may still turn from qualified into ordinary income (IRC § 1(h)(11)(B)(iii))."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from engine.tax.united_states.holding_period import QUALIFYING_DAYS


class PaidDividend(NamedTuple):
    """A dividend of one asset: when it was paid, and what of it counts as qualified [currency/unit]."""

    row: int
    day: int
    year: int
    qualified: float


class RecentDividends:
    """The dividends of one asset that lots which may be sold early have received."""

    def __init__(self) -> None:
        """Begin with none."""
        self._paid: list[PaidDividend] = []

    def add(self, dividend: PaidDividend) -> None:
        """Remember a dividend, and forget those that no sale can change any more."""
        oldest = dividend.day - QUALIFYING_DAYS
        self._paid = [each for each in self._paid if each.day >= oldest]
        self._paid.append(dividend)

    def received_since(self, row: int) -> Iterator[PaidDividend]:
        """Yield those that a lot of ``row`` has received: a purchase at an ex-date comes too late for its dividend."""
        return (each for each in self._paid if each.row > row)
