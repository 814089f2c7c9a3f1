"""A sweep on the terminal: a progress bar while it runs, then its results."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from engine.core.errors import escape_controls
from engine.core.waiting import WAITING
from engine.report import number_format as fmt
from engine.report.console import (
    add_row,
    console,
    print_bullet,
    print_heading,
    print_names,
    print_paragraph,
    print_table,
    table,
    text,
)
from engine.report.phrases import plural
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

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.core.waiting import Wait
    from engine.sweep.effects import AxisEffects
    from engine.sweep.evidence_record import SweepEvidence
    from engine.sweep.space import Space
    from engine.sweep.statistics import RankedVariant
    from engine.sweep.summary import RejectionReason, SweepSummary

BEST_PRINTED: Final = 10
"""Best variants that are printed."""
WORST_PRINTED: Final = 3
LABELS_PRINTED: Final = 24
"""Labels of a parameter that are printed; of more, the best and the worst."""
REASONS_PRINTED: Final = 8
_SESSIONS_PRINTED: Final = 8


class _RateColumn(ProgressColumn):
    """Variants a second."""

    def render(self, task: Task) -> Text:
        """Return the rate of the last half minute."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


@contextmanager
def sweep_progress() -> Iterator[Callable[[int, int], None]]:
    """Yield a function that takes how many points are done and shows a bar on a terminal, nothing in a pipe.

    The bar also says what is waited for before the first of them.
    """
    out = console()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _RateColumn())
    with Progress(*columns, TimeRemainingColumn(), console=out, transient=True, disable=not out.is_terminal) as bar:
        task = bar.add_task("variants", total=None)

        def show(wait: Wait | None) -> None:
            bar.update(task, description=escape_controls(str(wait)) if wait else "variants")

        with WAITING.heard_by(show) if out.is_terminal else nullcontext():
            yield lambda done, total: bar.update(task, completed=done, total=total)


def print_space(space: Space, out: Console | None = None) -> None:
    """Print the axes and the number of points of a config's sweep; nothing is run."""
    out = out or console()
    print_heading(out, "Sweep")
    for axis in space.axes:
        first, last = axis.values[0], axis.values[-1]
        ends = " ".join(map(parameter_text, first.parameters)), " ".join(map(parameter_text, last.parameters))
        print_bullet(out, f"{axis.name}: {plural(len(axis.values), 'value')}, {ends[0]} to {ends[1]}")
    mode = space.sweep.mode.kind
    print_bullet(
        out, f"{mode}: {plural(space.requested_count, 'point')}, ranked by {metric_title(space.sweep.rank_by)}"
    )


def print_sweep(summary: SweepSummary, space: Space, folder: Path, *, tried: int) -> None:
    """Print a sweep's results and where its files are; ``tried`` variants have been run on these prices so far."""
    out = console()
    rank_by = summary.sweep.rank_by
    _print_head(out, summary, space)
    _print_ranks(out, summary)
    best = summary.best[:BEST_PRINTED]
    _print_variants(out, "Best variants", best, rank_by, space)
    _print_variants(
        out, "Worst variants", [one for one in summary.worst[:WORST_PRINTED] if one not in best], rank_by, space
    )
    _print_windows(out, summary)
    _print_other_sessions(out, summary)
    print_heading(out, f"{metric_title(rank_by)} by axis, from one baseline{_band_note(summary)}")
    for one in space.parameters:
        _print_effects(out, one.name, summary.effects[one.name], summary, ordered=not one.is_basket)
        if one.is_basket:
            _print_effects(out, f"{one.name} with", summary.effects[f"{one.name} holds"], summary, ordered=False)
    if summary.evidence is not None:
        _print_evidence(out, summary.evidence)
    _print_reasons(out, summary.sweep.reasons)
    print_heading(out, "What this sweep cannot know")
    for warning in summary.warnings:
        print_bullet(out, warning)
    if tried:
        print_bullet(out, f"Variants tried on these prices on this machine so far: {tried:,}.")
    _print_files(out, summary, folder)


def _band_note(summary: SweepSummary) -> str:
    return f"; no band: {summary.no_band}" if summary.no_band else ""


def _print_head(out: Console, summary: SweepSummary, space: Space) -> None:
    out.print(text(summary.name, "bold"))
    if summary.description:
        out.print(text(summary.description))
    window, space_summary = summary.window, summary.sweep
    sizes = " x ".join(f"{len(axis.values):,} {axis.name}" for axis in space.axes)
    out.print(text(f"{plural(space_summary.variants, 'variant')}: {sizes}", "dim"))
    out.print(text(f"the plan itself: {window.start} to {window.end}, {window.sessions:,} sessions", "dim"))
    lost = {"drawn twice": space_summary.drawn_twice, "without a valid run": space_summary.refused}
    if any(lost.values()):
        out.print(text("; ".join(f"{plural(count, 'point')} {why}" for why, count in lost.items() if count), "dim"))


def _print_ranks(out: Console, summary: SweepSummary) -> None:
    metric = summary.sweep.rank_by
    print_heading(out, f"Where portfolios stand by {metric_title(metric)}, of {summary.ranked_count:,}")
    distribution = summary.distribution[metric]
    if "p50" in distribution:
        keys = ("least", "p05", "p25", "p50", "p75", "p95", "most")
        parts = zip(("least", "5 %", "25 %", "median", "75 %", "95 %", "most"), keys, strict=True)
        out.print(text("  ".join(f"{name} {metric_text(distribution[key], metric)}" for name, key in parts)))
    ranks = ((portfolio_title(name), at[metric]) for name, at in summary.standings.items())
    rows = (
        [name, metric_text(at.value, metric), fmt.count(at.rank), fmt.percent(at.better_than, 1)] for name, at in ranks
    )
    print_table(out, ["", metric_title(metric), "rank", "better than"], rows)
    if summary.near_best:
        share = f"{summary.near_best:,} of {summary.ranked_count:,} variants"
        out.print(text(f"{share} are no further from the best than the noise of this history"))


