"""Does it hold over any 1, 3, 5 years? Windows that end with every month."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel


def rolling_panel(run: FinishedRun) -> Panel | None:  # noqa: ARG001  (the figures are not in a folder yet)
    """Return the panel, None without figures."""
    return None
