"""The walk forward of an optimised strategy, as the terminal and the page show it."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console

from engine.analysis.walk_forward import FilledDecision, WalkForward
from engine.core.fields import format_percent
from engine.optimisation.constraints import FEASIBILITY_TOLERANCE
from engine.report import number_format as fmt
from engine.report.console import add_row, print_bullet, print_heading, print_table, table
from engine.report.phrases import objective_text, plural, point_worth_text

_LIMITS_SHOWN = 8
"""Limits that the terminal names."""


@dataclass(frozen=True)
class WalkForwardPage:
    """A walk forward as text: sentences, and one row per asset, per limit and per decision."""

    sentences: tuple[str, ...]
    figure: str
    weights: tuple[tuple[str, ...], ...]
    bounds: tuple[tuple[str, ...], ...]
    steps: tuple[tuple[str, ...], ...]


def walk_forward_page(walk: WalkForward) -> WalkForwardPage:
    """Return a walk forward as text."""
    return WalkForwardPage(
        sentences=_sentences(walk),
        figure=walk.figure,
        weights=tuple(
            (
                asset,
                *(fmt.percent(x) for x in (one.lowest, one.mean, one.highest)),
                f"{one.held} of {walk.decisions}",
                fmt.percent(one.change),
            )
            for asset, one in walk.weights.items()
        ),
        bounds=tuple(
            (name, f"{one.times} of {walk.solved}", point_worth_text(one.worth, walk.figure, percent=walk.percent))
            for name, one in walk.bound.items()
        ),
        steps=tuple(_step_row(one, walk) for one in walk.steps),
    )


def print_walk_forward(out: Console, walk: WalkForward) -> None:
    """Print how stable the weights were."""
    page = walk_forward_page(walk)
    print_heading(out, "How stable the weights were")
    for sentence in page.sentences:
        print_bullet(out, sentence)
    print_table(out, ["asset", "lowest", "mean", "highest", "held at", "mean change"], page.weights)
    if page.bounds:
        out.print()
        result = table(["limit", "bound at", "a point more is worth"], left=(0, 2))
        for cells in page.bounds[:_LIMITS_SHOWN]:
            add_row(result, cells)
        if len(page.bounds) > _LIMITS_SHOWN:
            add_row(result, [f"{len(page.bounds) - _LIMITS_SHOWN} more in report.html", "", ""], {0: "dim"})
        out.print(result)


def _sentences(walk: WalkForward) -> tuple[str, ...]:
    used = ", ".join(f"{name} {times}" for name, times in walk.solvers.items())
    lines = [f"{plural(walk.decisions, 'decision')}, {walk.solved} solved" + (f" ({used})" if used else "")]
    if walk.worst_residual is not None:
        lines[0] += f"; these break no limit by more than {fmt.residual(walk.worst_residual)}"
    for name, times in walk.fallbacks.items():
        first = next(one for one in walk.steps if one.fallback == name)
        lines.append(f"no answer at {times}: {name.replace('_', ' ')} instead, first on {first.date}: {first.status}")
    if walk.worst_fallback_residual is not None:
        lines.append(_fallback_sentence(walk, walk.worst_fallback_residual))
    lines.append(
        f"{fmt.percent(walk.turnover_mean)} of the portfolio exchanged at a decision on average, "
        f"{fmt.percent(walk.turnover_highest)} at most"
    )
    lines.append("each decision was estimated from closes before its day, and filled on it or later")
    return tuple(lines)


def _fallback_sentence(walk: WalkForward, worst: float) -> str:
    """Return which limits the fallbacks break; they trade freely, so ``turnover.max`` is not counted."""
    fallbacks = [one for one in walk.steps if one.fallback]
    times = sum((one.residual or 0.0) > FEASIBILITY_TOLERANCE for one in fallbacks)
    count = f"{plural(len(fallbacks), 'fallback')}, turnover aside"
    if not times:
        return f"no limit broken by more than {fmt.residual(worst)} at {count}"
    first = next(one for one in fallbacks if one.residual == worst)
    return f"limits broken by up to {format_percent(worst)} at {times} of {count} ({first.broken} on {first.date})"


def _step_row(one: FilledDecision, walk: WalkForward) -> tuple[str, ...]:
    train = f"{one.train_first} to {one.train_last}" if one.train_first else fmt.DASH
    by = one.solver or fmt.DASH
    gap = fmt.DASH if one.gap is None else fmt.residual(one.gap)
    broken = fmt.DASH if one.residual is None else fmt.residual(one.residual)
    beyond = f", beyond {one.broken}" if one.broken and (one.residual or 0.0) > FEASIBILITY_TOLERANCE else ""
    status = f"{one.fallback.replace('_', ' ')}{beyond}: {one.status}" if one.fallback else one.status
    bound = ", ".join(one.binding) or fmt.DASH
    value = objective_text(one.value, percent=walk.percent)
    return one.date, train, str(one.observations), value, fmt.percent(one.turnover), by, broken, gap, status, bound
