"""Checked claims on the terminal and as JSON: verdict, claimed, measured, and where a word decides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console

from engine.core.fields import format_percent
from engine.evidence.claims.check import FAILS, HOLDS, UNKNOWN, CheckedClaim, Turn
from engine.evidence.claims.claimed import ClaimedRange
from engine.evidence.claims.computation import Interval, Reading, Style, describe_way, describe_word
from engine.report import number_format as fmt
from engine.report.console import console, print_bullet, print_paragraph, text
from engine.report.phrases import plural

if TYPE_CHECKING:
    from engine.core.json_files import Json
    from engine.evidence.claims.claim_file import Claim, ClaimFile

_VERDICT_COLOURS = {HOLDS: "green", FAILS: "red"}
RULE: Final = (
    "Each sentence is measured in every way in which it can be meant. It holds where every reading that it leaves open "
    "agrees, and does not where all are above what was claimed, or all below; else it cannot be told."
)
_MARKS: Final = (
    "Below are the words that decide: with another meaning the answer would be the opposite (-), though the sentence "
    "rules that meaning out (*)."
)


def print_claims(file: ClaimFile, checked: Sequence[CheckedClaim]) -> None:
    """Print every claim: its verdict, what was measured, which readings agree, what decides and what is missing."""
    out = console()
    out.print(text(file.name, "bold"))
    if file.description:
        out.print(text(file.description))
    out.print()
    interval = ""
    if any(one.measured and one.measured.interval for one in checked):
        interval = f" Of an interval ({format_percent(file.evidence.level)}) all counts."
    for line in (f"{RULE}{interval}", _MARKS):
        print_paragraph(out, line, "dim")
    out.print()
    width = len(f"{len(checked)}.")
    for number, one in enumerate(checked, start=1):
        _print_claim(out, one, f"{number}.".rjust(width))
    out.print()
    out.print(text(counts_text(checked), "bold"))


def _print_claim(out: Console, one: CheckedClaim, mark: str) -> None:
    below = " " * len(mark)
    print_bullet(out, f"{one.claim.sentence}: {one.verdict}", mark, _VERDICT_COLOURS.get(one.verdict, "yellow"))
    print_bullet(out, measured_text(one), below)
    if one.readings:
        print_bullet(out, readings_text(one), below)
    for turn in one.turns:
        print_bullet(out, turn_text(turn, one), f"{below} {'*' if turn.key in one.claim.says else '-'}")
    if missing := dict.fromkeys((*one.missing, *one.left_out)):
        print_bullet(out, f"missing: {'; '.join(missing)}", below)
    if one.claim.compute.caveat:
        print_bullet(out, f"not known: {one.claim.compute.caveat}", below)


def measured_text(one: CheckedClaim) -> str:
    """Return what was claimed and what was measured, with its interval, if it has one, and how it was read."""
    claimed = f"claimed {claimed_text(one.claim)}, measured "
    if one.measured is None:
        return f"{claimed}nothing"
    style = one.claim.compute.style
    interval = interval_text(one.measured.interval, style)
    between = "" if interval == fmt.DASH else f", interval {interval}"
    return f"{claimed}{figure_text(one.measured.figure, style)}{between} ({reading_text(one.measured)})"


def readings_text(one: CheckedClaim) -> str:
    """Return how many readings agree: those that a sentence leaves open, and those that it rules out."""
    agreeing = one.claim.agreeing
    meant, ruled_out = (
        [agreeing.contain(reading.figure) for reading in readings] for readings in (one.readings, one.others)
    )
    told = f"{sum(meant)} of {plural(len(meant), 'reading')} {'agrees' if len(meant) == 1 else 'agree'}"
    if ruled_out:
        told += f", and {sum(ruled_out)} of {len(ruled_out)} that the sentence rules out"
    return told if len(meant) + len(ruled_out) == 1 else f"{told}; all of them {range_text(one)}"


def counts_text(checked: Sequence[CheckedClaim]) -> str:
    """Return how many claims have which verdict."""
    words = {HOLDS: "hold", FAILS: "do not hold", UNKNOWN: "cannot be told from this data"}
    found = []
    for verdict, several in words.items():
        if count := sum(one.verdict == verdict for one in checked):
            found.append(f"{count} {several if count > 1 else verdict}")
    return f"{plural(len(checked), 'claim')}: {', '.join(found)}"


def range_text(one: CheckedClaim) -> str:
    """Return from where to where the figures of all readings go."""
    style = one.claim.compute.style
    figures = [reading.figure for reading in (*one.readings, *one.others)]
    low, high = figure_text(min(figures), style), figure_text(max(figures), style)
    return low if low == high else f"{low} to {high}"


def reading_text(reading: Reading) -> str:
    """Return how a figure was read: which way, and from when to when."""
    way, since = describe_way(reading.way), f"{reading.start} to {reading.end}" if reading.start else ""
    return ", ".join(part for part in (way, since) if part)


def turn_text(turn: Turn, one: CheckedClaim) -> str:
    """Return the figures that another meaning of one word gives, and whether they agree.

    Where they are of other days than the one that was measured, those are said.
    """
    claim, first = one.claim, one.readings[0]
    agree = claim.agreeing.contain(turn.readings[0].figure)
    found = []
    for reading in turn.readings:
        days = ""
        if (reading.start, reading.end) != (first.start, first.end):
            days = f" ({reading.start} to {reading.end})"
        figure = figure_text(reading.figure, claim.compute.style)
        found.append(f"{describe_word(turn.key, reading.way[turn.key])} {figure}{days}")
    verb = ("agrees" if len(found) == 1 else "agree") if agree else ("does not" if len(found) == 1 else "do not")
    return f"{', '.join(found)}: {verb}"


def claimed_text(claim: Claim) -> str:
    """Return what was claimed, as it was written."""
    claimed = claim.claimed
    if isinstance(claimed, str):
        return claimed
    within = "" if claim.tolerance is None or not claim.tolerance else f" ± {format_percent(claim.tolerance)}"
    if isinstance(claimed, ClaimedRange):
        return f"{format_percent(claimed.low).removesuffix(' %')} to {format_percent(claimed.high)}{within}"
    return f"{format_percent(claimed)}{within}"


def figure_text(figure: float, style: Style) -> str:
    """Return a figure in its style."""
    if style == "percent":
        return fmt.percent(figure)
    return fmt.percentage_points(figure) if style == "points" else fmt.difference(figure, "ratio")


def interval_text(interval: Interval | None, style: Style) -> str:
    """Return the bounds of an interval; a dash where there is none."""
    if interval is None or not all(map(math.isfinite, interval)):
        return fmt.DASH
    low, high = (figure_text(bound, style) for bound in interval)
    return f"{low.removesuffix(' pp').removesuffix(' %')} to {high}"


def claims_json(file: ClaimFile, checked: Sequence[CheckedClaim]) -> Json:
    """Return all that was found as plain data; figures are fractions."""
    return {"name": file.name, "claims": [_claim_json(one) for one in checked]}


def _claim_json(one: CheckedClaim) -> Json:
    claim, first = one.claim, one.measured
    return {
        "sentence": claim.sentence,
        "source": claim.source,
        "claimed": claim.model_dump(mode="json", by_alias=True)["claimed"],
        "tolerance": claim.tolerance,
        "about": claim.about,
        "measured": None if first is None else first.figure,
        "interval": None if first is None or first.interval is None else list(first.interval),
        "verdict": one.verdict,
        "readings": list(_readings_json(one)),
        "decided_by": [turn.key for turn in one.turns],
        "missing": list(one.missing),
        "left_out": list(one.left_out),
        "caveat": claim.compute.caveat or None,
    }


def _readings_json(one: CheckedClaim) -> Iterator[Json]:
    for meant, readings in ((True, one.readings), (False, one.others)):
        for reading in readings:
            yield {
                "way": dict(reading.way),
                "meant": meant,
                "figure": reading.figure,
                "agrees": one.claim.agreeing.contain(reading.figure),
                "interval": None if reading.interval is None else list(reading.interval),
                "start": reading.start or None,
                "end": reading.end or None,
            }
