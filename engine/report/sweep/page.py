"""The HTML page of a sweep, built from its folder alone; the template places and formats what is gathered here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from engine.report import number_format as fmt
from engine.report.html_page import build_report, ignore, render_page
from engine.report.phrases import closes_text
from engine.report.sweep.axis_titles import axis_titles
from engine.report.sweep.choice import choice_text, keeping_text, rival_sentence
from engine.report.sweep.effect_tables import effect_tables
from engine.report.sweep.evidence import HEADING, evidence_lines, list_tests, trials_text
from engine.report.sweep.first_screen import cards, headline, limits, parameter_chips, varied_sentence
from engine.report.sweep.heat_tables import heat_tables
from engine.report.sweep.histogram import draw_histogram
from engine.report.sweep.labels import (
    band_text,
    baseline_text,
    better_text,
    difference_text,
    example_text,
    family_text,
    metric_text,
    metric_title,
    parameter_text,
    portfolio_title,
    share_text,
    windows_note,
)
from engine.report.sweep.region_tables import region_rows
from engine.sweep.finished_sweep import FinishedSweep, read_sweep
from engine.sweep.statistics import RankedVariant
from engine.sweep.summary import SweepSummary

WORST_SHOWN: Final = 5
"""Worst variants in the table that are not among the best."""
SHA_SHOWN: Final = 10
"""Digits of the SHA-256 of a variant's config."""


def build_sweep_report(folder: Path, tell: Callable[[str], None] = ignore) -> Path:
    """Build ``report.html`` from the other files of a sweep and return its path; raises as ``read_sweep`` does.

    ``tell`` is told what was damaged.
    """
    return build_report(folder, read_sweep, render_sweep, tell)


def render_sweep(sweep: FinishedSweep) -> str:
    """Return the page of a sweep."""
    summary = sweep.summary
    rank_by, evidence = summary.sweep.rank_by, summary.evidence
    titles = axis_titles(summary.effects, summary.sweep.baskets)
    return render_page(
        "sweep",
        styles=("page.css", "sweep.css"),
        script="page.js",
        own_script="sweep.js",
        summary=summary,
        evidence=evidence,
        rank_by=rank_by,
        rank_title=metric_title(rank_by),
        facts=_facts(sweep),
        varied=varied_sentence(summary),
        headline=headline(summary),
        rival=rival_sentence(summary),
        limits=limits(summary),
        cards=tuple(cards(summary)),
        histogram=draw_histogram(sweep.metric(rank_by), rank_by, summary.standings, summary.plan_band),
        titles=_column_titles(summary, titles),
        worst=worst_variants(sweep),
        effects=effect_tables(summary),
        maps=heat_tables(summary),
        region=region_rows(summary),
        pick=_plateau_pick(summary, titles),
        keeping=keeping_text(summary),
        choice_text=choice_text(summary, titles),
        checks=_checks(sweep),
        tests=list_tests(evidence) if evidence else (),
        evidence_lines=tuple(evidence_lines(evidence, axis_titles(summary.effects, summary.sweep.baskets)))
        if evidence
        else (),
        trials=trials_text(evidence) if evidence else "",
        evidence_heading=HEADING,
        config_text=sweep.config_text,
        windows_note=windows_note(summary.windows),
        sha_shown=SHA_SHOWN,
        band_text=band_text,
        baseline_text=baseline_text,
        better_text=better_text,
        difference_text=difference_text,
        example_text=example_text,
        family_text=family_text,
        metric_text=metric_text,
        metric_title=metric_title,
        parameter_text=parameter_text,
        portfolio_title=portfolio_title,
        share_text=share_text,
    )


def worst_variants(sweep: FinishedSweep) -> list[RankedVariant]:
    """Return the worst variants that the page lists."""
    best = {one.point for one in sweep.summary.best}
    return [one for one in sweep.summary.worst[:WORST_SHOWN] if one.point not in best]


def _column_titles(summary: SweepSummary, titles: Mapping[str, str]) -> dict[str, str]:
    """Return the titles of the axes of more than one value, which are columns of a table of variants."""
    return {name: titles[name] for name, count in summary.sweep.axes.items() if count > 1 and name in titles}


def _plateau_pick(summary: SweepSummary, titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the parameters of the plateau pick as (title, text, path); empty where there is none."""
    plateau = summary.evidence.plateau if summary.evidence else None
    has_pick = plateau is not None and plateau.pick is not None
    return parameter_chips(plateau.pick_parameters, _column_titles(summary, titles)) if plateau and has_pick else []


def _facts(sweep: FinishedSweep) -> tuple[tuple[str, str], ...]:
    summary, space = sweep.summary, sweep.summary.sweep
    some = f"{fmt.count(space.variants)} of {fmt.count(space.points)} points"
    return (
        ("Variants", some if space.refused or space.drawn_twice else fmt.count(space.variants)),
        ("Window of the plan", f"{summary.window.start} to {summary.window.end}"),
        ("Prices", f"{summary.data.source}, closes {closes_text(summary.data.closes)}"),
    )


def _checks(sweep: FinishedSweep) -> tuple[tuple[str, str], ...]:
    space, manifest = sweep.summary.sweep, sweep.manifest
    mode = ", ".join(f"{key} {value}" for key, value in space.mode.items() if key != "kind")
    return (
        ("Engine version", manifest.versions.get("portfolio-engine", fmt.DASH)),
        ("Mode", f"{space.mode['kind']}{': ' if mode else ''}{mode}"),
        ("Different configs", f"{fmt.count(space.distinct)} of {fmt.count(space.variants)} variants"),
        ("Points drawn twice", fmt.count(space.drawn_twice)),
        ("Points that are no valid run", fmt.count(space.refused)),
        ("Data SHA-256", manifest.data_sha256),
        ("Config SHA-256", manifest.config_sha256),
        ("Results SHA-256", f"{manifest.files['results.parquet']} (checked against results.parquet)"),
    )
