"""What can this not know? Every limit in full, those of one kind in one line; and facts of the run."""

from __future__ import annotations

from typing import Final

from engine.backtest.finished_run import FinishedRun
from engine.report.phrases import (
    closes_text,
    limit_orders_text,
    money_end_texts,
    never_sold_text,
    portfolio_label,
)
from engine.report.run.limits import fold_limits
from engine.report.run.panel import Panel
from engine.report.run.sleeves import sleeve_lines

LINES_SHOWN = 6
"""Limits that are read before "all" is asked for."""


_ADDED: Final = {
    "start_years": "other starts",
    "rebalances_done": "what each rebalance did",
    "falls": "the deepest falls",
    "months": "months",
    "rolling": "any 1, 3 and 5 years",
    "contribution": "where the return came from",
    "risk": "where the risk came from",
    "account_by_year": "costs by year",
    "distribution": "single days",
}
"""Figures that folders of earlier versions lack, and what a page calls them."""


def limits_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    limits = fold_limits(run.summary.warnings)
    content = {"shown": limits[:LINES_SHOWN], "rest": limits[LINES_SHOWN:], "facts": _facts(run)}
    title = "What can this not know?"
    answer = "Past prices say what a plan would have done on them; they do not say what it will do. No advice is given."
    return Panel("limits", "Limits", title, "limits", answer=answer, content=content)


def _missing(run: FinishedRun) -> str:
    """Return what a folder of an earlier version has no figures of, "" where this version wrote it."""
    if run.summary.verdict is not None:
        return ""
    return ", ".join(words for name, words in _ADDED.items() if getattr(run.summary, name) is None)


def _facts(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    """Return what a reader may ask of the run beside its figures."""
    summary = run.summary
    orders, kept, currency = summary.limit_orders, summary.never_sold, summary.account.currency
    limits = () if orders is None else (("Limit orders", limit_orders_text(orders, currency)),)
    never = () if kept is None else (("Never sold", never_sold_text(kept, currency)),)
    older = _missing(run)
    again = (("Written by an earlier version", f"`engine run` again adds {older}"),) if older else ()
    described = (("Described as", summary.description),) if summary.description else ()
    return (
        *again,
        *described,
        ("Prices", f"{summary.data.source}, closes {closes_text(summary.data.closes)}"),
        *limits,
        *((f"Money of {portfolio_label(name)}", told) for name, told in money_end_texts(summary)),
        *never,
        *((f"Sleeve {name}", told) for name, told in sleeve_lines(run)),
    )
