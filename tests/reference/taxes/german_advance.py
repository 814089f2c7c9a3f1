"""The Vorabpauschale of a calendar year, per unit (InvStG § 18)."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from tests.reference.rules import ZERO


def advance(base_rate: Fraction, first: Fraction, last: Fraction, paid: Fraction) -> Fraction:
    """Return VAP of a unit held all year: from the first and last price of the year and what it paid."""
    basis = min(Fraction("0.7") * max(base_rate, ZERO) * first, max(last - first + paid, ZERO))
    return max(basis - paid, ZERO)


def twelfths(bought: date, year: int) -> Fraction:
    """Return the part of it that a unit carries by the month of its purchase."""
    return Fraction(13 - bought.month, 12) if bought.year == year else Fraction(1)
