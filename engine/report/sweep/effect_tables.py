"""What each value of an axis does, as dots with bands around a line at zero, in units of the figure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from markupsafe import Markup

from engine.report.charts.interval_chart import interval_cell
from engine.report.charts.mark import Mark, mark_scale
from engine.report.sweep.axis_titles import HOLDS, axis_titles
from engine.report.sweep.labels import difference_text, parameter_text, pick_effects
from engine.sweep.effects import AxisEffects, ValueEffect
from engine.sweep.summary import SweepSummary

EFFECTS_SHOWN, BASKETS_SHOWN = 40, 20
"""Values of an axis in a table, and baskets; of more, the best and the worst."""
SELDOM_LISTED: Final = 0.5
"""A share of the window below which a name is marked as one that was mostly not listed."""


@dataclass(frozen=True)
class EffectRow:
    """A value of an axis, its effect drawn; ``listed`` is a name's share of the window, None of what is no name."""

    value: ValueEffect
    drawn: Markup
    listed: float | None = None

    @property
    def is_seldom_listed(self) -> bool:
        """Whether most of the window knows nothing of the name."""
        return is_seldom(self.listed)


def is_seldom(listed: float | None) -> bool:
    """Tell whether a name was listed for less than half of the window."""
    return listed is not None and listed < SELDOM_LISTED


@dataclass(frozen=True)
class EffectTable:
    """The values of an axis, with its ``title`` and its ``path`` in the config.

    ``least`` and ``most`` are the ends of the scale that effects are drawn on; ``hidden``: some are left out. Without a
    value that can be compared there are no ``rows``. ``same_choice`` names the axes that show the same choice, empty
    where there is none.
    """

    title: str
    path: str
    effects: AxisEffects
    rows: tuple[EffectRow, ...]
    least: str
    most: str
    hidden: bool
    same_choice: str = ""


def effect_tables(summary: SweepSummary) -> list[EffectTable]:
    """Return every axis of more than one value, in the order of the config, baskets after the rest."""
    baskets, titles = summary.sweep.baskets, axis_titles(summary.effects, summary.sweep.baskets)
    found = [
        _effect_table(titles[name], name, one, summary.sweep.rank_by, summary.sweep.listed, ordered=name not in baskets)
        for name, one in summary.effects.items()
        if len(one.values) > 1
    ]
    told = {table.path: table.title for table in found}
    views = {basket: _views(basket, told) for basket in baskets}
    found = [replace(table, same_choice=_same_choice(table.path, views, told)) for table in found]
    return sorted(found, key=lambda table: table.path in baskets)


def _views(basket: str, paths: Collection[str]) -> list[str]:
    """Return the axes that show which names a basket holds: itself, how many they are, and each name."""
    return [path for path in (basket, f"{basket}.count", basket + HOLDS) if path in paths]


def _same_choice(path: str, views: Mapping[str, Sequence[str]], titles: Mapping[str, str]) -> str:
    """Return that an axis shows the choice that others show too, empty where none does."""
    same = next((paths for paths in views.values() if path in paths and len(paths) > 1), None)
    if same is None:
        return ""
    named = [titles[one] for one in same if one != path]
    return f"The same choice as under {' and '.join(named)}, seen another way: no further evidence"


def effect_marks(summary: SweepSummary) -> dict[str, tuple[str, list[Mark]]]:
    """Return by path the title of each axis, and what each of its values does, where any can be compared."""
    titles, found = axis_titles(summary.effects, summary.sweep.baskets), {}
    for path, effects in summary.effects.items():
        if len(effects.values) > 1 and _is_compared(effects):
            ordered = path not in summary.sweep.baskets
            shown, _ = pick_effects(
                effects.values, summary.sweep.rank_by, EFFECTS_SHOWN if ordered else BASKETS_SHOWN, ordered=ordered
            )
            listed = summary.sweep.listed if path.endswith(HOLDS) else {}
            found[path] = titles[path], [_interval(one, listed=listed.get(str(one.label))) for one in shown]
    return found


def _is_compared(effects: AxisEffects) -> bool:
    """Tell whether any value but the baseline's has an effect."""
    return any(one.effect is not None and one.label != effects.baseline for one in effects.values)


def _effect_table(
    title: str, path: str, effects: AxisEffects, metric: str, listed: Mapping[str, float], *, ordered: bool
) -> EffectTable:
    """Return values as dots with bands around the line of the baseline."""
    if not _is_compared(effects):
        return EffectTable(title, path, effects, (), "", "", hidden=False)
    most = EFFECTS_SHOWN if ordered else BASKETS_SHOWN
    shown, hidden = pick_effects(effects.values, metric, most, ordered=ordered)
    names = listed if path.endswith(HOLDS) else {}
    shares = [names.get(str(one.label)) for one in shown]
    intervals = [_interval(one, listed=share) for one, share in zip(shown, shares, strict=True)]
    scale = mark_scale(intervals)
    rows = (
        EffectRow(one, interval_cell(interval, scale), share)
        for one, interval, share in zip(shown, intervals, shares, strict=True)
    )
    ends = difference_text(scale.low, metric), difference_text(scale.high, metric)
    return EffectTable(title, path, effects, tuple(rows), *ends, hidden)


def _interval(one: ValueEffect, *, listed: float | None) -> Mark:
    low, high = one.band or (None, None)
    place = 1 if one.is_beyond_noise else 0  # another colour and shape
    return Mark(parameter_text(one.label), one.effect, low, high, place, hatched=is_seldom(listed))
