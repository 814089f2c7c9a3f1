"""Comparisons of a depot with its plan, as pages and words of them are tested with."""

from __future__ import annotations

import numpy as np

from engine.depot.comparison.difference import LABELS
from engine.depot.comparison.records import ComparedFigure, DepotComparison, Deviation, DifferencePart, PartKind

KINDS: tuple[PartKind, ...] = ("late", "price", "size", "not_done", "not_planned", "fees", "taxes", "income")


def compare(money: dict[PartKind, list[float]], text: str = "bought 8", **other: object) -> DepotComparison:
    """Return a comparison of 40 sessions with these amounts as deviations of each part."""
    dates = np.arange("2026-01-05", "2026-02-14", dtype="datetime64[D]")
    plan = np.linspace(10_000.0, 11_000.0, len(dates))
    difference = sum(sum(amounts) for amounts in money.values())
    parts = tuple(
        DifferencePart(
            kind,
            LABELS[kind],
            sum(money.get(kind, [])),
            tuple(Deviation("2026-01-12", "ABC", amount, text) for amount in money.get(kind, [])),
        )
        for kind in KINDS
    )
    facts = {
        "name": "world",
        "currency": "EUR",
        "start": str(dates[0]),
        "end": str(dates[-1]),
        "dates": dates,
        "mine": plan + np.linspace(0.0, difference, len(dates)),
        "plan": plan,
        "flows": np.zeros(len(dates)),
        "figures": (
            ComparedFigure("Final value", 11_000.0 + difference, 11_000.0, "money"),
            ComparedFigure("TWR", 0.05, None, "percent", 0.04),
        ),
        "difference": difference,
        "parts": parts,
    }
    return DepotComparison(**(facts | other))


def long_comparison() -> DepotComparison:
    """Return one of almost five years with monthly savings, all kinds of parts, long words, notes and warnings."""
    days = np.arange("2022-01-03", "2026-11-28", dtype="datetime64[D]")
    dates = days[np.is_busday(days)]
    draw = np.random.default_rng(3)
    growth = draw.normal(0.0004, 0.009, len(dates))
    own = growth + draw.normal(-0.00003, 0.0012, len(dates))
    flows = np.where(np.arange(len(dates)) % 21 == 20, 500.0, 0.0)
    mine, plan = np.full(len(dates), 50_000.0), np.full(len(dates), 50_000.0)
    for t in range(1, len(dates)):
        mine[t] = (mine[t - 1] + flows[t]) * (1.0 + own[t])
        plan[t] = (plan[t - 1] + flows[t]) * (1.0 + growth[t])
    difference = float(mine[-1] - plan[-1])
    money: dict[PartKind, list[float]] = {kind: [-310.22, 84.10, -18.4] for kind in KINDS if kind != "taxes"}
    money["not_done"] = [difference - 6.0 * -244.52]
    words = "bought 12 of 12 on 2023-01-11, the plan on 2023-01-03, at 71.20 instead of 68.94"
    return compare(
        money,
        words,
        name="world-and-emerging-markets",
        start=str(dates[0]),
        end=str(dates[-1]),
        dates=dates,
        mine=mine,
        plan=plan,
        flows=flows,
        difference=difference,
        figures=(
            ComparedFigure("Final value", float(mine[-1]), float(plan[-1]), "money"),
            ComparedFigure("Return a year, time-weighted (TWR)", 0.0812, 0.0901, "percent", 0.0822),
            ComparedFigure("Return a year, money-weighted (XIRR)", 0.0795, 0.0888, "percent", 0.0801),
        ),
        notes=("Cash earns nothing in both depots.", "The plan starts with what was there on 2022-01-03."),
        warnings=("Deutsche Telekom (25 shares) is not in the plan.", "The tariff was read more than a year ago."),
    )
