"""What a run wrote of its quality gate, beside its own criteria, dates and orders."""

from __future__ import annotations

from collections.abc import Iterator

from engine.backtest.finished_run import FinishedRun
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure

_GATE = FigureGroup("gate", "summary.json: each finding beside its criteria, its filing's day and trades.csv")


def replay_gate(run: FinishedRun) -> Iterator[ReferenceFigure]:
    """Yield how many findings contradict their criteria, know what was not public yet, or did not keep a buyer out."""
    findings = run.summary.gate
    if findings is None:
        return
    answers = [set(one.criteria.values()) for one in findings]
    outcomes = ["failed" if False in said else "unknown" if None in said else "passed" for said in answers]
    bought = {(one.date, one.asset) for one in run.trades if one.quantity > 0}
    wrong = sum(one.outcome != outcome for one, outcome in zip(findings, outcomes, strict=True))
    yield _GATE.figure("outcomes that are not those of their criteria", 0.0, wrong)
    late = sum(one.filed is not None and one.filed >= one.date for one in findings)
    yield _GATE.figure("filings of the day of the rebalance, or later", 0.0, late)
    shut_out = sum(outcome == "passed" and not one.admitted for one, outcome in zip(findings, outcomes, strict=True))
    yield _GATE.figure("names that passed and were not let through", 0.0, shut_out)
    against = sum(not one.admitted and (one.date, one.asset) in bought for one in findings)
    yield _GATE.figure("purchases of names on the day on which they were shut out", 0.0, against)
