"""How far a portfolio was from its targets, and whether it kept its caps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.data.market import Market
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE
from engine.simulation.ledger import Ledger


@dataclass(frozen=True)
class Drift:
    """The distance of weights from the targets in force, half the sum of |w - w*| with cash, over all closes.

    ``mean`` and ``highest`` are fractions, ``highest_date`` the first close with the highest; all None where no target
    was ever in force. ``sessions_over_caps`` is at how many closes any asset stood above its cap, ``sessions`` of how
    many.
    """

    mean: float | None
    highest: float | None
    highest_date: str | None
    sessions_over_caps: int
    sessions: int


def drift(ledger: Ledger, market: Market, caps: Mapping[str, float]) -> Drift:
    """Return how far a run's weights drifted from its targets and ``caps`` by ticker."""
    weights = ledger.weights(market)
    over: BoolArray = np.zeros(len(weights), dtype=np.bool_)
    for ticker, cap in caps.items():
        over |= weights[:, market.column_index(ticker)] > cap * (1.0 + LIMIT_TOLERANCE)
    count, sessions = int(over.sum()), len(weights)
    event = np.searchsorted(ledger.rows, np.arange(sessions), side="right") - 1
    since = int(np.searchsorted(event, 0))
    if since == sessions:
        return Drift(None, None, None, count, sessions)
    away = _distances(weights[since:] - ledger.targets[event[since:]])
    top = int(away.argmax())
    return Drift(float(away.mean()), float(away[top]), str(ledger.dates[since + top]), count, sessions)


def target_distance(units: FloatArray, prices: FloatArray, value: float, targets: FloatArray) -> float:
    """Return half the sum of |w - w*| of holdings, cash included; 0 of an account worth nothing."""
    if value <= 0.0:
        return 0.0
    weights = np.where(units == 0.0, 0.0, units * prices) / value
    return float(_distances((weights - targets)[None, :])[0])


def _distances(gaps: FloatArray) -> FloatArray:
    """Return (K,) half the sum of ``gaps`` (K, N) from targets, with that of cash, which is minus their sum."""
    found: FloatArray = 0.5 * (np.abs(gaps).sum(axis=1) + np.abs(gaps.sum(axis=1)))
    return found
