"""A gate before satellites: criteria that a company's filed figures must meet to be held."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from engine.data.research.formula import Criterion, Measure
from engine.data.research.fundamentals import Fundamentals
from engine.portfolio.policy import Decision
from engine.portfolio.quality_finding import QualityFinding


def describe_missing(table: Fundamentals, formula: Criterion | Measure, decision: Decision, ticker: str) -> str:
    """Return why ``formula`` has no answer at a decision, which it has not."""
    if not len(decision.history.dates):
        return "no session before the opening to look back from"
    day = decision.history.dates[-1]
    known, filed = table.as_of(ticker, day), table.filed_on(ticker, day)
    if known is None:
        return f"nothing filed by {day}"
    missing = [column for column in formula.columns if not math.isfinite(known[column])]
    if missing:
        return f"no {' and no '.join(missing)} in the filing of {filed}"
    return f"{formula.root} is no number in the filing of {filed}"


@dataclass(frozen=True)
class QualityGate:
    """Criteria ``where`` the figures of ``table`` let a company through, as they were filed by the last close seen.

    It passes when every criterion holds. One that is not met shuts it out, one that is not known does where ``unknown``
    is out; with ``on_fail`` keep what is held just before the decision stays admitted.
    """

    where: tuple[Criterion, ...]
    table: Fundamentals
    unknown: Literal["out", "in"]
    on_fail: Literal["sell", "keep"]

    def describe(self) -> tuple[str, ...]:
        """Return what is asked, and what follows, in words."""
        criteria = " and ".join(criterion.root for criterion in self.where)
        unknown = "passes" if self.unknown == "in" else "does not pass"
        held = "stays in the choice" if self.on_fail == "keep" else "is sold at the next rebalance"
        return (
            f"a name is held only where {criteria}, in its last figures filed ({self.table.path})",
            f"one whose figures lack what a criterion needs {unknown}; a held one that no longer passes {held}",
        )

    def judge(self, decision: Decision, candidates: Sequence[str]) -> dict[str, QualityFinding]:
        """Return what is found of each candidate."""
        return {ticker: self._finding(decision, ticker) for ticker in candidates}

    def _finding(self, decision: Decision, ticker: str) -> QualityFinding:
        day = decision.history.dates[-1] if len(decision.history.dates) else None
        known = None if day is None else self.table.as_of(ticker, day)
        filed = None if day is None else self.table.filed_on(ticker, day)
        holds = tuple(None if known is None else criterion.holds(known) for criterion in self.where)
        failed = [
            f"{one.root} ({one.describe_miss(known)})"
            for one, held in zip(self.where, holds, strict=True)
            if known is not None and held is False
        ]
        unknown = [one for one, held in zip(self.where, holds, strict=True) if held is None]
        if failed:
            why = f"not {' and not '.join(failed)}, filed {filed}"
        else:
            missing = (describe_missing(self.table, one, decision, ticker) for one in unknown)
            why = " and ".join(dict.fromkeys(missing))
        passes = not failed and (self.unknown == "in" or not unknown)
        stays = self.on_fail == "keep" and bool(decision.weights[decision.column(ticker)] > 0.0)
        return QualityFinding(
            ticker, filed, tuple(one.root for one in self.where), holds, why, admitted=passes or stays
        )
