"""What stands beside the verdict of a sweep: its rival in figures, and what to take if one variant must be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.report.sweep.labels import metric_text, metric_title
from engine.sweep.config import RANKING_SIGNS

if TYPE_CHECKING:
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
    above = RANKING_SIGNS[metric] * (best - at.value)
    how = "is like" if rival == told else "is worse than" if above > 0.0 else "is better than"
    is_tested = summary.evidence is not None and summary.evidence.superiority is not None
    subject = f"The rival, buy & hold ({title} {rival})," if is_tested else f"Buy & hold ({title} {rival})"
    return f"{subject} {how} the best variant ({told})."
