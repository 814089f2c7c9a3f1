"""The evidence of a sweep in words: what each test asks and answers, for the terminal and for the page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from engine.report import number_format as fmt
from engine.report.phrases import plural
from engine.report.sweep.labels import metric_text, metric_title, parameter_text, share_text

if TYPE_CHECKING:
    from engine.sweep.evidence_record import (
        DeflatedSharpeRecord,
        ForwardFigures,
        ForwardRecord,
        HalvesRecord,
        OverfittingRecord,
        PlateauRecord,
        RegionAxis,
        RegionRecord,
        SuperiorityRecord,
        SurvivorsRecord,
        SweepEvidence,
    )

HEADING: Final = "Is the best better than luck?"
_IDS_SHOWN: Final = 3
_NEARLY_ALL: Final = 0.9
"""A share of the variants of a value from which on there is nothing to tell of it."""
_LEAST_P: Final = 0.001
_NO_TITLES: Final[Mapping[str, str]] = {}


@dataclass(frozen=True)
class EvidenceRow:
    """A test: what it ``asks``, its ``answer`` and ``p`` value, and its ``convention``, empty where there is none."""

    test: str
    asks: str
    answer: str
    p: str
    convention: str = ""


def list_tests(evidence: SweepEvidence) -> list[EvidenceRow]:
    """Return every test of a sweep, that of the sentence first, those that could not be made with the reason."""
    asked = (
        (
            "superiority",
            "Superior predictive ability (Hansen)",
            "Is any variant's mean return above that of buy & hold?",
        ),
        ("reality_check", "Reality check (White)", "The same, variants not divided by their noise"),
        ("step_m", "StepM (Romano and Wolf)", "Which variants are above buy & hold?"),
        ("romano_wolf", "Step-down (Romano and Wolf)", "The same, whatever is true of those that are not"),
        (
            "deflated_sharpe",
            "Deflated Sharpe ratio",
            (
                "Is the best's Sharpe ratio above what the best of as many without any return has by luck? "
                "An easier question: against a Sharpe ratio of zero, not against buy & hold"
            ),
        ),
        (
            "overfitting",
            "Probability of backtest overfitting",
            "How often is the best of one half of the blocks below the median of the other?",
        ),
    )
    return [_row(evidence, *one) for one in asked]


def _row(evidence: SweepEvidence, section: str, test: str, asks: str) -> EvidenceRow:
    stored = "superiority" if section == "reality_check" else section
    if (reason := evidence.missing.get(stored)) is not None:
        return EvidenceRow(test, asks, f"not made: {reason}", fmt.DASH)
    if section == "deflated_sharpe" and evidence.deflated_sharpe and evidence.best:
        return EvidenceRow(test, asks, *_deflated(evidence.deflated_sharpe, evidence.best.sharpe))
    if section == "overfitting" and evidence.overfitting:
        return EvidenceRow(test, asks, *_overfitting(evidence.overfitting))
    if section == "superiority" and evidence.superiority:
        return EvidenceRow(test, asks, *_superiority(evidence.superiority, evidence))
    if section == "reality_check" and evidence.superiority:
        return EvidenceRow(test, asks, "", p_value(evidence.superiority.reality_check))
    survivors = evidence.step_m if section == "step_m" else evidence.romano_wolf
    return EvidenceRow(test, asks, _survivors(survivors, evidence.trials.compared) if survivors else fmt.DASH, fmt.DASH)


def p_value(p: float) -> str:
    """Return a p value in three decimals, rounded up as in the sentence, and never as nothing.

    >>> p_value(0.0004), p_value(0.4301)
    ('< 0.001', '0.431')
    """
    return "< 0.001" if p < _LEAST_P else f"{math.ceil(round(p / _LEAST_P, 6)) * _LEAST_P:.3f}"


def _deflated(found: DeflatedSharpeRecord, sharpe: float) -> tuple[str, str, str]:
    answer = (
        f"{fmt.ratio(sharpe)} beside {fmt.ratio(found.benchmark)}; above it with a probability of "
        f"{fmt.percent(found.value, 1)}"
    )
    return answer, p_value(1.0 - found.value), found.convention


def _overfitting(found: OverfittingRecord) -> tuple[str, str, str]:
    answer = (
        f"in {fmt.percent(found.probability, 1)} of {found.splits:,} halvings; "
        f"a loss in {fmt.percent(found.loss_probability, 1)}"
    )
    return answer, fmt.DASH, found.convention


def _superiority(found: SuperiorityRecord, evidence: SweepEvidence) -> tuple[str, str, str]:
    answer = f"p between {p_value(found.lower)} and {p_value(found.upper)}"
    trials = evidence.trials
    block = f"{found.mean_block:g} {'period' if found.mean_block == 1.0 else 'periods'}"
    terms = (
        f"{found.convention}; {trials.periods} periods of {plural(trials.period_sessions, 'session')}, "
        f"{found.draws:,} draws in blocks of {block} on average"
    )
    return answer, p_value(found.consistent), terms


def _survivors(found: SurvivorsRecord, count: int) -> str:
    named = f": {', '.join(found.ids[:_IDS_SHOWN])}{', ...' if found.count > _IDS_SHOWN else ''}" if found.count else ""
    return f"{'' if found.complete else 'at least '}{found.count:,} of {count:,}{named}"


def trials_text(evidence: SweepEvidence) -> str:
    """Return how many variants were tried, and how many independent ones they are worth."""
    trials = evidence.trials
    told = f"{plural(trials.compared, 'variant')} compared, {trials.distinct:,} distinct"
    if trials.effective is None or trials.mean_correlation is None:
        return told
    return (
        f"{told}, worth {trials.effective:,.1f} independent ones by their mean correlation of "
        f"{trials.mean_correlation:.3f}"
    )


def evidence_lines(evidence: SweepEvidence, titles: Mapping[str, str] = _NO_TITLES) -> Iterator[tuple[str, str]]:
    """Yield what else is said of the best: a title, and the sentence or why there is none.

    Axes are called by their ``titles``, by their paths in the config where they have none.
    """
    makers = (
        ("First half, second half", "halves", evidence.halves and halves_text(evidence.halves)),
        (
            "Chosen each January",
            "forward",
            evidence.forward and forward_text(evidence.forward, evidence.trials.period_sessions),
        ),
        ("Edge or plateau", "plateau", evidence.plateau and plateau_text(evidence.plateau, titles)),
        ("Not told from the best", "region", evidence.region and region_text(evidence.region, titles)),
    )
    for title, section, told in makers:
        yield title, told or f"not made: {evidence.missing.get(section, 'it was left out')}"


def halves_text(found: HalvesRecord) -> str:
    """Return how the best of the first half of the sessions stands in the second."""
    metric = found.metric
    beside = [
        f"{name} {metric_text(value, metric)}"
        for name, value in (("median", found.median), ("the plan", found.plan), ("buy & hold", found.buy_and_hold))
        if value is not None
    ]
    return (
        f"the best of the first half ({found.id}, {metric_title(metric)} {metric_text(found.first, metric)}) has "
        f"{metric_text(found.second, metric)} in the second and rank {found.rank:,} of {found.count:,}, better than "
        f"{fmt.percent(found.better_than, 1)}; there {', '.join(beside)}"
    )


def forward_text(found: ForwardRecord, sessions: int) -> str:
    """Return what choosing the best so far each January earned, in sums over periods of so many ``sessions``."""
    beside = [
        f"{name} {_forward_figures(value)}"
        for name, value in (
            ("buy & hold", found.buy_and_hold),
            ("the plan", found.plan),
            ("the average variant", found.average),
        )
        if value is not None
    ]
    a_year = f"sums of returns over periods of {plural(sessions, 'session')} a year"
    changed = f"another one {found.changes} times" if found.changes != 1 else "another one once"
    return (
        f"the best so far by Sharpe ratio, held for the next year, {found.first_year} to {found.last_year}, {changed}: "
        f"{_forward_figures(found.choice)}; {', '.join(beside)} ({a_year}, not compounded, and their "
        "Sharpe ratio)"
    )


def _forward_figures(found: ForwardFigures) -> str:
    return f"{fmt.percent(found.yearly_return)} / {fmt.ratio(found.sharpe)}"


def plateau_text(found: PlateauRecord, titles: Mapping[str, str] = _NO_TITLES) -> str:
    """Return whether the best stands on the edge of the grid, and the variant with the best worst neighbour."""
    if not found.ordered_axes:
        edge = "no axis has an order, so there is no edge"
    elif found.edges:
        edges = ", ".join(titles.get(name, name) for name in found.edges)
        edge = f"the best has the first or last value of {edges}: a wider axis may have a better one"
    else:
        edge = "the best is on no edge of the grid"
    parts = [edge]
    if found.worst_neighbour is not None:
        parts.append(
            f"its worst neighbour has {metric_text(found.worst_neighbour, found.metric)}, itself "
            f"{metric_text(found.figure, found.metric)}"
        )
    if found.pick is not None and found.pick_worst_neighbour is not None:
        varied = ", ".join(
            f"{titles.get(name, name.rsplit('.', 1)[-1])} {parameter_text(value)}"
            for name, value in found.pick_parameters.items()
        )
        parts.append(
            f"plateau pick {found.pick} ({varied}): {metric_text(found.pick_figure, found.metric)}, its worst "
            f"neighbour {metric_text(found.pick_worst_neighbour, found.metric)}"
        )
    return "; ".join(parts)


def region_text(found: RegionRecord, titles: Mapping[str, str] = _NO_TITLES) -> str:
    """Return how many variants noise does not tell from the best, and what the axes have to do with it."""
    told = (
        f"{plural(found.count, 'variant')}, {share_text(found.share)}, are no further from the best than the noise of "
        "this history"
    )
    lowest = min((axis.lowest for axis in found.axes.values()), default=1.0)
    if lowest >= _NEARLY_ALL:
        each = "all" if lowest >= 1.0 else f"{share_text(lowest)} or more"
        return f"{told}, {each} of each value of an axis: nothing is chosen by this history"
    parts = [
        _axis_text(titles.get(name, name), axis)
        for name, axis in found.axes.items()
        if axis.lowest < _NEARLY_ALL * found.share
    ]
    return f"{told}; fewest by axis: {', '.join(parts)}" if parts else f"{told}, of every value about as many"


def _axis_text(name: str, axis: RegionAxis) -> str:
    """Return the value of an axis that has the lowest share, and how many values have none in the region."""
    lowest = min(axis.listed, key=lambda one: one.share)
    none = axis.values - axis.present
    others = f", as of {none - 1:,} more of its values" if none > 1 else ""
    return f"{name} {parameter_text(lowest.label)} ({share_text(lowest.share)}{others})"
