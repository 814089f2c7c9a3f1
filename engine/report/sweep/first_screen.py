"""What a sweep's page says first: what was varied, what came of it, four figures, and the limits in one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from engine.analysis.caveats import HINDSIGHT
from engine.core.errors import shorten
from engine.report import number_format as fmt
from engine.report.card import Card
from engine.report.phrases import plural
from engine.report.sweep.axis_titles import HOLDS, axis_titles
from engine.report.sweep.labels import difference_text, metric_text, parameter_text

if TYPE_CHECKING:
    from engine.sweep.axes import ParameterValue
    from engine.sweep.effects import AxisEffects
    from engine.sweep.statistics import Rank
    from engine.sweep.summary import SweepSummary

NOT_ASKED: Final = "Whether the best owes its place to luck was not asked: sweep without --no-evidence to ask it."
_MOST_LISTED: Final = 4
"""Values of an axis that are named one by one."""
_VALUE_LENGTH: Final = 28
_AXES_NAMED: Final = 8
_CAVEAT_LENGTH: Final = 36
_KNOWN_CAVEATS: Final = {
    "Survivors only": "survivors only",
    "Total-return prices": "total-return prices",
    "Windows differ": "other windows left out",
}


def varied_sentence(summary: SweepSummary) -> str:
    """Return how many variants there are and what differs between them."""
    space = summary.sweep
    titles = axis_titles(summary.effects, space.baskets)
    clauses = []
    for name in space.axes:
        parent, _, last = name.rpartition(".")
        effects = summary.effects.get(name)
        if effects is None or len(effects.values) < 2 or (parent in space.baskets and last in {"count", "weight"}):
            continue
        clauses.append(_lower(titles[name]) + " " + _values_text(name, effects, summary.effects, space.baskets))
    rest = len(clauses) - _AXES_NAMED
    if rest > 0:
        clauses = [*clauses[:_AXES_NAMED], plural(rest, "more axis").replace("axiss", "axes")]
    seed = space.mode.get("seed", "")
    drawn = {"random": f"drawn at random, seed {seed}", "sobol": f"drawn evenly (Sobol), seed {seed}"}
    how = drawn.get(str(space.mode.get("kind")), "every combination")
    counted = f"{plural(space.variants, 'variant')} of the plan, {how}"
    return f"{counted}: {'; '.join(clauses)}." if clauses else f"{counted}."


def _values_text(name: str, effects: AxisEffects, every: Mapping[str, AxisEffects], baskets: tuple[str, ...]) -> str:
    labels = [one.label for one in effects.values]
    if name in baskets:
        sizes, weights = (_alternatives(every.get(f"{name}.{key}")) for key in ("count", "weight"))
        held = every.get(name + HOLDS)
        names = f" of {plural(len(held.values), 'name')}" if held else ""
        at = f" at {weights} each" if weights else ""
        return f"in {plural(len(labels), 'basket')} of {sizes}{names}{at}"
    texts = [shorten(parameter_text(label), _VALUE_LENGTH) for label in labels]
    if len(texts) <= _MOST_LISTED:
        return _or(texts)
    if all(isinstance(label, float) for label in labels):
        low, high = min(labels), max(labels)
        return f"from {parameter_text(low)} to {parameter_text(high)} in {len(labels):,} values"
    return f"in {len(labels):,} values"


def _alternatives(effects: AxisEffects | None) -> str:
    if effects is None:
        return ""
    return _or([parameter_text(one.label) for one in effects.values[:_MOST_LISTED]])


def _or(texts: Sequence[str]) -> str:
    """Return alternatives in words.

    >>> _or(["3", "4", "5"])
    '3, 4 or 5'
    """
    return " or ".join(part for part in (", ".join(texts[:-1]), texts[-1]) if part)


def _lower(title: str) -> str:
    """Return a title inside a sentence: names keep their capitals."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def headline(summary: SweepSummary) -> str:
    """Return whether the best is better than luck, or that it was not asked."""
    told = summary.evidence.sentence if summary.evidence else NOT_ASKED
    return told.replace("p = ", "p\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}")


def cards(summary: SweepSummary) -> Iterator[Card]:
    """Yield the plan's figure, buy-and-hold's, the median, and the best with its distance from the median."""
    rank_by = summary.sweep.rank_by
    for name, title in (("strategy", "The plan"), ("buy_and_hold", "Buy & hold")):
        at = summary.standings.get(name, {}).get(rank_by)
        if at is not None:
            yield Card(title, metric_text(at.value, rank_by), _standing_text(at, summary.ranked_count))
    spread = summary.distribution[rank_by]
    middle = (
        f"half of them {metric_text(spread['p25'], rank_by)} to {metric_text(spread['p75'], rank_by)}"
        if "p25" in spread
        else "no variant has this figure"
    )
    yield Card("Median variant", metric_text(spread.get("p50"), rank_by), middle)
    best = summary.best[0].figures[rank_by] if summary.best else None
    yield Card("Best variant", metric_text(best, rank_by), _best_text(summary))


def _standing_text(at: Rank, count: int) -> str:
    """Return how many variants are better than what need not be one of them, and the share of those that are worse."""
    if at.rank is None or at.better_than is None:
        return "other sessions than the variants: no rank" if at.value is not None else "no figure"
    better = f"{at.rank - 1:,}" if at.rank > 1 else "none"
    worse = "all" if at.better_than == 1.0 else fmt.percent(at.better_than, 1)
    return f"{better} of {plural(count, 'variant')} better, {worse} worse"


def _best_text(summary: SweepSummary) -> str:
    """Return of how many the best is, and how far from the median; what luck has to do with it, its tests say."""
    told = f"best of {fmt.count(summary.ranked_count)}"
    spread, rank_by = summary.distribution[summary.sweep.rank_by], summary.sweep.rank_by
    middle = spread.get("p50")
    if middle is None or not summary.best:
        return told
    best = summary.best[0].figures[rank_by]
    return told if best is None else f"{told}, {difference_text(best - middle, rank_by)} from the median"


def limits(summary: SweepSummary) -> list[str]:
    """Return what to know before relying on the page, each in a few words."""
    told = [f"best of {fmt.count(summary.ranked_count)} tried", *_hindsight(summary)]
    notes = 0
    for warning in summary.warnings:
        head = warning.partition(":")[0]
        if head in _KNOWN_CAVEATS:
            told.append(_KNOWN_CAVEATS[head])
        elif not warning.startswith((HINDSIGHT, "Best of ")):
            notes += 1
    return [*told, *([plural(notes, "note")] if notes else [])]


def _hindsight(summary: SweepSummary) -> Iterator[str]:
    """Yield the names that were swept, or that the plan's own were named with hindsight."""
    names = summary.sweep.names
    if names:
        few = ", ".join(names) if len(", ".join(names)) <= _CAVEAT_LENGTH else f"{names[0]} … {names[-1]}"
        late = sum(share < 1.0 for share in summary.sweep.listed.values())
        unlisted = f", {late} not listed throughout" if late else ""
        yield f"{plural(len(names), 'name')} with hindsight ({shorten(few, _CAVEAT_LENGTH)}{unlisted})"
    elif any(one.startswith(HINDSIGHT) for one in summary.warnings):
        yield "stocks named with hindsight"


def parameter_chips(parameters: Mapping[str, ParameterValue], titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the parameters of a variant as (title, text, path)."""
    return [(titles[name], parameter_text(value), name) for name, value in parameters.items() if name in titles]
