"""A finished run on the terminal: 80 columns are enough, 120 are comfortable, a pipe gets plain text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from rich.console import Console

from engine.analysis.comparison import Comparison, Portfolio, Versus
from engine.analysis.performance import METRICS
from engine.analysis.timeline import Happening
from engine.analysis.walk_forward import walked
from engine.backtest.outputs import Run, data_sha256, walk_summary
from engine.report import number_format as fmt
from engine.report.config_terminal import print_plan
from engine.report.console import bullet, console, heading, row, table, text
from engine.report.data_terminal import print_fetch, print_quality
from engine.report.phrases import EVENT_KINDS, bills, caps_price, label, plural, printed_figures, verdict
from engine.report.run.walk_forward import WalkSummary, print_walk

__all__ = ["print_fetch", "print_plan", "print_quality", "print_run"]

_TITLE = 23
"""Columns that the titles of the metrics take."""
_GAP = 3
_NAME = 15
"""Longest name of a portfolio that is kept on one line."""
_EVENTS = 12
"""As many events are printed whole; of more, the first and the last of each kind."""
_FIRST, _LAST = 3, 5


def print_run(run: Run, folder: Path, *, trades: bool, tried: int) -> None:
    """Print a finished run: figures side by side, what rebalancing did, what to doubt, where the files are.

    Parameters
    ----------
    run : as ``workflow.run`` returned it
    folder : where its files are
    trades : whether every order is printed too
    tried : how many variants were run on the same data on this machine, 0 when unknown

    """
    out = console()
    _title(out, run)
    _figures(out, run.comparison)
    _rebalancing(out, run)
    _walk(out, run.comparison)
    _caps(out, run.comparison.strategy)
    _published(out, run)
    _events(out, run.comparison.happenings)
    if trades:
        _trades(out, run.comparison.strategy)
    _warnings(out, run)
    _footer(out, run, folder, tried)


def _title(out: Console, run: Run) -> None:
    ledger = run.comparison.strategy.ledger
    out.print(text(run.name, "bold"))
    if run.description:
        out.print(text(run.description))
    years = (ledger.dates[-1] - ledger.dates[0]) / np.timedelta64(1, "D") / 365.25
    out.print(
        text(
            f"{ledger.dates[0]} to {ledger.dates[-1]}, {plural(len(ledger.dates), 'session')}, {years:.1f} years; "
            f"capital {fmt.money(ledger.capital)} {run.comparison.market.currency}",
            "dim",
        )
    )


def _figures(out: Console, comparison: Comparison) -> None:
    """Print the headline figures, the strategy beside as many others as the width allows, then the next ones."""
    portfolios = list(comparison.portfolios.values())
    for group in _groups(portfolios[1:], out.width - _TITLE - _width(portfolios[0])):
        out.print()
        _figure_table(out, comparison, [portfolios[0], *group])


def _groups(rivals: list[Portfolio], room: int) -> list[list[Portfolio]]:
    """Return the rivals in groups that fit into ``room`` columns, one at least in each."""
    groups: list[list[Portfolio]] = [[]]
    left = room
    for rival in rivals:
        if groups[-1] and _width(rival) > left:
            groups.append([])
            left = room
        groups[-1].append(rival)
        left -= _width(rival)
    return groups


def _width(portfolio: Portfolio) -> int:
    """Return the columns that a portfolio's figures and its name take."""
    figures = portfolio.figures()
    cells = [fmt.figure(figures[key], metric.style) for key, metric in METRICS.items() if metric.headline]
    return _GAP + max(min(len(label(portfolio.name)), _NAME), *(len(cell) for cell in cells))


def _figure_table(out: Console, comparison: Comparison, portfolios: list[Portfolio]) -> None:
    first = comparison.strategy.ledger.dates[0]
    heads = [text(label(p.name)) for p in portfolios]
    for portfolio, head in zip(portfolios, heads, strict=True):
        if portfolio.ledger.dates[0] > first:
            head.append(f"\nfrom {portfolio.ledger.dates[0]}")
    figures = [portfolio.figures() for portfolio in portfolios]
    result = table([""])
    for place, head in enumerate(heads):
        shade = "cyan" if place == 0 else ""
        result.add_column(head, justify="right", overflow="fold", min_width=9, header_style=shade)
    for key, metric in METRICS.items():
        if metric.headline or (key == "xirr" and figures[0][key] is not None):
            cells = [metric.title, *(fmt.figure(own[key], metric.style) for own in figures)]
            row(result, cells, {1: "bold"})
    out.print(result)


def _rebalancing(out: Console, run: Run) -> None:
    """Print what trading cost, and the differences to every other portfolio with their intervals."""
    comparison = run.comparison
    heading(out, "What rebalancing cost and gained")
    names = [name for name in comparison.portfolios if name in {"strategy", "buy_and_hold"}]
    for bill in bills({name: comparison.portfolios[name].figures() for name in names}):
        bullet(
            out,
            f"{bill.name}: {plural(bill.rebalances, 'rebalance')}, {plural(bill.orders, 'order')}, "
            f"turnover {bill.turnover} a year, costs {bill.costs} {comparison.market.currency}",
        )
    level = confidence(run.config)
    for name, versus in comparison.versus.items():
        bullet(out, f"CAGR against {label(name)}: {_difference(versus, level, comparison)}")
    if comparison.enforcement is not None:
        bullet(out, caps_price(comparison.enforcement, comparison.market.currency))
    _flows(out, comparison.strategy)


def _difference(versus: Versus, level: str, comparison: Comparison) -> str:
    since = "" if versus.start <= comparison.strategy.ledger.dates[0] else f" since {versus.start}"
    if versus.interval is None:
        return f"{fmt.points(versus.cagr_difference)}{since}; {verdict(None)}"
    return (
        f"{fmt.points(versus.cagr_difference)}{since}, {level} interval {fmt.interval(versus.interval)}, "
        f"{verdict(versus.interval)}"
    )


