"""What happened to its assets? Listings, delistings, loss reviews and choices of satellites."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.phrases import EVENT_LABELS
from engine.report.run.panel import Panel


def events_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without events."""
    if not run.summary.events:
        return None
    content = {"events": run.summary.events, "event_labels": EVENT_LABELS}
    return Panel("events", "Events", "What happened to its assets?", "events", content=content)
