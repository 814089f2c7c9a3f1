"""What was bought and sold, and why? Every order with its reason."""

from __future__ import annotations

from engine.backtest.finished_run import FinishedRun
from engine.report.run.panel import Panel

TRADES_SHOWN = 2000
"""Orders on the page; the rest is in trades.csv, which a spreadsheet opens faster than a browser."""


def trades_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    content = {"trades": run.trades[:TRADES_SHOWN], "trades_hidden": max(len(run.trades) - TRADES_SHOWN, 0)}
    return Panel("trades", "Trades", "What was bought and sold, and why?", "trades", content=content)
