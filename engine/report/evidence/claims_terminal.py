"""Checked claims on the terminal and as JSON: claimed, measured, interval, verdict, and where a word decides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from engine.core.fields import format_percent
from engine.evidence.claims.check import FAILS, HOLDS, UNKNOWN, CheckedClaim, Turn
from engine.evidence.claims.claimed import ClaimedRange
from engine.evidence.claims.computation import Interval, Reading, Style, describe_way, describe_word
from engine.report import number_format as fmt
from engine.report.console import add_row, console, print_bullet, print_heading, table, text
from engine.report.phrases import plural

if TYPE_CHECKING:
    from engine.core.json_files import Json
    from engine.evidence.claims.claim_file import Claim, ClaimFile

_VERDICT_COLOURS = {HOLDS: "green", FAILS: "red"}


def print_claims(file: ClaimFile, checked: Sequence[CheckedClaim]) -> None:
    """Print every claim with its verdict, then where one word of a sentence decides, then what is missing."""
    out = console()
    out.print(text(file.name, "bold"))
    if file.description:
        out.print(text(file.description))
    out.print()
    result = table(["", "claim", "claimed", "measured", "interval", "verdict"], left=(1, 5), whole=(0, 2, 3))
    for number, one in enumerate(checked, start=1):
        style = one.claim.compute.style
        measured = fmt.DASH if one.measured is None else figure_text(one.measured.figure, style)
        cells = [
            str(number),
            one.claim.sentence,
            claimed_text(one.claim),
            measured,
            interval_text(one.measured.interval if one.measured else None, style),
            one.verdict,
        ]
        add_row(result, cells, {5: _VERDICT_COLOURS.get(one.verdict, "yellow")})
    out.print(result)
    _print_turns(out, checked)
    _print_missing(out, checked)
    out.print()
    out.print(text(counts_text(checked), "bold"))


def _print_turns(out: Console, checked: Sequence[CheckedClaim]) -> None:
    """Print, for each claim, how many readings agree, and those that another meaning of one word turns."""
    print_heading(out, "Readings: how many agree, and which word of the sentence decides")
    out.print(
        text("* is what the sentence rules out: it counts for no verdict, but shows what another choice gives", "dim")
    )
    for number, one in enumerate(checked, start=1):
        if one.measured is None:
            continue
        total = len(one.readings) + len(one.others)
        head = f"{one.agreeing} of {plural(total, 'reading')} agree, {range_text(one)}; measured: "
        print_bullet(out, head + reading_text(one.measured), f"{number}.".rjust(3))
        for turn in one.turns:
            print_bullet(out, turn_text(turn, one), "     *" if turn.key in one.claim.says else "     -")


def _print_missing(out: Console, checked: Sequence[CheckedClaim]) -> None:
    """Print, for each claim that lacks some, which closes are not there, and what its figures cannot know."""
    told = {number: _missing_texts(one) for number, one in enumerate(checked, start=1)}
    if any(told.values()):
        print_heading(out, "What is missing, and what cannot be known")
    for number, texts in told.items():
        if texts:
            print_bullet(out, "; ".join(texts), f"{number}.".rjust(3))


def _missing_texts(one: CheckedClaim) -> list[str]:
    caveat = one.claim.compute.caveat
    return list(dict.fromkeys((*one.missing, *one.left_out, *((caveat,) if caveat else ()))))


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
