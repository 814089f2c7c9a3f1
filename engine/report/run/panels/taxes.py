"""What was paid in tax? Held and sold, by year."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel


def taxes_panel(run: FinishedRun) -> Panel | None:  # noqa: ARG001  (the figures are not in a folder yet)
    """Return the panel, None without figures."""
    return None
