"""``engine verify``: published figures that this engine must reproduce, computed anew on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics.verify.accounting import FixedMixFactory, fee_fixpoint_figures, synthetic_market_figures
from engine.diagnostics.verify.calendars import january_figures
from engine.diagnostics.verify.figures import ReferenceFigure
from engine.diagnostics.verify.rates import money_weighted_figures, time_weighted_figures
from engine.diagnostics.verify.ratios import level_figures, series_figures
from engine.diagnostics.verify.verdicts import verdict_sentences
from engine.diagnostics.verify.weights import covariance_figures, min_variance_figures, risk_parity_figures

__all__ = ["FixedMixFactory", "ReferenceFigure", "reproduce_figures"]


def reproduce_figures(make_policy: FixedMixFactory) -> Iterator[ReferenceFigure]:
    """Yield all figures; ``make_policy`` returns the policy that is rebalanced to given weights every January."""
    yield from fee_fixpoint_figures()
    yield from synthetic_market_figures(make_policy)
    yield from january_figures()
    yield from money_weighted_figures()
    yield from time_weighted_figures()
    yield from series_figures()
    yield from level_figures()
    yield from covariance_figures()
    yield from risk_parity_figures()
    yield from min_variance_figures()
    yield from verdict_sentences()
