"""A sweep on the terminal: a bar while it runs, then what it shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from engine.core.errors import shortened
from engine.report import number_format as fmt
from engine.report.console import bullet, console, heading, row, table, text
from engine.report.phrases import label, plural
from engine.report.sweep.labels import cell, short_names, shown, title
from engine.sweep.config import RANKED

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.sweep.space import Space
    from engine.sweep.statistics import Effect, Listed
    from engine.sweep.summary import Findings

BEST: Final = 10
"""Best variants that are printed."""
WORST: Final = 3
LABELS: Final = 24
"""Labels of a parameter that are printed; of more, the best and the worst."""
REASONS: Final = 8


class _Rate(ProgressColumn):
    """Variants a second."""

    def render(self, task: Task) -> Text:
        """Return the rate of the last half minute."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def sweep_bar() -> Iterator[Callable[[int, int], None]]:
    """Yield what is told how many points are done: a bar with rate and time left on a terminal, nothing in a pipe."""
    out = console()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _Rate())
    with Progress(*columns, TimeRemainingColumn(), console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("variants", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_space(space: Space) -> None:
    """Print what a config's sweep spans, for `engine validate`; nothing is run."""
    out = console()
    heading(out, "Sweep")
    for axis in space.axes:
        first, last = axis.values[0], axis.values[-1]
        ends = " ".join(map(cell, first.cells)), " ".join(map(cell, last.cells))
        bullet(out, f"{axis.name}: {plural(len(axis.values), 'value')}, {ends[0]} to {ends[1]}")
    mode = space.sweep.mode.kind
    bullet(out, f"{mode}: {plural(space.count, 'point')}, ranked by {title(space.sweep.rank_by)}")


def print_sweep(found: Findings, folder: Path, *, tried: int) -> None:
    """Print what a sweep shows and where its files are; ``tried`` is how many variants these prices have seen."""
    out = console()
    _head(out, found)
    _standings(out, found)
    best = found.best[:BEST]
    _variants(out, "Best variants", best, found)
    _variants(out, "Worst variants", [one for one in found.worst[:WORST] if one not in best], found)
    heading(out, f"{title(found.rank_by)} by axis")
    for one in found.results.space.parameters:
        _effects(out, one.name, found.effects[one.name], found.rank_by, ordered=not one.basket)
        if one.name in found.names:
            _effects(out, f"{one.name} with", found.names[one.name], found.rank_by, ordered=False)
    _reasons(out, found)
    heading(out, "What this sweep cannot know")
    for warning in found.warnings:
        bullet(out, warning)
    if tried:
        bullet(out, f"Variants tried on these prices on this machine so far: {tried:,}.")
    _files(out, found, folder)


def _head(out: Console, found: Findings) -> None:
    results, run = found.results, found.run
    out.print(text(run.name, "bold"))
    if run.description:
        out.print(text(run.description))
    ledger = run.comparison.strategy.ledger
    sizes = " x ".join(f"{len(axis.values):,} {axis.name}" for axis in results.space.axes)
    out.print(text(f"{plural(len(results.numbers), 'variant')}: {sizes}", "dim"))
    out.print(text(f"the plan itself: {ledger.dates[0]} to {ledger.dates[-1]}, {len(ledger.dates):,} sessions", "dim"))
    refused = sum(one.count for one in found.reasons)
    dull = [
        f"{plural(found.drawn_twice, 'point')} drawn twice" if found.drawn_twice else "",
        f"{plural(refused, 'point')} without a valid run" if refused else "",
    ]
    if any(dull):
        out.print(text("; ".join(part for part in dull if part), "dim"))


def _standings(out: Console, found: Findings) -> None:
    figure = found.rank_by
    heading(out, f"Where portfolios stand by {title(figure)}, of {found.ranked:,}")
    one = found.spreads[figure]
    words = [shown(value, figure) for value in (one.least, *one.quantiles, one.most)]
    if one.quantiles:
        parts = zip(("least", "5 %", "25 %", "median", "75 %", "95 %", "most"), words, strict=True)
        out.print(text("  ".join(f"{name} {word}" for name, word in parts)))
    into = table(["", title(figure), "rank", "better than"])
    for name, standings in found.standings.items():
        at = standings[figure]
        share = fmt.percent(at.better_than, 1) if at.better_than is not None else fmt.DASH
        row(into, [label(name), shown(at.value, figure), fmt.count(at.rank), share])
    out.print(into)


def _variants(out: Console, head: str, variants: Sequence[Listed], found: Findings) -> None:
    if not variants:
        return
    heading(out, head)
    figures = list(dict.fromkeys([found.rank_by, "cagr", "volatility", "max_drawdown"]))
    into = table(
        ["id", *(title(figure) for figure in figures), "variant"], words=frozenset({0, 1 + len(figures)}), tight=True
    )
    for one in variants:
        row(into, [one.id[:12], *(shown(one.figures[figure], figure) for figure in figures), _words(one, found)])
    out.print(into)


def _words(one: Listed, found: Findings) -> str:
    """Return what makes a variant, in the order of the axes; what all variants share is left out."""
    telling = [p for p in found.results.space.parameters if len(p.labels) > 1 and not p.derived]
    short = short_names([p.name for p in telling])
    words = []
    for parameter in telling:
        value = one.parameters[parameter.name]
        words.append(cell(value) if parameter.basket else f"{short[parameter.name]} {cell(value)}")
    return ", ".join(words)


def _effects(out: Console, name: str, rows: Sequence[Effect], figure: str, *, ordered: bool) -> None:
    kept = [one for one in rows if one.count]
    if not ordered or len(kept) > LABELS:
        kept = sorted(kept, key=lambda one: -RANKED[figure] * (one.mean or 0.0))
    left = len(kept) - LABELS
    if left > 0:
        kept = [*kept[: LABELS // 2], *kept[-LABELS // 2 :]]
    into = table([name, "variants", "mean", "median"])
    for one in kept:
        row(into, [cell(one.label), fmt.count(one.count), shown(one.mean, figure), shown(one.median, figure)])
    out.print(into)
    if left > 0:
        out.print(text(f"the best and the worst of {len(rows):,}; all of them are in summary.json", "dim"))


def _reasons(out: Console, found: Findings) -> None:
    if not found.reasons:
        return
    heading(out, "Points that are no valid run")
    for one in found.reasons[:REASONS]:
        example = ", ".join(f"{name} {shortened(cell(value), 60)}" for name, value in one.example.items())
        bullet(out, f"{one.count:,}: {one.reason} (first: {example})")
    if len(found.reasons) > REASONS:
        bullet(out, f"and {len(found.reasons) - REASONS:,} more reasons, in summary.json")


def _files(out: Console, found: Findings, folder: Path) -> None:
    out.print()
    out.print(text(f"{folder / 'report.html'} and {len(found.results.numbers):,} rows in {folder / 'results.parquet'}"))
    if found.best:
        command = f"engine run {folder / 'config.resolved.yaml'} --variant {found.best[0].id[:12]}"
        out.print(text(f"the full run of a variant: {command}"))
