"""What did prices and currencies do? The growth of each portfolio, split into both."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.currency_table import HINT, currency_table
from engine.report.run.panel import Panel


def currencies_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where all is in one currency."""
    rows = currency_table(run.summary.portfolios)
    if not rows:
        return None
    content = {"summary": run.summary, "currency_rows": rows, "currency_hint": HINT}
    return Panel("currencies", "Currencies", "What did prices and currencies do?", "currencies", content=content)
