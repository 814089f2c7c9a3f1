"""What ``engine.luck`` returns: how much of a result is luck, kind by kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from engine.evidence.luck.spread import FigureSpread

if TYPE_CHECKING:
    from engine.evidence.luck.summary import LuckSummary
    from engine.report.charts.chart import Chart

_SPREAD = list(FigureSpread.model_fields)


@dataclass(frozen=True, eq=False, repr=False)
class LuckFrames:
    """How much of a plan's result is luck: of its dates, its start, its names and its history.

    Attributes
    ----------
    name : of the config
    verdict : what can be said of the plan, in a sentence
    plan : its own figures
    missing : why a kind of luck cannot be told, by kind
    warnings : the same in sentences
    summary : all of it, as ``summary.json`` has it

    """

    name: str
    verdict: str
    plan: pd.Series[float]
    missing: Mapping[str, str]
    warnings: tuple[str, ...]
    summary: LuckSummary
    _config: Mapping[str, object]

    @classmethod
    def from_summary(cls, summary: LuckSummary, config: Mapping[str, object]) -> LuckFrames:
        """Return a plan's luck as frames; ``config`` is that of the plan as plain data."""
        return cls(
            name=summary.name,
            verdict=summary.verdict.sentence if summary.verdict else "",
            plan=pd.Series(summary.plan, dtype="float64", name="plan").rename_axis("figure"),
            missing=dict(summary.missing),
            warnings=tuple(f"{kind} luck: {why}" for kind, why in summary.missing.items()),
            summary=summary,
            _config=config,
        )

    @cached_property
    def spreads(self) -> pd.DataFrame:
        """By kind (timing, pick) and figure: the plan's, the lowest, median and highest of the others, its rank."""
        parts = {"timing": self.summary.timing, "pick": self.summary.pick}
        rows = {(kind, key): one for kind, part in parts.items() if part for key, one in part.spreads.items()}
        index = pd.MultiIndex.from_tuples(list(rows), names=["luck", "figure"]) if rows else None
        values = {name: [getattr(one, name) for one in rows.values()] for name in _SPREAD}
        return pd.DataFrame(values, index=index, dtype="float64")

    @cached_property
    def timing(self) -> pd.DataFrame:
        """Growth a year with the rebalance in each month (rows) on each session of it (columns)."""
        found = self.summary.timing
        if found is None:
            return pd.DataFrame(dtype="float64")
        frame = pd.DataFrame.from_dict(
            dict(found.growth), orient="index", columns=list(found.sessions), dtype="float64"
        )
        return frame.rename_axis("month").rename_axis("session", axis="columns")

    @cached_property
    def starts(self) -> pd.DataFrame:
        """Growth a year from each start to the end: the plan's, buy-and-hold's, and the difference."""
        every = self.summary.start.every if self.summary.start else ()
        columns = {"cagr": [one.cagr for one in every], "held": [one.held for one in every]}
        index = pd.DatetimeIndex([one.start for one in every], name="start")
        frame = pd.DataFrame(columns, index=index, dtype="float64")
        return frame.assign(difference=[one.difference for one in every])

    @cached_property
    def paths(self) -> pd.DataFrame:
        """By whose (plan, held, difference) and figure the percentiles over drawn histories."""
        found = self.summary.path
        rows = {
            (whose, figure): one
            for whose in ("plan", "held", "difference")
            for figure, one in (getattr(found, whose).items() if found else ())
            if one is not None
        }
        index = pd.MultiIndex.from_tuples(list(rows), names=["whose", "figure"]) if rows else None
        return pd.DataFrame(list(rows.values()), index=index, dtype="float64")

    @cached_property
    def chances(self) -> pd.Series[float]:
        """The shares of drawn histories that end below the capital, below buy-and-hold, below consumer prices.

        Flows are taken out of what is set beside capital and prices, not beside buy-and-hold.
        """
        found, names = self.summary.path, ("below_capital", "below_held", "below_inflation")
        values = {name: getattr(found, name) for name in names} if found else {}
        return pd.Series(values, dtype="float64", name="share")

    @property
    def charts(self) -> tuple[str, ...]:
        """The names of the charts that ``plot`` draws."""
        from engine.report.evidence.luck_notebook import luck_charts

        return tuple(luck_charts(self.summary, self._config))

    def plot(self, kind: str = "timing") -> Chart:
        """Return a chart of the report for a notebook, or to ``save``; EngineError names those that there are."""
        from engine.report.evidence.luck_notebook import luck_chart

        return luck_chart(self.summary, self._config, kind)

    def _repr_html_(self) -> str:
        from engine.report.evidence.luck_notebook import luck_html

        return luck_html(self.summary, self._config)

    def __repr__(self) -> str:
        """Return the verdict and the spreads."""
        told = [*filter(None, [self.verdict]), *self.warnings]
        return "\n".join([f"{self.name}: luck", "", self.spreads.to_string(), "", *told])
