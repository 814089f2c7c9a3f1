"""What was done beside the plan, as a person reads it in a terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console

from engine.depot.comparison.records import ComparedFigure, DepotComparison
from engine.report.console import console, print_bullet, print_heading, print_paragraph, print_table
from engine.report.depot.comparison_words import printed_parts, signed_cents, verdict

_SHOWN: Final = 3
"""Deviations of a part that are printed; the files have all."""


def print_comparison(comparison: DepotComparison, folder: str) -> None:
    """Print the figures of both, the difference in its parts with the largest deviations, and what was assumed."""
    out, money = console(), comparison.currency
    print_paragraph(
        out, f"{comparison.name}: what you did beside the plan, {comparison.start} to {comparison.end}, in {money}"
    )
    print_paragraph(out, verdict(comparison))
    _print_figures(out, comparison)
    print_heading(out, f"The difference, {comparison.difference:+,.2f} {money}, in parts")
    rows = [
        (part.label, signed_cents(shown.money), str(len(part.deviations) or ""))
        for part, shown in zip(comparison.parts, printed_parts(comparison), strict=True)
    ]
    print_table(out, ("part", money, "deviations"), rows)
    _print_deviations(out, comparison)
    print_heading(out, "Notes")
    for note in comparison.warnings:
        print_bullet(out, f"warning: {note}")
    for note in comparison.notes:
        print_bullet(out, note)
    print_bullet(out, "Parts are exact and add up; returns are shown, and not split: they do not add up.")
    if folder:
        print_bullet(out, f"files: {folder} (depot.html, depot.json, parts.csv, deviations.csv, equity.csv)")
    print_bullet(out, "A calculation from your own rule, no advice; nothing was sent to anybody.")


def _print_figures(out: Console, comparison: DepotComparison) -> None:
    taxed = any(one.plan_after_tax is not None for one in comparison.figures)
    names = ("", "you", "the plan", *(("after its tax",) if taxed else ()), "you less plan")
    rows = []
    for one in comparison.figures:
        values = (one.mine, one.plan, *((one.plan_after_tax,) if taxed else ()))
        apart = None if one.mine is None or one.plan is None else one.mine - one.plan
        shown = [_show(value, one) for value in values]
        rows.append((one.label, *shown, _show(apart, one, difference=True)))
    print_table(out, names, rows)


def _show(value: float | None, figure: ComparedFigure, *, difference: bool = False) -> str:
    if value is None:
        return "-"
    sign = "+" if difference and round(value, 4) else ""
    if figure.kind == "money":
        return f"{round(value, 2) + 0.0:{sign},.2f}"
    return f"{round(100.0 * value, 2) + 0.0:{sign}.2f} {'pp' if difference else '%'}"


def _print_deviations(out: Console, comparison: DepotComparison) -> None:
    for part in comparison.parts:
        if not part.deviations:
            continue
        print_heading(out, f"{part.label[:1].upper()}{part.label[1:]}")
        for one in part.deviations[:_SHOWN]:
            name = f"{one.ticker}: " if one.ticker else ""
            print_bullet(out, f"{one.date}  {one.money:+,.2f}  {name}{one.words}")
        if (more := len(part.deviations) - _SHOWN) > 0:
            print_bullet(out, f"and {more:,} more in deviations.csv")
