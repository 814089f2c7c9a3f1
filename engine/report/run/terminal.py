"""A finished run on the terminal: 80 columns are enough, 120 are comfortable, a pipe gets plain text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rich.console import Console

from engine.analysis.comparison import Comparison, PortfolioResult, RelativePerformance
from engine.analysis.metrics_table import METRICS
from engine.analysis.timeline import AssetEvent
from engine.backtest.outputs import RunResult, Trade, list_trades
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.report import number_format as fmt
from engine.report.console import add_row, console, print_bullet, print_heading, print_table, table, text
from engine.report.phrases import (
    EVENT_LABELS,
    cap_effect_text,
    confidence_level,
    interval_verdict,
    plural,
    portfolio_label,
    published_rows,
)
from engine.report.run.walk_forward import print_walk_forward

_TITLE_WIDTH = 23
"""Columns that the titles of the metrics take."""
_COLUMN_GAP = 3
_MAX_NAME_WIDTH = 15
"""Longest name of a portfolio that is kept on one line."""
_MAX_EVENTS = 12
"""As many events are printed whole; of more, the first and the last of each kind."""
_FIRST_EVENTS, _LAST_EVENTS = 3, 5


def print_run(run: RunResult, folder: Path, *, trades: bool, tried: int) -> None:
    """Print a finished run: figures side by side, what rebalancing did, what to doubt, where the files are.

    Parameters
    ----------
    run : as ``workflow.run`` returned it
    folder : where its files are
    trades : whether every order is printed too
    tried : how many variants were run on the same data on this machine, 0 when unknown

    """
    out = console()
    _print_title(out, run)
    _print_figures(out, run.comparison)
    _print_rebalancing(out, run)
    if run.summary.optimiser is not None:
        print_walk_forward(out, run.summary.optimiser)
    _print_caps(out, run.comparison.strategy)
    _print_published(out, run)
    _print_events(out, run.comparison.events)
    if trades:
        _print_trades(out, run.comparison.strategy)
    _print_warnings(out, run)
    _print_footer(out, run, folder, tried)


def _print_title(out: Console, run: RunResult) -> None:
    ledger = run.comparison.strategy.ledger
    out.print(text(run.name, "bold"))
    if run.description:
        out.print(text(run.description))
    years = (ledger.dates[-1] - ledger.dates[0]) / np.timedelta64(1, "D") / CALENDAR_DAYS_PER_YEAR
    out.print(
        text(
            f"{ledger.dates[0]} to {ledger.dates[-1]}, {plural(len(ledger.dates), 'session')}, {years:.1f} years; "
            f"capital {fmt.money(ledger.capital)} {run.comparison.market.currency}",
            "dim",
        )
    )


def _print_figures(out: Console, comparison: Comparison) -> None:
    """Print the headline figures, the strategy beside as many others as the width allows, then the next ones."""
    portfolios = list(comparison.portfolios.values())
    for group in _group_by_width(portfolios[1:], out.width - _TITLE_WIDTH - _column_width(portfolios[0])):
        out.print()
        _print_figure_table(out, comparison, [portfolios[0], *group])


def _group_by_width(others: list[PortfolioResult], width: int) -> list[list[PortfolioResult]]:
    """Return the others in groups that fit into ``width`` columns, one at least in each."""
    groups: list[list[PortfolioResult]] = [[]]
    remaining = width
    for other in others:
        if groups[-1] and _column_width(other) > remaining:
            groups.append([])
            remaining = width
        groups[-1].append(other)
        remaining -= _column_width(other)
    return groups


def _column_width(portfolio: PortfolioResult) -> int:
    """Return the columns that a portfolio's figures and its name take."""
    figures = portfolio.metrics()
    cells = [fmt.figure(figures[key], metric.style) for key, metric in METRICS.items() if metric.headline]
    return _COLUMN_GAP + max(min(len(portfolio_label(portfolio.name)), _MAX_NAME_WIDTH), *(len(cell) for cell in cells))


def _print_figure_table(out: Console, comparison: Comparison, portfolios: list[PortfolioResult]) -> None:
    first = comparison.strategy.ledger.dates[0]
    heads = [text(portfolio_label(p.name)) for p in portfolios]
    for portfolio, head in zip(portfolios, heads, strict=True):
        if portfolio.ledger.dates[0] > first:
            head.append(f"\nfrom {portfolio.ledger.dates[0]}")
    figures = [portfolio.metrics() for portfolio in portfolios]
    result = table([""])
    for place, head in enumerate(heads):
        style = "cyan" if place == 0 else ""
        result.add_column(head, justify="right", overflow="fold", min_width=9, header_style=style)
    for key, metric in METRICS.items():
        if metric.headline or (key == "xirr" and figures[0][key] is not None):
            cells = [metric.title, *(fmt.figure(own[key], metric.style) for own in figures)]
            add_row(result, cells, {1: "bold"})
    out.print(result)


def _print_rebalancing(out: Console, run: RunResult) -> None:
    """Print what trading cost, and the differences to every other portfolio with their intervals."""
    comparison = run.comparison
    print_heading(out, "What rebalancing cost and gained")
    for name, portfolio in comparison.portfolios.items():
        if name in {"strategy", "buy_and_hold"}:
            earned, figures = portfolio.performance, portfolio.metrics()
            print_bullet(
                out,
                f"{portfolio_label(name)}: {plural(earned.rebalances, 'rebalance')}, {plural(earned.trades, 'order')}, "
                f"turnover {fmt.percent(figures['turnover'])} a year, costs {fmt.money(figures['costs'])} "
                f"{comparison.market.currency}",
            )
    level = fmt.short_percent(confidence_level(run.config))
    for name, versus in comparison.versus.items():
        print_bullet(out, f"CAGR against {portfolio_label(name)}: {_difference_text(versus, level, comparison)}")
    if comparison.cap_effect is not None:
        print_bullet(out, cap_effect_text(comparison.cap_effect, comparison.market.currency))
    _print_flows(out, comparison.strategy)


