"""How does it compare? Every figure of the plan beside those of the other portfolios."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.analysis.metrics_table import Metric, metrics_at
from engine.backtest.finished_run import FinishedRun
from engine.backtest.run_summary import PortfolioSummary
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.report import number_format as fmt
from engine.report.charts.frame import marker
from engine.report.phrases import portfolio_label
from engine.report.run.glossary import PLAIN_WORDS, TITLES
from engine.report.run.late_windows import late_figures
from engine.report.run.panel import Panel

FIRST_ROWS = (
    "cagr",
    "total_return",
    "final_value",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "longest_drawdown",
    "ulcer",
    "best_year",
    "worst_year",
    "turnover",
    "costs",
)
"""The figures of the first table; all others are behind "all figures"."""
_YEARLY = frozenset(("cagr", "calmar", "annual_return_by_count"))
_WHOLE_YEAR = 365.0 / CALENDAR_DAYS_PER_YEAR
"""From here on growth is told as a rate a year; returns of part years are not annualised."""
_ROUNDING = 1e-9
FOLLOWING = frozenset(("total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar"))
"""Figures that the page's script finds anew for a chosen period."""


@dataclass(frozen=True)
class PortfolioColumn:
    """One portfolio: its name in the folder, its label and marker, and which part of the window it has."""

    name: str
    label: str
    mark: Markup
    span: str


@dataclass(frozen=True)
class MetricCell:
    """A figure as text, whether it is the best of its row, and the plan's figure of a late portfolio's window."""

    text: str
    is_best: bool = False
    beside: str = ""
    follows: str = ""


@dataclass(frozen=True)
class MetricRow:
    """One figure: its title, what it means in plain words and as a formula, a cell for each portfolio."""

    title: str
    words: str
    definition: str
    cells: Sequence[MetricCell]


def comparison_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    summary = run.summary
    metrics = metrics_at(summary.portfolios["strategy"].frequency or "daily")
    late = late_figures(run)
    first = [_row(run, key, metrics[key], late) for key in FIRST_ROWS]
    rest = [_row(run, key, metric, late) for key, metric in metrics.items() if key not in FIRST_ROWS]
    content = {"columns": _columns(run), "first": first, "rest": rest, "late": bool(late)}
    return Panel(
        "figures",
        "Figures",
        "How does it compare?",
        "comparison",
        answer=_answer(run, first) if len(summary.portfolios) > 1 else "",
        content=content,
        follows=True,
    )


def _columns(run: FinishedRun) -> list[PortfolioColumn]:
    window = run.summary.window
    columns = []
    for place, (name, portfolio) in enumerate(run.summary.portfolios.items()):
        spans = [f"since {portfolio.start}"] if portfolio.start > window.start else []
        spans += [f"to {portfolio.end}"] if portfolio.is_spent else []
        columns.append(PortfolioColumn(name, portfolio_label(name), marker(place), ", ".join(spans)))
    return columns


def _row(run: FinishedRun, key: str, metric: Metric, late: Mapping[str, Mapping[str, float | None]]) -> MetricRow:
    portfolios = run.summary.portfolios
    values = {name: _value(one, key) for name, one in portfolios.items()}
    texts = {name: _text(value, metric.style) for name, value in values.items()}
    alike = {
        name: value
        for name, value in values.items()
        if value is not None and portfolios[name].start == run.summary.window.start and not portfolios[name].is_spent
    }
    compared = metric.better if key != "final_value" or _same_flows(run, alike) else ""
    best = _best(alike, compared, texts)
    follows = key if key in FOLLOWING and _follows(run, key) else ""
    cells = [
        MetricCell(
            text,
            name == best,
            _text(late[name].get(key), metric.style) if name in late and key in late[name] else "",
            follows,
        )
        for name, text in texts.items()
    ]
    return MetricRow(TITLES.get(key, metric.title), PLAIN_WORDS.get(key, ""), metric.definition, cells)


def _same_flows(run: FinishedRun, names: Iterable[str]) -> bool:
    """Tell whether as much was paid into every one of ``names``: else the account with more left is no better plan."""
    paid = [run.summary.portfolios[name].metrics.get("paid_in") or 0.0 for name in names]
    return not paid or max(paid) - min(paid) <= _ROUNDING * max(map(abs, paid))


def _text(value: fmt.OptionalNumber, style: str) -> str:
    """Return a figure; a number of days with the years that these are."""
    if style != "days" or value is None:
        return fmt.metric(value, style)
    years = f" ({value / CALENDAR_DAYS_PER_YEAR:.1f} years)" if value >= CALENDAR_DAYS_PER_YEAR else ""
    return f"{fmt.count(value)} days{years}"


def _value(portfolio: PortfolioSummary, key: str) -> fmt.OptionalNumber:
    """Return a figure of a portfolio; of less than a year none that is a rate of growth a year."""
    return None if key in _YEARLY and portfolio.years < _WHOLE_YEAR else portfolio.metrics.get(key)


def _follows(run: FinishedRun, key: str) -> bool:
    """Tell whether a figure can be found anew in the page: a dated risk-free rate is not in it."""
    rate = run.section("compare").get("risk_free", 0.0)
    return isinstance(rate, float | int) or key not in {"sharpe", "sortino"}


def _best(values: Mapping[str, float], better: str, texts: Mapping[str, str]) -> str:
    """Return whose figure is the best as it is printed; "" where two print alike or better is not defined."""
    if not better or len(values) < 2:
        return ""
    pick = max if better == "high" else min
    name = pick(values, key=lambda one: values[one])
    return "" if any(texts[other] == texts[name] for other in values if other != name) else name


def _answer(run: FinishedRun, rows: Sequence[MetricRow]) -> str:
    """Return in how many of the rows with a best figure the plan has it."""
    marked = [row for row in rows if any(cell.is_best for cell in row.cells)]
    own = sum(row.cells[0].is_best for row in marked)
    whole = [one for one in run.summary.portfolios.values() if one.start == run.summary.window.start]
    if not marked:
        return ""
    return (
        f"Among {len(whole)} portfolios over the whole window the plan has the best figure in {own} of the "
        f"{len(marked)} rows in which one is best."
    )
