"""The HTML page of a sweep, built from its folder alone; the template places and formats what is gathered here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.report import number_format as fmt
from engine.report.html_page import build_report, ignore, render_page
from engine.report.phrases import closes_text
from engine.report.sweep.charts import sweep_chart_json
from engine.report.sweep.evidence import HEADING, evidence_lines, list_tests, trials_text
from engine.report.sweep.labels import (
    band_text,
    baseline_text,
    difference_text,
    example_text,
    family_text,
    metric_text,
    metric_title,
    parameter_text,
    pick_effects,
    portfolio_title,
    short_names,
    windows_note,
)
from engine.sweep.effects import AxisEffects, ValueEffect
from engine.sweep.finished_sweep import FinishedSweep, read_sweep
from engine.sweep.statistics import RankedVariant

EFFECTS_SHOWN: Final = 40
"""Labels of a parameter in a table; of more, the best and the worst."""
WORST_SHOWN: Final = 5
"""Worst variants in the table that are not among the best."""


def build_sweep_report(folder: Path, tell: Callable[[str], None] = ignore) -> Path:
    """Build ``report.html`` from the other files of a sweep and return its path; raises as ``read_sweep`` does.

    ``tell`` is told what was damaged.
    """
    return build_report(folder, read_sweep, render_sweep, tell)


def render_sweep(sweep: FinishedSweep) -> str:
    """Return the page of a sweep."""
    summary = sweep.summary
    rank_by, baskets = summary.sweep.rank_by, summary.sweep.baskets
    return render_page(
        "sweep",
        styles=("run.css", "sweep.css"),
        charts=sweep_chart_json(sweep),
        summary=summary,
        rank_by=rank_by,
        rank_title=metric_title(rank_by),
        facts=_facts(sweep),
        cards=_cards(sweep),
        parameters=short_names(list(summary.sweep.axes)),
        worst=worst_variants(sweep),
        effects={
            name: _effect_table(one, rank_by, ordered=name not in baskets) for name, one in summary.effects.items()
        },
        checks=_checks(sweep),
        evidence=summary.evidence,
        tests=list_tests(summary.evidence) if summary.evidence else (),
        evidence_lines=tuple(evidence_lines(summary.evidence)) if summary.evidence else (),
        trials=trials_text(summary.evidence) if summary.evidence else "",
        evidence_heading=HEADING,
        config_text=sweep.config_text,
        band_text=band_text,
        baseline_text=baseline_text,
        difference_text=difference_text,
        example_text=example_text,
        family_text=family_text,
        metric_text=metric_text,
        metric_title=metric_title,
        parameter_text=parameter_text,
        portfolio_title=portfolio_title,
        windows_note=windows_note(summary.windows),
    )


def worst_variants(sweep: FinishedSweep) -> list[RankedVariant]:
    """Return the worst variants that the page lists."""
    best = {one.point for one in sweep.summary.best}
    return [one for one in sweep.summary.worst[:WORST_SHOWN] if one.point not in best]


def _facts(sweep: FinishedSweep) -> tuple[tuple[str, str], ...]:
    summary, space = sweep.summary, sweep.summary.sweep
    mode = ", ".join(f"{key} {value}" for key, value in space.mode.items() if key != "kind")
    some = f"{fmt.count(space.variants)} of {fmt.count(space.points)} points"
    return (
        ("Variants", some if space.refused or space.drawn_twice else fmt.count(space.variants)),
        ("Mode", f"{space.mode['kind']}{': ' if mode else ''}{mode}"),
        ("Window of the plan", f"{summary.window.start} to {summary.window.end}"),
        ("Prices", f"{summary.data.source}, closes {closes_text(summary.data.closes)}"),
    )


def _cards(sweep: FinishedSweep) -> tuple[tuple[str, str, str], ...]:
    """Return the figures to look at first: of the best, the median, the config's own portfolio and buy-and-hold."""
    summary = sweep.summary
    rank_by = summary.sweep.rank_by
    distribution = summary.distribution[rank_by]
    best = summary.best[0] if summary.best else None
    best_figure = best.figures[rank_by] if best else None
    cards = [
        ("Best", metric_text(best_figure, rank_by), f"best of {fmt.count(summary.ranked_count)}"),
        (
            "Median",
            metric_text(distribution.get("p50"), rank_by),
            f"mean {metric_text(distribution.get('mean'), rank_by)}",
        ),
    ]
    for name in ("strategy", "buy_and_hold"):
        at = summary.standings.get(name, {}).get(rank_by)
        if at is not None:
            better = f"better than {fmt.percent(at.better_than, 1)} of the variants"
            cards.append((portfolio_title(name), metric_text(at.value, rank_by), better))
    return tuple(cards)


@dataclass(frozen=True)
class EffectRow:
    """A value of an axis with the places of its effect and of its band's ends on one scale [%]."""

    value: ValueEffect
    dot: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class EffectTable:
    """The values of an axis; ``zero`` is the baseline's place on their scale [%], ``hidden``: some are left out."""

    effects: AxisEffects
    rows: tuple[EffectRow, ...]
    zero: float
    hidden: bool


def _effect_table(effects: AxisEffects, metric: str, *, ordered: bool) -> EffectTable:
    """Return values as dots with bands around the line of the baseline."""
    shown, hidden = pick_effects(effects.values, metric, EFFECTS_SHOWN, ordered=ordered)
    ends = [0.0, *(one.effect for one in shown if one.effect is not None)]
    ends += [end for one in shown if one.band is not None for end in one.band]
    low, width = min(ends), max(ends) - min(ends)

    def place(value: float | None) -> float | None:
        if value is None:
            return None
        return round(2.0 + 96.0 * (value - low) / width, 2) if width else 50.0

    rows = (EffectRow(one, place(one.effect), *map(place, one.band or (None, None))) for one in shown)
    return EffectTable(effects, tuple(rows), place(0.0) or 0.0, hidden)


def _checks(sweep: FinishedSweep) -> tuple[tuple[str, str], ...]:
    space, manifest = sweep.summary.sweep, sweep.manifest
    return (
        ("Engine version", manifest.versions.get("portfolio-engine", fmt.DASH)),
        ("Different configs", f"{fmt.count(space.distinct)} of {fmt.count(space.variants)} variants"),
        ("Points drawn twice", fmt.count(space.drawn_twice)),
        ("Points that are no valid run", fmt.count(space.refused)),
        ("Data SHA-256", manifest.data_sha256),
        ("Config SHA-256", manifest.config_sha256),
        ("Results SHA-256", f"{manifest.files['results.parquet']} (checked against results.parquet)"),
    )
