"""Luck in its parts on the terminal: for each part its figures, then what it means and what it leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.report import number_format as fmt
from engine.report.console import console, print_bullet, print_heading, print_table, text
from engine.report.phrases import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from engine.evidence.luck.path import PathLuck
    from engine.evidence.luck.pick import PickLuck
    from engine.evidence.luck.spread import FigureSpread
    from engine.evidence.luck.start import StartLuck
    from engine.evidence.luck.summary import LuckSummary
    from engine.evidence.luck.timing import TimingLuck

_STYLES: Final = {"cagr": "percent", "sharpe": "ratio", "final_value": "money", "max_drawdown": "percent"}
_TITLES: Final = {"cagr": "CAGR", "sharpe": "Sharpe", "final_value": "Final value", "max_drawdown": "Max drawdown"}
_HEADINGS: Final = {
    "timing": "Timing luck: rebalanced on another date",
    "start": "Start luck: begun in another month",
    "pick": "Pick luck: other names, drawn at random",
    "path": "Path luck: another history",
}
_MONTH_LETTERS: Final = 3


def print_luck(summary: LuckSummary, folder: Path) -> None:
    """Print every part of a plan's luck, or why it cannot be told, and where the files are."""
    out = console()
    window = summary.window
    out.print(text(summary.name, "bold"))
    if summary.description:
        out.print(text(summary.description))
    out.print(
        text(
            f"{window.start} to {window.end}, {plural(window.sessions, 'session')}, {window.years:.1f} years; "
            f"capital {fmt.money(summary.account.capital)} {summary.account.currency}",
            "dim",
        )
    )
    if summary.timing is not None:
        _print_timing(out, summary.timing)
    if summary.start is not None:
        _print_start(out, summary.start)
    if summary.pick is not None:
        _print_picks(out, summary.pick)
    if summary.path is not None:
        _print_path(out, summary.path)
    for part, reason in summary.missing.items():
        print_heading(out, _HEADINGS[part])
        print_bullet(out, f"cannot be told: {reason}", style="yellow")
    out.print()
    out.print(text(f"Files are in {folder}", "dim"))


def _print_timing(out: Console, timing: TimingLuck) -> None:
    print_heading(out, _HEADINGS["timing"])
    _print_spreads(out, timing.spreads)
    growth = timing.spreads.get("cagr")
    if growth is None or timing.best is None or timing.worst is None:
        return
    last = timing.sessions[-1]
    tried = f"the first {last} sessions" if len(timing.sessions) == last else f"sessions {_listed(timing.sessions)}"
    print_bullet(
        out,
        f"12 months x {tried}, the last of a month that has fewer: {plural(timing.variants, 'date')}. Best: "
        f"{_cell(timing.best.month, timing.best.session)} {fmt.percent(timing.best.cagr)}; worst: "
        f"{_cell(timing.worst.month, timing.worst.session)} {fmt.percent(timing.worst.cagr)}; "
        f"{fmt.percentage_points(growth.highest - growth.lowest).lstrip('+')} a year between the two are luck.",
    )
    medians = ", ".join(
        f"{month[:_MONTH_LETTERS].title()} {fmt.percent(one)}" for month, one in timing.month_medians.items()
    )
    print_bullet(out, f"Median CAGR by month: {medians}")


def _print_start(out: Console, start: StartLuck) -> None:
    print_heading(out, _HEADINGS["start"])
    rows = [
        (
            "best",
            start.best.start,
            fmt.percent(start.best.cagr),
            fmt.percent(start.best.held),
            _pp(start.best.difference),
        ),
        ("median", "", "", "", _pp(start.median)),
        (
            "worst",
            start.worst.start,
            fmt.percent(start.worst.cagr),
            fmt.percent(start.worst.held),
            _pp(start.worst.difference),
        ),
    ]
    print_table(out, ["", "start", "plan", "buy & hold", "difference a year"], rows, left=(0, 1))
    print_bullet(
        out,
        f"Begun in {plural(start.starts, 'month')}, the plan was ahead of its own buy-and-hold from there on in "
        f"{start.ahead:,} ({fmt.percent(start.share_ahead, 0)}); half of the differences lie between "
        f"{_pp(start.lower_quartile)} and {_pp(start.upper_quartile)} a year.",
    )
    print_bullet(
        out,
        f"All starts share the last years, so they are not {start.starts:,} observations: the window has "
        f"{plural(start.independent, 'span')} of three years that do not overlap."
        + (f" {plural(start.left_out, 'start')} could not be run." if start.left_out else ""),
        style="dim",
    )


