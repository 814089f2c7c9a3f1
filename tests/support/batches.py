"""Markets and variants that tests of the batch run share, also in a process of their own."""

from __future__ import annotations

import random

import numpy as np

from engine.data.market import Market
from engine.data.sessions import MONTH_NAMES
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts
from engine.sweep.batch.policy_groups import Variant
from strategies.fixed_mix import FixedMix

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")


def steady_market(sessions: int = 600, assets: int = 3) -> Market:
    draws = np.random.default_rng(7)
    closes = 20.0 * np.cumprod(1.0 + draws.normal(4e-4, 0.01, (sessions, assets)), axis=0)
    dates = np.busday_offset(np.datetime64("2018-01-01"), np.arange(sessions), roll="forward")
    return Market.build(dates, NAMES[:assets], closes)


def mixes(market: Market, count: int) -> list[Variant]:
    rng = random.Random(count)
    shares = [[rng.randint(1, 9) for _ in market.assets] for _ in range(count)]
    policies = [
        FixedMix.model_validate(
            {
                "weights": {name: one / sum(row) for name, one in zip(market.assets, row, strict=True)},
                "rebalance": {"kind": "annual", "month": rng.choice(MONTH_NAMES)},
            }
        )
        for row in shares
    ]
    return [Variant(policy, Account(), PercentCosts(rate=0.001), 0, len(market.dates)) for policy in policies]
