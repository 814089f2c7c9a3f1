"""What ``engine.sweep`` returns: every variant of a plan as a row, and whether the best is better than luck."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from engine.composition import AnyRunConfig
    from engine.core.arrays import FloatArray
    from engine.report.charts.chart import Chart
    from engine.sweep.space import Space
    from engine.sweep.summary import SweepSummary


@dataclass(frozen=True, eq=False, repr=False)
class SweepFrames:
    """The variants of a plan.

    Attributes
    ----------
    name : of the config
    results : the table of ``results.parquet``: a row a variant, its parameters, sessions and figures; indexed by point
    warnings : what the sweep cannot know
    summary : all that it shows, as ``summary.json`` has it
    base_config : the plan that the axes vary

    """

    name: str
    results: pd.DataFrame
    warnings: tuple[str, ...]
    summary: SweepSummary
    base_config: AnyRunConfig
    _space: Space
    _plan_sha256: str

    @cached_property
    def best(self) -> pd.DataFrame:
        """The best variants in their order: point, parameters and figures, indexed by id."""
        return self._ranked("best")

    @cached_property
    def worst(self) -> pd.DataFrame:
        """The worst variants, the worst first, as ``best`` has the best."""
        return self._ranked("worst")

    @cached_property
    def evidence(self) -> pd.DataFrame:
        """Each test of whether the best is better than luck: what it asks and answers, and its p value in words."""
        from engine.report.sweep.evidence import list_tests

        tests = list_tests(self.summary.evidence) if self.summary.evidence else []
        columns = {name: [getattr(one, name) for one in tests] for name in ("asks", "answer", "p", "convention")}
        return pd.DataFrame(columns, index=pd.Index([one.test for one in tests], name="test", dtype="str"), dtype="str")

    @property
    def verdict(self) -> str:
        """Whether the best is better than luck, in a sentence; empty where that was not asked."""
        return self.summary.evidence.sentence if self.summary.evidence else ""

    def config_of(self, variant: str | int) -> AnyRunConfig:
        """Return the config of a variant by its id, or the number of its point; ``engine.run`` takes it.

        Raises ConfigError when there is none, or the point is no valid plan.
        """
        from engine.sweep.variant_lookup import find_variant_config

        return find_variant_config(self.base_config, self._space, str(variant), lambda: self._plan_sha256)

    def _ranked(self, which: str) -> pd.DataFrame:
        ranked = getattr(self.summary, which)
        rows = [
            {
                "point": one.point,
                **one.parameters,
                **one.figures,
                "difference": one.difference,
                "near_best": one.near_best,
            }
            for one in ranked
        ]
        return pd.DataFrame(rows, index=pd.Index([one.id for one in ranked], name="id", dtype="str"))

    @property
    def charts(self) -> tuple[str, ...]:
        """The names of the charts that ``plot`` draws."""
        from engine.report.sweep.notebook import sweep_chart_kinds

        return sweep_chart_kinds(self.summary, self._ranked_by)

    def plot(self, kind: str = "spread") -> Chart:
        """Return a chart of the report for a notebook, or to ``save``; EngineError names those that there are."""
        from engine.report.sweep.notebook import sweep_chart

        return sweep_chart(self.summary, self._ranked_by, kind)

    @cached_property
    def _ranked_by(self) -> FloatArray:
        """(S,) what variants are ranked by, of those with the plan's own sessions."""
        own, table = self.summary.window, self.results
        span = [
            pd.to_datetime(table[name]) == pd.Timestamp(day) for name, day in (("start", own.start), ("end", own.end))
        ]
        compared = span[0] & span[1] & (table["sessions"] == own.sessions)
        return table.loc[compared, self.summary.sweep.rank_by].to_numpy(dtype=np.float64)

    def _repr_html_(self) -> str:
        from engine.report.sweep.notebook import sweep_html

        return sweep_html(self.summary, self._ranked_by)

    def __repr__(self) -> str:
        """Return how many variants there are, the best of them, the verdict, and what was no valid run."""
        from engine.report.sweep.notebook import refused_sentence

        head = f"{self.name}: {len(self.results):,} variants, ranked by {self.summary.sweep.rank_by}"
        see = f"{len(self.warnings)} warnings; see .results .best .evidence .verdict .config_of() .warnings"
        return "\n".join(
            [
                head,
                "",
                self.best.head(5).to_string(),
                "",
                *filter(None, [self.verdict, refused_sentence(self.summary)]),
                see,
            ]
        )