def _print_picks(out: Console, pick: PickLuck) -> None:
    print_heading(out, _HEADINGS["pick"])
    _print_spreads(out, pick.spreads)
    found = ", ".join(
        f"{_TITLES[name]} {fmt.percent(one.percentile, 1)}"
        for name, one in pick.spreads.items()
        if one.plan is not None
    )
    print_bullet(
        out,
        f"Of {pick.baskets:,} baskets of {pick.names} names with the plan's weights and caps, those below the plan: "
        f"{found} (equal ones count half).",
    )
    print_bullet(
        out,
        f"Drawn from the {pick.listed:,} of {plural(pick.members, 'member')} that were listed on {pick.opening}, "
        f"{pick.ended:,} of which were delisted later; a basket keeps its names. Seed {pick.seed}."
        + (" This plan has to be run basket by basket, so there are few." if pick.one_by_one else ""),
        style="dim",
    )
    if pick.hindsight:
        print_bullet(out, f"Hindsight: {pick.hindsight}.", style="yellow")


def _print_path(out: Console, path: PathLuck) -> None:
    print_heading(out, _HEADINGS["path"])
    rows = []
    for name in path.plan:
        for label, found in (("plan", path.plan), ("buy & hold", path.held), ("difference", path.difference)):
            cells = found[name]
            shown = [fmt.DASH] * 5 if cells is None else [_figure(one, name, label) for one in cells.values()]
            rows.append((f"{_TITLES[name]}, {label}" if label == "plan" else f"  {label}", *shown))
    print_table(out, ["", "5 %", "25 %", "50 %", "75 %", "95 %"], rows, tight=True)
    chances = [
        f"below the capital {fmt.percent(path.below_capital, 1)}",
        f"below buy-and-hold {fmt.percent(path.below_held, 1)}",
    ]
    if path.below_inflation is not None:
        chances.append(
            f"below inflation {fmt.percent(path.below_inflation, 1)} ({fmt.percent(path.inflation)} a year, as it was)"
        )
    print_bullet(out, f"Share of {path.histories:,} histories that end {', '.join(chances)}")
    fewer = "" if path.sessions == path.of_sessions else f", of the plan's {path.of_sessions:,}"
    print_bullet(
        out,
        f"Blocks of {path.mean_block:.0f} sessions on average from the joint returns over {path.sessions:,} common "
        f"sessions from {path.start} to {path.end}{fewer}; seed {path.seed}. Plan and buy-and-hold meet the same "
        "histories, and differences are taken in each of them."
        + (
            " Decisions of this plan have to be asked for, so histories are run one by one, and few."
            if path.one_by_one
            else ""
        ),
        style="dim",
    )


def _print_spreads(out: Console, spreads: Mapping[str, FigureSpread]) -> None:
    rows = [
        (
            _TITLES[name],
            fmt.metric(one.plan, _STYLES[name]),
            fmt.count(one.rank),
            *(fmt.metric(figure, _STYLES[name]) for figure in (one.lowest, one.median, one.highest)),
            fmt.difference(one.highest - one.lowest, _STYLES[name]).lstrip("+"),
        )
        for name, one in spreads.items()
    ]
    count = max((one.count for one in spreads.values()), default=0)
    print_table(out, ["", "plan", f"rank of {count:,}", "lowest", "median", "highest", "spread"], rows, tight=True)


def _figure(figure: float, name: str, label: str) -> str:
    return fmt.difference(figure, _STYLES[name]) if label == "difference" else fmt.metric(figure, _STYLES[name])


def _pp(difference: float) -> str:
    return fmt.percentage_points(difference)


def _cell(month: str, session: int) -> str:
    return f"session {session} of {month.title()},"


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers))
