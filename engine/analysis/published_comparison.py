"""Figures that somebody printed, set against this run's own; every difference is stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.fields import ConfigModel, DisplayText, Fraction


class PublishedFigures(ConfigModel):
    """Figures that somebody printed for one portfolio."""

    cagr: Fraction | None = None
    volatility: Fraction | None = None
    max_drawdown: Fraction | None = None
    total_return: Fraction | None = None


class Published(ConfigModel):
    """A published table to set the run's own figures against; every difference is stated."""

    source: DisplayText
    figures: dict[DisplayText, PublishedFigures]


@dataclass(frozen=True)
class PublishedDifference:
    """A published figure and this run's own; None where the run has none."""

    portfolio: str
    metric: str
    published: float
    here: float | None


def compare_published(
    published: Published | None, figures: Mapping[str, Mapping[str, float | int | None]]
) -> tuple[PublishedDifference, ...]:
    """Return every published figure beside the run's, in the order they were printed."""
    if published is None:
        return ()
    return tuple(
        PublishedDifference(name, metric, value, figures.get(name, {}).get(metric))
        for name, printed in published.figures.items()
        for metric, value in printed.model_dump(exclude_none=True).items()
    )
