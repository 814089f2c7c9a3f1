"""``summary.json`` and ``manifest.json`` of a sweep: records that are written, read back and put into words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.analysis.comparison import PortfolioResult
from engine.backtest.outputs import SWEEP_KIND, RunResult
from engine.backtest.run_summary import AccountSummary, DataSummary, FileRecord, PortfolioSummary, WindowSummary
from engine.core.arrays import FloatArray
from engine.sweep.axes import ParameterValue
from engine.sweep.batch.batch_metrics import CAP_METRICS, peak_weight_and_breaches
from engine.sweep.config import RANKING_SIGNS
from engine.sweep.section_values import RejectionCounts
from engine.sweep.statistics import (
    MAX_LISTED,
    Distribution,
    LabelEffect,
    Rank,
    RankedVariant,
    SweepResults,
    basket_name_effects,
    distribution,
    label_effects,
    list_variants,
    rank_among_results,
    rank_rows,
)

HEADLINE_METRICS: Final = ("final_value", "cagr", "volatility", "sharpe", "max_drawdown", "turnover", "costs")
"""What is listed of a variant beside the metric it is ranked by."""


@dataclass(frozen=True)
class RejectionReason:
    """Why ``count`` points are no variants, with the parameters of the first of them."""

    reason: str
    count: int
    example: Mapping[str, ParameterValue]


class SpaceSummary(FileRecord):
    """What was swept: the points, and why some of them are no variants."""

    mode: dict[str, str | int | float]
    rank_by: str
    axes: dict[str, int]
    baskets: tuple[str, ...] = ()
    points: int
    drawn_twice: int
    variants: int
    distinct: int
    refused: int
    reasons: tuple[RejectionReason, ...]


class SweepSummary(FileRecord):
    """The content of a sweep's ``summary.json``.

    ``standings`` portfolio -> metric -> its rank; ``effects`` parameter -> its labels, and ``<parameter> holds`` ->
    the names in its baskets. ``window``, ``account``, ``portfolios`` and ``data`` are those of the base config.
    """

    name: str
    description: str = ""
    window: WindowSummary
    account: AccountSummary
    sweep: SpaceSummary
    distribution: dict[str, Distribution]
    standings: dict[str, dict[str, Rank]]
    best: tuple[RankedVariant, ...]
    worst: tuple[RankedVariant, ...]
    effects: dict[str, tuple[LabelEffect, ...]]
    portfolios: dict[str, PortfolioSummary]
    data: DataSummary
    warnings: tuple[str, ...]

    @property
    def ranked_count(self) -> int:
        """How many variants have the metric that they are ranked by."""
        return self.sweep.variants - int(self.distribution[self.sweep.rank_by]["missing"] or 0)


class SweepManifest(FileRecord):
    """The content of a sweep's ``manifest.json``: what must be equal for equal bytes, and their signatures."""

    kind: str = SWEEP_KIND
    versions: dict[str, str]
    config_sha256: str
    plan_sha256: str
    data_sha256: str
    identity: dict[str, str]
    files: dict[str, str]


def summarise(
    results: SweepResults,
    run: RunResult,
    rejections: RejectionCounts,
    identify: Callable[[int], tuple[str, str]],
) -> SweepSummary:
    """Look at a finished table; ``run`` is that of the base config.

    ``identify`` returns the id of a point and the SHA-256 of its config.
    """
    space, own = results.space, run.summary
    rank_by = space.sweep.rank_by
    values, sign = results.metric(rank_by), RANKING_SIGNS[rank_by]
    best = rank_rows(values, sign, MAX_LISTED).tolist()
    worst = (len(values) - 1 - rank_rows(values[::-1], -sign, MAX_LISTED)).tolist()
    distributions, ranks, shown = _compare_metrics(run, results, [*best, *worst])
    listing = {name: shown[name] for name in dict.fromkeys([rank_by, *HEADLINE_METRICS])}
    ranked = tuple(list_variants(results, [*best, *worst], listing, identify))
    reasons, baskets = _list_reasons(results, rejections), [one for one in space.parameters if one.is_basket]
    return SweepSummary(
        name=own.name,
        description=own.description,
        window=own.window,
        account=own.account,
        sweep=SpaceSummary(
            mode=space.sweep.mode.model_dump(),
            rank_by=rank_by,
            axes={one.name: len(one.labels) for one in space.parameters},
            baskets=tuple(one.name for one in baskets),
            points=results.points.count,
            drawn_twice=space.requested_count - results.points.count,
            variants=len(values),
            distinct=results.distinct_count,
            refused=sum(reason.count for reason in reasons),
            reasons=reasons,
        ),
        distribution=distributions,
        standings=ranks,
        best=ranked[: len(best)],
        worst=ranked[len(best) :],
        effects={
            **{one.name: tuple(label_effects(results.codes(one), one.labels, values)) for one in space.parameters},
            **{f"{one.name} holds": tuple(basket_name_effects(results.codes(one), one, values)) for one in baskets},
        },
        portfolios=own.portfolios,
        data=own.data,
        warnings=(*_caveats(rank_by, values), *own.warnings),
    )


def _caveats(rank_by: str, values: FloatArray) -> Iterator[str]:
    """Yield what the sweep cannot know, the number of trials first (S15)."""
    yield (
        f"Best of {len(values):,}: the best of many variants owes part of its figure to having been looked for on the "
        "same prices; expect less of it on others."
    )
    if not np.isfinite(values).any():
        why = (
            "nothing in them has a cap" if rank_by in CAP_METRICS else "their windows are too short or too calm for it"
        )
        yield f"No variant has {rank_by}: {why}; none is ranked, choose another rank_by."


def _list_reasons(results: SweepResults, rejections: RejectionCounts) -> tuple[RejectionReason, ...]:
    """Return reasons, the most frequent first."""
    order = sorted(rejections.items(), key=lambda item: (-item[1][0], item[1][1]))
    examples = results.points.indices(np.array([first for _, (_, first) in order], dtype=np.int64)).tolist()
    return tuple(
        RejectionReason(reason, count, results.space.parameter_values(indices))
        for (reason, (count, _)), indices in zip(order, examples, strict=True)
    )


def _compare_metrics(
    run: RunResult, results: SweepResults, rows: Sequence[int]
) -> tuple[dict[str, Distribution], dict[str, dict[str, Rank]], dict[str, FloatArray]]:
    """Return how every metric is distributed, where portfolios rank in it, and every metric of some rows.

    One metric is in memory at a time.
    """
    distributions: dict[str, Distribution] = {}
    ranks: dict[str, dict[str, Rank]] = {name: {} for name in run.comparison.portfolios}
    shown: dict[str, FloatArray] = {}
    for metric, sign in RANKING_SIGNS.items():
        values = results.metric(metric)
        distributions[metric], shown[metric] = distribution(values), values[list(rows)]
        for name, portfolio in run.comparison.portfolios.items():
            own = _portfolio_metric(portfolio, metric)
            ranks[name][metric] = rank_among_results(own, values, sign)
    return distributions, ranks, shown


def _portfolio_metric(portfolio: PortfolioResult, metric: str) -> float | None:
    if metric not in CAP_METRICS:
        return portfolio.metrics[metric]
    caps = {ticker: peak.cap for ticker, peak in portfolio.peak_weights.items()}
    return (
        dict(zip(CAP_METRICS, peak_weight_and_breaches(portfolio.ledger, portfolio.market, caps), strict=True))[metric]
        if caps
        else None
    )
