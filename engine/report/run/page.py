"""What the page says, as text ready to be placed: the template only decides where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from engine.analysis.metrics import period_returns
from engine.analysis.performance import METRICS
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.report import number_format as fmt
from engine.report.phrases import (
    EVENT_LABELS,
    PublishedRow,
    TradingSummary,
    cap_effect_text,
    portfolio_label,
    published_rows,
    trading_summaries,
)
from engine.report.run.charts import has_flows
from engine.report.run.differences import ComparisonRow, comparison_rows
from engine.report.run.folder import FinishedRun, PortfolioSummary
from engine.report.run.walk_forward import WalkForwardPage, walk_forward_page

TRADES_SHOWN = 2000
"""Orders on the page; the rest is in trades.csv, which a spreadsheet opens faster than a browser."""


@dataclass(frozen=True)
class PortfolioColumn:
    """A portfolio as the head of a table; ``since`` is set when it begins after the strategy."""

    name: str
    since: str
    index: int


@dataclass(frozen=True)
class FigureRow:
    """A row of figures: what they are, how they are defined, and one cell a portfolio."""

    key: str
    title: str
    definition: str
    cells: tuple[str, ...]
    headline: bool


@dataclass(frozen=True)
class CapRow:
    """How far a capped asset drifted."""

    asset: str
    cap: str
    weight: str
    date: str
    sessions: str
    share: str
    above: bool


@dataclass(frozen=True)
class YearRow:
    """One calendar year of every portfolio; ``note`` says what part of it a partial year covers."""

    year: int
    note: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class TradeRow:
    """One order as text."""

    date: str
    asset: str
    side: str
    quantity: str
    price: str
    value: str
    cost: str
    reason: str


@dataclass(frozen=True)
class EventRow:
    """Something that happened to an asset."""

    date: str
    kind: str
    asset: str
    text: str


@dataclass(frozen=True)
class RunPage:
    """Everything the template places."""

    name: str
    description: str
    window: str
    facts: tuple[tuple[str, str], ...]
    cards: tuple[tuple[str, str, str], ...]
    columns: tuple[PortfolioColumn, ...]
    lines: tuple[FigureRow, ...]
    flows: str
    comparisons: tuple[ComparisonRow, ...]
    confidence: str
    trading: tuple[TradingSummary, ...]
    currency: str
    caps: tuple[CapRow, ...]
    cap_effect: str
    years: tuple[YearRow, ...]
    published_source: str
    published: tuple[PublishedRow, ...]
    warnings: tuple[str, ...]
    walk_forward: WalkForwardPage | None
    events: tuple[EventRow, ...]
    trades: tuple[TradeRow, ...]
    trades_hidden: str
    checks: tuple[tuple[str, str], ...]
    config_text: str


def run_page(run: FinishedRun) -> RunPage:
    """Return the text of a run's page."""
    summary = run.summary
    figures = {name: portfolio.figures for name, portfolio in summary.portfolios.items()}
    published = summary.published
    return RunPage(
        name=summary.name,
        description=summary.description,
        window=f"{summary.window.start} to {summary.window.end}",
        facts=_facts(run),
        cards=_cards(run),
        columns=_portfolio_columns(run),
        lines=tuple(_figure_row(key, list(figures.values())) for key in METRICS),
        flows=_flow_note(run),
        comparisons=comparison_rows(run),
        confidence=fmt.short_percent(run.confidence),
        trading=tuple(
            trading_summaries({name: own for name, own in figures.items() if name in {"strategy", "buy_and_hold"}})
        ),
        currency=summary.account.currency,
        caps=_cap_rows(summary.portfolios["strategy"]),
        cap_effect=cap_effect_text(summary.caps_always, summary.account.currency) if summary.caps_always else "",
        years=_year_rows(run),
        published_source=published.source if published else "",
        published=tuple(
            published_rows((d.portfolio, d.metric, d.published, d.here) for d in published.figures) if published else ()
        ),
        warnings=summary.warnings,
        walk_forward=walk_forward_page(summary.optimiser) if summary.optimiser else None,
        events=tuple(
            EventRow(one.date, EVENT_LABELS.get(one.kind, one.kind), one.asset, one.text) for one in summary.events
        ),
        trades=_trade_rows(run),
        trades_hidden=fmt.count(len(run.trades) - TRADES_SHOWN) if len(run.trades) > TRADES_SHOWN else "",
        checks=_checks(run),
        config_text=run.config_text,
    )


def _figure_row(key: str, figures: list[Mapping[str, fmt.OptionalNumber]]) -> FigureRow:
    metric = METRICS[key]
    cells = tuple(fmt.figure(own.get(key), metric.style) for own in figures)
    return FigureRow(key, metric.title, metric.definition, cells, metric.headline)


