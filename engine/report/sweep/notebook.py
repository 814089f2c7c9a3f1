"""A sweep as a notebook shows it: whether the best is better than luck, the best variants, and its charts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from engine.report.charts.chart import Chart, unknown_kind
from engine.report.charts.interval_chart import interval_chart
from engine.report.notebook_table import result_html, table_html
from engine.report.phrases import plural
from engine.report.sweep.axis_titles import axis_titles
from engine.report.sweep.effect_tables import effect_marks
from engine.report.sweep.first_screen import headline, varied_sentence
from engine.report.sweep.histogram import draw_histogram
from engine.report.sweep.labels import chart_style, metric_text, metric_title, parameter_text

if TYPE_CHECKING:
    from engine.core.arrays import FloatArray
    from engine.sweep.summary import SweepSummary

BEST_SHOWN: Final = 5
_FIGURES_SHOWN: Final = 5


def sweep_chart_kinds(summary: SweepSummary, values: FloatArray) -> tuple[str, ...]:
    """Return what ``sweep_chart`` draws of this sweep: the spread of its variants, and each axis by its path."""
    spread = draw_histogram(values, summary.sweep.rank_by, summary.standings, summary.plan_band)
    return (*(("spread",) if spread else ()), *effect_marks(summary))


def sweep_chart(summary: SweepSummary, values: FloatArray, kind: str) -> Chart:
    """Return a chart of a sweep's page; ``values`` (S,) are the ranked figure of the variants.

    Raises
    ------
    EngineError
        When there is no such chart of this sweep; the message names those that there are.

    """
    metric = summary.sweep.rank_by
    if kind == "spread":
        spread = draw_histogram(values, metric, summary.standings, summary.plan_band)
        if spread is not None:
            return Chart(kind, spread.chart)
    found = effect_marks(summary).get(kind)
    if found is None:
        raise unknown_kind(kind, list(sweep_chart_kinds(summary, values)))
    title, marks = found
    told = f"{metric_title(metric)} by {title}, less that of the baseline"
    style = chart_style(metric)
    return Chart(kind, interval_chart("effect", told, marks, "points" if style == "percent" else style))


def sweep_html(summary: SweepSummary, values: FloatArray) -> str:
    """Return the sentence, the best variants with their figures, and the spread of all."""
    best = summary.best[:BEST_SHOWN]
    body: list[Markup] = []
    if best:
        names = list(best[0].parameters)
        figures = _figures(list(best[0].figures), summary.sweep.rank_by)
        titles = axis_titles(summary.effects, summary.sweep.baskets)
        heads = ["point", *(titles.get(name, name) for name in names), *map(metric_title, figures)]
        rows = [
            [
                str(one.point),
                *(parameter_text(one.parameters[name]) for name in names),
                *(metric_text(one.figures[figure], figure) for figure in figures),
            ]
            for one in best
        ]
        body.append(table_html(heads, rows, words=1 + len(names)))
    if "spread" in sweep_chart_kinds(summary, values):
        body.append(Markup("<p>{}</p>").format(sweep_chart(summary, values, "spread").to_html()))
    facts = f"{plural(summary.sweep.variants, 'variant')}, ranked by {metric_title(summary.sweep.rank_by)}"
    foot = f"{plural(len(summary.warnings), 'warning')}; see .warnings, .results, .best, .plot()"
    said = [*filter(None, [headline(summary), varied_sentence(summary), refused_sentence(summary)])]
    return result_html(summary.name, facts, said, body, foot)


def refused_sentence(summary: SweepSummary) -> str:
    """Return how many points of a sweep are no valid run, and why most of them are none; empty where all are."""
    swept = summary.sweep
    if not swept.refused:
        return ""
    most = max(swept.reasons, key=lambda one: one.count)
    words = "is no valid run" if swept.refused == 1 else "are no valid runs"
    return f"{swept.refused:,} of {plural(swept.points, 'point')} {words}: {most.reason}"


def _figures(known: list[str], rank_by: str) -> list[str]:
    """Return the figures of the table, that which variants are ranked by first."""
    return [rank_by, *(name for name in known if name != rank_by)][:_FIGURES_SHOWN]
