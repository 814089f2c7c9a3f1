"""``summary.json`` and ``manifest.json`` of a sweep."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from engine.analysis.comparison import PortfolioResult
from engine.backtest.outputs import Json, RunResult
from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.sweep.batch.batch_metrics import CAP_METRICS, cap_metrics
from engine.sweep.config import RANKING_SIGNS
from engine.sweep.statistics import (
    MAX_LISTED,
    QUANTILES,
    Distribution,
    LabelEffect,
    Rank,
    RankedVariant,
    SweepResults,
    basket_name_effects,
    distribution,
    label_effects,
    list_variants,
    rank_among,
    rank_rows,
)

HEADLINE_METRICS: Final = ("final_value", "cagr", "volatility", "sharpe", "max_drawdown", "turnover", "costs")
"""What is listed of a variant beside the figure it is ranked by."""


@dataclass(frozen=True)
class RejectionReason:
    """Why ``count`` points are no variants, with the parameters of the first of them."""

    reason: str
    count: int
    example: Mapping[str, str | float]


@dataclass(frozen=True)
class SweepFindings:
    """What a sweep shows, ready to be written, printed and drawn.

    ``base_run`` is the config's own plan with what it is compared with; ``ranks`` portfolio -> figure -> its place.
    """

    results: SweepResults
    base_run: RunResult
    reasons: tuple[RejectionReason, ...]
    distributions: Mapping[str, Distribution]
    best: tuple[RankedVariant, ...]
    worst: tuple[RankedVariant, ...]
    ranks: Mapping[str, Mapping[str, Rank]]
    label_effects: Mapping[str, Sequence[LabelEffect]]
    basket_name_effects: Mapping[str, Sequence[LabelEffect]]

    @property
    def rank_by(self) -> str:
        """The figure that variants are ranked by."""
        return str(self.results.space.sweep.rank_by)

    @property
    def ranked_count(self) -> int:
        """How many variants have that figure."""
        return len(self.results.point_numbers) - self.distributions[self.rank_by].missing

    @property
    def duplicate_count(self) -> int:
        """How many sampled points had been drawn before."""
        return self.results.space.requested_count - self.results.points.count

    @property
    def caveats(self) -> tuple[str, ...]:
        """What the sweep cannot know, the number of trials first (S15)."""
        count = len(self.results.point_numbers)
        said = (
            f"Best of {count:,}: the best of many variants owes part of its figure to having been looked for on the "
            "same prices; expect less of it on others."
        )
        return (said, *([] if self.ranked_count else [self._unranked_caveat]), *self.base_run.warnings)

    @property
    def _unranked_caveat(self) -> str:
        why = (
            "nothing in them has a cap"
            if self.rank_by in CAP_METRICS
            else "their windows are too short or too calm for it"
        )
        return f"No variant has {self.rank_by}: {why}; none is ranked, choose another rank_by."


def analyse_results(results: SweepResults, run: RunResult, refused: Mapping[str, tuple[int, int]]) -> SweepFindings:
    """Look at a finished table; ``refused`` reason -> count and first point."""
    space = results.space
    rank_by = space.sweep.rank_by
    values, sign = results.metric(rank_by), RANKING_SIGNS[rank_by]
    order = rank_rows(values, sign)
    best, worst = order[:MAX_LISTED].tolist(), order[::-1][:MAX_LISTED].tolist()
    spreads, standings, shown = _compare_metrics(run, results, [*best, *worst])
    listing = {name: shown[name] for name in dict.fromkeys([rank_by, *HEADLINE_METRICS])}
    return SweepFindings(
        results=results,
        base_run=run,
        reasons=_list_reasons(results, refused),
        distributions=spreads,
        best=tuple(list_variants(results, best, {name: column[: len(best)] for name, column in listing.items()})),
        worst=tuple(list_variants(results, worst, {name: column[len(best) :] for name, column in listing.items()})),
        ranks=standings,
        label_effects={one.name: label_effects(results.codes(one), one.labels, values) for one in space.parameters},
        basket_name_effects={
            one.name: basket_name_effects(results.codes(one), one, values) for one in space.parameters if one.is_basket
        },
    )


def build_summary(found: SweepFindings) -> dict[str, Json]:
    """Return the content of ``summary.json``."""
    results, run = found.results, found.base_run
    space = results.space
    own = run.summary()
    return {
        "name": run.name,
        "description": run.description,
        "window": own["window"],
        "account": own["account"],
        "sweep": {
            "mode": cast("Json", space.sweep.mode.model_dump()),
            "rank_by": found.rank_by,
            "axes": {one.name: len(one.labels) for one in space.parameters},
            "baskets": [one.name for one in space.parameters if one.is_basket],
            "points": results.points.count,
            "drawn_twice": found.duplicate_count,
            "variants": len(results.point_numbers),
            "distinct": results.distinct_count,
            "refused": sum(reason.count for reason in found.reasons),
            "reasons": [_record_json(reason) for reason in found.reasons],
        },
        "distribution": {name: _distribution_json(one) for name, one in found.distributions.items()},
        "standings": {
            name: {figure: _record_json(one) for figure, one in standings.items()}
            for name, standings in found.ranks.items()
        },
        "best": [_record_json(one) for one in found.best],
        "worst": [_record_json(one) for one in found.worst],
        "effects": {
            **{name: [_record_json(one) for one in rows] for name, rows in found.label_effects.items()},
            **{
                f"{name} holds": [_record_json(one) for one in rows] for name, rows in found.basket_name_effects.items()
            },
        },
        "portfolios": own["portfolios"],
        "data": own["data"],
        "warnings": list(found.caveats),
    }


def _record_json(record: RejectionReason | Rank | RankedVariant | LabelEffect) -> Json:
    return cast("Json", dataclasses.asdict(record))


def _distribution_json(one: Distribution) -> Json:
    quantiles = {f"p{round(100 * q):02}": value for q, value in zip(QUANTILES, one.quantiles, strict=False)}
    return {"least": one.least, **quantiles, "mean": one.mean, "most": one.most, "missing": one.missing}


def _list_reasons(results: SweepResults, refused: Mapping[str, tuple[int, int]]) -> tuple[RejectionReason, ...]:
    """Return reasons, the most frequent first."""
    order = sorted(refused.items(), key=lambda item: (-item[1][0], item[1][1]))
    examples = results.points.indices(np.array([first for _, (_, first) in order], dtype=np.int64)).tolist()
    return tuple(
        RejectionReason(reason, count, results.space.parameter_values(digits))
        for (reason, (count, _)), digits in zip(order, examples, strict=True)
    )


def _compare_metrics(
    run: RunResult, results: SweepResults, rows: Sequence[int]
) -> tuple[dict[str, Distribution], dict[str, dict[str, Rank]], dict[str, FloatArray]]:
    """Return how every figure is distributed, where portfolios stand in it, and every figure of some rows.

    One figure is in memory at a time.
    """
    spreads: dict[str, Distribution] = {}
    standings: dict[str, dict[str, Rank]] = {name: {} for name in run.comparison.portfolios}
    shown: dict[str, FloatArray] = {}
    for figure, sign in RANKING_SIGNS.items():
        values = results.metric(figure)
        spreads[figure], shown[figure] = distribution(values), values[list(rows)]
        for name, portfolio in run.comparison.portfolios.items():
            own = _portfolio_metric(portfolio, run.comparison.market, figure)
            standings[name][figure] = rank_among(own, values, sign)
    return spreads, standings, shown


def _portfolio_metric(portfolio: PortfolioResult, market: Market, figure: str) -> float | None:
    if figure not in CAP_METRICS:
        return portfolio.metrics()[figure]
    caps = {ticker: peak.cap for ticker, peak in portfolio.peak_weights.items()}
    return dict(zip(CAP_METRICS, cap_metrics(portfolio.ledger, market, caps), strict=True))[figure] if caps else None
