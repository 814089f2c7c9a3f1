"""What stands beside the verdict of a sweep: its rival in figures, and what to take if one variant must be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.report.sweep.labels import band_text, difference_text, metric_text, metric_title
from engine.sweep.config import ranking_sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.sweep.summary import SweepSummary


def rival_sentence(summary: SweepSummary) -> str:
    """Return how the best's figure stands beside that of buy & hold, empty where either has none.

    The verdict is about buy & hold and its mean return; the figure is the one that variants are ranked by.
    """
    metric = summary.sweep.rank_by
    at = summary.standings.get("buy_and_hold", {}).get(metric)
    best = summary.best[0].figures[metric] if summary.best else None
    if at is None or at.value is None or at.rank is None or best is None:
        return ""
    title, rival, told = metric_title(metric), metric_text(at.value, metric), metric_text(best, metric)
    above = ranking_sign(metric) * (best - at.value)
    how = "is like" if rival == told else "is worse than" if above > 0.0 else "is better than"
    is_tested = summary.evidence is not None and summary.evidence.superiority is not None
    subject = f"The rival, buy & hold ({title} {rival})," if is_tested else f"Buy & hold ({title} {rival})"
    return f"{subject} {how} the best variant ({told})."


def keeping_text(summary: SweepSummary) -> str:
    """Return whether noise tells the plan from the best, empty where there is no band."""
    band = summary.best[0].band if summary.best else None
    if band is None:
        return ""
    metric = summary.sweep.rank_by
    apart = f"{difference_text(summary.best[0].difference, metric)}, {band_text(band, metric)}"
    if band[0] <= 0.0 <= band[1]:
        return (
            f"Keeping the plan is as good as far as this history tells: its distance from the best is noise ({apart})."
        )
    return f"The plan is further from the best than the noise of one difference ({apart}), but the best was chosen."


def choice_text(summary: SweepSummary, titles: Mapping[str, str]) -> str:
    """Return why the plateau pick is one, and of which axes it has the lowest or highest value; empty without one."""
    plateau, metric = summary.evidence.plateau if summary.evidence else None, summary.sweep.rank_by
    if plateau is None or plateau.pick is None:
        return ""
    edges = []
    for name in plateau.ordered_axes:
        values = summary.effects[name].values if name in summary.effects else ()
        numbers = [one.label for one in values if isinstance(one.label, float)]
        if len(numbers) > 1 and plateau.pick_parameters.get(name) in {min(numbers), max(numbers)}:
            edges.append(titles[name])
    edge = (
        f" It has the lowest or highest value of {', '.join(edges)}: a wider axis may have a better one."
        if edges
        else ""
    )
    return (
        f"The plateau pick is {plateau.pick}, of those not told from the best the one whose worst neighbour is best: "
        f"{metric_title(metric)} {metric_text(plateau.pick_figure, metric)}, its worst neighbour "
        f"{metric_text(plateau.pick_worst_neighbour, metric)}.{edge}"
    )
