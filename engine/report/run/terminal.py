"""A finished run on the terminal: 80 columns are enough, a pipe gets plain text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from engine.analysis.comparison import PortfolioResult
from engine.analysis.gate_findings import GateFinding
from engine.analysis.metrics_table import METRICS
from engine.analysis.timeline import AssetEvent
from engine.analysis.verdict import confidence_level
from engine.backtest.output_folders import KEPT_FILE
from engine.backtest.outputs import RunResult, Trade, list_trades
from engine.backtest.run_summary import PortfolioSummary, PublishedSummary, RunSummary
from engine.evidence.look_ahead import LookAheadCertificate
from engine.report import number_format as fmt
from engine.report.console import (
    add_row,
    console,
    print_bullet,
    print_heading,
    print_paragraph,
    print_table,
    table,
    text,
)
from engine.report.phrases import (
    EVENT_LABELS,
    closes_text,
    flows_text,
    limit_orders_text,
    money_end_texts,
    never_sold_text,
    plural,
    portfolio_label,
    published_rows,
    until_text,
)
from engine.report.run.currency_table import currency_table
from engine.report.run.fees_table import fees_text
from engine.report.run.gate_table import COUNT_HEADS, count_rows
from engine.report.run.look_ahead import print_certificate
from engine.report.run.parts_table import parts_table
from engine.report.run.tax_table import (
    ELSEWHERE,
    HEADS,
    KINDS,
    after_tax_rows,
    drag_sentence,
    kinds_of_years,
    money_sentence,
    sum_row,
    taxed_portfolios,
    withheld_text,
    year_rows,
    years_beside_paid,
)
from engine.report.run.verdict import CALIBRATION, ascii_minus, describe_difference, run_verdict
from engine.report.run.walk_forward import print_walk_forward

_TITLE_WIDTH = 23
"""Columns that the titles of the metrics take."""
_COLUMN_GAP = 3
_MAX_NAME_WIDTH = 15
"""Longest name of a portfolio that is kept on one line."""
_MAX_EVENTS = 12
"""Up to so many events are all printed; of more, the first and the last of each kind."""
_FIRST_EVENTS, _LAST_EVENTS = 3, 5


def print_run(
    run: RunResult, folder: Path, *, trades: bool, tried: int, certificate: LookAheadCertificate | None = None
) -> None:
    """Print a finished run: figures side by side, the differences, the warnings, where the files are.

    Parameters
    ----------
    run : as ``workflow.run_backtest`` returned it
    folder : where its files are
    trades : whether every order is printed too
    tried : how many variants were run on the same data on this machine, 0 when unknown
    certificate : that the run looks at nothing later, where it was asked for

    """
    out, summary = console(), run.summary
    _print_title(out, summary)
    _print_figures(out, summary.portfolios)
    _print_differences(out, run)
    _print_difference_parts(out, summary)
    _print_taxes(out, summary)
    _print_currency_parts(out, summary)
    _print_money(out, summary)
    if summary.optimiser is not None:
        print_walk_forward(out, summary.optimiser)
    if summary.limit_orders is not None:
        print_heading(out, "Limit orders")
        print_bullet(out, limit_orders_text(summary.limit_orders, summary.account.currency))
    if summary.never_sold is not None:
        print_heading(out, "Never sold")
        print_bullet(out, never_sold_text(summary.never_sold, summary.account.currency))
    _print_caps(out, summary.portfolios["strategy"])
    if summary.gate:
        _print_gate(out, summary.gate)
    if summary.published is not None:
        _print_published(out, summary.published)
    if summary.events:
        _print_events(out, summary.events)
    if trades:
        _print_trades(out, run.comparison.strategy)
    print_heading(out, "What this run cannot know")
    width = len(str(len(run.warnings))) + 1
    for number, warning in enumerate(run.warnings, start=1):
        print_bullet(out, warning, f"{number}.".rjust(width), "yellow")
    if certificate is not None:
        print_certificate(out, certificate)
    _print_footer(out, run, folder, tried)


def _print_title(out: Console, summary: RunSummary) -> None:
    window, account = summary.window, summary.account
    out.print(text(summary.name, "bold"))
    if summary.description:
        out.print(text(summary.description))
    if summary.plan_sentence:
        print_paragraph(out, summary.plan_sentence)
    out.print(
        text(
            f"{window.start} to {window.end}, {plural(window.sessions, 'session')}, {window.years:.1f} years; "
            f"capital {fmt.money(account.capital)} {account.currency}",
            "dim",
        )
    )


def _print_figures(out: Console, portfolios: Mapping[str, PortfolioSummary]) -> None:
    """Print the headline figures, the strategy beside as many others as the width allows, then the next ones."""
    widths = {name: _column_width(name, portfolio) for name, portfolio in portfolios.items()}
    room = out.width - _TITLE_WIDTH - widths.pop("strategy")
    groups: list[list[str]] = [[]]
    for name, width in widths.items():
        if groups[-1] and width > room - sum(widths[one] for one in groups[-1]):
            groups.append([])
        groups[-1].append(name)
    for group in groups:
        out.print()
        _print_figure_table(out, {name: portfolios[name] for name in ("strategy", *group)})


def _column_width(name: str, portfolio: PortfolioSummary) -> int:
    """Return the columns that a portfolio's figures and its name take."""
    cells = [fmt.metric(portfolio.metrics[key], metric.style) for key, metric in METRICS.items() if metric.headline]
    return _COLUMN_GAP + max(min(len(portfolio_label(name)), _MAX_NAME_WIDTH), *map(len, cells))