def _facts(run: FinishedRun) -> tuple[tuple[str, str], ...]:
    summary = run.summary
    years = (
        date.fromisoformat(summary.window.end) - date.fromisoformat(summary.window.start)
    ).days / CALENDAR_DAYS_PER_YEAR
    return (
        ("Window", f"{summary.window.start} to {summary.window.end}"),
        ("Length", f"{fmt.count(summary.window.sessions)} sessions, {years:.1f} years"),
        ("Capital", f"{fmt.money(summary.account.capital)} {summary.account.currency}"),
        ("Prices", f"{summary.data.source}, {summary.data.closes} closes"),
    )


def _cards(run: FinishedRun) -> tuple[tuple[str, str, str], ...]:
    """Return the four figures one looks for first: title, value, and the same of buy-and-hold or the first rival."""
    portfolios = run.summary.portfolios
    rival = next((name for name in portfolios if name != "strategy"), None)
    mine = portfolios["strategy"].figures
    theirs: Mapping[str, fmt.OptionalNumber] = portfolios[rival].figures if rival else {}
    cards = []
    for key in ("final_value", "cagr", "max_drawdown", "sharpe"):
        metric = METRICS[key]
        beside = f"{portfolio_label(rival)} {fmt.figure(theirs.get(key), metric.style)}" if rival else ""
        cards.append((metric.title, fmt.figure(mine.get(key), metric.style), beside))
    return tuple(cards)


def _portfolio_columns(run: FinishedRun) -> tuple[PortfolioColumn, ...]:
    portfolios = run.summary.portfolios
    first = portfolios["strategy"].start
    return tuple(
        PortfolioColumn(portfolio_label(name), portfolio.start if portfolio.start > first else "", place)
        for place, (name, portfolio) in enumerate(portfolios.items())
    )


def _flow_note(run: FinishedRun) -> str:
    """Say how value and growth differ when money was paid in or out, and what the money itself earned."""
    if not has_flows(run):
        return ""
    figures = run.summary.portfolios["strategy"].figures
    paid = figures.get("paid_in") or 0.0
    word = "paid in" if paid >= 0 else "withdrawn"
    return (
        f"{fmt.money(abs(paid))} {run.summary.account.currency} were {word} after the opening. Growth, CAGR and "
        "drawdown take these flows out (time-weighted); the money itself earned "
        f"{fmt.percent(figures.get('xirr'))} a year (XIRR)."
    )


def _cap_rows(strategy: PortfolioSummary) -> tuple[CapRow, ...]:
    return tuple(
        CapRow(
            asset=ticker,
            cap=fmt.percent(peak.cap),
            weight=fmt.percent(peak.weight),
            date=peak.date,
            sessions=fmt.count(peak.sessions_over_cap),
            share=fmt.percent(peak.sessions_over_cap / max(strategy.sessions, 1), 1),
            above=peak.sessions_over_cap > 0,
        )
        for ticker, peak in strategy.max_weight.items()
    )


def _year_rows(run: FinishedRun) -> tuple[YearRow, ...]:
    """Return every calendar year's return of every portfolio, the newest first."""
    dates, capital = run.levels.dates, run.summary.account.capital
    found: list[dict[int, float]] = []
    begins: list[str] = []
    for column in run.levels.columns.values():
        held = np.isfinite(column)
        level = np.concatenate([[capital], column[held]])
        numbers, returns = period_returns(level, dates[held], "year")
        found.append(dict(zip((numbers + 1970).tolist(), returns.tolist(), strict=True)))
        begins.append(str(dates[held][0]))
    years = sorted({year for one in found for year in one}, reverse=True)
    return tuple(
        YearRow(
            year,
            _partial_year_note(year, str(dates[0]), str(dates[-1])),
            tuple(
                (fmt.percent(own.get(year)), _partial_year_note(year, begin, "9999") if year in own else "")
                for own, begin in zip(found, begins, strict=True)
            ),
        )
        for year in years
    )


def _partial_year_note(year: int, first: str, last: str) -> str:
    """Return which part of ``year`` the sessions from ``first`` to ``last`` cover, "" for all of it."""
    if f"{year}-01-05" < first[:10] and first.startswith(str(year)):
        return f"from {first}"
    return f"to {last}" if last.startswith(str(year)) and last < f"{year}-12-28" else ""


def _trade_rows(run: FinishedRun) -> tuple[TradeRow, ...]:
    return tuple(
        TradeRow(
            trade.date,
            trade.asset,
            "buy" if trade.quantity > 0 else "sell",
            fmt.quantity(trade.quantity),
            fmt.price(trade.price),
            fmt.cents(trade.value),
            fmt.cents(trade.cost),
            trade.reason,
        )
        for trade in run.trades[:TRADES_SHOWN]
    )


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
