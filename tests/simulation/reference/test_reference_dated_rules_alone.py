"""When the reference rebalances by the year, and what its cash earns by a dated rate, worked out by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction as F

import pytest

from tests.reference.dated_rules import Annual, interest
from tests.reference.ledger import Case, run

MONTHS = [date(2004 + k // 12, k % 12 + 1, day) for k in range(60) for day in (5, 20)]  # two a month until 2008
MARCHES = [4, 28, 52, 76, 100]  # the fifth of it, each year


@pytest.mark.parametrize(
    ("annual", "opening", "rows"),
    [
        (Annual(3), 0, MARCHES),
        (Annual(3), 4, MARCHES[1:]),
        (Annual(3, "last"), 4, [row + 1 for row in MARCHES]),
        (Annual(3, 2, every=2), 0, [53, 101]),
        (Annual(3, every=2), 6, [52, 100]),
        (Annual(3, every=3), 24, [100]),
        (Annual(3, every=10), 0, []),
    ],
)
def test_years_that_are_skipped_are_counted_from_that_of_the_opening(
    annual: Annual, opening: int, rows: list[int]
) -> None:
    """A run that opens in 2004 and rebalances every two years does so in 2006 and 2008, whatever its month is."""
    assert annual.rows(MONTHS, opening) == rows


def test_cash_earns_the_rate_that_was_published_by_the_session_before() -> None:
    """A year at 5 % is 1.05, two days of it 1.05 ** (2 / 365); a rate of the session itself is for the next one."""
    days = [date(2021, 1, 1), date(2022, 1, 1), date(2022, 1, 3), date(2022, 1, 4)]
    rates = [(date(2020, 12, 24), F("0.05")), (date(2022, 1, 3), F("-0.01")), (date(2022, 1, 4), F(1))]
    factors = interest(rates, days, 0)
    assert [float(factors[t]) for t in (1, 2, 3)] == pytest.approx(
        [1.05, 1.05 ** (2 / 365), 0.99 ** (1 / 365)], rel=1e-15
    )
    assert abs(factors[2] ** 365 - F("1.05") ** 2) < F(1, 10**50)
    case = Case("A", [[F(1)]] * 4, {"A": F(0)}, days=days, rates=rates)
    assert float(run(case).cash[-1]) == pytest.approx(100 * 1.05 ** (367 / 365) * 0.99 ** (1 / 365), rel=1e-15)
