"""The HTML page of ``engine luck``, built from its folder alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from markupsafe import Markup

from engine.backtest.config import RunConfig
from engine.backtest.output_folders import LUCK_KIND, refuse_other_kind
from engine.core.publication import stage_folder
from engine.evidence.luck.outputs import FinishedLuck, read_luck, write_luck
from engine.evidence.luck.summary import LuckSummary
from engine.portfolio.policy import PolicyT
from engine.report import number_format as fmt
from engine.report.card import Card
from engine.report.evidence import luck_charts as charts
from engine.report.evidence import luck_words as words
from engine.report.html_page import build_report, ignore, render_page, write_page


def publish_luck(config: RunConfig[PolicyT], summary: LuckSummary, folder: Path) -> None:
    """Put the files and the page in place in ``folder``, all or none; raises OutputError when it holds another kind."""
    with stage_folder(folder, lambda place: refuse_other_kind(place, LUCK_KIND)) as staging:
        write_luck(config, summary, staging)
        found = read_luck(staging)
        write_page(found.manifest, render_luck(found), staging)


def build_luck_report(folder: Path, tell: Callable[[str], None] = ignore) -> Path:
    """Build ``report.html`` from the other files of a folder and return its path; raises as ``read_luck`` does."""
    return build_report(folder, read_luck, render_luck, tell)


def render_luck(luck: FinishedLuck) -> str:
    """Return the page of a plan's luck."""
    summary = luck.summary
    timing, start, pick, path = summary.timing, summary.start, summary.pick, summary.path
    return render_page(
        "luck",
        styles=("page.css", "run_page.css"),
        script="page.js",
        summary=summary,
        words=words,
        headings=words.HEADINGS,
        sentence=words.luck_sentence(pick, summary.missing),
        cards=_cards(summary),
        timing_chart=charts.timing_chart(timing, luck.config) if timing else Markup(""),
        timing_table=charts.timing_table(timing) if timing else Markup(""),
        start_chart=charts.start_chart(start) if start else Markup(""),
        pick_chart=charts.pick_chart(pick) if pick else Markup(""),
        path_chart=charts.path_chart(path, summary.account.capital) if path else Markup(""),
        version=luck.manifest.versions.get("portfolio-engine", ""),
    )


def _cards(summary: LuckSummary) -> list[Card]:
    """Return a title, a figure and a note for each kind of luck that can be told."""
    found = []
    timing = summary.timing.spreads.get("cagr") if summary.timing else None
    if timing is not None and summary.timing is not None:
        spread = fmt.percentage_points(timing.highest - timing.lowest).lstrip("+")
        found.append(Card("Best date less worst", spread, f"a year, over {summary.timing.variants:,} dates"))
    if summary.start is not None:
        ahead = f"{summary.start.ahead:,} of {summary.start.starts:,}"
        found.append(
            Card("Starts ahead of buy and hold", ahead, f"median {fmt.percentage_points(summary.start.median)}")
        )
    growth = summary.pick.spreads.get("cagr") if summary.pick else None
    if growth is not None and growth.percentile is not None and summary.pick is not None:
        share = fmt.percent(1.0 - growth.percentile, 1)
        found.append(Card("Lucky lists that do as well", share, f"of {summary.pick.baskets:,} lists"))
    if summary.path is not None:
        share, flows = fmt.percent(summary.path.below_capital, 1), summary.path.has_flows
        held = f"{fmt.percent(summary.path.below_held, 1)} end below buy and hold"
        title = "Histories with growth below 0" if flows else "Histories that end below the capital"
        note = f"of {summary.path.histories:,}{', flows taken out' if flows else ''}; {held}"
        found.append(Card(title, share, note))
    return found