def _print_figure_table(out: Console, portfolios: Mapping[str, PortfolioSummary]) -> None:
    strategy = portfolios["strategy"]
    result = table([""])
    for name, portfolio in portfolios.items():
        head = text(portfolio_label(name))
        if portfolio.start > strategy.start:
            head.append(f"\nfrom {portfolio.start}")  # appended: ``text`` spells a line's end out
        if portfolio.is_spent:
            head.append(f"\nto {portfolio.end}")
        style = "cyan" if name == "strategy" else ""
        result.add_column(head, justify="right", overflow="fold", min_width=9, header_style=style)
    for key, metric in METRICS.items():
        if metric.headline or (key == "xirr" and strategy.metrics[key] is not None):
            cells = [metric.title, *(fmt.metric(own.metrics[key], metric.style) for own in portfolios.values())]
            add_row(result, cells, {1: "bold"})
        if key == "costs" and strategy.yearly_fees is not None:
            fees = [fmt.metric(own.yearly_fees, metric.style) for own in portfolios.values()]
            add_row(result, ["  of them yearly fees", *fees])
    out.print(result)


def _print_differences(out: Console, run: RunResult) -> None:
    """Print the differences of growth to every other portfolio with their intervals, and the rate of the money."""
    summary = run.summary
    print_heading(out, "Differences")
    level = confidence_level(run.config)
    print_bullet(out, ascii_minus(run_verdict(summary, level).sentence))
    for name, versus in list(summary.versus.items())[1:]:
        since = f" since {versus.start}" if versus.start > summary.window.start else ""
        since += until_text(summary, name)
        if versus.years < 1.0 and versus.total_return is not None:
            own, other = fmt.percent(versus.total_return), fmt.percent(versus.other_total_return)
            print_bullet(out, f"total return {own}, {portfolio_label(name)} {other}{since}: too short to judge")
            continue
        told = describe_difference(versus)
        interval = f", {fmt.short_percent(level)} interval {told.interval}," if versus.cagr_difference_interval else ";"
        told_of = f"CAGR against {portfolio_label(name)}"
        if (after := versus.after_tax) is not None:
            before, sold = fmt.percentage_points(after.before), fmt.percentage_points(after.sold)
            told_of += f": {before} before tax, {sold} after tax and a sale; in the accounts"
        print_bullet(out, f"{told_of}: {told.difference}{since}{interval} {told.words}")
    if any(one.cagr_difference_interval and one.years >= 1.0 for one in summary.versus.values()):
        print_bullet(out, CALIBRATION)
    earned = run.comparison.strategy.performance
    if earned.internal_rate is not None:
        flows = run.comparison.strategy.ledger.flows
        print_bullet(out, flows_text(summary.portfolios["strategy"].metrics, flows, summary.account.currency))


def _print_money(out: Console, summary: RunSummary) -> None:
    """Print when the money of each portfolio was spent, where one's was, and what was paid in fees."""
    if ends := money_end_texts(summary):
        print_heading(out, "When the money ended")
        for name, told in ends:
            print_bullet(out, f"{portfolio_label(name)}: {told}")
    if paid := fees_text(summary.fees or (), summary.account.currency, summary.window.years):
        print_heading(out, "What was paid in fees")
        print_bullet(out, paid)


def _print_difference_parts(out: Console, summary: RunSummary) -> None:
    """Print what the difference to buy-and-hold is made of, so that nothing else is taken for rebalancing."""
    if rows := parts_table(summary.versus):
        print_heading(out, "What the difference to buy & hold is made of, a year")
        print_table(out, ["part", "CAGR", ""], [list(row) for row in rows], left=(0, 2), tight=True)
        if taxed_portfolios(summary):
            print_bullet(out, "the sum is of what is in the accounts: tax that is owed, or due on a sale, is not in it")


def _print_taxes(out: Console, summary: RunSummary) -> None:
    """Print what taxes leave of each portfolio, what the strategy paid by year, and the difference that is left."""
    taxed = taxed_portfolios(summary)
    if not taxed:
        return
    print_heading(out, f"Taxes: growth a year, and money in {summary.account.currency}")
    print_table(out, list(HEADS), after_tax_rows(taxed), tight=True)
    print_bullet(out, money_sentence(taxed, summary.account.currency))
    print_bullet(out, drag_sentence(taxed))
    if summary.tax_sentence:
        print_bullet(out, summary.tax_sentence)
    if summary.tax_law:
        print_bullet(out, summary.tax_law)
    print_bullet(out, ELSEWHERE)
    if withheld := withheld_text(taxed, summary.account.currency):
        print_bullet(out, withheld)
    plan = taxed[0].tax
    kinds = [KINDS[kind].lower() for kind in kinds_of_years(plan.by_year)]
    if not kinds:
        return
    print_heading(out, f"Tax of the plan by year and kind, in {summary.account.currency}")
    years = [*reversed(list(year_rows(plan, None))), sum_row(plan, None)]
    print_table(out, ["year", *kinds, "total"], years, tight=True)
    if beside := years_beside_paid(plan, summary.account.currency):
        print_bullet(out, beside)


