"""The tax that an order has to bring: the zero of a decreasing, piecewise linear function, in fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from tests.reference.rules import ZERO, tidy

EXACT = Fraction(1, 10**24)  # money
MOST_TURNS = 200


class NoTaxSettles(ArithmeticError):
    """The orders jump where their tax would be what they bring."""


def settled_tax(tax_when: Callable[[Fraction], Fraction], least: Fraction) -> Fraction:
    """Return the ``x`` that is the tax of the order which brings ``x`` beside what else it is for, to 1e-24.

    No order is refunded more than ``-least``. Secants end on the piece of the zero, halving finds that piece.
    """

    def lacking(x: Fraction) -> Fraction:
        return tax_when(x) - x

    low, f_low = ZERO, lacking(ZERO)
    if abs(f_low) <= EXACT:
        return low
    high, f_high = low, f_low
    step = 2 * abs(f_low)
    while f_high > 0:
        low, f_low = high, f_high
        high = high + step
        f_high, step = lacking(high), 2 * step
    if f_low < 0:
        low, f_low = least, lacking(least)
    halves = False
    for _ in range(MOST_TURNS):
        if abs(f_low) <= EXACT:
            return low
        if abs(f_high) <= EXACT:
            return high
        x = tidy((low + high) / 2 if halves else low + f_low * (high - low) / (f_low - f_high))
        f = lacking(x)
        halves = not halves and 8 * abs(f) > min(abs(f_low), abs(f_high))
        if abs(f) <= EXACT:
            return x
        low, f_low, high, f_high = (x, f, high, f_high) if f > 0 else (low, f_low, x, f)
    raise NoTaxSettles(f"between {float(low)!r} and {float(high)!r}")
