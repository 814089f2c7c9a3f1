"""Phrases that the terminal and the page share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from engine.figures import METRICS
from engine.report import format as fmt

_NAMES: Final = {"strategy": "Strategy", "buy_and_hold": "Buy & hold"}


def label(name: str) -> str:
    """Return how a portfolio is called in tables."""
    return _NAMES.get(name, name)


def verdict(bounds: tuple[float, float] | None) -> str:
    """Return what an interval of differences says, in words."""
    if bounds is None:
        return "too few sessions for an interval"
    low, high = bounds
    if low == high == 0.0:
        return "the same returns"
    if low > 0.0 or high < 0.0:
        return "excludes zero: chance alone is an unlikely explanation"
    return "includes zero: chance alone could explain it"


@dataclass(frozen=True)
class Bill:
    """What a portfolio traded and paid."""

    name: str
    rebalances: int
    orders: int
    turnover: str
    costs: str


def bills(figures: Mapping[str, Mapping[str, fmt.Figure]]) -> list[Bill]:
    """Return what each portfolio traded and paid, as text."""
    return [
        Bill(
            label(name),
            int(own.get("rebalances") or 0),
            int(own.get("trades") or 0),
            fmt.percent(own.get("turnover")),
            fmt.money(own.get("costs")),
        )
        for name, own in figures.items()
    ]


@dataclass(frozen=True)
class PrintedFigure:
    """A published figure beside this run's own, rounded to the digits that were printed."""

    portfolio: str
    metric: str
    published: str
    here: str
    difference: str
    remark: str
    agrees: bool


def printed_figures(figures: Iterable[tuple[str, str, float, float | None]]) -> list[PrintedFigure]:
    """Return (portfolio, metric, published, here) as text.

    A printed zero at the end is not in the number any more, so a table's digits are those of its longest figure.
    """
    rows = list(figures)
    digits = min(max((fmt.digits_of(published) for _, _, published, _ in rows), default=2), 4)
    return [_printed_figure(row, digits) for row in rows]


def _printed_figure(row: tuple[str, str, float, float | None], digits: int) -> PrintedFigure:
    portfolio, metric, published, here = row
    units = None if here is None else round((here - published) * 100.0 * 10**digits, 6)
    steps = None if here is None else round(100.0 * here * 10**digits) - round(100.0 * published * 10**digits)
    return PrintedFigure(
        portfolio=label(portfolio),
        metric=METRICS[metric].title if metric in METRICS else metric,
        published=fmt.percent(published, digits),
        here=fmt.percent(here, digits),
        difference=fmt.points(None if units is None else units / 100.0 / 10**digits, digits + 1),
        remark=_remark(steps),
        agrees=steps == 0,
    )


def _remark(steps: int | None) -> str:
    """Say how many units of the last printed digit a figure is off."""
    if steps is None:
        return "no figure here"
    if steps == 0:
        return "agrees as printed"
    return f"last printed digit off by {abs(steps)}"


def plural(number: int, noun: str) -> str:
    """Return ``1 order``, ``2 orders``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
