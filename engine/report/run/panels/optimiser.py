"""How stable were the optimised weights? Targets over all decisions, and which limits bound."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel
from engine.report.run.walk_forward import walk_forward_page


def optimiser_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where nothing was optimised."""
    if not run.summary.optimiser:
        return None
    content = {"walk_forward": walk_forward_page(run.summary.optimiser)}
    return Panel("walk", "Optimiser", "How stable were the optimised weights?", "optimiser", content=content)
