"""An optimised strategy over seven assets, and its walk over seeded prices."""

from __future__ import annotations

from functools import cache

import numpy as np

from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.optimised import Optimised
from tests.support.markets import account, free, market_of, percent

CORE, SATELLITES = ("A", "B", "C"), ("D", "E", "F", "G")
OBJECTIVES = {
    "min_variance": {"kind": "min_variance"},
    "max_sharpe": {"kind": "max_sharpe", "risk_free": "-50%"},
    "mean_variance": {"kind": "mean_variance", "risk_aversion": "4"},
    "risk_parity": {"kind": "risk_parity"},
    "min_cvar": {"kind": "min_cvar", "level": "90%"},
    "max_diversification": {"kind": "max_diversification"},
    "min_tracking_error": {"kind": "min_tracking_error", "to": {"A": "50%", "D": "50%"}},
    "equal_weight": {"kind": "equal_weight"},
    "inverse_volatility": {"kind": "inverse_volatility"},
}
OPENING = 80


def plan(aim: str = "min_variance", /, **changes: object) -> Optimised:
    """Three assets of a core and four satellites, every month on sixty returns."""
    fields = {
        "kind": "optimised",
        "core": list(CORE),
        "satellites": {"universe": list(SATELLITES), "count": {"min": "2", "max": "3"}, "cap": "8%", "floor": "3%"},
        "limits": [{"group": ["C", "satellites"], "max": "45%"}],
        "objective": OBJECTIVES[aim],
        "estimates": {"lookback": "60", "min_history": "30"},
        "rebalance": {"kind": "every", "period": "month"},
    }
    return Optimised.model_validate({**fields, **changes})


@cache
def closes(sessions: int = 230) -> np.ndarray:
    rng = np.random.default_rng(3)
    common = rng.normal(0.0, 0.008, (sessions, 1)) * np.array([1.0, 1.1, 0.9, 1.2, 0.6, 1.0, 0.8])
    own = rng.normal(0.0004, 0.006, (sessions, 7)) * np.array([0.5, 1.2, 1.0, 1.6, 1.4, 1.8, 1.5])
    return 50.0 * np.cumprod(1.0 + common + own, axis=0)


def walk(policy: Optimised, prices: np.ndarray | None = None, *, rate: float = 0.0, **terms: object) -> Ledger:
    market = market_of(closes() if prices is None else prices)
    return simulate(market, policy, account(**terms), percent(rate, 7) if rate else free(7), start=OPENING)


def targets(ledger: Ledger) -> np.ndarray:
    return ledger.targets[ledger.rebalances]


GOOD = """\
name: plan
data:
  source: {kind: sample}
window: {start: 2014-01-02, end: 2022-12-28}
strategy:
  kind: optimised
  core: [QUAL, SIZE, MTUM]
  satellites: {universe: [HD, JNJ, PG, UNH], count: {min: 2, max: 3}, cap: 3%, floor: 2%}
  limits: [{group: [SIZE, satellites], max: 30%}]
  objective: {kind: min_variance}
  estimates: {lookback: 756, half_life: null, min_history: 252}
  turnover: {penalty: costs, max: 40%}
  rebalance: {kind: annual, month: january}
"""
