"""The verdict of a run: what its summary says of the plan beside buy-and-hold, or else the first benchmark."""

from __future__ import annotations

from dataclasses import replace

from engine.analysis.verdict import PlanVerdict, PlanVerdictFigures, TaxedDifference, state_verdict
from engine.backtest.run_summary import PortfolioSummary, RunSummary


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
        alone = PlanVerdictFigures("", window.years, window.sessions, level, own=own)
        return _after_tax(alone, summary.portfolios["strategy"])
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


def _after_tax(figures: PlanVerdictFigures, own: PortfolioSummary) -> PlanVerdictFigures:
    """Return the figures of a plan that stands alone, sold after tax, where it is taxed for a year or longer."""
    if figures.years < 1.0 or own.after_tax is None or own.pre_tax is None:
        return figures
    before, held, sold = own.pre_tax.cagr, own.after_tax.held.cagr, own.after_tax.sold.cagr
    if before is None or held is None or sold is None:
        return figures
    return replace(figures, own=sold, tax=TaxedDifference(before, held))
