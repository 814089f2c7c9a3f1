"""All that is taken apart of a run: what ``summary.json`` has beyond the metrics, and the series beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from engine.analysis.bootstrap import Evidence
from engine.analysis.breakdown.calendar_months import MonthFigures, measure_months, month_table
from engine.analysis.breakdown.rivals import first_rival
from engine.analysis.breakdown.series_table import SeriesTable
from engine.analysis.comparison import Comparison
from engine.analysis.difference_parts import Plan

_TABLES: Final = ("month_table", "rolling_table")
"""What is no part of the summary: each is a file of its own."""


@dataclass(frozen=True)
class Breakdown:
    """A run taken apart; what it does not have is None.

    Every field but the tables is a key of ``summary.json``. ``month_table`` (M rows) has each portfolio's return by
    calendar month, ``rolling_table`` figures of the 1, 3 and 5 years to each month's end.
    """

    months: MonthFigures | None = None
    month_table: SeriesTable | None = None
    rolling_table: SeriesTable | None = None

    @property
    def figures(self) -> Mapping[str, object]:
        """What ``summary.json`` has of it, by key."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _TABLES}


def break_down(comparison: Comparison, plan: Plan, evidence: Evidence | None) -> Breakdown:  # noqa: ARG001
    """Take a comparison apart.

    ``plan`` is what the strategy's ledger came from, for what is simulated again; without ``evidence`` no intervals are
    drawn.
    """
    months, rival = month_table(comparison), first_rival(comparison)
    return Breakdown(months=measure_months(months, rival.name if rival else ""), month_table=months)
