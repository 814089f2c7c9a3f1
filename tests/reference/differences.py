"""What broke: the first event at which the engine and the reference ledger differ, with the rule behind it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import zip_longest
from math import isclose

import numpy as np

from engine.simulation.ledger import Ledger
from tests.reference.ledger import Case, Run

OPPOSITE = {"intact": True, "broken": False, "unknown": None}
NO_TRADE = "no trade"
FIGURE_TOLERANCE = 1e-8


def first_difference(case: Case, reference: Run, ledger: Ledger) -> str | None:
    """Return the first event that differs: its session, its rule on both sides, both values; None when none does."""
    held = np.array([[float(quantity) for quantity in row] for row in reference.units])
    for t, date in enumerate(ledger.dates):
        at = f"session {t} ({date})"
        ours = [(ledger.reasons[k], ledger.trades[k]) for k in np.flatnonzero(ledger.rows == t)]
        theirs = [
            (f"{event.kind} {event.label}".strip(), np.array([float(quantity) for quantity in event.quantities]))
            for event in reference.events
            if event.row == case.opening + t and any(event.quantities)
        ]
        if len(ours) != len(theirs):  # one of them does in two steps what the other does in one
            ours, theirs = [_together(ours, len(case.tickers))], [_together(theirs, len(case.tickers))]
        slack = 1e-9 * max(1.0, float(np.abs(held[: t + 1]).max()))
        for (rule, mine), (other, wanted) in zip_longest(ours, theirs):
            if np.abs(mine - wanted).max() > slack:
                j = int(np.abs(mine - wanted).argmax())
                return f"{at}, {rule!r}, by the reference {other!r}: {case.tickers[j]} traded {float(mine[j])!r}, not {float(wanted[j])!r}"
        rules = " and ".join(rule for rule, _ in ours) or NO_TRADE
        for name, mine, wanted in (
            ("units", ledger.units[t], held[t]),
            ("cash", ledger.cash[t], float(reference.cash[t])),
            ("value", ledger.value[t], float(reference.value[t])),
        ):
            allowed = {"units": slack, "cash": 1e-6, "value": 1e-10 * abs(float(reference.value[t]))}[name]
            if np.abs(mine - wanted).max() > allowed:
                return f"{at}, after {rules!r}: {name} {mine!r}, not {wanted!r}"
    return _review_difference(case, reference, ledger)


def largest_value_gap(reference: Run, ledger: Ledger) -> float:
    """Return by how much the value differs most at any close, as a part of it or of one unit of money."""
    pairs = zip(map(float, reference.value), ledger.value.tolist(), strict=True)
    return max(abs(mine - wanted) / max(wanted, 1.0) for wanted, mine in pairs)


def largest_gap(case: Case, reference: Run, ledger: Ledger) -> float:
    """Return by how much value, cash or money in an asset differs most at any close, as a part of the value."""
    columns, prices = range(len(case.tickers)), [Fraction(0)] * len(case.tickers)
    worst = 0.0
    for t, row in enumerate(case.prices):
        prices = [prices[j] if row[j] is None else row[j] for j in columns]
        if (at := t - case.opening) < 0 or at >= len(reference.value):
            continue
        pairs = [(reference.value[at], ledger.value[at]), (reference.cash[at], ledger.cash[at])]
        pairs += [(reference.units[at][j] * prices[j], ledger.units[at, j] * float(prices[j])) for j in columns]
        gap = max(abs(float(wanted) - mine) for wanted, mine in pairs)
        worst = max(worst, gap / float(reference.value[at]) if reference.value[at] else gap)
    return worst


def _together(events: list[tuple[str, np.ndarray]], count: int) -> tuple[str, np.ndarray]:
    return " and ".join(rule for rule, _ in events) or NO_TRADE, sum((trades for _, trades in events), np.zeros(count))


def review_actions(ledger: Ledger, case: Case) -> list[tuple[int, str, bool | None, str]]:
    """Return what the engine's reviews found: row, ticker, whether the thesis stands, what was done."""
    return [(one.row + case.opening, one.asset, one.verdict.intact, one.verdict.action) for one in ledger.reviews]


def wanted_actions(reviews: list[tuple[int, str, str, str]]) -> list[tuple[int, str, bool | None, str]]:
    """Return the same of the reference ledger's reviews; those that met no close are not counted."""
    return [(row, ticker, OPPOSITE[word], action) for row, ticker, word, action in reviews if action != "missed"]


def figures_that_differ(
    wanted: Mapping[str, float | None], found: Mapping[str, float | int | None]
) -> dict[str, object]:
    """Return the figures that are not those of the reference, by name: those of the engine, and those wanted."""
    return {name: (found[name], figure) for name, figure in wanted.items() if not _is_close(figure, found[name])}


def _is_close(wanted: float | None, found: float | None) -> bool:
    if wanted is None or found is None:
        return wanted is found
    return isclose(found, wanted, rel_tol=FIGURE_TOLERANCE, abs_tol=FIGURE_TOLERANCE)


def _review_difference(case: Case, reference: Run, ledger: Ledger) -> str | None:
    for mine, wanted in zip_longest(review_actions(ledger, case), wanted_actions(reference.reviews)):
        if mine != wanted:
            row = (mine or wanted)[0] - case.opening
            return f"session {row} ({ledger.dates[row]}), loss review: {mine}, not {wanted}"
    return None
