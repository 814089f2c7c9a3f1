"""A plan, what it is set beside, and what their difference is made of (S18): each part from runs of the reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction

from tests.reference.figures import growth_a_year
from tests.reference.ledger import Case, ExactLedger, levels, run
from tests.reference.rules import ZERO, LedgerError


def growth(case: Case, dates: Sequence[date]) -> Fraction:
    """Return the CAGR of a run."""
    level = levels(case, run(case))
    if level[-1] <= 0:
        raise LedgerError("everything is lost")
    found = growth_a_year(level[-1] / level[0], (dates[-1] - dates[0]).days)
    if found is None:
        raise LedgerError("a run of one session")
    return found


def late_names(case: Case) -> tuple[str, ...]:
    """S18: names with a target that the opening cannot buy, as they are not listed then, or not for long enough."""
    opened = ExactLedger(case)
    return tuple(
        name
        for i, name in enumerate(case.tickers)
        if case.targets.get(name, ZERO) > 0 and opened.elsewhere(case.opening, i)
    )


def bought_and_held(case: Case, *, late: bool) -> Case:
    """S18: the same opening, flows and costs; late names are bought once, when the plan first buys them, at its target."""
    purchases: dict[int, dict[str, Fraction]] = {}
    plan = run(case)
    for name in late_names(case) if late else ():
        i = case.tickers.index(name)
        bought = [event for event in plan.events if event.quantities[i] > 0]
        if bought:
            purchases.setdefault(bought[0].row, {})[name] = bought[0].targets[i]
    return replace(
        case,
        decisions={},
        annual=None,
        absolute=None,
        relative=None,
        look=frozenset(),
        watch_caps=False,
        review=None,
        invest="towards_targets" if case.invest == "wait" else case.invest,
        late_purchases=purchases,
    )


def never_listed(case: Case, names: Sequence[str]) -> Case:
    """Take names from the market, and leave their targets where they are."""
    gone = {case.tickers.index(name) for name in names}
    prices = [[None if i in gone else price for i, price in enumerate(row)] for row in case.prices]
    dividends = {row: {name: d for name, d in of.items() if name not in names} for row, of in case.dividends.items()}
    return replace(case, prices=prices, dividends=dividends)


def parts(case: Case, dates: Sequence[date]) -> dict[str, Fraction]:
    """S18: split the difference of growth between a plan, whose names are given, and its buy-and-hold."""
    late, held = late_names(case), bought_and_held(case, late=True)
    versions = [case, replace(case, costs={})]
    versions.append(replace(versions[-1], watch_caps=False))
    versions.append(replace(versions[-1], review=None))
    p, p2, p3, p4 = (growth(version, dates) for version in versions)
    b, b2 = growth(held, dates), growth(replace(held, costs={}), dates)
    p6 = growth(never_listed(versions[-1], late), dates) if late else p4
    b6 = growth(never_listed(replace(held, costs={}, late_purchases={}), late), dates) if held.late_purchases else b2
    return {
        "late_listings": (p4 - p6) - (b2 - b6),
        "choice": ZERO,
        "reviews": p3 - p4,
        "caps": p2 - p3,
        "costs": (p - p2) - (b - b2),
        "taxes": ZERO,
        "rebalancing": p6 - b6,
    }
