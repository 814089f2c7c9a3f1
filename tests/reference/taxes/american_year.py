"""The American year: netting of gains by their kind, what is carried, and the tax (IRC § 1211, § 1212)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.reference.rules import ZERO
from tests.reference.taxes.attributes import UnitedStates


@dataclass
class Year:
    """One calendar year: gains by kind, losses negative, and income by the rate that it is taxed at."""

    short: Fraction = ZERO
    long: Fraction = ZERO
    ordinary: Fraction = ZERO
    qualified: Fraction = ZERO
    gains: Fraction = ZERO  # that were realised
    losses: Fraction = ZERO  # a negative number, those among them that are not allowed


@dataclass(frozen=True)
class Carried:
    """Losses of earlier years, by kind, positive."""

    short: Fraction = ZERO
    long: Fraction = ZERO


def assess(year: Year, carried: Carried, law: UnitedStates) -> tuple[Fraction, Carried]:
    """Return the tax of a year, negative where its losses lower other income, and what is carried on."""
    short, long = year.short - carried.short, year.long - carried.long
    if short < 0 < long:
        short, long = min(short + long, ZERO), max(short + long, ZERO)
    elif long < 0 < short:
        short, long = max(short + long, ZERO), min(short + long, ZERO)
    used_short = min(max(-short, ZERO), law.against_income)
    used_long = min(max(-long, ZERO), law.against_income - used_short)
    deducted = used_short + used_long
    ordinary = year.ordinary + max(short, ZERO) - deducted
    preferred = year.qualified + max(long, ZERO)
    tax = law.ordinary * ordinary + law.long_term * preferred + law.state * (ordinary + preferred)
    tax += law.net_investment * max(ordinary + preferred, ZERO)  # of net income, never of less than none
    return tax, Carried(max(-short, ZERO) - used_short, max(-long, ZERO) - used_long)