def _difference_text(versus: RelativePerformance, level: str, comparison: Comparison) -> str:
    since = "" if versus.start <= str(comparison.strategy.ledger.dates[0]) else f" since {versus.start}"
    difference, bounds = fmt.percentage_points(versus.cagr_difference), versus.cagr_difference_ci95
    interval = f", {level} interval {fmt.interval(bounds)}," if bounds else ";"
    return f"{difference}{since}{interval} {interval_verdict(bounds)}"


def _print_flows(out: Console, strategy: PortfolioResult) -> None:
    money = strategy.performance
    if money.internal_rate is not None:
        rate = fmt.percent(money.internal_rate.value)
        print_bullet(
            out,
            f"Paid in after the opening: {fmt.money(money.paid_in)}; money-weighted return (XIRR) {rate} a year. "
            "All other figures are time-weighted: flows are taken out.",
        )


def _print_caps(out: Console, strategy: PortfolioResult) -> None:
    if not strategy.peak_weights:
        return
    print_heading(out, "Capped assets: how far they drifted")
    result = table(["asset", "cap", "highest weight", "on", "sessions above cap"])
    for ticker, peak in strategy.peak_weights.items():
        above = peak.sessions_over_cap
        cells = [ticker, fmt.percent(peak.cap), fmt.percent(peak.weight), peak.date, fmt.count(above)]
        add_row(result, cells, {2: "yellow", 4: "yellow"} if above else None)
    out.print(result)


def _print_published(out: Console, run: RunResult) -> None:
    if not run.comparison.published:
        return
    print_heading(out, f"Published and here: {run.published_source}")
    result = table(["portfolio", "figure", "published", "here", "difference", "as printed"], left=(0, 1, 5))
    rows = published_rows(run.comparison.published)
    for one in rows:
        cells = [one.portfolio, one.metric, one.published, one.here, one.difference, one.remark]
        add_row(result, cells, {5: "green" if one.agrees else "yellow"})
    out.print(result)


def _print_events(out: Console, events: tuple[AssetEvent, ...]) -> None:
    """Print what happened to single assets; many of them kind by kind, the middle of a long one left to the report."""
    if not events:
        return
    print_heading(out, "What happened")
    result = table(["date", "kind", "asset", "what"], left=range(4), tight=True)
    if len(events) <= _MAX_EVENTS:
        groups = [list(events)]
    else:
        groups = [[one for one in events if one.kind == kind] for kind in EVENT_LABELS]
    for group in groups:
        hidden = len(group) - _FIRST_EVENTS - _LAST_EVENTS if len(events) > _MAX_EVENTS else 0
        for place, one in enumerate(group):
            if hidden > 0 and place == _FIRST_EVENTS:
                more = f"{plural(hidden, f'more {EVENT_LABELS[one.kind]}')}, in report.html and summary.json"
                add_row(result, ["...", EVENT_LABELS[one.kind], "", more], dict.fromkeys(range(4), "dim"))
            if hidden <= 0 or not _FIRST_EVENTS <= place < _FIRST_EVENTS + hidden:
                add_row(result, [one.date, EVENT_LABELS[one.kind], one.asset, one.text])
    out.print(result)


def _print_trades(out: Console, strategy: PortfolioResult) -> None:
    print_heading(out, plural(strategy.performance.trades, "trade"))
    formats = {"quantity": fmt.quantity, "price": fmt.price, "value": fmt.cents, "cost": fmt.cents}
    rows = (
        [one.date, one.asset, *(form(getattr(one, name)) for name, form in formats.items()), one.reason]
        for one in list_trades(strategy.ledger)
    )
    print_table(out, list(Trade._fields), rows, left=(0, 1, 6), tight=True)


def _print_warnings(out: Console, run: RunResult) -> None:
    print_heading(out, "What this run cannot know")
    width = len(str(len(run.warnings))) + 1
    for number, warning in enumerate(run.warnings, start=1):
        print_bullet(out, warning, f"{number}.".rjust(width), "yellow")


def _print_footer(out: Console, run: RunResult, folder: Path, tried: int) -> None:
    """Print how the run was checked, which data it used, and where it lies."""
    market, checks = run.comparison.market, run.comparison.checks
    print_heading(out, "Checks")
    print_bullet(
        out,
        f"worst cash residual {fmt.residual(checks.worst_cash_residual)}, worst weight residual "
        f"{fmt.residual(checks.worst_weight_residual)}, as-of fills {checks.as_of_fills}, oldest price used "
        f"{plural(checks.oldest_price_age, 'session')} old",
    )
    if run.audit is not None:
        print_bullet(out, f"replayed in vectorbt: largest relative difference {fmt.residual(max(run.audit.values()))}")
    print_bullet(
        out,
        f"data: {market.provenance.source}, {market.provenance.closes} closes, "
        f"SHA-256 {run.summary.data.sha256[:12]}; config SHA-256 {run.config_sha256[:12]}",
    )
    if tried > 1:
        print_bullet(
            out, f"variant {tried} tried on these data: the best of several looks better than it is", style="yellow"
        )
    print_bullet(out, f"files: {folder} (report.html, summary.json, trades.csv, ...)")
