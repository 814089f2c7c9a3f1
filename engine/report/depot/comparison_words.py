"""What the comparison of a depot with its plan says: the sentence, and figures that add up, for terminal and page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Final

from engine.depot.comparison.records import ComparedFigure, DepotComparison, Deviation, DifferencePart, PartKind
from engine.report import number_format as fmt
from engine.report.charts.waterfall import whole_units

_NOUNS: Final[Mapping[PartKind, str]] = {
    "late": "trading late or early",
    "price": "prices other than the close",
    "size": "trading other amounts",
    "not_done": "trades that were not done",
    "not_planned": "trades that the plan does not have",
    "fees": "fees",
    "taxes": "taxes",
    "income": "dividends and interest",
}
MEANINGS: Final[Mapping[PartKind, str]] = {
    "late": "the plan's trade, made on another day",
    "price": "what you paid or got, beside that day's close",
    "size": "more or fewer shares than the plan's trade",
    "not_done": "trades of the plan without one of yours",
    "not_planned": "trades of yours without one of the plan",
    "fees": "the plan's fees less yours",
    "taxes": "the plan's taxes less yours",
    "income": "yours less the plan's, which it puts into shares",
}
_MOST: Final = 0.5
"""A part is most of a difference from this share of all that go its way on."""
_NOTHING: Final = 0.005
"""What is smaller prints as zero [currency]."""


@dataclass(frozen=True)
class PrintedPart:
    """A part as it is shown: ``money`` and that of its ``deviations`` in whole cents, which add up to it."""

    kind: PartKind
    title: str
    money: float
    deviations: tuple[tuple[Deviation, float], ...]


def verdict(found: DepotComparison) -> str:
    """Return in a sentence what was done is worth beside the plan, and what most of the difference comes from."""
    money = fmt.money(abs(found.difference))
    if abs(found.difference) < _NOTHING:
        same = "What was done is worth the same as the plan"
        return f"{same}." if not _against(found.parts, 1.0) else f"{same}: its parts cancel out."
    way = "less" if found.difference < 0.0 else "more"
    return f"What was done is worth {money} {found.currency} {way} than the plan: {_cause(found)}."


def _cause(found: DepotComparison) -> str:
    sign = -1.0 if found.difference < 0.0 else 1.0
    along, against = _against(found.parts, -sign), _against(found.parts, sign)
    if not along:
        return "no part of it is a cent"
    lead = _named(along[0])
    if against and abs(against[0].money) > abs(found.difference):
        return f"{lead} outweighed {_named(against[0])}"
    if len(along) == 1 or abs(along[0].money) >= _MOST * abs(fsum(part.money for part in along)):
        return f"mostly {lead}" if len(along) > 1 or against else lead
    return f"mainly {lead} and {_named(along[1])}"


def _against(parts: Sequence[DifferencePart], sign: float) -> list[DifferencePart]:
    """Return the parts whose sign is not ``sign``, the largest first."""
    found = [part for part in parts if part.money * sign <= -_NOTHING]
    return sorted(found, key=lambda part: -abs(part.money))


def _named(part: DifferencePart) -> str:
    return f"{name_part(part.kind)} ({signed_money(part.money)})"


def name_part(kind: PartKind) -> str:
    """Return a part as a sentence names it."""
    return _NOUNS[kind]


def signed_money(value: float) -> str:
    """Return an amount with its sign, without cents from 1,000 on.

    >>> signed_money(-900.0), signed_money(1234.5)
    ('-900.00', '+1,234')
    """
    return ("+" if value > 0.0 else "") + fmt.money(value)


def signed_cents(value: float) -> str:
    """Return an amount with its sign and two decimals."""
    return ("+" if value > 0.0 else "") + fmt.cents(value)


def printed_parts(found: DepotComparison) -> list[PrintedPart]:
    """Return all parts with their deviations in whole cents: deviations add up to their part, parts to the sum.

    What of a part has no deviation of its own is one without a name, where it is a cent.
    """
    rests = [part.money - fsum(one.money for one in part.deviations) for part in found.parts]
    cells = [
        amount
        for part, rest in zip(found.parts, rests, strict=True)
        for amount in (*(one.money for one in part.deviations), rest)
    ]
    cents = iter(whole_units(cells))
    shown = []
    for part in found.parts:
        own = [(one, next(cents)) for one in part.deviations]
        rest = next(cents)
        own += [(Deviation("", "", rest, "the rest"), rest)] if rest else []
        total = round(fsum(money for _, money in own), 2) + 0.0
        shown.append(PrintedPart(part.kind, part.label[:1].upper() + part.label[1:], total, tuple(own)))
    return shown


def figure_text(figure: ComparedFigure, value: float | None) -> str:
    """Return a figure as it is shown."""
    return fmt.percent(value) if figure.kind == "percent" else fmt.money(value)


def difference_text(figure: ComparedFigure) -> str:
    """Return by how much what was done is above the plan."""
    if figure.mine is None or figure.plan is None:
        return fmt.DASH
    gap = figure.mine - figure.plan
    return fmt.percentage_points(gap) if figure.kind == "percent" else signed_cents(gap)
