"""How sure is the difference? To every other portfolio, with its interval."""

from __future__ import annotations

from engine.analysis.verdict import confidence_level
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.phrases import until_text
from engine.report.run.interval_bars import interval_bars
from engine.report.run.panel import Panel
from engine.report.run.verdict import CALIBRATION, describe_difference


def certainty_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where there is nothing to compare with."""
    summary = run.summary
    if not summary.versus:
        return None
    content = {
        "summary": summary,
        "strategy": summary.portfolios["strategy"],
        "interval_bars": interval_bars(run),
        "differences": {name: describe_difference(versus) for name, versus in summary.versus.items()},
        "until": {name: until_text(summary, name) for name in summary.versus},
        "calibration": CALIBRATION,
        "confidence": fmt.short_percent(confidence_level(run.config)),
    }
    return Panel("differences", "Differences", "How sure is the difference?", "certainty", content=content)
