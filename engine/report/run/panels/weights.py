"""What did it hold, and did it keep its caps? Weights at every close, and how far capped assets went."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel


def weights_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    content = {"strategy": run.summary.portfolios["strategy"]}
    return Panel("weights", "Weights", "What did it hold, and did it keep its caps?", "weights", content=content)
