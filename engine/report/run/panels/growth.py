"""What became of the money? Growth of the capital, and how far it was below its high."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.backtest.session_flows import session_flows
from engine.report.phrases import flows_text
from engine.report.run.charts import has_flows
from engine.report.run.panel import Panel


def growth_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    summary = run.summary
    content = {"summary": summary, "strategy": summary.portfolios["strategy"], "flow_note": _flow_note(run)}
    return Panel("growth", "Growth", "What became of the money?", "growth", content=content)


def _flow_note(run: FinishedRun) -> str:
    """Return how value and growth differ when money was paid in or out, and what the money itself earned."""
    if not has_flows(run):
        return ""
    metrics = run.summary.portfolios["strategy"].metrics
    return flows_text(metrics, session_flows(run).flows, run.summary.account.currency)
