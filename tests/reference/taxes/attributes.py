"""Two laws and the attributes of what they tax, in fractions: what a plan of the taxed reference ledger is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import TypeAlias

from tests.reference.ledger import Case

ZERO = Fraction(0)
EXEMPT = {"equity": "0.3", "mixed": "0.15", "real_estate": "0.6", "foreign_real_estate": "0.8", "other": "0"}  # 2.4


@dataclass(frozen=True)
class Fund:
    """A fund by its German type (2.4), or an American one with the share of its dividends that may be qualified."""

    type: str = "equity"
    qualified: Fraction = Fraction(1)

    @property
    def exempt(self) -> Fraction:
        """Return the part of its income and gains that Germany does not tax."""
        return Fraction(EXEMPT[self.type])


@dataclass(frozen=True)
class Stock:
    """A share: what its country keeps of a dividend, and what of that the home country may credit (2.5)."""

    withheld: Fraction = ZERO
    creditable: Fraction = ZERO


Asset: TypeAlias = Fund | Stock


@dataclass(frozen=True)
class Germany:
    """The keys of ``kind: germany`` (5.1); ``allowance`` is money where it is not the law's."""

    assets: Mapping[str, Asset]
    church: Fraction = ZERO
    allowance: str | Fraction = "single"  # single | couple | money
    of_the_year: bool = False
    one_pot: bool = False
    opening_stocks: Fraction = ZERO
    opening_other: Fraction = ZERO
    base_rate: Mapping[int, Fraction] = field(default_factory=dict)
    assessed: bool = False
    pay_on: tuple[int, int] = (7, 1)
    outside: bool = False
    invests: bool = True  # dividends buy more of what paid them; else they wait in cash


@dataclass(frozen=True)
class UnitedStates:
    """The keys of ``kind: united_states`` in a taxable account (5.1)."""

    assets: Mapping[str, Asset]
    ordinary: Fraction = Fraction("0.24")
    long_term: Fraction = Fraction("0.15")
    net_investment: Fraction = ZERO
    state: Fraction = ZERO
    lots: str = "fifo"  # fifo | hifo | min_tax | average
    wash_sales: bool = True
    against_income: Fraction = Fraction(3000)
    pay_on: tuple[int, int] = (4, 15)
    invests: bool = True


Law: TypeAlias = Germany | UnitedStates


@dataclass(frozen=True)
class TaxedCase:
    """A plan of the reference ledger with its ``days``, and the law that taxes it."""

    case: Case
    law: Law

    @property
    def days(self) -> list[date]:
        """Return the sessions."""
        return list(self.case.days)