def confidence(config: Mapping[str, object]) -> str:
    """Return the level of the intervals as text; a config that does not say used the default."""
    compare = config.get("compare")
    bootstrap = compare.get("bootstrap") if isinstance(compare, Mapping) else None
    level = bootstrap.get("level") if isinstance(bootstrap, Mapping) else None
    return fmt.short_percent(level if isinstance(level, float) else 0.95)


def _flows(out: Console, strategy: Portfolio) -> None:
    money = strategy.performance
    if money.money_rate is not None:
        rate = fmt.percent(money.money_rate.value)
        bullet(
            out,
            f"Paid in after the opening: {fmt.money(money.paid_in)}; money-weighted return (XIRR) {rate} a year. "
            "All other figures are time-weighted: flows are taken out.",
        )


def _walk(out: Console, comparison: Comparison) -> None:
    walk = walked(comparison.strategy.ledger, comparison.market)
    if walk is not None:
        print_walk(out, WalkSummary.model_validate(walk_summary(walk)))


def _caps(out: Console, strategy: Portfolio) -> None:
    if not strategy.peaks:
        return
    heading(out, "Capped assets: how far they drifted")
    result = table(["asset", "cap", "highest weight", "on", "sessions above cap"])
    for ticker, peak in strategy.peaks.items():
        above = peak.sessions_over_cap
        cells = [ticker, fmt.percent(peak.cap), fmt.percent(peak.weight), str(peak.date), fmt.count(above)]
        row(result, cells, {2: "yellow", 4: "yellow"} if above else None)
    out.print(result)


def _published(out: Console, run: Run) -> None:
    if not run.comparison.published:
        return
    heading(out, f"Published and here: {run.published_source}")
    result = table(["portfolio", "figure", "published", "here", "difference", "as printed"], words=frozenset({0, 1, 5}))
    rows = printed_figures((d.portfolio, d.metric, d.published, d.here) for d in run.comparison.published)
    for one in rows:
        cells = [one.portfolio, one.metric, one.published, one.here, one.difference, one.remark]
        row(result, cells, {5: "green" if one.agrees else "yellow"})
    out.print(result)


def _events(out: Console, happenings: tuple[Happening, ...]) -> None:
    """Print what happened to single assets; many events kind by kind, the middle of a long one left to the report."""
    if not happenings:
        return
    heading(out, "What happened")
    result = table(["date", "kind", "asset", "what"], words=frozenset(range(4)), tight=True)
    if len(happenings) <= _EVENTS:
        groups = [list(happenings)]
    else:
        groups = [[one for one in happenings if one.kind == kind] for kind in EVENT_KINDS]
    for events in groups:
        hidden = len(events) - _FIRST - _LAST if len(happenings) > _EVENTS else 0
        for place, one in enumerate(events):
            if hidden > 0 and place == _FIRST:
                more = f"{plural(hidden, f'more {EVENT_KINDS[one.kind]}')}, in report.html and summary.json"
                row(result, ["...", EVENT_KINDS[one.kind], "", more], dict.fromkeys(range(4), "dim"))
            if hidden <= 0 or not _FIRST <= place < _FIRST + hidden:
                row(result, [str(one.date), EVENT_KINDS[one.kind], one.asset, one.words])
    out.print(result)


def _trades(out: Console, strategy: Portfolio) -> None:
    ledger = strategy.ledger
    heading(out, plural(strategy.performance.trades, "trade"))
    result = table(
        ["date", "asset", "quantity", "price", "value", "cost", "reason"], words=frozenset({0, 1, 6}), tight=True
    )
    for event, session in enumerate(ledger.rows):
        for j in np.flatnonzero(ledger.trades[event]):
            numbers = ledger.trades[event, j], ledger.prices[event, j], ledger.traded[event, j], ledger.costs[event, j]
            amounts = (fmt.quantity(numbers[0]), fmt.price(numbers[1]), fmt.cents(numbers[2]), fmt.cents(numbers[3]))
            row(result, [str(ledger.dates[session]), ledger.assets[j], *amounts, ledger.reason(event, int(j))])
    out.print(result)


def _warnings(out: Console, run: Run) -> None:
    heading(out, "What this run cannot know")
    width = len(str(len(run.warnings))) + 1
    for number, warning in enumerate(run.warnings, start=1):
        bullet(out, warning, f"{number}.".rjust(width), "yellow")


def _footer(out: Console, run: Run, folder: Path, tried: int) -> None:
    """Print how the run was checked, which data it used, and where it lies."""
    market, checks = run.comparison.market, run.comparison.checks
    heading(out, "Checks")
    bullet(
        out,
        f"worst cash residual {fmt.residual(checks.worst_cash_residual)}, worst weight residual "
        f"{fmt.residual(checks.worst_weight_residual)}, as-of fills {checks.as_of_fills}, oldest price used "
        f"{plural(checks.oldest_price_age, 'session')} old",
    )
    if run.audit is not None:
        bullet(out, f"replayed in vectorbt: largest relative difference {fmt.residual(max(run.audit.values()))}")
    bullet(
        out,
        f"data: {market.provenance.source}, {market.provenance.closes} closes, "
        f"SHA-256 {data_sha256(run.comparison)[:12]}; config SHA-256 {run.config_sha256[:12]}",
    )
    if tried > 1:
        bullet(out, f"variant {tried} tried on these data: the best of several looks better than it is", style="yellow")
    bullet(out, f"files: {folder} (report.html, summary.json, trades.csv, ...)")
