"""How sure is the difference? To every other portfolio, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from engine.analysis.verdict import confidence_level
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.frame import marker
from engine.report.charts.interval_chart import interval_cell
from engine.report.charts.mark import Mark, mark_scale
from engine.report.phrases import portfolio_label, until_text
from engine.report.run.panel import Panel
from engine.report.run.verdict import CALIBRATION, DifferenceText, describe_difference


@dataclass(frozen=True)
class IntervalRow:
    """One portfolio that the plan is set beside: its name and marker, the difference in words and drawn, the figures.

    ``figures`` are (name of the figure, text); ``key`` names the portfolio in the folder.
    """

    key: str
    name: str
    mark: Markup
    since: str
    told: DifferenceText
    drawing: Markup
    figures: tuple[tuple[str, str], ...]
    sessions: str


_SHORT = DifferenceText(fmt.DASH, fmt.DASH, "under a year is too short to judge")


def certainty_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where there is nothing to compare with."""
    rows = _rows(run)
    if not rows:
        return None
    confidence = fmt.short_percent(confidence_level(run.config))
    content = {"rows": rows, "calibration": CALIBRATION, "confidence": confidence}
    return Panel(
        "differences",
        "Differences",
        "How sure is the difference?",
        "certainty",
        answer=_answer(rows, confidence),
        content=content,
        follows=True,
        how=(
            "The difference is the plan's CAGR minus the other's, over the sessions that both have.",
            f"The bar is the {confidence} percentile interval of a stationary block bootstrap of the paired returns.",
            "So many resampled histories put the difference there. It knows this history's days only.",
            CALIBRATION,
        ),
    )


def difference_marks(run: FinishedRun) -> dict[str, Mark]:
    """Return the difference of growth a year to each other portfolio with its interval; under a year no figure."""
    places = {name: place for place, name in enumerate(run.summary.portfolios)}
    marks = {}
    for name, versus in run.summary.versus.items():
        low, high = versus.cagr_difference_interval or (None, None)
        yearly = versus.cagr_difference if versus.years >= 1.0 else None
        marks[name] = Mark(portfolio_label(name), yearly, low, high, places.get(name, 0))
    return marks


def _rows(run: FinishedRun) -> list[IntervalRow]:
    summary, marks = run.summary, difference_marks(run)
    places = {name: place for place, name in enumerate(summary.portfolios)}
    scale = mark_scale(list(marks.values()))
    rows = []
    for name, versus in summary.versus.items():
        since = f"since {versus.start}" if versus.start > summary.window.start else ""
        figures = (
            ("tracking_error", fmt.percent(versus.tracking_error)),
            ("information_ratio", fmt.ratio(versus.information_ratio)),
            ("beta", fmt.ratio(versus.beta)),
            ("correlation", fmt.ratio(versus.correlation)),
        )
        rows.append(
            IntervalRow(
                name,
                portfolio_label(name),
                marker(places.get(name, 0)),
                since + (until_text(summary, name) if name in places else ""),
                describe_difference(versus) if versus.years >= 1.0 else _SHORT,
                interval_cell(marks[name], scale),
                figures,
                fmt.count(versus.sessions),
            )
        )
    return rows


def _answer(rows: list[IntervalRow], confidence: str) -> str:
    """Return against how many the interval leaves zero out."""
    sure = [row.name for row in rows if row.told.leaves_zero_out]
    many = len(rows)
    if all(row.told is _SHORT for row in rows):
        return "Under a year is too short to judge."
    if not sure:
        held = sum(row.told.words == "includes zero" for row in rows)
        if many == 1:
            return f"The {confidence} interval does not exclude zero."
        if held < many:
            return f"No {confidence} interval excludes zero."
        return f"All {many} intervals ({confidence}) include zero: chance alone reaches as far."
    return f"The {confidence} interval excludes zero against {len(sure)} of {many}: {', '.join(sure)}."
