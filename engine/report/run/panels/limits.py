"""What can this not know? Every limit in full, those of one kind in one line; and facts of the run."""

from __future__ import annotations

from typing import Final

from engine.backtest.finished_run import FinishedRun
from engine.backtest.plan_words.sentence import describe_plan
from engine.report import number_format as fmt
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

SETTINGS_SHOWN = 24
"""Settings that the plan's sentence does not tell, listed; all are in the config below."""
LINES_SHOWN = 6
"""Limits that are read before "all" is asked for."""


_UNSAID: Final = "nothing in the file says whether its closes are adjusted"
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
    told = describe_plan(run.config, run.summary.window.start).as_configured
    content = {"configured": list(told.items())[:SETTINGS_SHOWN], "unlisted": len(told) - SETTINGS_SHOWN} | {
        "shown": limits[:LINES_SHOWN],
        "rest": limits[LINES_SHOWN:],
        "facts": _facts(run),
    }
    title = "What can this not know?"
    answer = "Past prices say what a plan would have done on them; they do not say what it will do. No advice is given."
    return Panel("limits", "Limits", title, "limits", answer=answer, content=content)


def _missing(run: FinishedRun) -> str:
    """Return what a folder of an earlier version has no figures of, "" where this version wrote it."""
    if run.summary.verdict is not None:
        return ""
    return ", ".join(words for name, words in _ADDED.items() if getattr(run.summary, name) is None)


def _uncounted(run: FinishedRun) -> str:
    """Return what these figures leave out, and at which prices orders fill."""
    spread = "" if run.section("costs").get("spread") else ", the spread between bid and ask"
    at = "at the next close" if run.section("account").get("execution") == "next_close" else "at closes"
    return f"inflation, taxes that the config does not name{spread}; orders fill {at}, whatever their size"


def _risk_free(run: FinishedRun) -> str:
    """Return the rate above which Sharpe and Sortino are counted."""
    rate = run.section("compare").get("risk_free", 0.0)
    return f"{fmt.percent(float(rate))} a year" if isinstance(rate, float | int) else "a dated series of rates"


def _facts(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    """Return what a reader may ask of the run beside its figures."""
    summary = run.summary
    orders, kept, currency = summary.limit_orders, summary.never_sold, summary.account.currency
    limits = () if orders is None else (("Limit orders", limit_orders_text(orders, currency)),)
    never = () if kept is None else (("Never sold", never_sold_text(kept, currency)),)
    older = _missing(run)
    assumed = "taken as " if any(_UNSAID in warning for warning in summary.warnings) else ""
    again = (("Written by an earlier version", f"`engine run` again adds {older}"),) if older else ()
    described = (("Described as", summary.description),) if summary.description else ()
    return (
        *again,
        *described,
        ("Prices", f"{summary.data.source}, closes {assumed}{closes_text(summary.data.closes)}"),
        ("Not in the figures", _uncounted(run)),
        ("Risk-free rate", _risk_free(run)),
        *limits,
        *((f"Money of {portfolio_label(name)}", told) for name, told in money_end_texts(summary)),
        *never,
        *((f"Sleeve {name}", told) for name, told in sleeve_lines(run)),
    )
