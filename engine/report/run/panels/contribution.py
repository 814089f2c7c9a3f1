"""Where did the return come from? Each asset's gain in money, which adds up to the whole."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel


def contribution_panel(run: FinishedRun) -> Panel | None:  # noqa: ARG001  (the figures are not in a folder yet)
    """Return the panel, None without figures."""
    return None
