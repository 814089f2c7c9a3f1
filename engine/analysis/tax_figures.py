"""The figures of taxes: what a portfolio paid, and its value before them, held and sold (S19)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class ValueAndGrowth:
    """A final value [currency] and the growth a year that leads to it, None where that is not defined."""

    final_value: float
    cagr: float | None


@dataclass(frozen=True)
class AfterTax:
    """``held``: the value less what is owed; ``sold``: that less the tax of selling everything at the last closes."""

    held: ValueAndGrowth
    sold: ValueAndGrowth


@dataclass(frozen=True)
class YearTax:
    """The tax of a calendar year and the kinds that it is made of [currency]; a refund is negative.

    ``advance`` is that on deemed income of funds (Vorabpauschale).
    """

    total: float
    dividends: float
    advance: float
    sales: float
    interest: float


@dataclass(frozen=True)
class TaxFigures:
    """What taxes did to one portfolio [currency].

    Attributes
    ----------
    paid : out of the account, refunds subtracted
    withheld_abroad : kept by other countries out of dividends
    outside : paid by the investor from elsewhere
    credited, credit_lost : of what was withheld abroad, set off, and neither set off nor kept
    realised_gains, realised_losses : of sales, before any exemption; losses are negative
    pots_end : losses left to be set off, by name; they are worth nothing here
    accrued_unpaid : owed at the end, not paid yet
    latent : tax on selling everything at the last closes
    drag : growth a year of the twin before tax less that of what is sold [fraction]
    share : of the twin's gain that taxes took [fraction], None where the twin gained nothing
    by_year : each calendar year's tax, by its number

    """

    paid: float
    withheld_abroad: float
    outside: float
    credited: float
    credit_lost: float
    realised_gains: float
    realised_losses: float
    pots_end: Mapping[str, float]
    accrued_unpaid: float
    latent: float
    drag: float | None
    share: float | None
    by_year: Mapping[str, YearTax]
