"""What was done in a depot beside what the plan would have done, as a page that opens without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.core.arrays import FloatArray
from engine.depot.comparison.records import ComparedFigure, DepotComparison
from engine.report.card import Card
from engine.report.charts.bar_chart import cell_bar
from engine.report.charts.controls import period_bar
from engine.report.charts.frame import short_label
from engine.report.charts.mark import Mark
from engine.report.charts.packed_data import PackedSeries, packed_data
from engine.report.charts.time_chart import Line, TimeChart, time_chart
from engine.report.charts.waterfall import waterfall
from engine.report.depot.comparison_words import (
    MEANINGS,
    PrintedPart,
    difference_text,
    figure_text,
    name_part,
    printed_parts,
    signed_cents,
    verdict,
)
from engine.report.html_page import render_page
from engine.report.number_format import DASH, cents
from engine.report.phrases import plural

_ADVICE: Final = "A calculation from your own rule, no advice."
_SHOWN: Final = 12
"""Deviations that are not folded away."""
_CARDS: Final = 3
"""Figures on the first screen beside the difference."""
_NUMBERED: Final = 5
"""Deviations whose number stands in the picture."""
_KNOWN: Final = (
    "A trade of yours belongs to the plan's last trade of the same asset and side of at most five sessions before.",
    "Each trade is worth what its shares are worth at the end less what it paid, so the parts add up without a rest.",
    "What the plan would have done is known from past prices; it says nothing of what it will do.",
)


@dataclass(frozen=True)
class _Row:
    """A deviation as the table shows it."""

    number: int
    numbered: bool
    date: str
    asset: str
    part: str
    words: str
    money: str
    bar: Markup


def render_depot_comparison(found: DepotComparison) -> str:
    """Return the page."""
    parts = printed_parts(found)
    rows = _rows(parts)
    total = round(sum(part.money for part in parts), 2) + 0.0
    return render_page(
        "depot",
        styles=("page.css", "run_page.css", "depot.css"),
        script="page.js",
        data=_packed(found),
        found=found,
        facts=f"{found.start} to {found.end} · {plural(len(found.dates), 'session')} · {found.currency}",
        foot=f"{short_label(found.name, 60)}, {found.start} to {found.end}.",
        advice=_ADVICE,
        verdict=verdict(found),
        cards=_cards(found),
        controls=_controls(found),
        values=_values(found),
        gap=_gap(found, rows),
        numbers_note=_numbers_note(rows),
        answer=_answer(parts, total, found.currency),
        steps=_steps(found, parts, total),
        meanings=[(part, MEANINGS[part.kind]) for part in parts],
        counted=_counted(rows),
        rows=rows[:_SHOWN],
        more=rows[_SHOWN:],
        taxed=_is_taxed(found),
        figures=_figures(found),
        warnings=[_as_sentence(one) for one in found.warnings],
        notes=[_as_sentence(one) for one in found.notes],
        known=_KNOWN,
    )


def _is_taxed(found: DepotComparison) -> bool:
    return any(one.plan_after_tax is not None for one in found.figures)


def _cards(found: DepotComparison) -> list[Card]:
    """Return the difference, and the first figures of what was done, each with the plan's below it."""
    cards = [Card("Difference at the end", signed_cents(found.difference), "what was done less the plan")]
    for one in _headline(found.figures):
        taxed = "" if one.plan_after_tax is None else f"; after tax {figure_text(one, one.plan_after_tax)}"
        cards.append(Card(_title(one), figure_text(one, one.mine), f"the plan {figure_text(one, one.plan)}{taxed}"))
    return cards


def _headline(figures: Sequence[ComparedFigure]) -> list[ComparedFigure]:
    """Return the three figures to look at first: the value, and the last returns that there are, a year where known."""
    money = [one for one in figures if one.kind == "money"]
    returns = [one for one in figures if one.kind == "percent" and one.mine is not None][-2:]
    return [*money[: _CARDS - len(returns)], *returns]


def _title(figure: ComparedFigure) -> str:
    return figure.label[:1].upper() + figure.label[1:]


def _as_sentence(text: str) -> str:
    """Return a note as a sentence; one that begins with a name of a file stays as it is.

    >>> _as_sentence("no prices of XYZ"), _as_sentence("raw.csv: as traded"), _as_sentence("It is.")
    ('No prices of XYZ.', 'raw.csv: as traded.', 'It is.')
    """
    first = text.partition(" ")[0]
    begun = text if "." in first or ":" in first else text[:1].upper() + text[1:]
    return begun if begun.endswith((".", "!", "?")) else f"{begun}."


def _figures(found: DepotComparison) -> list[list[str]]:
    """Return all figures of both in full, with their difference."""
    rows = []
    for one in found.figures:
        values = (one.mine, one.plan, *((one.plan_after_tax,) if _is_taxed(found) else ()))
        cells = [cents(value) if one.kind == "money" else figure_text(one, value) for value in values]
        rows.append([_title(one), *cells, difference_text(one)])
    return rows


