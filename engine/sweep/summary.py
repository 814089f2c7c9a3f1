"""``summary.json`` and ``manifest.json`` of a sweep: records that are written, read back and put into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from engine.analysis.caveats import HINDSIGHT
from engine.analysis.comparison import PortfolioResult
from engine.backtest.manifest import FileRecord, Manifest
from engine.backtest.output_folders import SWEEP_KIND
from engine.backtest.outputs import RunResult, window_of
from engine.backtest.run_summary import AccountSummary, DataSummary, PortfolioSummary, WindowSummary
from engine.core.arrays import FloatArray, finite_or_none
from engine.portfolio.account import Account
from engine.portfolio.policy import PolicyT
from engine.sweep.axes import ParameterValue
from engine.sweep.axis_maps import AxisMap
from engine.sweep.batch.after_tax import AFTER_TAX_METRICS, after_tax_row
from engine.sweep.batch.batch_metrics import CAP_METRICS, block_sums, peak_weight_and_breaches
from engine.sweep.caveats import hindsight_caveats, listed_shares, sweep_caveats, uncharged_caveat
from engine.sweep.comparison import compare_variants
from engine.sweep.computation import PreparedSweep, run_config, swept_tariffs
from engine.sweep.config import AFTER_TAX_SIGNS, ranking_sign, ranking_signs
from engine.sweep.effects import AxisEffects
from engine.sweep.evidence_record import SweepEvidence
from engine.sweep.examination import Examine, ExaminedSweep
from engine.sweep.noise_band import BANDED_METRICS, Band, BlockFigure, standard_error
from engine.sweep.section_values import RejectionCounts
from engine.sweep.statistics import (
    MAX_LISTED,
    Distribution,
    Rank,
    RankedVariant,
    SweepResults,
    distribution,
    list_variants,
    rank_among_results,
    rank_rows,
)
from engine.sweep.variants import PointConfigs
from engine.sweep.windows import OtherSessions, WindowResult, compare_windows, other_sessions

HEADLINE_METRICS: Final = ("final_value", "cagr", "volatility", "sharpe", "max_drawdown", "turnover", "costs")
"""What is listed of a variant beside the metric it is ranked by."""


@dataclass(frozen=True)
class RejectionReason:
    """Why ``count`` points are no variants, with the parameters of the first of them."""

    reason: str
    count: int
    example: Mapping[str, ParameterValue]


class SpaceSummary(FileRecord):
    """What was swept: the points, and why some of them are no variants; ``compared`` have the plan's own sessions.

    ``names`` are those that baskets and lists try, ``listed`` says for which share of the plan's window each has had a
    first close and not yet its last.
    """

    mode: dict[str, str | int | float]
    rank_by: str
    axes: dict[str, int]
    baskets: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    listed: dict[str, float] = {}  # noqa: RUF012  (pydantic copies it)
    points: int
    drawn_twice: int
    variants: int
    compared: int
    distinct: int
    refused: int
    reasons: tuple[RejectionReason, ...]


class SweepSummary(FileRecord):
    """The content of a sweep's ``summary.json``.

    ``standings`` portfolio -> metric -> its rank; ``effects`` parameter -> its values, and ``<parameter> holds`` ->
    the names in its baskets. ``window``, ``account``, ``portfolios`` and ``data`` are those of the base config. All
    but ``windows``, one a window of the axes, and ``other_sessions`` are of variants with the plan's own sessions.
    ``level`` is that of every band, ``near_best`` counts those no further from the best than noise; ``no_band`` says
    why there is none; ``plan_band`` is that around the plan's own figure. ``maps`` are of two axes at once.
    ``evidence``: whether the best is better than luck, None where that was not asked.
    """

    name: str
    description: str = ""
    plan_sentence: str | None = None
    window: WindowSummary
    account: AccountSummary
    sweep: SpaceSummary
    distribution: dict[str, Distribution]
    standings: dict[str, dict[str, Rank]]
    best: tuple[RankedVariant, ...]
    worst: tuple[RankedVariant, ...]
    level: float
    near_best: int | None = None
    no_band: str | None = None
    plan_band: Band | None = None
    effects: dict[str, AxisEffects]
    maps: tuple[AxisMap, ...] = ()
    windows: tuple[WindowResult, ...] = ()
    other_sessions: tuple[OtherSessions, ...] = ()
    portfolios: dict[str, PortfolioSummary]
    data: DataSummary
    evidence: SweepEvidence | None = None
    warnings: tuple[str, ...]

    @property
    def ranked_count(self) -> int:
        """How many variants have the metric that they are ranked by."""
        return self.sweep.compared - int(self.distribution[self.sweep.rank_by]["missing"] or 0)


class SweepManifest(Manifest):
    """The content of a sweep's ``manifest.json``."""

    kind: str = SWEEP_KIND
    plan_sha256: str
    identity: dict[str, str]


