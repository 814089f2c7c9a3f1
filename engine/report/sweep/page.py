"""The HTML page of a sweep: one file that opens without a network, built from the sweep's folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.core.errors import shorten
from engine.core.files import atomic_write, lock_folder
from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label
from engine.report.run.html import REPORT_FILE, asset_text, csp_hash, plotly_script, template
from engine.report.sweep.charts import chart_json, value_range
from engine.report.sweep.folder import (
    EffectSummary,
    FinishedSweep,
    RankSummary,
    ReasonSummary,
    VariantSummary,
    read_sweep,
)
from engine.report.sweep.labels import figure_text, figure_title, parameter_text, short_names
from engine.sweep.config import RANKING_SIGNS

EFFECTS_SHOWN: Final = 40
"""Labels of a parameter in a table; of more, the best and the worst."""
WORST_SHOWN: Final = 5
"""Worst variants in the table, as far as they are not among the best."""


@dataclass(frozen=True)
class EffectBar:
    """One label of a parameter: text cells, and where its mean lies between the lowest and the highest of them [%]."""

    label: str
    count: str
    mean: str
    median: str
    width: float


@dataclass(frozen=True)
class EffectTable:
    """What a parameter does; ``hidden_note`` says what is not shown."""

    name: str
    bars: tuple[EffectBar, ...]
    hidden_note: str


@dataclass(frozen=True)
class VariantRow:
    """A variant as text."""

    rank: str
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
    ranks: tuple[tuple[str, str, str, str], ...]
    parameters: tuple[str, ...]
    figures: tuple[str, ...]
    best: tuple[VariantRow, ...]
    worst: tuple[VariantRow, ...]
    effects: tuple[EffectTable, ...]
    reasons: tuple[tuple[str, str, str], ...]
    checks: tuple[tuple[str, str], ...]
    config_text: str


def build_sweep_report(folder: Path) -> Path:
    """Build ``report.html`` from the other files of a sweep and return its path; raises as ``read_sweep`` does."""
    path = folder / REPORT_FILE
    with lock_folder(folder):
        atomic_write(path, render_sweep(read_sweep(folder)).encode("utf-8"))
    return path


def render_sweep(sweep: FinishedSweep) -> str:
    """Return the page of a sweep."""
    library, script = plotly_script(), asset_text("sweep.js")
    return template("sweep.html.j2").render(
        page=sweep_page(sweep),
        # as in html.py: nothing from a sweep's folder is ever Markup but this JSON, which cannot end its element
        charts=Markup(chart_json(sweep)),  # noqa: S704
        style=Markup(asset_text("run.css") + asset_text("sweep.css")),  # noqa: S704
        library=Markup(library),  # noqa: S704
        script=Markup(script),  # noqa: S704
        hashes=f"{csp_hash(library)} {csp_hash(script)}",
    )


def sweep_page(sweep: FinishedSweep) -> SweepPage:
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
        rank_title=figure_title(rank_by),
        facts=_facts(sweep),
        cards=_cards(sweep),
        warnings=summary.warnings,
        ranks=tuple(_rank_row(name, at[rank_by], rank_by) for name, at in summary.standings.items() if rank_by in at),
        parameters=tuple(short[name] for name in names),
        figures=tuple(figure_title(name) for name in figures),
        best=tuple(_variant_row(place, one, names) for place, one in enumerate(summary.best, 1)),
        worst=tuple(_variant_row(0, one, names) for one in summary.worst[:WORST_SHOWN] if one.number not in best),
        effects=tuple(
            _effect_table(name, rows, rank_by, basket=name in summary.sweep.baskets)
            for name, rows in summary.effects.items()
        ),
        reasons=tuple(_reason_row(one) for one in summary.sweep.reasons),
        checks=_checks(sweep),
        config_text=sweep.config_text,
    )


def _facts(sweep: FinishedSweep) -> tuple[tuple[str, str], ...]:
    summary, extent = sweep.summary, sweep.summary.sweep
    mode = ", ".join(f"{key} {value}" for key, value in extent.mode.items() if key != "kind")
    kept = f"{fmt.count(extent.variants)} of {fmt.count(extent.points)} points"
    return (
        ("Variants", kept if extent.refused or extent.drawn_twice else fmt.count(extent.variants)),
        ("Mode", f"{extent.mode['kind']}{': ' if mode else ''}{mode}"),
        ("Window of the plan", f"{summary.window.start} to {summary.window.end}"),
        ("Prices", f"{summary.data.source}, {summary.data.closes} closes"),
    )


def _cards(sweep: FinishedSweep) -> tuple[tuple[str, str, str], ...]:
    """Return what one looks for first: the best, the median, the plan itself and buy-and-hold."""
    summary = sweep.summary
    rank_by = summary.sweep.rank_by
    spread = summary.distribution[rank_by]
    best = summary.best[0] if summary.best else None
    cards = [
        (
            "Best",
            figure_text(best.figures[rank_by] if best else None, rank_by),
            f"best of {fmt.count(summary.sweep.variants)}",
        ),
        ("Median", figure_text(spread.get("p50"), rank_by), f"mean {figure_text(spread.get('mean'), rank_by)}"),
    ]
    for name in ("strategy", "buy_and_hold"):
        at = summary.standings.get(name, {}).get(rank_by)
        if at is not None:
            better = f"better than {fmt.percent(at.better_than, 1)} of the variants"
            cards.append(
                (
                    "The plan itself" if name == "strategy" else portfolio_label(name),
                    figure_text(at.value, rank_by),
                    better,
                )
            )
    return tuple(cards)


def _rank_row(name: str, at: RankSummary, figure: str) -> tuple[str, str, str, str]:
    share = fmt.percent(at.better_than, 1)
    return (
        "The plan itself" if name == "strategy" else portfolio_label(name),
        figure_text(at.value, figure),
        fmt.count(at.rank),
        share,
    )


def _variant_row(place: int, one: VariantSummary, names: tuple[str, ...]) -> VariantRow:
    return VariantRow(
        rank=fmt.count(place) if place else "",
        id=one.id[:12],
        command=f"engine run config.resolved.yaml --variant {one.id[:12]}",
        parameters=tuple(parameter_text(one.parameters[name]) for name in names),
        figures=tuple(figure_text(value, figure) for figure, value in one.figures.items()),
    )


def _effect_table(name: str, rows: tuple[EffectSummary, ...], figure: str, *, basket: bool) -> EffectTable:
    """Return a table of a parameter's labels: in their order, or the best first where they are many or names."""
    kept = [one for one in rows if one.mean is not None]
    if len(kept) > EFFECTS_SHOWN or basket:
        kept.sort(key=lambda one: -RANKING_SIGNS[figure] * (one.mean or 0.0))
    left = len(kept) - EFFECTS_SHOWN
    if left > 0:
        kept = [*kept[: EFFECTS_SHOWN // 2], *kept[-EFFECTS_SHOWN // 2 :]]
    means = np.array([np.nan if one.mean is None else one.mean for one in kept])
    extent = value_range(means)
    shares = extent.scale(means).tolist() if extent else [0.0] * len(kept)
    bars = tuple(
        EffectBar(
            parameter_text(one.label),
            fmt.count(one.count),
            figure_text(one.mean, figure),
            figure_text(one.median, figure),
            width,
        )
        for one, width in ((one, round(5.0 + 95.0 * share, 1)) for one, share in zip(kept, shares, strict=True))
    )
    words = f"The best and the worst of {fmt.count(len(rows))}; all of them are in summary.json." if left > 0 else ""
    return EffectTable(name, bars, words)


def _reason_row(one: ReasonSummary) -> tuple[str, str, str]:
    return (
        fmt.count(one.count),
        one.reason,
        ", ".join(f"{name} {shorten(parameter_text(value), 60)}" for name, value in one.example.items()),
    )


def _checks(sweep: FinishedSweep) -> tuple[tuple[str, str], ...]:
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