def _paid_in(found: DepotComparison) -> FloatArray:
    """Return (T,) what was there at the start and was paid in since, less what was taken out."""
    return np.asarray(found.mine[0] + np.cumsum(found.flows) - found.flows[0])


def _has_flows(found: DepotComparison) -> bool:
    return bool(found.flows[1:].any())


def _lines(found: DepotComparison) -> list[Line]:
    lines = [Line("What was done", found.mine, 0, "mine"), Line("The plan", found.plan, 1, "plan")]
    return [*lines, Line("Paid in", _paid_in(found), 2, "paid")] if _has_flows(found) else lines


def _packed(found: DepotComparison) -> Markup | str:
    """Return the lines for the page's script; none where one of the depots is worth nothing at some close."""
    if not min(found.mine.min(), found.plan.min()) > 0.0:
        return ""
    series = [
        PackedSeries("mine", "What was done", found.dates, found.mine),
        PackedSeries("plan", "The plan", found.dates, found.plan),
        PackedSeries("gap", "Difference", found.dates, found.mine - found.plan, "number"),
    ]
    if _has_flows(found):
        series.append(PackedSeries("paid", "Paid in", found.dates, _paid_in(found), "number"))
    return packed_data(series, capital=float(found.mine[0]))


def _controls(found: DepotComparison) -> Markup:
    lines = [(line.series, line.label, line.place, True) for line in _lines(found)]
    return period_bar(str(found.dates[0]), str(found.dates[-1]), lines)


def _values(found: DepotComparison) -> Markup:
    title = f"Value of both depots, {found.currency}"
    return time_chart(TimeChart("values", title, found.dates, _lines(found), "money", size="tall"))


def _gap(found: DepotComparison, rows: Sequence[_Row]) -> Markup:
    """Return the difference over time, with the numbers of the largest deviations where they were done."""
    title = f"What was done less the plan, {found.currency}"
    line = Line("Difference", found.mine - found.plan, 0, "gap")
    noted = bool(line.values.min() < 0.0)  # a lowest value of zero stands where the dates are written
    days: dict[str, list[int]] = {}
    for row in rows:
        if row.numbered:
            days.setdefault(row.date, []).append(row.number)
    numbered = [(np.datetime64(day), _span(numbers)) for day, numbers in days.items()]
    chart = TimeChart(
        "gap", title, found.dates, [line], "money", size="tall", base=0.0, fill=0, noted=noted, numbered=numbered
    )
    return time_chart(chart)


def _span(numbers: Sequence[int]) -> str:
    """Return ascending numbers as text, those from the first to the last as a range.

    >>> _span([3]), _span([1, 4]), _span([2, 3, 4]).replace(DASH, "to")
    ('3', '1, 4', '2to4')
    """
    first, last = numbers[0], numbers[-1]
    whole = last - first + 1 == len(numbers) > 2
    return f"{first}{DASH}{last}" if whole else ", ".join(map(str, numbers))


def _numbers_note(rows: Sequence[_Row]) -> str:
    if not any(row.numbered for row in rows):
        return ""
    return "Numbers in the picture of the difference are those of the list of what was done otherwise."


def _answer(parts: Sequence[PrintedPart], total: float, currency: str) -> str:
    """Return which part cost and which gained most, and what all add up to."""
    least, most = (pick(parts, key=lambda part: part.money) for pick in (min, max))
    if not least.money and not most.money:
        return "Every part is zero: what was done is what the plan would have done."
    told = [f"{name_part(least.kind).capitalize()} cost most, {signed_cents(least.money)}"] if least.money < 0.0 else []
    if most.money > 0.0:
        told.append(f"{name_part(most.kind).capitalize()} gained most, {signed_cents(most.money)}")
    return f"{'. '.join(told)}. All parts together are {signed_cents(total)} {currency}."


def _steps(found: DepotComparison, parts: Sequence[PrintedPart], total: float) -> Markup:
    marks = [Mark(part.title, part.money) for part in parts]
    title = f"From the plan to what was done, {found.currency}"
    return waterfall("steps", title, marks, Mark("Difference", total), "gain")


def _rows(parts: Sequence[PrintedPart]) -> list[_Row]:
    """Return all deviations that are worth a cent, the largest first."""
    found = [(part, one, money) for part in parts for one, money in part.deviations if money]
    found.sort(key=lambda row: -abs(row[2]))
    longest = abs(found[0][2]) if found else 0.0
    return [
        _Row(
            number,
            number <= _NUMBERED and one.date != "",
            one.date or DASH,
            one.ticker or "account",
            part.title,
            one.words,
            signed_cents(money),
            cell_bar(money, longest, 1 if money < 0.0 else 0),
        )
        for number, (part, one, money) in enumerate(found, 1)
    ]


def _counted(rows: Sequence[_Row]) -> str:
    if len(rows) <= 1:
        return "One thing was done otherwise."
    return f"{plural(len(rows), 'thing')} were done otherwise, each worth what it made of the value at the end."
