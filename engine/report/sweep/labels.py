"""How a sweep's figures and parameters are written, on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.analysis.metrics_table import METRICS
from engine.core.errors import shorten
from engine.report import number_format as fmt
from engine.report.phrases import portfolio_label
from engine.sweep.config import RANKING_SIGNS
from engine.sweep.statistics import LabelEffect

_EXTRA_STYLES: Final = {"max_weight": "percent", "sessions_over_cap": "count"}
_EXTRA_TITLES: Final = {"max_weight": "Highest capped weight", "sessions_over_cap": "Sessions over cap"}


def figure_title(figure: str) -> str:
    """Return what a figure of a sweep is called."""
    return METRICS[figure].title if figure in METRICS else _EXTRA_TITLES[figure]


def figure_style(figure: str) -> str:
    """Return how a figure is shown: money, percent, ratio, count or days."""
    return METRICS[figure].style if figure in METRICS else _EXTRA_STYLES[figure]


def figure_text(value: float | None, figure: str) -> str:
    """Return a figure of a sweep as text."""
    return fmt.figure(value, figure_style(figure))


def parameter_text(value: str | float) -> str:
    """Return a parameter as text: fractions as percentages."""
    if isinstance(value, str):
        return value
    return fmt.short_percent(value) if 0.0 < abs(value) < 1.0 else f"{value:g}"


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return paths by their last key, as far as they stay different."""
    lasts = {name: name.rsplit(".", 1)[-1] for name in names}
    return {name: last if list(lasts.values()).count(last) == 1 else name for name, last in lasts.items()}


def example_text(example: Mapping[str, str | float]) -> str:
    """Return the parameters of a point that is no variant."""
    return ", ".join(f"{name} {shorten(parameter_text(value), 60)}" for name, value in example.items())


def portfolio_title(name: str) -> str:
    """Return how a portfolio is called beside variants."""
    return "The plan itself" if name == "strategy" else portfolio_label(name)


def pick_effects(
    rows: Sequence[LabelEffect], figure: str, most: int, *, ordered: bool
) -> tuple[list[LabelEffect], bool]:
    """Return what a table shows of a parameter's labels, and whether some that have the figure are left out.

    They stand in their own order, or the best first where that is not ``ordered`` or they are more than ``most``.
    """
    kept = [one for one in rows if one.mean is not None]
    if not ordered or len(kept) > most:
        kept.sort(key=lambda one: -RANKING_SIGNS[figure] * (one.mean or 0.0))
    if len(kept) <= most:
        return kept, False
    return [*kept[: most // 2], *kept[-most // 2 :]], True