def _print_currency_parts(out: Console, summary: RunSummary) -> None:
    """Print what the gain is made of, where currencies are a part of it."""
    if rows := currency_table(summary.portfolios):
        print_heading(out, f"What prices and currencies did, in {summary.account.currency}")
        print_table(out, rows[0], rows[1:])


def _print_caps(out: Console, strategy: PortfolioSummary) -> None:
    if not strategy.max_weight:
        return
    print_heading(out, "Capped assets: how far they drifted")
    result = table(["asset", "cap", "highest weight", "on", "sessions above cap"])
    for ticker, peak in strategy.max_weight.items():
        above = peak.sessions_over_cap
        cells = [ticker, fmt.percent(peak.cap), fmt.percent(peak.weight), peak.date, fmt.count(above)]
        add_row(result, cells, {2: "yellow", 4: "yellow"} if above else None)
    out.print(result)


def _print_gate(out: Console, findings: Sequence[GateFinding]) -> None:
    """Print how often each criterion was met; who passed, and why others did not, is on the page."""
    dates = len({one.date for one in findings})
    print_heading(out, f"Quality gate: {plural(len(findings), 'finding')} at {plural(dates, 'rebalance')}")
    print_table(out, list(COUNT_HEADS), count_rows(findings))
    print_bullet(out, "each by date and name, with its filing: report.html, and gate in summary.json")


def _print_published(out: Console, published: PublishedSummary) -> None:
    print_heading(out, f"Published and here: {published.source}")
    result = table(["portfolio", "figure", "published", "here", "difference", "as printed"], left=(0, 1, 5))
    for one in published_rows(published.figures):
        cells = [one.portfolio, one.metric, one.published, one.here, one.difference, one.remark]
        add_row(result, cells, {5: "green" if one.agrees else "yellow"})
    out.print(result)


def _print_events(out: Console, events: Sequence[AssetEvent]) -> None:
    """Print what happened to single assets; many events kind by kind, without the middle of a long list."""
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
    trades = list(list_trades(strategy))
    payouts = len(trades) - strategy.performance.trades  # of delistings and splits: no orders, but in the list
    heading = plural(strategy.performance.trades, "trade")
    print_heading(out, f"{heading} and {plural(payouts, 'payout')}" if payouts else heading)
    formats = {"quantity": fmt.quantity, "price": fmt.price, "value": fmt.cents, "cost": fmt.cents}
    rows = (
        [one.date, one.asset, *(form(getattr(one, name)) for name, form in formats.items()), one.reason]
        for one in trades
    )
    print_table(out, list(Trade._fields), rows, left=(0, 1, 6), tight=True)


def _print_footer(out: Console, run: RunResult, folder: Path, tried: int) -> None:
    """Print how the run was checked, which data it used, and where its files are."""
    data, checks = run.summary.data, run.summary.checks
    print_heading(out, "Checks")
    print_bullet(
        out,
        f"worst cash residual {fmt.residual(checks.worst_cash_residual)}, worst weight residual "
        f"{fmt.residual(checks.worst_weight_residual)}, fills at an older price {checks.as_of_fills}, oldest price "
        f"used {plural(checks.oldest_price_age, 'session')} old",
    )
    if checks.worst_lot_residual is not None and checks.worst_tax_residual is not None:
        lots, taxes = fmt.residual(checks.worst_lot_residual), fmt.residual(checks.worst_tax_residual)
        print_bullet(out, f"worst residual of lots beside holdings {lots}, of taxes booked beside paid {taxes}")
    if run.audit is not None:
        worst, count = fmt.residual(max(run.audit.values())), plural(len(run.audit), "portfolio")
        print_bullet(out, f"replayed in vectorbt: largest relative difference {worst}, {count}")
    print_bullet(
        out,
        f"data: {data.source}, closes {closes_text(data.closes)}; "
        f"SHA-256 {data.sha256[:12]}; config SHA-256 {run.config_sha256[:12]}",
    )
    if tried > 1:
        print_bullet(
            out,
            f"{tried:,} variants were tried on these data, this one among them: the best of several looks better "
            "than it is",
            style="yellow",
        )
    books = "" if run.comparison.strategy.taxed is None else "taxes.csv, lots.csv, "
    print_bullet(out, f"files: {folder} (report.html, summary.json, trades.csv, {books}...)")
    if run.kept:
        size = f"{max(len(run.kept) // 1000, 1):,} kB"
        print_bullet(out, f"prices kept: {KEPT_FILE}, {size}; whether it may be passed on is for their vendor to say")
