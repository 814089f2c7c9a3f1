"""The sessions at which taxes have something to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from engine.core.arrays import DateArray


class TaxCalendar(NamedTuple):
    """Rows at which a year ``begins`` or ``ends``, an assessment may be ``due``, dividends are ``paid``; or any."""

    begins: frozenset[int] = frozenset()
    ends: frozenset[int] = frozenset()
    due: frozenset[int] = frozenset()
    paid: frozenset[int] = frozenset()
    rows: frozenset[int] = frozenset()

    @classmethod
    def build(
        cls,
        dates: DateArray,
        opening: int,
        due: Iterable[int],
        paid: Iterable[int],
        following: np.datetime64 | None = None,
    ) -> TaxCalendar:
        """Return the calendar of a run over ``dates`` (T,), after its ``opening``.

        The last row ends no year where it is not known which session is ``following``.
        """
        known = dates if following is None else np.append(dates, following)
        years = known.astype("datetime64[Y]")
        begins = frozenset(row for row in (1 + np.flatnonzero(years[1:] != years[:-1])).tolist() if row > opening)
        ends = frozenset(row - 1 for row in begins)
        owed, earned = (frozenset(row for row in rows if row > opening) for rows in (due, paid))
        begins -= {len(dates)}
        return cls(begins, ends, owed, earned, begins | ends | owed | earned)
