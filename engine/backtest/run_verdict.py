"""The verdict of a run: what its summary says of the plan beside buy-and-hold, or else the first benchmark."""

from __future__ import annotations

from engine.analysis.verdict import PlanVerdict, PlanVerdictFigures, TaxedDifference, state_verdict
from engine.backtest.run_summary import RunSummary


def judge_run(summary: RunSummary, level: float) -> PlanVerdict:
    """Return what can be said of a run, whose intervals are of a ``level`` [fraction].

    A run knows nothing of other runs, so neither a p value nor a count of what was tried enters (S14).
    """
    return state_verdict(verdict_figures(summary, level))


def verdict_figures(summary: RunSummary, level: float) -> PlanVerdictFigures:
    """Return the figures that the verdict of a run rests on."""
    window, metrics = summary.window, summary.portfolios["strategy"].metrics
    rival = next(iter(summary.versus), None)
    if rival is None:
        own = metrics.get("cagr") if window.years >= 1.0 else metrics.get("total_return")
        return PlanVerdictFigures("", window.years, window.sessions, level, own=own)
    versus, other = summary.versus[rival], summary.portfolios.get(rival)
    after = versus.after_tax
    ended = other is not None and other.is_spent and other.end < window.end
    return PlanVerdictFigures(
        rival="buy and hold" if rival == "buy_and_hold" else rival,
        years=versus.years,
        sessions=versus.sessions,
        level=level,
        own=versus.total_return,
        theirs=versus.other_total_return,
        difference=after.sold if after else versus.cagr_difference,
        interval=versus.cagr_difference_interval,
        interval_missing=versus.interval_missing,
        since=versus.start if versus.start > window.start else "",
        until=other.end if other is not None and ended else "",
        tax=TaxedDifference(after.before, after.held) if after else None,
    )
