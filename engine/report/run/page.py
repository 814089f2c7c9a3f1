"""The HTML page of a run, built from its folder alone; the template places and formats what is gathered here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from engine.analysis.metrics_table import METRICS
from engine.analysis.verdict import confidence_level
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.outputs import KEPT_FILE, RUN_KIND, RunResult, refuse_other_kind, signs_kept_prices
from engine.core.publication import stage_folder
from engine.report import number_format as fmt
from engine.report.html_page import build_report, ignore, render_fragment, render_page, write_page
from engine.report.phrases import (
    closes_text,
    limit_orders_text,
    money_end_texts,
    never_sold_text,
    portfolio_label,
)
from engine.report.run.charts import run_chart_json
from engine.report.run.panel_order import PANELS
from engine.report.run.sleeves import sleeve_lines
from engine.report.run.verdict import run_verdict


def publish_run(result: RunResult, folder: Path) -> None:
    """Put the files of a run and their report into ``folder``, together."""
    stale = not result.kept and signs_kept_prices(folder)
    with stage_folder(folder, lambda place: refuse_other_kind(place, RUN_KIND)) as staging:
        result.write(staging)
        add_run_report(staging)
    if stale:  # they belong to the run that was there before
        (folder / KEPT_FILE).unlink(missing_ok=True)


def add_run_report(folder: Path) -> None:
    """Put ``report.html`` into a folder of a run that nobody else sees yet, and sign it."""
    run = read_run(folder)
    write_page(run.manifest, render_run(run), folder)


def build_run_report(folder: Path, tell: Callable[[str], None] = ignore) -> Path:
    """Build ``report.html`` from the other files of a run and return its path; ``tell`` is told what was damaged.

    Raises
    ------
    OutputError
        When a file is missing, or the page cannot be written.
    DataError
        When a file is damaged or was changed after the run.

    """
    return build_report(folder, read_run, render_run, tell)


def render_run(run: FinishedRun) -> str:
    """Return the page of a run."""
    summary = run.summary
    panels = [panel for make in PANELS if (panel := make(run))]
    return render_page(
        "run",
        charts=run_chart_json(run),
        summary=summary,
        facts=_facts(run),
        cards=_cards(run),
        verdict=run_verdict(summary, confidence_level(run.config)).sentence,
        panels=[(panel, render_fragment(f"panels/{panel.template}", panel.content)) for panel in panels],
    )


def _facts(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    summary = run.summary
    orders, kept, currency = summary.limit_orders, summary.never_sold, summary.account.currency
    limits = () if orders is None else (("Limit orders", limit_orders_text(orders, currency)),)
    never = () if kept is None else (("Never sold", never_sold_text(kept, currency)),)
    return (
        ("Window", f"{summary.window.start} to {summary.window.end}"),
        ("Length", f"{fmt.count(summary.window.sessions)} sessions, {summary.window.years:.1f} years"),
        ("Capital", f"{fmt.money(summary.account.capital)} {summary.account.currency}"),
        ("Prices", f"{summary.data.source}, closes {closes_text(summary.data.closes)}"),
        *limits,
        *((f"Money of {portfolio_label(name)}", told) for name, told in money_end_texts(summary)),
        *never,
        *((f"Sleeve {name}", told) for name, told in sleeve_lines(run)),
    )


def _cards(run: FinishedRun) -> tuple[tuple[str, str, str], ...]:
    """Return the four figures to look at first: title, value, and the same figure of the first other portfolio."""
    portfolios = run.summary.portfolios
    other = next((name for name in portfolios if name != "strategy"), None)
    mine = portfolios["strategy"].metrics
    theirs: Mapping[str, fmt.OptionalNumber] = portfolios[other].metrics if other else {}
    cards = []
    for key in ("final_value", "cagr", "max_drawdown", "sharpe"):
        metric = METRICS[key]
        beside = f"{portfolio_label(other)} {fmt.metric(theirs.get(key), metric.style)}" if other else ""
        cards.append((metric.title, fmt.metric(mine.get(key), metric.style), beside))
    return tuple(cards)
