"""Plans side by side on the terminal."""

from __future__ import annotations

from engine.evidence.side_by_side import SideBySide
from engine.report import number_format as fmt
from engine.report.compare.words import (
    first_text,
    interval_text,
    rank_number,
    rank_text,
    verdict,
    window_text,
)
from engine.report.console import console, print_bullet, print_paragraph, print_table


def print_side_by_side(found: SideBySide) -> None:
    """Print the sentence, the table, and how it was made."""
    out = console()
    print_paragraph(out, verdict(found), "bold")
    print_paragraph(out, window_text(found))
    if found.by == "cagr":
        names: tuple[str, ...] = ("", "plan", "growth", "volatility", "worst fall", "to its B&H", "first in", "rank")
        rows: list[tuple[str, ...]] = [
            (
                rank_number(found, one),
                one.contestant.label,
                fmt.percent(one.figures["cagr"]),
                fmt.percent(one.figures["volatility"]),
                fmt.percent(one.figures["max_drawdown"]),
                fmt.percentage_points(one.figures["difference"]),
                first_text(one),
                rank_text(one),
            )
            for one in found.standings
        ]
    else:
        names = ("", "plan", "window", "to its B&H", "interval, pp", "first in", "rank")
        rows = [
            (
                rank_number(found, one),
                one.contestant.label,
                " to ".join(one.contestant.window),
                fmt.percentage_points(one.figures["difference"]),
                interval_text(one).removesuffix(" pp"),
                first_text(one),
                rank_text(one),
            )
            for one in found.standings
        ]
    print_table(out, names, rows, left=(1, 2) if found.by == "difference" else (1,), tight=True)
    if found.missing and found.standings[0].figures[found.by] is not None:
        print_bullet(out, f"no chances of ranks: {found.missing}")
    for note in found.notes:
        print_bullet(out, note)
