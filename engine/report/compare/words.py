"""What plans side by side say, as sentences and as cells that terminal and page share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from engine.core.json_files import Json
from engine.evidence.side_by_side import SideBySide, Standing
from engine.report import number_format as fmt
from engine.report.phrases import plural

BECAME: Final = 100_000.0
"""What each plan begins with in the column of money."""
_MORE_DIGITS: Final = 2
_LONG_PREFIX: Final = 8


def window_text(found: SideBySide) -> str:
    """Return over which sessions plans are compared."""
    if found.by == "difference":
        return "Windows differ: each plan beside its own buy-and-hold, over its own window."
    sessions = plural(len(found.dates), "session")
    return f"{found.dates[0]} to {found.dates[-1]}: {sessions} that all have, {found.years:.1f} years."


def verdict(found: SideBySide) -> str:
    """Return who stands first, and whether this history can tell.

    It can where the first one is first in as many drawn histories as the level of confidence asks for.
    """
    first = found.standings[0]
    figure = first.figures[found.by]
    if figure is None:
        return f"Nothing can be ranked: {found.missing}."
    grew = f"{fmt.percent(figure)} a year"
    did = "grew most"
    if found.by == "difference":
        grew, did = f"{fmt.percentage_points(figure)} a year", "stands first beside its own buy-and-hold"
    if all(one.figures[found.by] == figure for one in found.standings):
        return f"All {len(found.standings)} plans come to the same, {grew}."
    lead = f"{first.contestant.label} {did}, {grew}"
    if first.ranks is None:
        return f"{lead}; {found.missing}."
    share = fmt.percent(first.ranks.probabilities[0], 0)
    if first.ranks.probabilities[0] >= found.terms.level:
        return f"{lead}, and is first in {share} of drawn histories."
    return f"{lead}, but is first in only {share} of drawn histories: this history cannot tell which is best."


def became_text(standing: Standing) -> str:
    """Return what 100,000 became over the common sessions, flows taken out; a dash where that is not known."""
    total = standing.figures.get("total_return")
    return fmt.DASH if total is None else fmt.money(BECAME * (1.0 + total))


def told_apart(values: Sequence[float | None], write: Callable[[float | None, int], str], least: int = 2) -> list[str]:
    """Return figures with ``least`` decimals, or with up to two more where two that differ would print alike.

    >>> told_apart([0.10001, 0.10002, None], fmt.percent)[:2]
    ['10.001 %', '10.002 %']
    """
    differ = len(set(values))
    for digits in range(least, least + _MORE_DIGITS + 1):
        cells = [write(one, digits) for one in values]
        if len(set(cells)) == differ:
            return cells
    return [write(one, least) for one in values]


def short_labels(labels: Sequence[str]) -> list[str]:
    """Return labels without the words that all begin with, where each has more; pictures have little room.

    >>> short_labels(["us-small-caps-three", "us-small-caps-moderate"])
    ['three', 'moderate']
    >>> short_labels(["us-small-caps", "us-small-caps-three"])
    ['us-small-caps', '…three']
    """
    least, most = min(labels), max(labels)  # what these two begin with all of them do
    apart = (at for at, (one, other) in enumerate(zip(least, most, strict=False)) if one != other)
    start = least[: next(apart, min(len(least), len(most)))]
    at = max((start.rfind(one) for one in "-_ /"), default=-1) + 1
    if at and all(len(one) > at for one in labels) and start not in labels:
        return [one[at:] for one in labels]
    shortest = min(labels, key=len)
    if len(labels) > 1 and start == shortest and len(set(labels)) == len(labels) and len(start) >= _LONG_PREFIX:
        rest = [one[len(start) :].lstrip("-_ /") for one in labels]
        return [one if one == start else f"…{more}" for one, more in zip(labels, rest, strict=True)]
    return list(labels)


def rank_text(standing: Standing) -> str:
    """Return the interval of a rank."""
    ranks = standing.ranks
    if ranks is None:
        return fmt.DASH
    return f"{ranks.low}" if ranks.low == ranks.high else f"{ranks.low} to {ranks.high}"


def first_text(standing: Standing) -> str:
    """Return in what share of drawn histories a plan is first."""
    return fmt.DASH if standing.ranks is None else fmt.percent(standing.ranks.probabilities[0], 0)


def rank_number(found: SideBySide, standing: Standing) -> str:
    """Return the rank of a plan, equal ones the same; a dash where it has no figure."""
    own = standing.figures[found.by]
    if own is None:
        return fmt.DASH
    others = (one.figures[found.by] for one in found.standings)
    return str(1 + sum(other > own for other in others if other is not None))


def interval_text(standing: Standing) -> str:
    """Return the interval of a plan's difference to its own buy-and-hold."""
    interval = standing.contestant.interval
    if interval is None or standing.figures["difference"] is None:
        return fmt.DASH
    low, high = (fmt.percentage_points(one) for one in interval)
    return f"{low.removesuffix(' pp')} to {high}"


def kind_text(standing: Standing) -> str:
    """Return what a plan was read from."""
    return "plan of a sweep" if standing.contestant.kind == "sweep" else "run"


def side_by_side_json(found: SideBySide) -> Json:
    """Return everything as JSON-ready data; what does not exist is null."""
    return {
        "ranked_by": found.by,
        "verdict": verdict(found),
        "sessions": len(found.dates),
        "start": str(found.dates[0]) if len(found.dates) else None,
        "end": str(found.dates[-1]) if len(found.dates) else None,
        "level": found.terms.level,
        "draws": found.terms.draws,
        "seed": found.terms.seed,
        "no_ranks": found.missing or None,
        "notes": list(found.notes),
        "plans": [_plan_json(found, one) for one in found.standings],
    }


def _plan_json(found: SideBySide, standing: Standing) -> Json:
    one, ranks = standing.contestant, standing.ranks
    start, end = one.window
    return {
        "name": one.label,
        "folder": one.place,
        "kind": one.kind,
        "plan": one.plan or None,
        "window": {"start": start, "end": end, "sessions": len(one.dates)},
        "rank": None if standing.figures[found.by] is None else int(rank_number(found, standing)),
        **standing.figures,
        "difference_interval": list(one.interval) if one.interval else None,
        "rank_interval": None if ranks is None else [ranks.low, ranks.high],
        "rank_probabilities": None if ranks is None else list(ranks.probabilities),
    }
