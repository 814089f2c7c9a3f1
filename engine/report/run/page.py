"""The HTML page of a run, built from its folder alone; the template places and formats what is gathered here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from engine.analysis.metrics import rate_per_session
from engine.analysis.verdict import confidence_level
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.output_folders import KEPT_FILE, RUN_KIND, refuse_other_kind, signs_kept_prices
from engine.backtest.outputs import RunResult
from engine.core.conventions import PERIODS_PER_YEAR
from engine.core.publication import stage_folder
from engine.report import number_format as fmt
from engine.report.charts.frame import short_label
from engine.report.charts.packed_data import packed_data
from engine.report.html_page import build_report, ignore, render_fragment, render_page, write_page
from engine.report.run.factsheet import factsheet
from engine.report.run.first_screen import cards, facts_line
from engine.report.run.limits import fold_limits, limits_line
from engine.report.run.panel_order import PANELS
from engine.report.run.panels.rolling import packed_rolling
from engine.report.run.panels.weights import packed_weights
from engine.report.run.run_lines import packed_levels
from engine.report.run.verdict import run_verdict

EARNED: Final = "Simulated on past prices; not a result that anybody earned."
"""What every printed page says."""


def publish_run(result: RunResult, folder: Path) -> None:
    """Put the files of a run and their report into ``folder``, together."""
    stale = not result.kept and signs_kept_prices(folder)
    with stage_folder(folder, lambda place: refuse_other_kind(place, RUN_KIND)) as staging:
        result.write(staging)
        add_run_report(staging)
    if stale:  # they belong to the run that was there before
        (folder / KEPT_FILE).unlink(missing_ok=True)


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
    panels = [panel for make in PANELS if (panel := make(run))]
    limits = fold_limits(summary.warnings)
    periods = PERIODS_PER_YEAR[summary.portfolios["strategy"].frequency or "daily"]
    return render_page(
        "run",
        styles=("page.css", "run_page.css"),
        script="page.js",
        data=packed_data(
            [*packed_levels(run), *packed_weights(run), *packed_rolling(run)],
            capital=summary.account.capital,
            periods=periods,
            risk_free=_risk_free(run, periods),
        ),
        summary=summary,
        facts=facts_line(run),
        plan=summary.plan_sentence or summary.description,
        verdict=run_verdict(summary, confidence_level(run.config)).sentence,
        limits=limits,
        limits_line=limits_line(limits),
        cards=cards(run),
        panels=[(panel, render_fragment(f"panels/{panel.template}", panel.content)) for panel in panels],
        sheet=factsheet(run),
        foot=f"{short_label(summary.name, 60)}, {summary.window.start} to {summary.window.end}. {EARNED}",
        version=run.manifest.versions.get("portfolio-engine", fmt.DASH),
    )


def _risk_free(run: FinishedRun, periods: float) -> float | None:
    """Return the risk-free rate a session, None where it is dated: the series is not in the folder."""
    rate = run.section("compare").get("risk_free", 0.0)
    return float(rate_per_session(float(rate), periods)) if isinstance(rate, float | int) else None
