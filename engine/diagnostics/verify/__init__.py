"""``engine verify``: published figures that this engine must reproduce, computed anew on this machine."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics.verify.accounting import Mixer, fee_fixpoint, synthetic_market
from engine.diagnostics.verify.calendars import january
from engine.diagnostics.verify.figures import Figure
from engine.diagnostics.verify.rates import flows_taken_out, money_weighted
from engine.diagnostics.verify.ratios import of_levels, of_series
from engine.diagnostics.verify.weights import least_variance, parities, shrunk_covariance

__all__ = ["Figure", "Mixer", "every"]


def every(mix: Mixer) -> Iterator[Figure]:
    """Yield all figures; ``mix`` makes the policy of weights by ticker that is rebalanced every January."""
    yield from fee_fixpoint()
    yield from synthetic_market(mix)
    yield from january()
    yield from money_weighted()
    yield from flows_taken_out()
    yield from of_series()
    yield from of_levels()
    yield from shrunk_covariance()
    yield from parities()
    yield from least_variance()
