"""The luck in a result as a notebook shows it: its sentence, tables and charts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from markupsafe import Markup

from engine.report import number_format as fmt
from engine.report.charts.chart import Chart, unknown_kind
from engine.report.charts.frame import plain
from engine.report.evidence import luck_charts as charts
from engine.report.evidence import luck_words as words
from engine.report.notebook_table import result_html, table_html

if TYPE_CHECKING:
    from engine.evidence.luck.summary import LuckSummary


def luck_charts(summary: LuckSummary, config: Mapping[str, object]) -> dict[str, Markup]:
    """Return the charts of the page by name, in its order; ``config`` is that of the plan as plain data."""
    timing, start, pick, path = summary.timing, summary.start, summary.pick, summary.path
    found = {
        "timing": charts.timing_chart(timing, config) if timing else "",
        "starts": charts.start_chart(start) if start else "",
        "picks": charts.pick_chart(pick) if pick else "",
        "paths": charts.path_chart(path, summary.account.capital) if path else "",
    }
    return {kind: Markup(figure) for kind, figure in found.items() if figure}  # noqa: S704  (markup already)


def luck_chart(summary: LuckSummary, config: Mapping[str, object], kind: str) -> Chart:
    """Return one of them; EngineError names those that there are."""
    found = luck_charts(summary, config)
    if kind not in found:
        raise unknown_kind(kind, list(found))
    return Chart(kind, found[kind])


def luck_html(summary: LuckSummary, config: Mapping[str, object]) -> str:
    """Return the sentence, and for each kind of luck what can be said, its table and its chart."""
    drawn = luck_charts(summary, config)
    timing, start, pick, path = summary.timing, summary.start, summary.pick, summary.path
    body: list[Markup] = []
    if timing:
        body += _part("Timing", words.timing_text(timing), drawn.get("timing"))
        body.append(table_html(words.spread_heads(timing.spreads), words.spread_rows(timing.spreads)))
    if start:
        body += _part("Starts", words.start_text(start), drawn.get("starts"))
    if pick:
        body += _part("Picks", words.pick_text(pick), drawn.get("picks"))
        body.append(table_html(words.spread_heads(pick.spreads), words.spread_rows(pick.spreads)))
    if path:
        body += _part("Paths", words.path_text(path), drawn.get("paths"))
    left_out = [f"No {part} luck: {why}" for part, why in summary.missing.items() if part != "pick"]
    window = f"{summary.window.start} to {summary.window.end}"
    lines = [words.luck_sentence(pick, summary.missing), *left_out]
    return result_html(summary.name, window, lines, body, "see .spreads, .timing, .starts, .paths, .plot()")


def _part(title: str, text: str, figure: Markup | None) -> list[Markup]:
    said = Markup("<p><strong>{}</strong> {}</p>").format(title, plain(fmt.typeset(text)))
    return [said, Markup("<p>{}</p>").format(Chart(title.lower(), figure).to_html())] if figure else [said]
