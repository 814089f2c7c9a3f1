"""Random plans under laws that lanes know, over small markets with dividends."""

from __future__ import annotations

import dataclasses
import random

import numpy as np

from engine.data.market import Market
from engine.tax.book import Taxation
from engine.tax.germany.law import GermanTax
from engine.tax.united_states.law import UnitedStatesTax

NAMES = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG", "HHH", "III")


def dividend_market(rng: random.Random) -> Market:
    """Make some years of seeded closes of two to nine assets, some of which pay dividends, and cash that earns or costs."""
    sessions, count = rng.choice([5, 300, 900, 1500]), rng.randint(2, 9)
    draws = np.random.default_rng(rng.randrange(2**32))
    closes = rng.choice([1.0, 50.0]) * np.cumprod(
        1.0 + draws.normal(4e-4, rng.choice([0.004, 0.02]), (sessions, count)).clip(-0.7, 1.0), axis=0
    )
    dates = np.busday_offset(np.datetime64("2016-09-05"), np.arange(sessions), roll="forward")
    market = Market.build(dates, NAMES[:count], closes, annual_cash_rate=rng.choice([0.0, 0.0, 0.04, -0.01]))
    if rng.random() < 0.3:
        return market
    paid = np.zeros_like(closes)
    for j in range(count):
        payments = slice(rng.randrange(70), None, rng.choice([5, 21, 63, 10_000]))
        paid[payments, j] = 0.004 * closes[payments, j]
    paid[0] = 0.0
    return dataclasses.replace(market, dividends=paid)


def german_law(rng: random.Random, names: tuple[str, ...]) -> Taxation:
    """Make a German law whose taxes a bank withholds."""
    kinds: list[dict[str, object]] = [
        {"fund": "equity", "income": "distributing"},
        {"fund": "mixed", "income": "accumulating"},
        {"stock": "US"},
        {"stock": {"withheld": "30%", "creditable": "15%"}},
    ]
    law: dict[str, object] = {
        "kind": "germany",
        "allowance": rng.choice(["single", "couple", 300.0]),
        "church": rng.choice(["none", "8%", "9%"]),
        "pots": rng.choice(["two", "one"]),
        "opening_pots": {"stocks": rng.choice([0.0, 500.0]), "other": rng.choice([0.0, 500.0])},
        "short_of_cash": rng.choice(["sell", "sell", "outside"]),
        "rounding": rng.choice(["none", "none", "cent"]),
        "assets": {name: rng.choice(kinds) for name in names},
    }
    return GermanTax.model_validate(law).taxation(reinvests=rng.random() < 0.7)


def american_law(rng: random.Random, names: tuple[str, ...]) -> Taxation:
    """Make a law of the United States at flat rates without wash sales."""
    law: dict[str, object] = {
        "kind": "united_states",
        "rates": {"ordinary": "24%", "long_term": "15%", "state": rng.choice(["0%", "5%"]), "net_investment": "3.8%"},
        "wash_sales": False,
        "assets": {name: {"fund": "us", "qualified": rng.choice(["100%", "80%", "0%"])} for name in names},
    }
    return UnitedStatesTax.model_validate(law).taxation(reinvests=rng.random() < 0.7)
