"""The taxed reference ledger on exact cases that were worked out beside the law's text."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F

import pytest

from tests.reference.ledger import Case
from tests.reference.taxes.american_lots import is_long
from tests.reference.taxes.american_year import Carried, assess
from tests.reference.taxes.american_year import Year as AmericanYear
from tests.reference.taxes.attributes import Fund, Germany, Stock, TaxedCase, UnitedStates
from tests.reference.taxes.german_advance import advance, twelfths
from tests.reference.taxes.german_book import GermanBook
from tests.reference.taxes.german_lots import Lot
from tests.reference.taxes.german_year import Year
from tests.reference.taxes.ledger import TaxedLedger
from tests.reference.taxes.tables import base_rate

TAU = F("0.26375")


def rebalanced(allowance: F, cost: int, gained: int = 0) -> F:
    """Bring 100 A at 100 and 100 B at 20, bought at ``cost`` and at 100, to half each; return what is left.

    A gain of ``gained`` with stocks was taxed earlier in the year.
    """
    days = [date(2024, 3, 1), date(2024, 3, 4)]
    case = Case("AB", [[F(cost), F(100)], [F(100), F(20)]], {"A": F(1, 2), "B": F(1, 2)}, days=days)
    ledger = TaxedLedger(TaxedCase(case, Germany({"A": Stock(), "B": Stock()}, allowance=allowance)))
    assert isinstance(ledger.book, GermanBook)
    ledger.units, ledger.cash, ledger.price = [F(100), F(100)], F(0), [F(100), F(20)]
    ledger.book.lots = [[Lot(0, F(100), F(cost))], [Lot(0, F(100), F(100))]]
    ledger.book.year = ledger.book.year.plus(stocks=F(gained))
    ledger.taxes.paid.append(F(0))
    ledger.rebalance(1, "rebalance", "")
    return ledger.value()


@pytest.mark.parametrize(
    ("allowance", "cost", "gained", "value"),
    [(0, 50, 0, F(34180000, 2989)), (1000, 50, 0, F(35024000, 2989)), (0, 110, 1000, F(196220000, 16211))],
)
def test_a_rebalance_brings_its_own_tax(allowance: int, cost: int, gained: int, value: F) -> None:
    """M1, M2, M4: A has doubled; half of that is free; it has fallen after a gain, and more than before is left."""
    assert abs(rebalanced(F(allowance), cost, gained) - value) < F(1, 10**20)


def test_the_advance_lump_sum_is_capped_by_the_gain() -> None:
    """M6: a fall, a cap with a distribution, one above the basis, and a purchase in December."""
    b = base_rate(2024)
    assert advance(b, F(100), F(99), F(3)) == 0
    assert advance(b, F(100), F("100.5"), F(1)) == F("0.5")
    assert advance(b, F(100), F("100.5"), F(2)) == 0
    assert advance(b, F(100), F(110), F(0)) * twelfths(date(2024, 12, 5), 2024) == F("1.603") / 12


def test_a_foreign_tax_without_german_tax_is_lost() -> None:
    """M7: 2000 from abroad, half of it free, church tax of 9 %; without an allowance the credit is used in full."""
    year = Year(F(1000), F("0.09"), other=F(2000), foreign=F(300))
    assert (year.tax, year.credited) == (0, 250)
    assert Year(F(0), F("0.09"), other=F(2000), foreign=F(300)).tax == F(91600, 409)


def test_pots_roll_over_and_allowances_do_not() -> None:
    """M8, M17: stock losses do not meet dividends; next year they meet stock gains, before the allowance."""
    first = Year(F(1000), F(0), stocks=F(-3000), other=F(1000))
    assert (first.tax, first.pots) == (0, (3000, 0))
    second = Year(F(1000), F(0), *first.pots, stocks=F(5000))
    assert second.tax == TAU * 1000
    assert second.plus(other=F(-500)).tax - second.tax == -TAU * 500
    fund = Fund("equity")
    assert Year(F(0), F(0), other=(1 - fund.exempt) * -1000 + 900).tax == TAU * 200


def test_short_losses_are_used_up_first() -> None:
    """M13 and two printed examples: what a year deducts, and what it carries on with its kind."""
    law = UnitedStates({})
    tax, carried = assess(AmericanYear(short=F(-5000), long=F(1000)), Carried(), law)
    assert (tax, carried) == (-3000 * law.ordinary, Carried(F(1000)))
    tax, carried = assess(AmericanYear(short=F(2000), long=F(1500)), carried, law)
    assert (tax, carried) == (1000 * law.ordinary + 1500 * law.long_term, Carried())
    assert assess(AmericanYear(short=F(-10000), long=F(5000)), Carried(), law)[1] == Carried(F(2000))
    assert assess(AmericanYear(short=F(4000), long=F(-11400)), Carried(), law)[1] == Carried(long=F(4400))


@pytest.mark.parametrize(
    ("bought", "sold", "long"),
    [
        ("2005-01-01", "2006-01-01", False),
        ("2005-01-01", "2006-01-02", True),
        ("2023-02-28", "2024-02-29", False),
        ("2024-02-28", "2025-03-01", True),
        ("2024-02-28", "2025-02-28", False),
    ],
)
def test_a_year_of_holding_begins_the_day_after_the_purchase(bought: str, sold: str, long: bool) -> None:
    assert is_long(date.fromisoformat(bought), date.fromisoformat(sold)) is long
