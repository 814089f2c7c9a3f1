"""A taxed run in one call has the bits of the same run decision by decision: values, orders, taxes and their record."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts, NoCosts, PercentCosts, PerOrderCosts
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, RunSetup
from engine.simulation.simulate import _run_with_decisions
from engine.simulation.taxed_targets import run_taxed_in_one_call
from engine.tax.book import Taxation
from strategies.fixed_mix import FixedMix
from tests.support.taxed_plans_at_random import american_law, dividend_market, german_law

ARRAYS = ("value", "cash", "rows", "trades", "costs", "targets", "prices", "rebalances", "payouts", "opening")
Law = Callable[[random.Random, tuple[str, ...]], Taxation]


def random_plan(rng: random.Random, names: tuple[str, ...]) -> tuple[Policy, Account, AnyCosts]:
    shares = [rng.randint(1, 20) for _ in names]
    rebalance: dict[str, object] = rng.choice(
        [{"kind": "never"}, {"kind": "annual", "month": "january"}, {"kind": "every", "period": "quarter"}]
    )
    total = sum(shares) / rng.choice([1.0, 1.0, 0.8])
    weights = {name: share / total for name, share in zip(names, shares, strict=True)}
    policy = FixedMix.model_validate({"weights": weights, "rebalance": rebalance})
    costs = rng.choice([NoCosts(), PercentCosts(rate=0.001), PercentCosts(rate=0.02), PerOrderCosts(fixed=1.0)])
    return policy, Account(capital=rng.choice([1e4, 1e6])), costs


def equal(fast: Ledger, slow: Ledger) -> None:
    for name in ARRAYS:
        assert np.array_equal(getattr(fast, name), getattr(slow, name)), name
    assert fast.reasons == slow.reasons
    assert fast.taxes is not None
    assert slow.taxes is not None
    for name in ("paid", "withheld", "outside"):
        assert np.array_equal(getattr(fast.taxes, name), getattr(slow.taxes, name)), name
    assert fast.taxes.record == slow.taxes.record


def setup_of(market: Market, law: Taxation, rng: random.Random) -> RunSetup:
    policy, account, costs = random_plan(rng, market.assets)
    table = costs.cost_table(len(market.assets))
    return RunSetup.build(market, policy, account, table, 0, AS_WRITTEN, law)


@pytest.mark.slow  # the taxed lanes are compiled
@pytest.mark.parametrize("law", [german_law, american_law])
def test_a_run_in_one_call_is_the_run_decision_by_decision(law: Law) -> None:
    rng, in_one_call = random.Random(18), 0
    for _ in range(150):
        market = dividend_market(rng)
        setup = setup_of(market, law(rng, market.assets), rng)
        fast = run_taxed_in_one_call(setup)
        if fast is not None:
            in_one_call += 1
            equal(fast, _run_with_decisions(setup))
    assert in_one_call >= 100
