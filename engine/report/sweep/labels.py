"""How a sweep's metrics and parameters are written, on the terminal and on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from engine.analysis.metrics_table import METRICS
from engine.core.errors import shorten
from engine.report import number_format as fmt
from engine.report.charts.styles import FigureStyle
from engine.report.phrases import plural, portfolio_label
from engine.sweep.config import ranking_sign
from engine.sweep.effects import AxisEffects, ValueEffect
from engine.sweep.noise_band import Band
from engine.sweep.windows import WindowResult

_EXTRA_STYLES: Final = {
    "max_weight": "percent",
    "sessions_over_cap": "count",
    "tax_paid": "money",
    "held_value": "money",
    "held_cagr": "percent",
    "sold_value": "money",
    "sold_cagr": "percent",
}
_EXTRA_TITLES: Final = {
    "max_weight": "Highest capped weight",
    "sessions_over_cap": "Sessions over cap",
    "tax_paid": "Tax paid",
    "held_value": "Value held after tax",
    "held_cagr": "CAGR held after tax",
    "sold_value": "Value sold after tax",
    "sold_cagr": "CAGR sold after tax",
}


def metric_title(metric: str) -> str:
    """Return the title of a metric of a sweep."""
    return METRICS[metric].title if metric in METRICS else _EXTRA_TITLES[metric]


def metric_style(metric: str) -> str:
    """Return the style of a metric of a sweep: money, percent, ratio, count or days."""
    return METRICS[metric].style if metric in METRICS else _EXTRA_STYLES[metric]


def chart_style(metric: str) -> FigureStyle:
    """Return the style of a metric in charts."""
    styles: dict[str, FigureStyle] = {"money": "money", "percent": "percent", "ratio": "ratio"}
    return styles.get(metric_style(metric), "count")


def metric_text(value: float | None, metric: str) -> str:
    """Return a metric of a sweep as text."""
    return fmt.metric(value, metric_style(metric))


def parameter_text(value: str | float) -> str:
    """Return a parameter as text: fractions as percentages.

    >>> parameter_text(0.025), parameter_text(12.0), parameter_text("january")
    ('2.5 %', '12', 'january')
    """
    if isinstance(value, str):
        return value
    return fmt.short_percent(value) if 0.0 < abs(value) < 1.0 else f"{value:g}"


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return the last key of each dotted path, or the whole path where two would be the same.

    >>> short_names(["strategy.cap", "costs.rate", "cash.rate"])
    {'strategy.cap': 'cap', 'costs.rate': 'costs.rate', 'cash.rate': 'cash.rate'}
    """
    lasts = {name: name.rsplit(".", 1)[-1] for name in names}
    return {name: last if list(lasts.values()).count(last) == 1 else name for name, last in lasts.items()}


def example_text(example: Mapping[str, str | float]) -> str:
    """Return the parameters of a point, long ones shortened."""
    return ", ".join(f"{name} {shorten(parameter_text(value), 60)}" for name, value in example.items())


def portfolio_title(name: str) -> str:
    """Return the name of a portfolio in a table of variants."""
    return "The plan itself" if name == "strategy" else portfolio_label(name)


def better_text(rank: int, count: int) -> str:
    """Return how many of ``count`` variants are better than what need not be one of them.

    >>> better_text(1, 4200), better_text(629, 4200), better_text(4201, 4200)
    ('none better', '628 better', 'all better')
    """
    return f"{'none' if rank == 1 else 'all' if rank > count else fmt.count(rank - 1)} better"


def difference_text(value: float | None, metric: str) -> str:
    """Return a difference of two values of a metric of a sweep, with its sign."""
    return fmt.difference(value, metric_style(metric))


def band_text(band: Band | None, metric: str) -> str:
    """Return the ends of a band around a difference."""
    return fmt.DASH if band is None else f"{difference_text(band[0], metric)} to {difference_text(band[1], metric)}"


def baseline_text(effects: AxisEffects) -> str:
    """Return what effects are measured from: a value of the axis, or baskets without the name.

    >>> baseline_text(AxisEffects("january", True, ())), baseline_text(AxisEffects(None, False, ()))
    ('less january', 'with less without')
    """
    return "with less without" if effects.baseline is None else f"less {shorten(parameter_text(effects.baseline), 30)}"


def family_text(effects: AxisEffects, level: float) -> str:
    """Return how many of an axis's values leave their band of noise, and how many would by chance."""
    if not any(one.effect is not None and one.label != effects.baseline for one in effects.values):
        return "no other value has variants with the plan's sessions and this figure: nothing to compare"
    matched = "" if effects.matched else "unmatched: what is compared differs in other things too; "
    if not effects.judged:
        return matched.removesuffix("; ")
    chance = (1.0 - level) * effects.judged
    digits = 1 if chance >= 1.0 else 2
    return (
        f"{matched}{fmt.count(effects.beyond_noise)} of {plural(effects.judged, 'value')} outside the noise of this "
        f"history, {chance:.{digits}f} expected by chance"
    )


def windows_note(windows: Sequence[WindowResult]) -> str:
    """Return what is to be said of windows side by side: which are too short for a yearly figure; empty where none is.

    A growth rate of a few months, raised to a year, is no rate that anybody earned in one.
    """
    short = sum(one.window.years < 1.0 for one in windows)
    return (
        f"{plural(short, 'window')} of under a year: CAGR there is not a year's (total returns: summary.json)"
        if short
        else ""
    )


def pick_effects(
    rows: Sequence[ValueEffect], metric: str, most: int, *, ordered: bool
) -> tuple[list[ValueEffect], bool]:
    """Return the labels of a parameter that a table shows, and whether it leaves out some that have the metric.

    They stand in their own order, or the best first where that is not ``ordered`` or they are more than ``most``.
    """
    kept = [one for one in rows if one.mean is not None]
    if not ordered or len(kept) > most:
        kept.sort(key=lambda one: -ranking_sign(metric) * (one.mean or 0.0))
    if len(kept) <= most:
        return kept, False
    return [*kept[: most // 2], *kept[-most // 2 :]], True


def share_text(share: float) -> str:
    """Return a share with as many decimals as it takes not to be printed as all or nothing.

    >>> share_text(0.99997), share_text(0.5), share_text(1.0)
    ('99.997 %', '50.0 %', '100 %')
    """
    if share in {0.0, 1.0}:
        return f"{100 * share:.0f} %"
    digits = next((digits for digits in range(1, 6) if 0.0 < float(f"{100 * share:.{digits}f}") < 100.0), 6)
    return fmt.percent(share, digits)
