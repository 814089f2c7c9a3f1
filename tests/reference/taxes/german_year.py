"""The German year state and its tax (EStG § 20 (6), (9), § 32d)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from tests.reference.rules import ZERO


@dataclass(frozen=True)
class Year:
    """One calendar year: sums of stock sales, of all else and of creditable foreign tax; pots carried in; the rest."""

    allowance: Fraction
    church: Fraction
    pot_stocks: Fraction = ZERO
    pot_other: Fraction = ZERO
    stocks: Fraction = ZERO
    other: Fraction = ZERO
    foreign: Fraction = ZERO

    def plus(self, stocks: Fraction = ZERO, other: Fraction = ZERO, foreign: Fraction = ZERO) -> Year:
        """Return the year after more of it was booked."""
        return replace(self, stocks=self.stocks + stocks, other=self.other + other, foreign=self.foreign + foreign)

    @property
    def _total(self) -> Fraction:
        return max(self.stocks - self.pot_stocks, ZERO) + self.other - self.pot_other

    @property
    def used(self) -> Fraction:
        """Return the allowance that is used."""
        return min(max(self._total, ZERO), self.allowance)

    @property
    def taxable(self) -> Fraction:
        """Return e: what is left after losses and the allowance."""
        return max(self._total, ZERO) - self.used

    @property
    def credited(self) -> Fraction:
        """Return the foreign tax that is set off."""
        return min(self.foreign, self.taxable / 4)

    @property
    def tax(self) -> Fraction:
        """Return T, with the solidarity surcharge and the church's part."""
        k = self.church
        return (Fraction("1.055") + k) / (4 + k) * (self.taxable - 4 * self.credited)

    @property
    def pots(self) -> tuple[Fraction, Fraction]:
        """Return the losses that are left to be set off: of stocks, of all else."""
        return max(self.pot_stocks - self.stocks, ZERO), max(-self._total, ZERO)
