"""A lane, run among others, has the figures that the spine gives its variant by itself, to the last bit."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine import lanes
from engine.account import Account
from engine.costs import BrokerCosts, NoCosts, PercentCosts, PerOrderCosts
from engine.lanes import FIGURES, Variant
from engine.market import Market
from engine.sessions import MONTHS
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG")


def equal(left: np.ndarray, right: np.ndarray) -> None:
    for name, one, other in zip(FIGURES, left, right, strict=True):
        assert (one == other) or (np.isnan(one) and np.isnan(other)), f"{name}: {one!r} in lanes, {other!r} by itself"


def compare(market: Market, variants: list[Variant], risk_free: float | np.ndarray = 0.0, threads: int = 1) -> int:
    """Run all variants both ways, family by family; return how many ran in lanes."""
    families: dict[object, list[Variant]] = {}
    for variant in variants:
        families.setdefault(lanes.family(variant, market), []).append(variant)
    for family, members in families.items():
        if family is not None:
            table = lanes.run(market, members, risk_free, threads)
            for row, variant in zip(table, members, strict=True):
                equal(row, lanes.run_spine(market, variant, risk_free))
    return sum(len(members) for family, members in families.items() if family is not None)


def random_market(rng: random.Random) -> Market:
    """Make a few years of a wild market: late listings, delistings and, now and then, a missing close."""
    sessions, count = rng.choice([5, 40, 300, 700]), rng.randint(5, 7)
    draws = np.random.default_rng(rng.randrange(2**32))
    closes = rng.choice([1.0, 50.0, 1e4]) * np.cumprod(
        1.0 + draws.normal(3e-4, rng.choice([0.001, 0.02, 0.06]), (sessions, count)).clip(-0.7, 1.0), axis=0
    )
    for j in range(1, count):
        kind = rng.random()
        if kind < 0.2:
            closes[: rng.randrange(sessions), j] = np.nan
        elif kind < 0.4:
            closes[rng.randrange(1, sessions) :, j] = np.nan
        elif kind < 0.5:
            at = rng.randrange(1, sessions)
            closes[at : at + rng.choice([1, 3]), j] = np.nan
    dates = np.busday_offset(np.datetime64("2015-11-03"), np.arange(sessions), roll="forward")
    return Market.build(dates, NAMES[:count], closes, annual_cash_rate=rng.choice([0.0, 0.0, 0.04, -0.01]))


def random_rebalance(rng: random.Random) -> dict[str, object]:
    kinds: list[dict[str, object]] = [
        {"kind": "never"},
        {"kind": "annual", "month": rng.choice(MONTHS), "session": rng.choice(["first", "last", 2])},
        {"kind": "every", "period": rng.choice(["week", "month", "quarter"])},
        {"kind": "band", "absolute": rng.choice(["1%", "5%"]), "look": rng.choice(["day", "month"])},
        {"kind": "band", "relative": "20%"},
    ]
    rule = rng.choice(kinds)
    return {"kind": "any", "of": [rule, kinds[1]]} if rng.random() < 0.2 else rule


def random_costs(rng: random.Random):
    return rng.choice(
        [
            NoCosts(),
            PercentCosts(rate=rng.choice([0.001, 0.02, 0.2])),
            PercentCosts(rate=0.001, spread=5.0),
            PerOrderCosts(minimum=rng.choice([1.0, 30.0]), rate=0.001),
            PerOrderCosts(fixed=rng.choice([0.5, 5.0])),
            PerOrderCosts(fixed=1.0, rate=0.002, maximum=20.0, spread=2.0),
            BrokerCosts(name="interactive_brokers_fixed"),
        ]
    )


def random_variant(rng: random.Random, market: Market) -> Variant:
    names, places = list(market.assets), ["redistribute", "cash", {"proxy": "AAA"}]
    rules: dict[str, object] = {
        "before_listing": rng.choice(places),
        "after_delisting": {"to": rng.choice(places), "haircut": rng.choice(["0%", "35%", "100%"])},
    }
    shares = [rng.randint(0, 20) for _ in names]
    if rng.random() < 0.15:
        policy: object = BuyAndHold.model_validate({"weights": {names[0]: "40%", names[1]: "55%"}, **rules})
    elif rng.random() < 0.5:
        weights = {name: share / max(sum(shares), 1) for name, share in zip(names, shares, strict=True)}
        weights[names[0]] += 0.0 if sum(shares) else 0.8
        policy = FixedMix.model_validate({"weights": weights, "rebalance": random_rebalance(rng), **rules})
    else:
        policy = CoreSatellite.model_validate(
            {
                "core": {names[0]: "rest", names[1]: rng.choice(["5%", "15%", "25%"])},
                "satellites": dict.fromkeys(names[2:5], rng.choice(["2%", "2.5%", "3%"])),
                "cap": rng.choice(["3%", "4%"]),
                "caps": rng.choice(["at_rebalance", "always"]),
                "rebalance": random_rebalance(rng),
                **rules,
            }
        )
    account = Account.model_validate(
        {"capital": rng.choice([100.0, 1e5, 1e7]), "execution": rng.choice(["close", "close", "next_close"])}
    )
    end = len(market.dates) if rng.random() < 0.8 else rng.randint(2, len(market.dates))
    return Variant(policy, account, random_costs(rng), rng.choice([0, 0, min(3, end - 2)]), end)


@pytest.mark.parametrize("seed", range(6))
def test_variants_of_wild_markets_have_the_bits_of_the_spine(seed: int) -> None:
    rng = random.Random(f"lanes {seed}")
    ran = 0
    for _ in range(8):
        market = random_market(rng)
        rate = rng.choice([0.0, 1e-4, np.linspace(-1e-4, 3e-4, len(market.dates))])
        ran += compare(market, [random_variant(rng, market) for _ in range(25)], rate)
    assert ran > 100
