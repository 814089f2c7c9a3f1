"""Does it agree with what was published? Printed figures beside this run's own."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.phrases import published_rows
from engine.report.run.panel import Panel


def published_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where nothing published is compared."""
    published = run.summary.published
    if not published:
        return None
    content = {"source": published.source, "published": published_rows(published.figures)}
    return Panel("published", "Published", "Does it agree with what was published?", "published", content=content)