def summarise(
    sweep: PreparedSweep[PolicyT],
    configs: PointConfigs[PolicyT],
    every: SweepResults,
    run: RunResult,
    rejections: RejectionCounts,
    examine: Examine[PolicyT] | None = None,
) -> SweepSummary:
    """Look at a finished table; ``run`` is that of the base config, ``configs`` are those of the points.

    ``examine`` makes the evidence, if there is to be any.
    """
    space, own, plan = every.space, run.summary, run.comparison.strategy
    rank_by, level = space.sweep.rank_by, sweep.base_config.evidence.level
    equal = every.table.has_sessions(own.window.start, own.window.end, own.window.sessions)
    results, sign = every.restrict(equal), ranking_sign(rank_by)
    values = results.metric(rank_by)
    best = rank_rows(values, sign, MAX_LISTED).tolist()
    worst = (len(values) - 1 - rank_rows(values[::-1], -sign, MAX_LISTED)).tolist()
    distributions, ranks, shown = _compare_metrics(run, results, [*best, *worst])
    figure = BlockFigure.of(rank_by, plan.performance, level)
    compared = compare_variants(results, values, figure, configs.plan_values(), [*best, *worst])
    listing = {name: shown[name] for name in dict.fromkeys([rank_by, *HEADLINE_METRICS])}
    ranked = list_variants(results, [*best, *worst], listing, sweep.identify)
    plan_figures = _plan_figures(plan, rank_by, figure)
    ranked = _add_differences(ranked, compared.listed, plan_figures, figure)
    reasons, names = _list_reasons(every, rejections), configs.swept_tickers()
    windows = compare_windows(sweep.base_config, every, rank_by, partial(run_config, sweep))
    told = [one for one in own.warnings if one.startswith(HINDSIGHT)]
    examined = ExaminedSweep(
        sweep=sweep,
        results=results,
        run=run,
        values=values,
        figure=figure,
        best=best[0] if best else -1,
        ranked=ranked[0] if best else None,
        near=compared.near,
        effects=compared.effects,
    )
    return SweepSummary(
        name=own.name,
        description=own.description,
        plan_sentence=own.plan_sentence,
        window=own.window,
        account=own.account,
        sweep=SpaceSummary(
            mode=space.sweep.mode.model_dump(),
            rank_by=rank_by,
            axes={one.name: len(one.labels) for one in space.parameters},
            baskets=tuple(one.name for one in space.parameters if one.is_basket),
            names=names,
            listed=listed_shares(sweep.job.closes, names, own.window),
            points=every.points.count,
            drawn_twice=space.requested_count - every.points.count,
            variants=len(equal),
            compared=len(values),
            distinct=every.distinct_count,
            refused=sum(reason.count for reason in reasons),
            reasons=reasons,
        ),
        distribution=distributions,
        standings=ranks,
        best=tuple(ranked[: len(best)]),
        worst=tuple(ranked[len(best) :]),
        level=level,
        near_best=compared.near_best,
        no_band=None if figure else _why_no_band(rank_by),
        plan_band=_band_around(plan_figures, figure),
        effects=compared.effects,
        maps=compared.maps,
        windows=windows,
        other_sessions=other_sessions(every, equal, rank_by, windows),
        portfolios=own.portfolios,
        data=own.data,
        evidence=examine(examined) if examine else None,
        warnings=(
            *sweep_caveats(rank_by, own.window, equal, values, stops=_stops_early(sweep.base_config.account)),
            *uncharged_caveat(swept_tariffs(space)),
            *hindsight_caveats(sweep.job.closes, sweep.base_config.strategy, names, own.window.start, told),
            *(one for one in own.warnings if one not in told),
        ),
    )