def _print_variants(out: Console, head: str, variants: Sequence[RankedVariant], rank_by: str, space: Space) -> None:
    if not variants:
        return
    print_heading(out, head)
    metrics = list(dict.fromkeys([rank_by, "cagr", "volatility", "max_drawdown"]))
    rows = (
        [one.id, *(metric_text(one.figures[metric], metric) for metric in metrics), _variant_text(one, space)]
        for one in variants
    )
    heads, last = ["id", *map(metric_title, metrics), "variant"], 1 + len(metrics)
    print_names(out, table(heads, left=(0, last), tight=True), rows, last)


def _variant_text(one: RankedVariant, space: Space) -> str:
    """Return a variant's parameters in the order of the axes, without those that all variants share."""
    varying = [p for p in space.parameters if len(p.labels) > 1 and not p.is_derived]
    short = short_names([p.name for p in varying])
    names = ("" if p.is_basket else f"{short[p.name]} " for p in varying)
    return ", ".join(name + parameter_text(one.parameters[p.name]) for name, p in zip(names, varying, strict=True))


def _print_effects(out: Console, name: str, effects: AxisEffects, summary: SweepSummary, *, ordered: bool) -> None:
    metric = summary.sweep.rank_by
    shown, hidden = pick_effects(effects.values, metric, LABELS_PRINTED, ordered=ordered)
    cells = (
        [
            parameter_text(one.label),
            fmt.count(one.count),
            metric_text(one.mean, metric),
            difference_text(one.effect, metric),
            band_text(one.band, metric),
        ]
        for one in shown
    )
    print_names(out, table([name, "variants", "mean", baseline_text(effects), "noise band"]), cells, 0)
    if told := family_text(effects, summary.level):
        out.print(text(told, "dim"))
    if hidden:
        out.print(text(f"the best and the worst of {len(effects.values):,}; all of them are in summary.json", "dim"))


def _print_windows(out: Console, summary: SweepSummary) -> None:
    """Print the plan and what it is compared with in each window of the axes; nothing is ranked across them."""
    if not summary.windows:
        return
    metric, names = summary.sweep.rank_by, list(summary.portfolios)
    print_heading(out, f"{metric_title(metric)} by window: each beside its own buy and hold, none ranked")
    others = [name for name in names if name != "strategy"]
    rows = (
        [
            one.window.start,
            one.window.end,
            fmt.count(one.variants),
            *(metric_text(one.figures.get(name, {}).get(metric), metric) for name in names),
            *(fmt.percentage_points(one.cagr_difference.get(name)) for name in others[:1]),
        ]
        for one in summary.windows
    )
    heads = [portfolio_title(name) for name in names]
    more = [f"CAGR less {portfolio_title(name)}" for name in others[:1]]
    shown = table(["start", "end", "variants", *heads, *more], left=(0, 1), tight=True, whole=(0, 1))
    for cells in rows:
        add_row(shown, cells)
    out.print(shown)
    if note := windows_note(summary.windows):
        out.print(text(note, "dim"))


def _print_other_sessions(out: Console, summary: SweepSummary) -> None:
    if not summary.other_sessions:
        return
    metric = summary.sweep.rank_by
    print_heading(out, "Variants of other sessions than the plan's: neither ranked nor among the effects")
    rows = (
        [
            one.window.start,
            one.window.end,
            fmt.count(one.window.sessions),
            fmt.count(one.variants),
            *(metric_text(one.range[key], metric) for key in ("least", "p50", "most")),
        ]
        for one in summary.other_sessions[:_SESSIONS_PRINTED]
    )
    print_table(out, ["start", "end", "sessions", "variants", "least", "median", "most"], rows, left=(0, 1))
    if (rest := len(summary.other_sessions) - _SESSIONS_PRINTED) > 0:
        out.print(text(f"and {rest} more, in summary.json", "dim"))


def _print_evidence(out: Console, evidence: SweepEvidence) -> None:
    print_heading(out, HEADING)
    print_paragraph(out, evidence.sentence)
    print_paragraph(out, trials_text(evidence), "dim")
    rows = list_tests(evidence)
    shown = table(["test", "asks", "answer", "p"], left=(0, 1, 2), tight=True, whole=(3,))
    for row in rows:
        add_row(shown, [row.test, row.asks, row.answer, row.p])
    out.print(shown)
    for convention in (row.convention for row in rows if row.convention):
        print_paragraph(out, convention, "dim")
    for title, told in evidence_lines(evidence):
        print_bullet(out, f"{title}: {told}")


def _print_reasons(out: Console, reasons: Sequence[RejectionReason]) -> None:
    if not reasons:
        return
    print_heading(out, "Points that are no valid run")
    for one in reasons[:REASONS_PRINTED]:
        print_bullet(out, f"{one.count:,}: {one.reason} (first: {example_text(one.example)})")
    if len(reasons) > REASONS_PRINTED:
        print_bullet(out, f"and {len(reasons) - REASONS_PRINTED:,} more reasons, in summary.json")


def _print_files(out: Console, summary: SweepSummary, folder: Path) -> None:
    out.print()
    lines = [f"{folder / 'report.html'} and {summary.sweep.variants:,} rows in {folder / 'results.parquet'}"]
    if summary.best:
        command = f"engine run {folder / 'config.resolved.yaml'} --variant {summary.best[0].id}"
        lines.append(f"the full run of a variant: {command}")
    for line in lines:
        out.print(text(line), soft_wrap=True)  # a path is copied whole
