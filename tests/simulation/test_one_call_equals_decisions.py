"""A run in one call is the run that is made decision by decision, to the bit, and the reference's, to its tolerance."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from engine.core.errors import EngineError
from engine.data.sessions import MONTH_NAMES
from engine.portfolio.costs import BrokerCosts, NoCosts, PercentCosts, PerOrderCosts
from engine.portfolio.policy import Policy
from engine.simulation import simulate as simulate_module
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, BOUGHT_AND_HELD
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.reference.cases import random_case
from tests.reference.differences import first_difference
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import Case, LedgerError, run
from tests.support.markets import account, market_of
from tests.support.rule_book import same


def quiet_case(rng: random.Random) -> Case:
    """A case whose rules ask nothing between its rebalances; in most all prices are there."""
    case = replace(random_case(rng), flows={}, absolute=None, relative=None, look=frozenset(), watch_caps=False)
    if rng.random() < 0.7:
        rows, known = [], [next(price for price in column if price) for column in zip(*case.prices, strict=True)]
        for row in case.prices:
            known = [price or before for price, before in zip(row, known, strict=True)]
            rows.append(known)
        case = replace(case, prices=rows)
    return case


def both_ways(make: Callable[[], Ledger], monkeypatch: pytest.MonkeyPatch) -> tuple[Ledger, Ledger, bool]:
    """Return the ledger as it is made, the one made decision by decision, and whether the first took one call."""
    left: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr(simulate_module, "_run_with_decisions", left.append)
        make()
    with monkeypatch.context() as patch:
        patch.setattr(simulate_module, "needs_no_decision", lambda setup: False)
        decided = make()
    return make(), decided, not left


def assert_same(one: Ledger, other: Ledger, label: object) -> None:
    assert same(one, other), label
    assert (one.notes, one.steps, one.dates.tolist()) == (other.notes, other.steps, other.dates.tolist()), label


@pytest.mark.parametrize(
    ("seed", "count"), [(0, 100), pytest.param(1, 1000, marks=pytest.mark.slow)], ids=["100", "1000"]
)
def test_one_call_is_the_run_by_decisions_and_the_reference(
    seed: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, paths = random.Random(f"one call {seed}"), {True: 0, False: 0}
    for number in range(count):
        case = quiet_case(rng)
        try:
            expected = run(case)
        except LedgerError:
            with pytest.raises(EngineError):
                engine_ledger(case)
            continue
        ledger, decided, one_call = both_ways(lambda case=case: engine_ledger(case)[0], monkeypatch)
        assert_same(ledger, decided, f"seed {seed} case {number}")
        assert first_difference(case, expected, ledger) is None, f"seed {seed} case {number}"
        paths[one_call] += 1
    assert min(paths.values()) > count / 7, paths


COSTS = [
    NoCosts(),
    NoCosts(spread=7),
    PercentCosts(rate=0.001),
    PercentCosts(rate=0.2),
    PerOrderCosts(fixed=1, rate=0.001, minimum=2, maximum=30),
    BrokerCosts(tariff="comdirect"),
]


def random_policy(rng: random.Random) -> Policy:
    """A mix, a core with satellites, or one purchase for ever; targets may leave cash, or name nothing of an asset."""
    kind, rule = rng.choice("mcb"), rng.choice(["annual", "every", "never"])
    timing = {
        "annual": {"kind": "annual", "month": rng.choice(MONTH_NAMES), "session": rng.choice(["first", "last", 3])},
        "every": {"kind": "every", "period": rng.choice(["week", "month", "quarter", "half_year"])},
        "never": {"kind": "never"},
    }[rule]
    if kind == "c":
        satellites = {name: rng.choice(["2%", "2.5%", "3%"]) for name in "CDE"}
        core = {"A": "rest", "B": f"{rng.randint(5, 25)}%"}
        return CoreSatellite.model_validate({"core": core, "satellites": satellites, "cap": "3%", "rebalance": timing})
    parts = [rng.choice([0, 1, 2, 5]) for _ in "ABCDE"]
    parts[0] += 1
    weights = {name: part / (sum(parts) + rng.choice([0, 0, 1])) for name, part in zip("ABCDE", parts, strict=True)}
    if kind == "b":
        return BuyAndHold.model_validate({"weights": weights})
    return FixedMix.model_validate({"weights": weights, "rebalance": timing})


def random_closes(rng: random.Random) -> np.ndarray:
    """Two years of five assets; one may list late, end early or miss a close."""
    draws, sessions = np.random.default_rng(rng.randrange(2**32)), rng.randint(30, 520)
    closes = np.round(draws.uniform(1, 300, 5) * np.cumprod(1.0 + draws.normal(0.0, 0.02, (sessions, 5)), axis=0), 3)
    closes, fate, j = closes + 0.01, rng.randrange(8), rng.randrange(1, 5)
    at = rng.randrange(1, sessions - 1)
    if fate < 3:
        closes[(slice(0, at), slice(at, None), at)[fate], j] = np.nan
    return closes


@pytest.mark.parametrize("seed", range(4))
def test_strategies_run_in_one_call_as_they_decide(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng, paths = random.Random(f"strategies {seed}"), {True: 0, False: 0}
    for number in range(250):
        policy, costs = random_policy(rng), rng.choice(COSTS)
        market = market_of(random_closes(rng), annual_cash_rate=rng.choice([0.0, 0.03, -0.01]))
        terms = account(
            capital=rng.choice([100_000, 2_000, 50]),
            shares=rng.choice(["fractional", "whole"]),
            execution=rng.choice(["close", "next_close"]),
        )
        start, version = (
            rng.randrange(20),
            rng.choice([AS_WRITTEN, BOUGHT_AND_HELD, AS_WRITTEN._replace(watches_caps=False)]),
        )

        def make() -> Ledger:
            return simulate(market, policy, terms, costs.cost_table(5), start=start, version=version)  # noqa: B023

        ledger, decided, one_call = both_ways(make, monkeypatch)
        assert_same(ledger, decided, f"seed {seed} case {number}: {policy!r} {costs!r} {terms!r}")
        paths[one_call] += 1
    assert min(paths.values()) > 30, paths
