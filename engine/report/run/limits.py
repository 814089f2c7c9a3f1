"""What a run cannot know, folded: warnings of one kind are one line, and each kind has a name of a few words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.core.shortlist import shortlist

_NAMES: Final = (
    (r"Hindsight: the list ", "a list drawn up with hindsight"),
    (r"Hindsight: ", "stocks named with hindsight"),
    (r"Survivors only: ", "survivors only"),
    (r"none of the \d+ assets ended ", "survivors only"),
    (r"Ended before the data do: ", "paid out at a last price"),
    (r"Total-return prices: |Total return: ", "total-return prices"),
    (r"Dividends are paid on ", "dividends before tax"),
    (r"Dividends are paid and taxed ", "dividends taxed when paid"),
    (r".+ cannot be bought by private investors ", "stand-ins for UCITS funds"),
    (r"Today's German law is applied |The law of \d+ is applied ", "today's tax law in every year"),
    (r"Price-only closes: ", "dividends missing"),
    (r".+: nothing in the file says whether its closes are adjusted", "adjustment of prices assumed"),
    (r"The money of .+ was spent on ", "money spent"),
    (r"The run begins on .+, not on ", "begins late"),
    (r"The run ends on .+, not on ", "ends early"),
    (r"Less than a year ", "less than a year"),
)
"""How the warnings begin that every reader should know of, and what they are called in a few words."""
_FOLDED: Final = (
    r"(?P<asset>\S+): (?:only )?[-+\d][^:]*: (?P<kind>real, or a wrong)",
    r"(?P<asset>\S+): [-+\d][^:]*: (?P<kind>looks like an unadjusted)",
    r"(?P<asset>\S+): [-+\d][^:]*: (?P<kind>looks like a wrong print)",
    r"(?P<asset>\S+): \d+ (?P<kind>equal closes in a row)",
    r"(?P<asset>\S+): \d+ (?P<kind>of \d+ sessions)",
    r"(?P<asset>\S+): (?P<kind>last close )",
    r"(?P<asset>\S+): (?P<kind>only \d+ closes?)",
    r"(?P<asset>\S+): (?P<kind>does not change)",
    r"(?P<asset>\S+): (?P<kind>the dividend )",
    r"(?P<asset>\S+) (?P<kind>has no price before)",
    r"(?P<asset>\S+) (?P<kind>has no price in this run)",
    r"(?P<asset>\S+) (?P<kind>begins on \d)",
    r"(?P<asset>\S+) (?P<kind>ends on \d)",
    r"(?P<asset>\S+) (?P<kind>has \w+ closes, the strategy)",
)
"""Warnings that come once for each asset or portfolio: what is the same in all of a kind."""


@dataclass(frozen=True)
class Limitation:
    """One kind of limit: its few words, "" for a note; the first text of it, and the others of that kind.

    ``names`` are the assets that the others concern.
    """

    short: str
    text: str
    others: tuple[str, ...] = ()
    names: str = ""


def fold_limits(warnings: Iterable[str]) -> list[Limitation]:
    """Return a run's warnings, one of each kind, those that have a name first as they come.

    >>> [(one.text, one.names) for one in fold_limits(["A begins on 2020-01-02", "B begins on 2021-01-04"])]
    [('A begins on 2020-01-02', 'B')]
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for warning in warnings:
        kind, asset = _kind_of(warning)
        groups.setdefault(kind, []).append((warning, asset))
    limits = []
    for group in groups.values():
        text = group[0][0]
        rest = group[1:]
        names = shortlist(dict.fromkeys(asset for _, asset in rest), 6) if rest else ""
        limits.append(Limitation(_short_name(text), text, tuple(one for one, _ in rest), names))
    return sorted(limits, key=lambda limit: not limit.short)


def limits_line(limits: Sequence[Limitation]) -> str:
    """Return all limits in one line: the names of those that have one, and how many notes there are beside.

    >>> limits_line([Limitation("survivors only", "..."), Limitation("", "a"), Limitation("", "b")])
    'survivors only · 2 notes'
    """
    named = list(dict.fromkeys(one.short for one in limits if one.short))
    notes = sum(not one.short for one in limits)
    rest = [f"{notes} note{'s' if notes > 1 else ''}"] if notes else []
    return " · ".join([*named, *rest])


def _short_name(text: str) -> str:
    return next((name for pattern, name in _NAMES if re.match(pattern, text)), "")


def _kind_of(warning: str) -> tuple[str, str]:
    """Return what is the same in all warnings of this kind, and the asset that this one is about."""
    for pattern in _FOLDED:
        if found := re.match(pattern, warning):
            return re.sub(r"\d+", "#", found["kind"]), found["asset"]
    return warning, ""
