"""How satellites are chosen among candidates: named ones, or the top by a score of past prices or filed figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field

from engine.core.conventions import SESSIONS_PER_YEAR
from engine.core.errors import DataError
from engine.core.fields import MAX_ASSETS, ConfigModel, FieldFault, Ticker, WholeNumber, validates_fields
from engine.data.research.formula import Measure
from engine.data.research.fundamentals import Fundamentals
from engine.portfolio.policy import Decision
from strategies.quality_gate import describe_missing


class Named(ConfigModel):
    """These names, always."""

    kind: Literal["named"] = "named"
    names: tuple[Ticker, ...] = Field(min_length=1, max_length=MAX_ASSETS)

    def describe(self) -> str:
        """Return which are held, in words."""
        return f"named: {', '.join(self.names)}"


class Top(ConfigModel):
    """The ``count`` best of the universe at every rebalance.

    ``by``: momentum (Jegadeesh and Titman 1993, doi:10.1111/j.1540-6261.1993.tb04702.x), low_volatility (Blitz and
    van Vliet 2007, doi:10.3905/jpm.2007.698039) over the closes from ``lookback`` to ``skip`` sessions ago (by default
    a year), or quality: a ``measure`` of the figures of ``table``.
    """

    kind: Literal["top"] = "top"
    count: Annotated[WholeNumber, Field(ge=1)]
    by: Literal["momentum", "low_volatility", "quality"]
    lookback: Annotated[WholeNumber, Field(ge=1, le=2520)] | None = None
    skip: Annotated[WholeNumber, Field(ge=0)] = 0
    table: Fundamentals | None = None
    measure: Measure | None = None

    @validates_fields
    def _faults(self) -> Iterator[FieldFault]:
        if fault := self._span_fault(self.lookback_at(SESSIONS_PER_YEAR)):
            yield ("skip",), fault
        parts = {"table": self.table, "measure": self.measure}
        missing = " and a ".join(key for key, given in parts.items() if given is None)
        if self.by == "quality" and missing:
            example = "as table: {path: figures.parquet}, measure: net_income / equity"
            yield ("by",), f"by: quality needs a {missing}; {example}"
        for key, given in parts.items():
            if self.by != "quality" and given is not None:
                yield (key,), f"{key} belongs to by: quality; remove it or choose that"
        if self.table is not None and self.measure is not None:
            yield from ((("measure",), text) for _, text in self.table.unknown_column_faults([self.measure]))

    def describe(self) -> str:
        """Return which are held, in words."""
        skipped = f", the last {self.skip} left out" if self.skip else ""
        span = f"over {self.lookback or 'a year of'} sessions{skipped}"
        if self.table is not None and self.measure is not None:
            span = f"{self.measure.root} in the last figures filed ({self.table.path})"
        by = {"momentum": "momentum", "low_volatility": "lowest volatility", "quality": "highest"}[self.by]
        return f"the {self.count} best by {by} {span}; chosen anew whenever the whole portfolio is rebalanced"

    def _span_fault(self, lookback: int) -> str:
        """Return why too few returns are left to choose by, "" where there are enough."""
        fewest, left = 2 if self.by == "low_volatility" else 1, max(lookback - self.skip, 0)
        if left >= fewest:
            return ""
        message = f"a lookback of {lookback} with skip {self.skip} leaves {left} returns"
        return f"{message}, {fewest} are needed; lower skip or raise lookback"

    def lookback_at(self, periods: float) -> int:
        """Return how many sessions ago the oldest close is that is looked at, where there are ``periods`` a year."""
        return int(periods) if self.lookback is None else self.lookback

    def required_history(self, periods: float) -> int:
        """Return how many sessions before the last close seen a candidate must have had its first."""
        return 0 if self.by == "quality" else self.lookback_at(periods)

    def scores(self, decision: Decision, candidates: Sequence[str]) -> dict[str, float]:
        """Return the score of every candidate that has one, the higher the better."""
        if self.by == "quality":
            return self._measure_scores(decision, candidates)
        last = len(decision.history.dates) - 1
        lookback = self.lookback_at(decision.history.periods_per_year)
        if fault := self._span_fault(lookback):
            raise DataError(f"strategy.satellites.choose.skip: {fault}; closes are that far apart")
        first = last - lookback
        closes = decision.history.prices[first : last - self.skip + 1]
        closes = closes[:, [decision.column(ticker) for ticker in candidates]]
        momentum = closes[-1] / closes[0] - 1.0
        found = momentum if self.by == "momentum" else -(closes[1:] / closes[:-1] - 1.0).std(axis=0, ddof=1)
        return dict(zip(candidates, found.tolist(), strict=True))

    def describe_unknown(self, decision: Decision, ticker: str) -> str:
        """Return which figure a candidate's score lacks, "" where it has one."""
        if self.table is None or self.measure is None or self._measure_scores(decision, (ticker,)):
            return ""
        return describe_missing(self.table, self.measure, decision, ticker)

    def _measure_scores(self, decision: Decision, candidates: Sequence[str]) -> dict[str, float]:
        if self.table is None or self.measure is None or not len(decision.history.dates):
            return {}
        day = decision.history.dates[-1]
        figures = {ticker: self.table.as_of(ticker, day) for ticker in candidates}
        values = {ticker: self.measure.value(known) for ticker, known in figures.items() if known is not None}
        return {ticker: value for ticker, value in values.items() if value is not None}
