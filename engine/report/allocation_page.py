"""Weights for one date as a page that needs no network and no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from engine.report import number_format as fmt
from engine.report.card import Card
from engine.report.charts.bar_chart import cell_bar
from engine.report.frontier_chart import frontier_chart
from engine.report.html_page import render_page
from engine.report.phrases import objective_text, plural, point_worth_text

if TYPE_CHECKING:
    from engine.backtest.allocation import Holding, Proposal
    from engine.report.held_weights import HeldWeights

_BOUND_TOLERANCE: Final = 1e-9
"""Distance up to which a weight is at its bound [weight]."""
_PLACES: Final = {"cap": "at its cap", "floor": "at its floor", "out": "out", "inside": ""}
_SMALL: Final = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@dataclass(frozen=True)
class WeightRow:
    """A name's line in the table of weights."""

    asset: str
    held: str
    weight: str
    bar: Markup
    change: str
    change_bar: Markup
    place: str
    bounds: str
    risk_share: str
    marginal: str


def proposal_html(
    proposal: Proposal, facts: Sequence[str], limit_costs: Sequence[tuple[str, str]], held: HeldWeights | None = None
) -> str:
    """Return the page; ``facts`` and ``limit_costs`` are those of the terminal."""
    return render_page(
        "allocation",
        styles=("page.css",),
        name=proposal.name,
        decided=str(proposal.decided),
        sentence=weights_sentence(proposal),
        facts=facts,
        cards=_cards(proposal),
        held=held,
        rows=_rows(proposal, held),
        limit_costs=limit_costs,
        chart=frontier_chart(proposal, held) if proposal.frontier else None,
        points=frontier_rows(proposal),
    )


def weights_sentence(proposal: Proposal) -> str:
    """Return how many names are wanted, how many limits bind, and what room at the dearest of them is worth."""
    wanted = sum(one.weight > _BOUND_TOLERANCE for one in proposal.holdings)
    metric, binding = proposal.metric, len(proposal.limit_costs)
    aim = "The least volatile mix" if metric.title == "volatility" else f"The mix with the best {metric.title}"
    few = _SMALL[binding] if binding < len(_SMALL) else fmt.count(binding)
    bind = "no limit binds" if not binding else f"{few} limit{' binds' if binding == 1 else 's bind'}"
    parts = [f"{aim} wants {wanted} of {plural(len(proposal.holdings), 'name')}", bind]
    priced = [one for one in proposal.limit_costs if np.isfinite(one.marginal_value) and one.marginal_value > 0.0]
    if priced:
        dearest = max(priced, key=lambda one: one.marginal_value)
        worth = point_worth_text(dearest.marginal_value, metric.title, percent=metric.percent)
        parts.append(f"a percentage point more room at {dearest.name} is worth {worth}")
    return "; ".join(parts) + "."


def bound_status(weight: float, lower: float, upper: float) -> str:
    """Return at which of its bounds a weight is.

    >>> bound_status(0.0, 0.0, 0.3), bound_status(0.3, 0.0, 0.3), bound_status(0.1, 0.0, 0.3)
    ('out', 'cap', 'inside')
    """
    if weight <= _BOUND_TOLERANCE:
        return "out"
    if weight <= lower + _BOUND_TOLERANCE:
        return "floor"
    return "cap" if weight >= upper - _BOUND_TOLERANCE else "inside"


def frontier_rows(proposal: Proposal) -> list[list[str]]:
    """Return expected return, volatility and the largest weights of every point of the frontier."""
    rows = []
    for point in proposal.frontier:
        held = zip(point.weights.tolist(), (one.asset for one in proposal.holdings), strict=True)
        largest = sorted(held, key=lambda pair: -pair[0])[:3]
        names = ", ".join(f"{asset} {fmt.percent(weight, 1)}" for weight, asset in largest if weight > 0.0)
        rows.append([fmt.percent(point.mean), fmt.percent(point.volatility), names])
    return rows


def _cards(proposal: Proposal) -> list[Card]:
    """Return what is expected: title, figure, and what it comes from."""
    first, last = proposal.train
    cards = [
        Card("Expected volatility", fmt.percent(proposal.volatility), "a year"),
        Card("Expected return", fmt.percent(proposal.mean), "a year, an estimate from the past"),
        Card("Estimated from", fmt.count(proposal.moments.observations), f"returns, {first} to {last}"),
    ]
    metric = proposal.metric
    if metric.title != "volatility":
        figure = objective_text(proposal.value, percent=metric.percent)
        cards.insert(0, Card(f"{metric.title[0].upper()}{metric.title[1:]}", figure, "what was asked for"))
    return cards


def _rows(proposal: Proposal, held: HeldWeights | None) -> list[WeightRow]:
    """Return the names, the heaviest first, and those that are to be sold."""
    before = dict(held.weights) if held else {}
    changes = {one.asset: one.weight - before.get(one.asset, 0.0) for one in proposal.holdings}
    changes |= {asset: -weight for asset, weight in before.items() if asset not in changes and weight}
    heaviest = max((one.weight for one in proposal.holdings), default=0.0)
    largest = max(map(abs, changes.values()), default=0.0)
    known = {one.asset: one for one in proposal.holdings}
    order = sorted(changes, key=lambda asset: -known[asset].weight if asset in known else 1.0)
    return [
        _row(asset, known.get(asset), before.get(asset, 0.0) if held else None, changes[asset], (heaviest, largest))
        for asset in order
    ]


def _row(
    asset: str, one: Holding | None, before: float | None, change: float, longest: tuple[float, float]
) -> WeightRow:
    weight = one.weight if one else 0.0
    return WeightRow(
        asset=asset,
        held=fmt.percent(before),
        weight=fmt.percent(weight),
        bar=cell_bar(weight, longest[0]),
        change=fmt.percentage_points(change),
        change_bar=cell_bar(change, longest[1], 1),
        place=_PLACES[bound_status(one.weight, one.lower, one.upper)] if one else "no longer allowed",
        bounds=f"{fmt.short_percent(one.lower)} to {fmt.short_percent(one.upper)}" if one else fmt.DASH,
        risk_share=fmt.percent(one.risk_share) if one else fmt.DASH,
        marginal=fmt.percent(one.marginal_volatility) if one else fmt.DASH,
    )
