"""The HTML page of a run, built from its folder alone; the template places and formats what is gathered here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from engine.analysis.gate_findings import GateFinding
from engine.analysis.metrics import period_returns
from engine.analysis.metrics_table import METRICS, metrics_at
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.outputs import RUN_KIND, RunResult, refuse_other_kind
from engine.backtest.session_flows import session_flows
from engine.core.publication import stage_folder
from engine.report import number_format as fmt
from engine.report.html_page import build_report, ignore, render_page, write_page
from engine.report.phrases import (
    EVENT_LABELS,
    closes_text,
    confidence_level,
    flows_text,
    limit_orders_text,
    money_end_texts,
    never_sold_text,
    portfolio_label,
    published_rows,
    until_text,
)
from engine.report.run.charts import has_flows, run_chart_json
from engine.report.run.currency_table import HINT, currency_table
from engine.report.run.fees_table import fees_share, fees_table
from engine.report.run.gate_table import COUNT_HEADS, count_rows, finding_heads, finding_rows
from engine.report.run.interval_bars import interval_bars
from engine.report.run.parts_table import parts_table
from engine.report.run.sleeves import sleeve_lines
from engine.report.run.verdict import CALIBRATION, describe_difference, state_verdict
from engine.report.run.walk_forward import walk_forward_page

TRADES_SHOWN = 2000
"""Orders on the page; the rest is in trades.csv, which a spreadsheet opens faster than a browser."""


def publish_run(result: RunResult, folder: Path) -> None:
    """Put the files of a run and their report into ``folder``, together."""
    with stage_folder(folder, lambda place: refuse_other_kind(place, RUN_KIND)) as staging:
        result.write(staging)
        add_run_report(staging)


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
    published = summary.published
    return render_page(
        "run",
        charts=run_chart_json(run),
        summary=summary,
        strategy=summary.portfolios["strategy"],
        facts=_facts(run),
        cards=_cards(run),
        metrics=metrics_at(run.summary.portfolios["strategy"].frequency or "daily"),
        flow_note=_flow_note(run),
        interval_bars=interval_bars(run),
        verdict=state_verdict(summary, confidence_level(run.config))[1],
        differences={name: describe_difference(versus) for name, versus in summary.versus.items()},
        until={name: until_text(summary, name) for name in summary.versus},
        calibration=CALIBRATION,
        confidence=fmt.short_percent(confidence_level(run.config)),
        part_rows=parts_table(summary.versus),
        currency_rows=currency_table(summary.portfolios),
        currency_hint=HINT,
        fee_rows=fees_table(summary.fees or ()),
        fee_share=fees_share(summary.fees or (), summary.account.currency, _paid_in(run), summary.window.years),
        years=_year_rows(run),
        gate=_gate_tables(summary.gate or ()),
        published=published_rows(published.figures) if published else (),
        walk_forward=walk_forward_page(summary.optimiser) if summary.optimiser else None,
        event_labels=EVENT_LABELS,
        trades=run.trades[:TRADES_SHOWN],
        trades_hidden=max(len(run.trades) - TRADES_SHOWN, 0),
        checks=_checks(run),
        config_text=run.config_text,
    )


def _gate_tables(findings: Sequence[GateFinding]) -> dict[str, object] | None:
    """Return how often each criterion was met, and every finding as far as the page has room; None without a gate."""
    if not findings:
        return None
    return {
        "counts": [list(COUNT_HEADS), *count_rows(findings)],
        "heads": finding_heads(findings),
        "rows": finding_rows(findings[:TRADES_SHOWN]),
        "hidden": max(len(findings) - TRADES_SHOWN, 0),
    }


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


def _paid_in(run: FinishedRun) -> float:
    """Return the capital and all that was paid in after it, whatever was withdrawn."""
    return run.summary.account.capital + float(session_flows(run).flows.clip(min=0.0).sum())


def _flow_note(run: FinishedRun) -> str:
    """Return how value and growth differ when money was paid in or out, and what the money itself earned."""
    if not has_flows(run):
        return ""
    metrics = run.summary.portfolios["strategy"].metrics
    return flows_text(metrics, session_flows(run).flows, run.summary.account.currency)


def _year_rows(run: FinishedRun) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """Return every calendar year, the newest first, with the return of each portfolio.

    With each year and each return stands a note of the part it covers, "" for the whole year.
    """
    dates, capital = run.levels.dates, run.summary.account.capital
    returns: list[dict[int, float]] = []
    first_dates: list[str] = []
    for column in run.levels.columns.values():
        held = np.isfinite(column)
        periods, changes = period_returns(np.concatenate([[capital], column[held]]), dates[held], "year")
        returns.append(dict(zip((periods + 1970).tolist(), changes.tolist(), strict=True)))
        first_dates.append(str(dates[held][0]))
    return [
        (
            year,
            _partial_year_note(year, str(dates[0]), str(dates[-1])),
            [
                (fmt.percent(own.get(year)), _partial_year_note(year, first, "9999") if year in own else "")
                for own, first in zip(returns, first_dates, strict=True)
            ],
        )
        for year in sorted({year for own in returns for year in own}, reverse=True)
    ]


def _partial_year_note(year: int, first: str, last: str) -> str:
    """Return which part of ``year`` the sessions from ``first`` to ``last`` cover, "" for all of it."""
    if f"{year}-01-05" < first[:10] and first.startswith(str(year)):
        return f"from {first}"
    return f"to {last}" if last.startswith(str(year)) and last < f"{year}-12-28" else ""


def _checks(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    checks, manifest, audit = run.summary.checks, run.manifest, run.summary.audit
    lines = [
        ("Engine version", manifest.versions.get("portfolio-engine", fmt.DASH)),
        ("Worst cash residual", f"{fmt.residual(checks.worst_cash_residual)} of the value"),
        (
            "Worst weight residual",
            f"{fmt.residual(checks.worst_weight_residual)} right after a rebalance"
            + ("; whole shares meet no target exactly" if checks.worst_weight_residual > 1e-9 else ""),
        ),
        ("As-of fills", f"{fmt.count(checks.as_of_fills)} orders at a price older than their session"),
        ("Oldest price used", f"{fmt.count(checks.oldest_price_age)} sessions old"),
    ]
    if audit:
        worst = fmt.residual(max(audit.values()))
        lines.append(("Replayed in vectorbt", f"largest relative difference {worst}, over {len(audit)} portfolios"))
    return (
        *lines,
        ("Data SHA-256", manifest.data_sha256),
        ("Config SHA-256", manifest.config_sha256),
        ("Trades SHA-256", f"{manifest.trades_sha256} (checked against trades.csv)"),
    )
