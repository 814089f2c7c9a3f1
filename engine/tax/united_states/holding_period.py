"""How long a lot was held: what makes a gain long-term, and a dividend qualified (IRC § 1222, § 1(h)(11))."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final

QUALIFYING_DAYS: Final = 60
"""A dividend is qualified when its unit is held longer than this in the 121 days around the ex-date."""


@lru_cache(maxsize=4096)
def long_term_from(bought: int) -> int:
    """Return the first day on which a lot of the day ``bought`` is sold long-term; days are proleptic ordinals.

    That is one year after the day that follows the purchase, the first of March where there is no such day.

    >>> dt.date.fromordinal(long_term_from(dt.date(2023, 2, 28).toordinal()))
    datetime.date(2024, 3, 1)
    """
    following = dt.date.fromordinal(bought + 1)
    if (following.month, following.day) == (2, 29):
        return dt.date(following.year + 1, 3, 1).toordinal()
    return following.replace(year=following.year + 1).toordinal()


def is_long_term(bought: int, sold: int) -> bool:
    """Return whether a lot is long-term when it is sold; trade dates as ordinals."""
    return sold >= long_term_from(bought)


def days_held(bought: int, sold: int) -> int:
    """Return the days between, without that of the purchase and with that of the sale."""
    return sold - bought


def disqualifies(bought: int, sold: int) -> bool:
    """Return whether dividends of a lot, received in between, are not qualified.

    Of the 121 days around an ex-date a lot that was bought before it is held all until it is sold, and more than 60 of
    them before it where it was bought earlier: so that only days between purchase and sale count.
    """
    return days_held(bought, sold) <= QUALIFYING_DAYS
