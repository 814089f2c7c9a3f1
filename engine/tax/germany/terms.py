"""The attributes of the German law as its books read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.core.errors import DataError
from engine.tax.germany.tables import ALLOWANCES, BASE_RATES, allowance_of
from engine.tax.germany.year import LossPots, YearTerms
from engine.tax.month_day import MonthDay

BEFORE_2007: Final = "before_2007"
"""The key of the base rate of years for which none was published."""


class AssetTerms(NamedTuple):
    """What the law asks of an asset [fractions].

    ``exempt`` of a fund; of a stock's dividend what is ``withheld`` abroad and ``creditable``.
    """

    fund: bool
    exempt: float
    withheld: float
    creditable: float


@dataclass(frozen=True)
class GermanTerms:
    """One investor's attributes.

    Attributes
    ----------
    rate : of income tax; ``church`` tax on it [fractions]
    one_pot : stock losses meet everything
    cents : taxes are rounded as banks do
    at_once : a bank withholds; else an assessment makes the tax of a year due in the next, from ``pay_on``
    of_the_year : each year has its own law; else all have that of today
    allowance : of every year [EUR]; None where it is that of ``persons``
    base_rates : by year, or ``before_2007``, what the table lacks
    pots : losses that the investor begins with
    assets : by ticker
    use_allowance, harvest : what is sold and bought back at a year's end

    """

    rate: float
    church: float
    one_pot: bool
    cents: bool
    at_once: bool
    pay_on: MonthDay
    of_the_year: bool
    persons: float
    allowance: float | None
    base_rates: Mapping[str, float]
    pots: LossPots
    assets: Mapping[str, AssetTerms]
    use_allowance: bool = False
    harvest: bool = False

    def of_year(self, year: int) -> YearTerms:
        """Return what ``year`` is taxed by."""
        allowance = self.allowance
        if allowance is None:
            allowance = self.persons * allowance_of(year if self.of_the_year else max(ALLOWANCES))
        return YearTerms(allowance, self.rate, self.church, self.one_pot, self.cents)

    def base_rate(self, year: int) -> float:
        """Return the base rate of ``year``; raises DataError for a year that has none."""
        rate = base_rate_of(year, self.base_rates)
        if rate is None:
            key = BEFORE_2007 if year < min(BASE_RATES) else year
            raise DataError(f"tax.base_rate: the base rate of {year} is not known; write base_rate: {{{key}: 3%}}")
        return rate


def base_rate_of(year: int, given: Mapping[str, float]) -> float | None:
    """Return the published base rate of ``year``, else the one that is ``given``, None where neither is there."""
    if year in BASE_RATES:
        return BASE_RATES[year].rate
    before = given.get(BEFORE_2007) if year < min(BASE_RATES) else None
    return given.get(str(year), before)
