"""``summary.json`` and ``manifest.json`` of a sweep."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np

from engine.analysis.comparison import Portfolio
from engine.backtest.outputs import Json, Run
from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.sweep.batch.batch_metrics import OF_CAPS, over_caps
from engine.sweep.config import RANKED
from engine.sweep.statistics import (
    QUANTILES,
    SHOWN,
    Effect,
    Listed,
    Results,
    Spread,
    Standing,
    effects,
    listed,
    name_effects,
    ranked,
    spread,
    standing,
)

HEADLINE: Final = ("final_value", "cagr", "volatility", "sharpe", "max_drawdown", "turnover", "costs")
"""What is listed of a variant beside the figure it is ranked by."""


@dataclass(frozen=True)
class Reason:
    """Why ``count`` points are no variants, with the parameters of the first of them."""

    reason: str
    count: int
    example: Mapping[str, str | float]


@dataclass(frozen=True)
class Findings:
    """What a sweep shows, ready to be written, printed and drawn.

    ``run`` is the config's own plan with what it is compared with; ``standings`` portfolio -> figure -> its place.
    """

    results: Results
    run: Run
    reasons: tuple[Reason, ...]
    spreads: Mapping[str, Spread]
    best: tuple[Listed, ...]
    worst: tuple[Listed, ...]
    standings: Mapping[str, Mapping[str, Standing]]
    effects: Mapping[str, Sequence[Effect]]
    names: Mapping[str, Sequence[Effect]]

    @property
    def rank_by(self) -> str:
        """The figure that variants are ranked by."""
        return str(self.results.space.sweep.rank_by)

    @property
    def ranked(self) -> int:
        """How many variants have that figure."""
        return len(self.results.numbers) - self.spreads[self.rank_by].missing

    @property
    def drawn_twice(self) -> int:
        """How many sampled points had been drawn before."""
        return self.results.space.count - self.results.points.count

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the sweep cannot know, the number of trials first (S15)."""
        count = len(self.results.numbers)
        said = (
            f"Best of {count:,}: the best of many variants owes part of its figure to having been looked for on the "
            "same prices; expect less of it on others."
        )
        return (said, *([] if self.ranked else [self._unranked]), *self.run.warnings)

    @property
    def _unranked(self) -> str:
        why = (
            "nothing in them has a cap" if self.rank_by in OF_CAPS else "their windows are too short or too calm for it"
        )
        return f"No variant has {self.rank_by}: {why}; none is ranked, choose another rank_by."


def findings(results: Results, run: Run, refused: Mapping[str, tuple[int, int]]) -> Findings:
    """Look at a finished table; ``refused`` reason -> count and first point."""
    space = results.space
    rank_by = space.sweep.rank_by
    values, sign = results.figure(rank_by), RANKED[rank_by]
    order = ranked(values, sign)
    best, worst = order[:SHOWN].tolist(), order[::-1][:SHOWN].tolist()
    spreads, standings, shown = _spreads(run, results, [*best, *worst])
    listing = {name: shown[name] for name in dict.fromkeys([rank_by, *HEADLINE])}
    return Findings(
        results=results,
        run=run,
        reasons=_reasons(results, refused),
        spreads=spreads,
        best=tuple(listed(results, best, {name: column[: len(best)] for name, column in listing.items()})),
        worst=tuple(listed(results, worst, {name: column[len(best) :] for name, column in listing.items()})),
        standings=standings,
        effects={one.name: effects(results.codes(one), one.labels, values) for one in space.parameters},
        names={one.name: name_effects(results.codes(one), one, values) for one in space.parameters if one.basket},
    )


def summary_of(found: Findings) -> dict[str, Json]:
    """Return the content of ``summary.json``."""
    results, run = found.results, found.run
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
            "baskets": [one.name for one in space.parameters if one.basket],
            "points": results.points.count,
            "drawn_twice": found.drawn_twice,
            "variants": len(results.numbers),
            "distinct": results.distinct,
            "refused": sum(reason.count for reason in found.reasons),
            "reasons": [_plain(reason) for reason in found.reasons],
        },
        "distribution": {name: _spread(one) for name, one in found.spreads.items()},
        "standings": {
            name: {figure: _plain(one) for figure, one in standings.items()}
            for name, standings in found.standings.items()
        },
        "best": [_plain(one) for one in found.best],
        "worst": [_plain(one) for one in found.worst],
        "effects": {
            **{name: [_plain(one) for one in rows] for name, rows in found.effects.items()},
            **{f"{name} holds": [_plain(one) for one in rows] for name, rows in found.names.items()},
        },
        "portfolios": own["portfolios"],
        "data": own["data"],
        "warnings": list(found.warnings),
    }


def _plain(record: Reason | Standing | Listed | Effect) -> Json:
    return cast("Json", dataclasses.asdict(record))


def _spread(one: Spread) -> Json:
    quantiles = {f"p{round(100 * q):02}": value for q, value in zip(QUANTILES, one.quantiles, strict=False)}
    return {"least": one.least, **quantiles, "mean": one.mean, "most": one.most, "missing": one.missing}


def _reasons(results: Results, refused: Mapping[str, tuple[int, int]]) -> tuple[Reason, ...]:
    """Return reasons, the most frequent first."""
    order = sorted(refused.items(), key=lambda item: (-item[1][0], item[1][1]))
    examples = results.points.of(np.array([first for _, (_, first) in order], dtype=np.int64)).tolist()
    return tuple(
        Reason(reason, count, results.space.cells(digits))
        for (reason, (count, _)), digits in zip(order, examples, strict=True)
    )


def _spreads(
    run: Run, results: Results, rows: Sequence[int]
) -> tuple[dict[str, Spread], dict[str, dict[str, Standing]], dict[str, FloatArray]]:
    """Return how every figure is distributed, where portfolios stand in it, and every figure of some rows.

    One figure is in memory at a time.
    """
    spreads: dict[str, Spread] = {}
    standings: dict[str, dict[str, Standing]] = {name: {} for name in run.comparison.portfolios}
    shown: dict[str, FloatArray] = {}
    for figure, sign in RANKED.items():
        values = results.figure(figure)
        spreads[figure], shown[figure] = spread(values), values[list(rows)]
        for name, portfolio in run.comparison.portfolios.items():
            own = _own_figure(portfolio, run.comparison.market, figure)
            standings[name][figure] = standing(own, values, sign)
    return spreads, standings, shown


def _own_figure(portfolio: Portfolio, market: Market, figure: str) -> float | None:
    if figure not in OF_CAPS:
        return portfolio.figures()[figure]
    caps = {ticker: peak.cap for ticker, peak in portfolio.peaks.items()}
    return dict(zip(OF_CAPS, over_caps(portfolio.ledger, market, caps), strict=True))[figure] if caps else None
