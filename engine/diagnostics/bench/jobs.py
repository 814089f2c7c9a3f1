"""The jobs that engines are timed on: a market of seeded prices, and variants of a strategy over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.data.sessions import MONTH_NAMES
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts, NoCosts, PercentCosts
from engine.portfolio.policy import Policy
from engine.sweep.batch.policy_groups import Variant

SESSIONS: Final = 5475
YEAR_SESSIONS: Final = 249
ASSETS: Final = 6
OPENING_CAPITAL: Final = 100_000.0

PolicyFactory = Callable[[dict[str, object]], Policy]
"""Makes a policy from plain data; the catalogue of strategies is not known here."""


@cache
def seeded_market(sessions: int = SESSIONS, assets: int = ASSETS) -> Market:
    """Return a market from 2004 on, of independent random closes with a fixed seed.

    Its years are of 249 weekdays, so that a peer that counts sessions trades when one that reads a calendar does.
    """
    returns = np.random.default_rng(2004).normal(0.0004, 0.012, (sessions, assets))
    closes = np.asarray(50.0 * np.cumprod(1.0 + returns, axis=0), dtype=np.float64)
    year, day = np.divmod(np.arange(sessions), YEAR_SESSIONS)
    dates = np.busday_offset((year + 34).astype("datetime64[Y]").astype("datetime64[D]"), day, roll="forward")
    return Market.build(dates, tuple(f"A{j:03d}" for j in range(assets)), closes)


@dataclass(frozen=True)
class MixJob:
    """Mixes of all assets of a market, without costs: at ``rows`` (R,) traded to ``targets`` (R, S, N)."""

    market: Market
    rows: IntArray
    targets: FloatArray
    capital: float = OPENING_CAPITAL


@dataclass(frozen=True)
class TimingJob:
    """Variants that run in one batch over a market."""

    market: Market
    variants: tuple[Variant, ...]


def mix_job(count: int, *, sessions: int = SESSIONS, assets: int = ASSETS) -> MixJob:
    """Return ``count`` mixes of all assets, traded to their weights at the first session of every January."""
    market = seeded_market(sessions, assets)
    draws = np.random.default_rng(6).dirichlet(np.full(assets, 5.0), min(count, 1000)).round(3)
    draws[:, 0] += 1.0 - draws.sum(axis=1)
    rows = np.arange(0, sessions, YEAR_SESSIONS)
    return MixJob(market, rows, np.broadcast_to(draws[np.arange(count) % len(draws)], (len(rows), count, assets)))


def fixed_mix_job(
    make_policy: PolicyFactory, count: int, *, sessions: int = SESSIONS, assets: int = ASSETS
) -> TimingJob:
    """Return the same mixes as variants."""
    mixes = mix_job(min(count, 1000), sessions=sessions, assets=assets)
    account, costs, tickers = Account(capital=OPENING_CAPITAL), NoCosts(), mixes.market.assets
    weights = [dict(zip(tickers, row, strict=True)) for row in mixes.targets[0].tolist()]
    made = [make_policy({"kind": "fixed_mix", "weights": mix, "rebalance": {"kind": "annual"}}) for mix in weights]
    variants = tuple(Variant(made[k % len(made)], account, costs, 0, sessions) for k in range(count))
    return TimingJob(mixes.market, variants)


def core_satellite_job(make_policy: PolicyFactory, count: int, **more: object) -> TimingJob:
    """Return ``count`` variants of a core with four capped satellites: twelve months, core weights, sizes and costs.

    ``more`` : further keys of the strategy, as ``caps="always"``.
    """
    prices, account = seeded_market(), Account(capital=OPENING_CAPITAL)
    costs: Sequence[AnyCosts] = (NoCosts(), PercentCosts(rate=0.001))
    made = [
        make_policy(
            {
                "kind": "core_satellite",
                "core": {"A000": "rest", "A001": share / 100.0},
                "satellites": dict.fromkeys(prices.assets[2:], size),
                "cap": 0.03,
                "rebalance": {"kind": "annual", "month": month},
                **more,
            }
        )
        for month in MONTH_NAMES
        for share in range(5, 26)
        for size in (0.02, 0.025, 0.03)
    ]
    variants = tuple(
        Variant(made[k % len(made)], account, costs[k // len(made) % 2], 0, SESSIONS) for k in range(count)
    )
    return TimingJob(prices, variants)
