"""What the taxed reference ledger asks of a law's book, and what it keeps of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

Money = Sequence[Fraction]


@dataclass(frozen=True)
class Paid:
    """What leaves the dividends of one session: own tax and tax withheld abroad, by asset."""

    tax: list[Fraction]
    withheld: list[Fraction]


@dataclass(frozen=True)
class KeptLot:
    """A lot at the end; ``cost`` and ``deemed`` are of all its units."""

    asset: int
    row: int
    units: Fraction
    cost: Fraction
    deemed: Fraction = Fraction(0)


@dataclass
class TaxResult:
    """The taxes of a run: by session (of the run), by year, and what is left at the end."""

    paid: list[Fraction] = field(default_factory=list)
    withheld: list[Fraction] = field(default_factory=list)
    outside: list[Fraction] = field(default_factory=list)
    by_year: dict[int, Fraction] = field(default_factory=dict)
    realised: dict[int, tuple[Fraction, Fraction]] = field(default_factory=dict)  # gains, losses as a negative number
    lots: list[KeptLot] = field(default_factory=list)
    pots: dict[str, Fraction] = field(default_factory=dict)
    accrued: Fraction = Fraction(0)
    latent: Fraction = Fraction(0)
    held: Fraction = Fraction(0)
    sold: Fraction = Fraction(0)


class Book(Protocol):
    """The lots and years of one account; rows are those of the case."""

    at_once: bool

    def begin_year(self, t: int) -> Fraction:
        """Return what a new year makes due at its first session."""

    def assessed(self, t: int) -> Fraction:
        """Return what an assessment makes due, by date."""

    def income(self, t: int, gross: Money) -> Paid:
        """Book dividends."""

    def interest(self, t: int, amount: Fraction) -> Fraction:
        """Book a year's interest and return what is due at once."""

    def preview(self, t: int, trades: Money, prices: Money, fees: Money) -> Fraction:
        """Return the tax of a vector that is due at once."""

    def trade(self, t: int, trades: Money, prices: Money, fees: Money) -> Fraction:
        """Book a vector and return the same."""

    def least(self) -> Fraction:
        """Return the lowest tax that an order may have: what may come back."""

    def close(self, t: int, prices: Money, interest: Fraction, result: TaxResult) -> None:
        """Write years, lots, pots, accrued and latent tax at the last session."""
