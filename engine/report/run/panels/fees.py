"""What was paid in fees? By kind and year."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.backtest.session_flows import session_flows
from engine.report.run.fees_table import fees_share, fees_table
from engine.report.run.panel import Panel

_ONE_KIND = 3
"""Columns of a table with one kind: years, it, their sum."""


def fees_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where nothing was paid, or orders alone cost something: their costs have a panel."""
    summary = run.summary
    rows = fees_table(summary.fees or ())
    if not rows or (summary.account_by_year and len(rows[0]) <= _ONE_KIND):
        return None
    share = fees_share(summary.fees or (), summary.account.currency, _paid_in(run), summary.window.years)
    content = {"summary": summary, "fee_rows": rows}
    return Panel("fees", "Fees", "What was paid in fees?", "fees", answer=f"{share}." if share else "", content=content)


def _paid_in(run: FinishedRun) -> float:
    """Return the capital and all that was paid in after it, whatever was withdrawn."""
    return run.summary.account.capital + float(session_flows(run).flows.clip(min=0.0).sum())
