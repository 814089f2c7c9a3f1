"""What does each figure mean? In plain words and as a formula; and the config that made them."""

from __future__ import annotations

from engine.analysis.metrics_table import metrics_at
from engine.backtest.finished_run import FinishedRun
from engine.report.run.config_lines import mark_settings
from engine.report.run.glossary import MORE, OF_TAXES, PLAIN_WORDS, TITLES
from engine.report.run.panel import Panel
from engine.report.run.panels.comparison import FIRST_ROWS


def definitions_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    metrics = metrics_at(run.summary.portfolios["strategy"].frequency or "daily")
    terms = [
        (TITLES.get(key, one.title), PLAIN_WORDS.get(key, ""), one.definition, key in FIRST_ROWS)
        for key, one in metrics.items()
    ]
    more = MORE if run.summary.portfolios["strategy"].tax is None else (*MORE, *OF_TAXES)
    content = {"terms": terms, "more": more, "config_lines": mark_settings(run.config_text)}
    return Panel("definitions", "Definitions", "What does each figure mean?", "definitions", content=content)
