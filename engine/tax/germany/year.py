"""The German tax of a calendar year as a function of its sums (EStG § 20 (6), (9), § 32d, § 43a (3)).

Plain functions of floats: the compiled runs call the very same ones.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from engine.tax.germany.tables import SOLIDARITY


class YearSums(NamedTuple):
    """A calendar year so far [EUR].

    ``stocks``: gains less losses of sold stocks; ``other``: all else that is taxable, signed, after exemptions;
    ``credit``: tax withheld abroad that may be set off.
    """

    stocks: float
    other: float
    credit: float


class LossPots(NamedTuple):
    """Losses carried into a year [EUR, >= 0]: of sold ``stocks``, which meet gains of such alone, and ``other``."""

    stocks: float
    other: float


class YearTerms(NamedTuple):
    """What a year is taxed by: its ``allowance`` [EUR], ``rate`` of income tax and ``church`` tax on it [fractions].

    ``one_pot``: stock losses meet everything; ``cents``: each part of the tax is rounded as banks do.
    """

    allowance: float
    rate: float
    church: float
    one_pot: bool
    cents: bool


class Assessment(NamedTuple):
    """The tax of a year [EUR].

    ``base`` after losses, ``used`` allowance, ``taxable`` of the two the difference, ``credited`` of what was withheld
    abroad; ``tax`` in all, the pots that are left, and the three parts of the tax.
    """

    base: float
    used: float
    taxable: float
    credited: float
    tax: float
    stock_pot: float
    other_pot: float
    income_tax: float
    solidarity: float
    church_tax: float


def assess_year(sums: YearSums, pots: LossPots, terms: YearTerms) -> Assessment:
    """Return the tax of a year: losses first, then the allowance, then what was withheld abroad.

    Income tax is ``(e - 4q) / (4 + k)`` at 25 %, its divisor holds the deduction of the church tax from its own base
    (EStG § 32d (1)). Stock losses meet stock gains alone (§ 20 (6) sentence 4); both other ways are open. In cents,
    income tax is rounded half up, the surcharges are cut (SolZG § 4).

    >>> assess_year(YearSums(0.0, 2000.0, 300.0), LossPots(0.0, 0.0), YearTerms(0.0, 0.25, 0.0, False, False)).tax
    211.0
    """
    if terms.one_pot:
        stocks, other = 0.0, sums.stocks + sums.other - pots.stocks - pots.other
    else:
        stocks, other = sums.stocks - pots.stocks, sums.other - pots.other
    total = max(stocks, 0.0) + other
    base = max(total, 0.0)
    used = min(base, terms.allowance)
    taxable = base - used
    full = terms.rate * taxable
    credited = min(sums.credit, full)
    income_tax = (full - credited) / (1.0 + terms.rate * terms.church)
    if terms.cents:
        income_tax = math.floor(100.0 * income_tax + 0.5 + 1e-7) / 100.0
        solidarity = math.floor(100.0 * (SOLIDARITY * income_tax) + 1e-7) / 100.0
        church_tax = math.floor(100.0 * (terms.church * income_tax) + 1e-7) / 100.0
        tax = income_tax + solidarity + church_tax
    else:
        solidarity, church_tax = SOLIDARITY * income_tax, terms.church * income_tax
        tax = (1.0 + SOLIDARITY + terms.church) * income_tax
    stock_pot = max(-stocks, 0.0)
    other_pot = max(-total, 0.0)
    return Assessment(base, used, taxable, credited, tax, stock_pot, other_pot, income_tax, solidarity, church_tax)


def total_rate(rate: float, church: float) -> float:
    """Return the whole tax on one more euro: income tax, its surcharge and church tax [fraction].

    >>> total_rate(0.25, 0.0)
    0.26375
    """
    return rate * (1.0 + SOLIDARITY + church) / (1.0 + rate * church)


def tax_of_income_tax(terms: YearTerms) -> float:
    """Return the whole tax for each euro that the rate alone would take: surcharges, and church tax in its divisor."""
    return (1.0 + SOLIDARITY + terms.church) / (1.0 + terms.rate * terms.church)


def sale_gain(units: float, price: float, fee: float, cost: float, deemed: float) -> float:
    """Return the gain of a sale [EUR]: what it brings less its fee, its ``cost`` and income taxed in advance."""
    return units * price - fee - cost - deemed
