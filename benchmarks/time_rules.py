"""How long one twenty-year run takes with the rule book switched on: watched caps, 5/25 bands, the loss review.

Seven seeded assets, two of them the core, satellites volatile enough that every rule has something to do; each rule by
itself, then all at once. The set-up stays outside the timed part.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite

SESSIONS = 5475
CORE, SATELLITES = ("A0", "A1"), ("A2", "A3", "A4", "A5", "A6")
PLAN = {
    "core": {"A0": "rest", "A1": "15%"},
    "satellites": dict.fromkeys(SATELLITES, "2.5%"),
    "cap": "3%",
}
JANUARY = {"kind": "annual", "month": "january"}
BANDS = {"rebalance": {"kind": "any", "of": [JANUARY, {"kind": "band", "absolute": "5%", "relative": "25%"}]}}
CAPS = {"caps": "always"}
ALL_OF_IT = BANDS | CAPS


def review(thesis: str) -> dict[str, object]:
    """Return a loss review of 20 % from cost."""
    return {"loss_review": {"trigger": "20%", "from": "cost", "thesis": {"kind": thesis}}}


@cache
def market() -> Market:
    """Return twenty years of weekdays of seeded prices: a calm core, satellites of 25 % volatility a year."""
    rng = np.random.default_rng(2004)
    volatility = np.array([0.010] * len(CORE) + [0.016] * len(SATELLITES))
    closes = 50.0 * np.cumprod(1.0 + rng.normal(0.0004, volatility, (SESSIONS, len(volatility))), axis=0)
    dates = np.busday_offset("2004-01-30", np.arange(SESSIONS), roll="forward")
    return Market.build(dates, CORE + SATELLITES, closes)


@pytest.mark.parametrize(
    "rules",
    [
        {},
        CAPS,
        BANDS,
        review("always"),
        review("trend"),
        ALL_OF_IT | review("always"),
        ALL_OF_IT | review("trend"),
        ALL_OF_IT | {"trade_only": "drifted", "trade_to": "edge"} | review("trend"),
    ],
    ids=["january", "caps", "bands", "review", "trend", "caps-bands-review", "caps-bands-trend", "caps-edge-trend"],
)
@pytest.mark.benchmark(group="the rule book, 20y-7-assets")
def test_rules(benchmark, rules: dict[str, object]) -> None:
    """Time the engine's simulate()."""
    plan, costs = CoreSatellite.model_validate(PLAN | rules), PercentCosts(rate=0.001).cost_table(7)
    arguments = (market(), plan, Account(capital=100_000.0), costs)
    ledger = benchmark.pedantic(simulate, arguments, rounds=60, warmup_rounds=5)
    reasons = {ledger.reason(event, asset) for event, asset in zip(*ledger.trades.nonzero(), strict=True)}
    begun = {reason.partition(":")[0] for reason in reasons}
    benchmark.extra_info |= {"events": len(ledger.rows), "reviews": len(ledger.reviews)}
    assert ("cap" in begun) == ("caps" in rules)
    assert ("band" in begun) == ("rebalance" in rules)
    assert bool(ledger.reviews) == ("loss_review" in rules)
