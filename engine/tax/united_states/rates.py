"""By what rates a year is taxed: flat ones, or those of the brackets that other income leaves."""

from __future__ import annotations

from typing import NamedTuple

from engine.core.fields import ConfigModel, NonNegative, Weight
from engine.tax.united_states.brackets import marginal_rate, ordinary_tax
from engine.tax.united_states.flat_tax import flat_tax
from engine.tax.united_states.tables import (
    MIDDLE_RATE,
    NET_INVESTMENT_FROM,
    NET_INVESTMENT_RATE,
    UPPER_RATE,
    Filing,
    gain_thresholds,
)
from engine.tax.united_states.year_income import TaxedIncome


class MarginalRates(NamedTuple):
    """What one more of ordinary income and of a long-term gain costs [fraction]."""

    ordinary: float
    long_term: float


class FlatRates(ConfigModel):
    """Marginal rates [fraction]: of ordinary income, long-term gains, net investment income, and a state's on all."""

    ordinary: Weight
    long_term: Weight
    net_investment: Weight = 0.0
    state: Weight = 0.0

    def tax(self, income: TaxedIncome, year: int) -> float:
        """Return the tax of ``income``, negative where a loss lowers that on other income [currency]."""
        rates = self.ordinary, self.long_term, self.net_investment, self.state
        return flat_tax(income.ordinary, income.preferential, *rates)

    def deductible(self, limit: float, income: float) -> float:
        """Return how much of a loss lowers ordinary income: all that the law allows."""
        return limit

    def marginal(self, year: int) -> MarginalRates:
        """Return the rates of ordinary income and of long-term gains, with what is taken of both."""
        both = self.net_investment + self.state
        return MarginalRates(self.ordinary + both, self.long_term + both)


class Brackets(ConfigModel):
    """Other taxable income [currency], on which the portfolio's is stacked, how it is filed, and a ``state``'s rate."""

    filing: Filing
    ordinary_income: NonNegative
    state: Weight = 0.0

    def tax(self, income: TaxedIncome, year: int) -> float:
        """Return the tax that ``income`` adds to that on other income by the table of ``year`` [currency].

        Modified adjusted gross income is taken as taxable income: less than it is, by what was deducted.
        """
        other, below = self.ordinary_income, self.ordinary_income + income.ordinary
        ordinary = ordinary_tax(below, year, self.filing) - ordinary_tax(other, year, self.filing)
        gains = stacked_tax(below, income.preferential, year, self.filing)
        invested = net_investment_tax(below + income.preferential, income.total, self.filing)
        return ordinary + gains + invested + self.state * income.total

    def deductible(self, limit: float, income: float) -> float:
        """Return how much of a loss lowers ordinary income: not more than there is, the rest is carried on."""
        return min(limit, self.ordinary_income + income)

    def marginal(self, year: int) -> MarginalRates:
        """Return the rates of ordinary income and of long-term gains on top of other income in ``year``."""
        zero, fifteen = gain_thresholds(year, self.filing)
        ordinary = marginal_rate(self.ordinary_income, year, self.filing)
        both = self.state
        if self.ordinary_income > NET_INVESTMENT_FROM[self.filing]:
            both += NET_INVESTMENT_RATE
        long_term = 0.0 if self.ordinary_income < zero else MIDDLE_RATE
        long_term = UPPER_RATE if self.ordinary_income >= fifteen else long_term
        return MarginalRates(ordinary + both, long_term + both)


def stacked_tax(below: float, gains: float, year: int, filing: Filing) -> float:
    """Return the tax of long-term ``gains`` and qualified dividends on top of other taxable income [USD].

    Other income ``below`` zero uses up gains first (IRC § 1(h)(1)).

    >>> stacked_tax(40_000, 30_000, 2025, "single")
    3247.5
    """
    zero, fifteen = gain_thresholds(year, filing)
    top, below = max(below + gains, 0.0), max(below, 0.0)
    middle = max(0.0, min(top, fifteen) - max(below, zero))
    upper = max(0.0, top - max(below, fifteen))
    return MIDDLE_RATE * middle + UPPER_RATE * upper


def net_investment_tax(adjusted_income: float, invested: float, filing: Filing) -> float:
    """Return the tax on net investment income, ``invested``, of all ``adjusted_income`` (IRC § 1411) [USD].

    >>> round(net_investment_tax(205_000, 10_000, "single"), 2)
    190.0
    """
    return NET_INVESTMENT_RATE * max(0.0, min(invested, adjusted_income - NET_INVESTMENT_FROM[filing]))
