"""Which candidates passed the quality gate? How often each criterion was met, and every finding."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.gate_table import COUNT_HEADS, count_rows, finding_heads, finding_rows
from engine.report.run.panel import Panel

FINDINGS_SHOWN = 2000
"""Findings on the page; the rest is in summary.json."""


def gate_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without a gate."""
    findings = run.summary.gate
    if not findings:
        return None
    gate = {
        "counts": [list(COUNT_HEADS), *count_rows(findings)],
        "heads": finding_heads(findings),
        "rows": finding_rows(findings[:FINDINGS_SHOWN]),
        "hidden": max(len(findings) - FINDINGS_SHOWN, 0),
    }
    return Panel("gate", "Quality gate", "Which candidates passed the quality gate?", "gate", content={"gate": gate})
