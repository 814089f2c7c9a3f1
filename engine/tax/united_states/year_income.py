"""A calendar year as the law sees it: what was earned, and what of it is taxed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


class TaxedIncome(NamedTuple):
    """What is taxed of a year [currency]: ``ordinary`` income, lowered by a net loss, and what long-term rates are for.

    ``preferential`` are long-term gains and qualified dividends.
    """

    ordinary: float
    preferential: float

    @property
    def total(self) -> float:
        """Both."""
        return self.ordinary + self.preferential


class YearRates(Protocol):
    """By what rates a year is taxed."""

    def tax(self, income: TaxedIncome, year: int) -> float:
        """Return the tax of all of ``income`` [currency], negative where a loss lowers the tax on other income."""

    def deductible(self, limit: float, income: float) -> float:
        """Return how much of a loss lowers ordinary income, of which the portfolio brings ``income`` itself."""


@dataclass
class YearIncome:
    """Sums of one year [currency]; ``short`` and ``long`` sales net of losses, without what wash sales disallow.

    Dividends ``qualified`` or ``plain``; ``interest`` on cash; ``gains`` and ``losses`` realised, all of them.
    """

    short: float = 0.0
    long: float = 0.0
    qualified: float = 0.0
    plain: float = 0.0
    interest: float = 0.0
    gains: float = 0.0
    losses: float = 0.0

    def add_sale(self, gain: float, *, long_term: bool) -> None:
        """Count a sale with its signed ``gain``."""
        if long_term:
            self.long += gain
        else:
            self.short += gain

    def realise(self, gain: float) -> None:
        """Count what was realised, whether it is taxed or not."""
        if gain >= 0.0:
            self.gains += gain
        else:
            self.losses += gain
