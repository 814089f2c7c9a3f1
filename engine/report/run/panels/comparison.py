"""How does it compare? Every figure of the plan beside those of the other portfolios."""

from __future__ import annotations

from engine.analysis.metrics_table import metrics_at
from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel


def comparison_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    strategy = run.summary.portfolios["strategy"]
    content = {
        "summary": run.summary,
        "strategy": strategy,
        "metrics": metrics_at(strategy.frequency or "daily"),
    }
    return Panel("figures", "Figures", "How does it compare?", "comparison", content=content)
