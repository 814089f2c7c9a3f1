"""The HTML page of a sweep: one file that opens without a network, built from the sweep's folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.core.errors import shortened
from engine.core.files import alone_in, atomic_write
from engine.report import number_format as fmt
from engine.report.phrases import label
from engine.report.run.html import NAME, inlined, own_text, script_hash, template
from engine.report.sweep.charts import chart_json, extent_of
from engine.report.sweep.folder import (
    EffectSummary,
    ReasonSummary,
    StandingSummary,
    SweepFolder,
    VariantSummary,
    read_sweep,
)
from engine.report.sweep.labels import cell, short_names, shown, title
from engine.sweep.config import RANKED

EFFECTS: Final = 40
"""Labels of a parameter in a table; of more, the best and the worst."""
WORST: Final = 5
"""Worst variants in the table, as far as they are not among the best."""


@dataclass(frozen=True)
class Bar:
    """One label of a parameter: text cells, and where its mean lies between the lowest and the highest of them [%]."""

    label: str
    count: str
    mean: str
    median: str
    width: float


@dataclass(frozen=True)
class EffectTable:
    """What a parameter does; ``left`` says what is not shown."""

    name: str
    bars: tuple[Bar, ...]
    left: str


@dataclass(frozen=True)
class Row:
    """A variant as text."""

    place: str
    id: str
    command: str
    parameters: tuple[str, ...]
    figures: tuple[str, ...]


@dataclass(frozen=True)
class SweepPage:
    """Everything the template places."""

    name: str
    description: str
    rank_title: str
    facts: tuple[tuple[str, str], ...]
    cards: tuple[tuple[str, str, str], ...]
    warnings: tuple[str, ...]
    standings: tuple[tuple[str, str, str, str], ...]
    parameters: tuple[str, ...]
    figures: tuple[str, ...]
    best: tuple[Row, ...]
    worst: tuple[Row, ...]
    effects: tuple[EffectTable, ...]
    reasons: tuple[tuple[str, str, str], ...]
    checks: tuple[tuple[str, str], ...]
    config_text: str


def build_sweep(folder: Path) -> Path:
    """Build ``report.html`` from the other files of a sweep and return its path; raises as ``read_sweep`` does."""
    path = folder / NAME
    with alone_in(folder):
        atomic_write(path, render_sweep(read_sweep(folder)).encode("utf-8"))
    return path


def render_sweep(sweep: SweepFolder) -> str:
    """Return the page of a sweep."""
    library, script = inlined(), own_text("sweep.js")
    return template("sweep.html.j2").render(
        page=page_of(sweep),
        # as in html.py: nothing from a sweep's folder is ever Markup but this JSON, which cannot end its element
        charts=Markup(chart_json(sweep)),  # noqa: S704
        style=Markup(own_text("run.css") + own_text("sweep.css")),  # noqa: S704
        library=Markup(library),  # noqa: S704
        script=Markup(script),  # noqa: S704
        hashes=f"{script_hash(library)} {script_hash(script)}",
    )


def page_of(sweep: SweepFolder) -> SweepPage:
    """Return the text of a sweep's page."""
    summary = sweep.summary
    rank_by = summary.sweep.rank_by
    names = tuple(column.name for column in sweep.parameters)
    short = short_names(names)
    figures = tuple(summary.best[0].figures) if summary.best else ()
    best = {one.number for one in summary.best}
    return SweepPage(
        name=summary.name,
        description=summary.description,
        rank_title=title(rank_by),
        facts=_facts(sweep),
        cards=_cards(sweep),
        warnings=summary.warnings,
        standings=tuple(
            _standing(name, at[rank_by], rank_by) for name, at in summary.standings.items() if rank_by in at
        ),
        parameters=tuple(short[name] for name in names),
        figures=tuple(title(name) for name in figures),
        best=tuple(_row(place, one, names) for place, one in enumerate(summary.best, 1)),
        worst=tuple(_row(0, one, names) for one in summary.worst[:WORST] if one.number not in best),
        effects=tuple(
            _effects(name, rows, rank_by, basket=name in summary.sweep.baskets)
            for name, rows in summary.effects.items()
        ),
        reasons=tuple(_reason(one) for one in summary.sweep.reasons),
        checks=_checks(sweep),
        config_text=sweep.config_text,
    )