def _add_differences(
    variants: Sequence[RankedVariant], figures: FloatArray, plan: FloatArray | None, figure: BlockFigure | None
) -> list[RankedVariant]:
    """Return variants, the best first, with what they are above the ``plan`` (K, 1).

    ``figures`` (K, rows) are their metric, then without each block where there is a band.
    """
    if not variants:
        return []
    from_best = figures - figures[:, :1]
    from_plan = figures - plan if plan is not None else np.full_like(figures, np.nan)
    near: list[bool | None] = [None] * len(variants)
    width = np.full(len(variants), np.nan)
    if figure is not None:
        near = (np.abs(from_best[0]) <= figure.width * standard_error(from_best[1:])).tolist()
        width = figure.width * standard_error(from_plan[1:])
    return [
        replace(
            one,
            difference=finite_or_none(float(effect)),
            band=(float(effect - wide), float(effect + wide)) if np.isfinite(effect) and wide > 0.0 else None,
            near_best=is_near,
        )
        for one, effect, wide, is_near in zip(variants, from_plan[0], width, near, strict=True)
    ]


def _plan_figures(plan: PortfolioResult, metric: str, figure: BlockFigure | None) -> FloatArray | None:
    """Return (K, 1) a metric of the plan itself, then of it without each block; None where it does not exist."""
    value = _portfolio_metric(plan, metric)
    if value is None or figure is None:
        return None if value is None else np.array([[float(value)]])
    sums, squares = block_sums(plan.performance)
    return np.vstack([[[float(value)]], figure.without_each_block(sums[:, None], squares[:, None])])


def _band_around(figures: FloatArray | None, figure: BlockFigure | None) -> Band | None:
    """Return the band around a figure itself, of what :func:`_plan_figures` returns."""
    if figures is None or figure is None:
        return None
    value, wide = float(figures[0, 0]), figure.width * float(standard_error(figures[1:, 0]))
    return (value - wide, value + wide) if wide > 0.0 else None


def _why_no_band(metric: str) -> str:
    if metric not in BANDED_METRICS:
        return "only Sharpe, volatility and CAGR have one"
    return "too few sessions, or a risk-free rate that changes from session to session"


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

    One metric is in memory at a time. A portfolio of other sessions has no rank.
    """
    window = run.summary.window
    distributions: dict[str, Distribution] = {}
    ranks: dict[str, dict[str, Rank]] = {name: {} for name in run.comparison.portfolios}
    shown: dict[str, FloatArray] = {}
    for metric, sign in ranking_signs(taxed=results.table.is_taxed, rank_by=results.space.sweep.rank_by).items():
        values = results.metric(metric)
        distributions[metric], shown[metric] = distribution(values), values[list(rows)]
        for name, portfolio in run.comparison.portfolios.items():
            own = _portfolio_metric(portfolio, metric)
            found = rank_among_results(own, values, sign)
            is_equal = window_of(portfolio.ledger) == window
            ranks[name][metric] = found if is_equal else replace(found, rank=None, better_than=None)
    return distributions, ranks, shown


def _stops_early(account: Account) -> bool:
    return account.withdraws and account.stops_when_spent


def _after_tax(portfolio: PortfolioResult, metric: str) -> float | None:
    """Return a figure after tax of a portfolio as its variant has it."""
    performance = portfolio.performance
    growth = float(performance.level[-1] / performance.level[0])
    row = after_tax_row(portfolio.ledger, growth, performance.days)
    return finite_or_none(float(row[AFTER_TAX_METRICS.index(metric)]))


def _portfolio_metric(portfolio: PortfolioResult, metric: str) -> float | None:
    if metric in AFTER_TAX_SIGNS:
        return _after_tax(portfolio, metric)
    if metric not in CAP_METRICS:
        return portfolio.metrics[metric]
    caps = {ticker: peak.cap for ticker, peak in portfolio.peak_weights.items()}
    return (
        dict(zip(CAP_METRICS, peak_weight_and_breaches(portfolio.ledger, portfolio.market, caps), strict=True))[metric]
        if caps
        else None
    )
