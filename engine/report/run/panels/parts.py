"""What is the difference made of? Parts that add up to it (S18)."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel
from engine.report.run.parts_table import parts_table


def parts_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where the difference has no parts."""
    rows = parts_table(run.summary.versus)
    if not rows:
        return None
    taxed = run.summary.portfolios["strategy"].tax is not None
    title = "What is the difference to buy & hold made of?"
    return Panel("parts", "Parts", title, "parts", content={"part_rows": rows, "taxed": taxed})