def _facts(sweep: SweepFolder) -> tuple[tuple[str, str], ...]:
    summary, extent = sweep.summary, sweep.summary.sweep
    mode = ", ".join(f"{key} {value}" for key, value in extent.mode.items() if key != "kind")
    kept = f"{fmt.count(extent.variants)} of {fmt.count(extent.points)} points"
    return (
        ("Variants", kept if extent.refused or extent.drawn_twice else fmt.count(extent.variants)),
        ("Mode", f"{extent.mode['kind']}{': ' if mode else ''}{mode}"),
        ("Window of the plan", f"{summary.window.start} to {summary.window.end}"),
        ("Prices", f"{summary.data.source}, {summary.data.closes} closes"),
    )


def _cards(sweep: SweepFolder) -> tuple[tuple[str, str, str], ...]:
    """Return what one looks for first: the best, the median, the plan itself and buy-and-hold."""
    summary = sweep.summary
    rank_by = summary.sweep.rank_by
    spread = summary.distribution[rank_by]
    best = summary.best[0] if summary.best else None
    cards = [
        (
            "Best",
            shown(best.figures[rank_by] if best else None, rank_by),
            f"best of {fmt.count(summary.sweep.variants)}",
        ),
        ("Median", shown(spread.get("p50"), rank_by), f"mean {shown(spread.get('mean'), rank_by)}"),
    ]
    for name in ("strategy", "buy_and_hold"):
        at = summary.standings.get(name, {}).get(rank_by)
        if at is not None:
            better = f"better than {fmt.percent(at.better_than, 1)} of the variants"
            cards.append(("The plan itself" if name == "strategy" else label(name), shown(at.value, rank_by), better))
    return tuple(cards)


def _standing(name: str, at: StandingSummary, figure: str) -> tuple[str, str, str, str]:
    share = fmt.percent(at.better_than, 1)
    return (
        "The plan itself" if name == "strategy" else label(name),
        shown(at.value, figure),
        fmt.count(at.rank),
        share,
    )


def _row(place: int, one: VariantSummary, names: tuple[str, ...]) -> Row:
    return Row(
        place=fmt.count(place) if place else "",
        id=one.id[:12],
        command=f"engine run config.resolved.yaml --variant {one.id[:12]}",
        parameters=tuple(cell(one.parameters[name]) for name in names),
        figures=tuple(shown(value, figure) for figure, value in one.figures.items()),
    )


def _effects(name: str, rows: tuple[EffectSummary, ...], figure: str, *, basket: bool) -> EffectTable:
    """Return a table of a parameter's labels: in their order, or the best first where they are many or names."""
    kept = [one for one in rows if one.mean is not None]
    if len(kept) > EFFECTS or basket:
        kept.sort(key=lambda one: -RANKED[figure] * (one.mean or 0.0))
    left = len(kept) - EFFECTS
    if left > 0:
        kept = [*kept[: EFFECTS // 2], *kept[-EFFECTS // 2 :]]
    means = np.array([np.nan if one.mean is None else one.mean for one in kept])
    extent = extent_of(means)
    shares = extent.share(means).tolist() if extent else [0.0] * len(kept)
    bars = tuple(
        Bar(cell(one.label), fmt.count(one.count), shown(one.mean, figure), shown(one.median, figure), width)
        for one, width in ((one, round(5.0 + 95.0 * share, 1)) for one, share in zip(kept, shares, strict=True))
    )
    words = f"The best and the worst of {fmt.count(len(rows))}; all of them are in summary.json." if left > 0 else ""
    return EffectTable(name, bars, words)


def _reason(one: ReasonSummary) -> tuple[str, str, str]:
    return (
        fmt.count(one.count),
        one.reason,
        ", ".join(f"{name} {shortened(cell(value), 60)}" for name, value in one.example.items()),
    )


def _checks(sweep: SweepFolder) -> tuple[tuple[str, str], ...]:
    extent, manifest = sweep.summary.sweep, sweep.manifest
    return (
        ("Engine version", manifest.versions.get("portfolio-engine", fmt.DASH)),
        ("Different configs", f"{fmt.count(extent.distinct)} of {fmt.count(extent.variants)} variants"),
        ("Points drawn twice", fmt.count(extent.drawn_twice)),
        ("Points that are no valid run", fmt.count(extent.refused)),
        ("Data SHA-256", manifest.data_sha256),
        ("Config SHA-256", manifest.config_sha256),
        ("Results SHA-256", f"{manifest.files['results.parquet']} (checked against results.parquet)"),
    )
