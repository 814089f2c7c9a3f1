"""Luck in its parts on the terminal: for each part its figures, then what it means and what it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.report import number_format as fmt
from engine.report.console import console, print_bullet, print_heading, print_paragraph, print_table, text
from engine.report.evidence.luck_words import (
    HEADINGS,
    PATH_HEADS,
    START_HEADS,
    luck_sentence,
    month_medians_text,
    path_note,
    path_rows,
    path_text,
    pick_note,
    pick_text,
    reconciling_text,
    spread_heads,
    spread_rows,
    start_note,
    start_rows,
    start_text,
    timing_text,
)
from engine.report.phrases import plural
from engine.report.run.verdict import ascii_minus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from engine.analysis.verdict import PlanVerdict
    from engine.evidence.luck.path import PathLuck
    from engine.evidence.luck.pick import PickLuck
    from engine.evidence.luck.spread import FigureSpread
    from engine.evidence.luck.start import StartLuck
    from engine.evidence.luck.summary import LuckSummary
    from engine.evidence.luck.timing import TimingLuck


def print_luck(summary: LuckSummary, folder: Path) -> None:
    """Print every part of a plan's luck, or why it cannot be told, and where the files are."""
    out = console()
    window = summary.window
    out.print(text(summary.name, "bold"))
    if summary.description:
        out.print(text(summary.description))
    if summary.plan_sentence:
        print_paragraph(out, summary.plan_sentence)
    out.print(
        text(
            f"{window.start} to {window.end}, {plural(window.sessions, 'session')}, {window.years:.1f} years; "
            f"capital {fmt.money(summary.account.capital)} {summary.account.currency}",
            "dim",
        )
    )
    if summary.verdict is not None:
        out.print()
        print_bullet(out, ascii_minus(summary.verdict.sentence))
        print_bullet(out, luck_sentence(summary.pick, summary.missing))
    if summary.timing is not None:
        _print_timing(out, summary.timing)
    if summary.start is not None:
        _print_start(out, summary.start)
    if summary.pick is not None:
        _print_picks(out, summary.pick)
    if summary.path is not None:
        _print_path(out, summary.path, summary.verdict)
    for part, reason in summary.missing.items():
        print_heading(out, HEADINGS[part])
        print_bullet(out, f"cannot be told: {reason}", style="yellow")
    out.print()
    out.print(text(f"Files are in {folder}: report.html, summary.json", "dim"))


def _print_timing(out: Console, timing: TimingLuck) -> None:
    print_heading(out, HEADINGS["timing"])
    _print_spreads(out, timing.spreads)
    if told := timing_text(timing):
        print_bullet(out, told)
        print_bullet(out, month_medians_text(timing))


def _print_start(out: Console, start: StartLuck) -> None:
    print_heading(out, HEADINGS["start"])
    print_table(out, START_HEADS, start_rows(start), left=(0, 1))
    print_bullet(out, start_text(start))
    print_bullet(out, start_note(start), style="dim")


def _print_picks(out: Console, pick: PickLuck) -> None:
    print_heading(out, HEADINGS["pick"])
    _print_spreads(out, pick.spreads)
    print_bullet(out, pick_text(pick))
    print_bullet(out, pick_note(pick), style="dim")
    if pick.hindsight:
        print_bullet(out, f"Hindsight: {pick.hindsight}.", style="yellow")


def _print_path(out: Console, path: PathLuck, verdict: PlanVerdict | None) -> None:
    print_heading(out, HEADINGS["path"])
    print_table(out, ["", *PATH_HEADS], path_rows(path), tight=True)
    print_bullet(out, path_text(path))
    if told := reconciling_text(verdict, path):
        print_bullet(out, told)
    print_bullet(out, path_note(path), style="dim")


def _print_spreads(out: Console, spreads: Mapping[str, FigureSpread]) -> None:
    print_table(out, spread_heads(spreads), spread_rows(spreads), tight=True)
