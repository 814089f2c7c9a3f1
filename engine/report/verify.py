"""What ``engine verify`` prints: how many figures come out on this machine, and each that does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from engine.core.json_files import Json
from engine.diagnostics.verify import ReferenceFigure
from engine.report.console import add_row, console, print_bullet, print_heading, table, text
from engine.report.phrases import plural


def print_verification(
    figures: Sequence[ReferenceFigure], folder: Path | None = None, unchecked: Sequence[str] = ()
) -> None:
    """Print one row per group, with the difference nearest to its tolerance, then every figure that does not agree.

    The figures are published ones, or those in the files of ``folder``, which cannot show what is ``unchecked``.
    """
    out = console()
    result = table(["group", "figures", "agree", "widest difference", "allowed"])
    origins: list[str] = []
    for (group, origin), members in groupby(figures, key=lambda figure: (figure.group, figure.source)):
        group_figures = list(members)
        widest = max(group_figures, key=lambda figure: figure.difference / figure.tolerance)
        agreeing = sum(figure.agrees for figure in group_figures)
        cells = [group, str(len(group_figures)), str(agreeing), f"{widest.difference:.1e}", f"{widest.tolerance:.0e}"]
        add_row(result, cells, {} if agreeing == len(group_figures) else {2: "red"})
        origins.append(f"{group}: {origin}")
    out.print(result)
    print_heading(out, "Where they come from")
    for line in origins:
        print_bullet(out, line)
    if unchecked:
        print_heading(out, "What these files cannot show")
    for line in unchecked:
        print_bullet(out, line)
    published = "published" if folder is None else "in its file"
    wrong = [figure for figure in figures if not figure.agrees]
    if wrong:
        print_heading(out, "What does not agree")
    for figure in wrong:
        print_bullet(
            out, f"{figure.group}, {figure.name}: {figure.found} here, {figure.expected} {published}", style="red"
        )
    out.print()
    of = f"of {plural(len(figures), 'published figure' if folder is None else 'figure')}"
    verdict = (
        f"{len(figures) - len(wrong):,} {of} reproduced {'on this machine' if folder is None else f'from {folder}'}"
    )
    out.print(text(verdict, "bold"))


def verification_json(figures: Sequence[ReferenceFigure]) -> list[Json]:
    """Return every figure as JSON-ready data, with whether it holds."""
    return [{**dataclasses.asdict(one), "holds": one.agrees} for one in figures]


def print_stored(counts: Mapping[str, int], folder: Path) -> None:
    """Print how many files of a price store, by their kind, are as they were written: all of them."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
    console().print(text(f"all {sum(counts.values()):,} files of {folder} are as they were written: {kinds}", "bold"))
