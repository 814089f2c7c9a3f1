"""A plan over resampled histories has, in each, the metrics that ``simulate`` gives it there, to the last bit."""

from __future__ import annotations

import dataclasses
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config

from engine.core.errors import DataError
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import NoCosts, PercentCosts, PerOrderCosts
from engine.simulation.kernel.batch.resampled_closes import fill_history
from engine.simulation.kernel.batch.run_path_lanes import run_path_lanes
from engine.sweep.batch import run_paths
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import reference_metrics
from engine.sweep.batch.run_paths import ResampledHistories, path_metric_table
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.batches import NAMES, mixes, steady_market
from tests.sweep.batch.test_batch_equals_simulate import equal, random_costs, random_rebalance

WORD = 2**64


def noise(x: int) -> int:
    """The finaliser of splitmix64, in whole numbers of Python's own."""
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) % WORD
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) % WORD
    return x ^ (x >> 31)


def drawn_rows(histories: ResampledHistories, number: int, sessions: int) -> list[int]:
    """The rows of returns of a history, as the module says them, drawn one by one."""
    gamma, count = 0x9E3779B97F4A7C15, len(histories.returns)
    key, rows = noise((noise((histories.seed + gamma) % WORD) + number * gamma) % WORD), []
    for session in range(1, sessions):
        place = key + 2 * session * gamma
        if session == 1 or noise(place % WORD) < int(WORD / histories.mean_block):
            rows.append((noise((place + gamma) % WORD) >> 32) * count >> 32)
        else:
            rows.append((rows[-1] + 1) % count)
    return rows


def rebuilt(market: Market, histories: ResampledHistories, number: int) -> Market:
    closes = [market.prices[0]]
    for row in drawn_rows(histories, number, len(market.dates)):
        closes.append(closes[-1] * (1.0 + histories.returns[row]))
    return dataclasses.replace(market, prices=np.array(closes))


def random_plan(rng: random.Random) -> FixedMix | CoreSatellite:
    rebalance = random_rebalance(rng)
    if rng.random() < 0.4:
        shares = [rng.randint(1, 9) for _ in range(5)]
        weights = {name: share / (sum(shares) + 1) for name, share in zip(NAMES, shares, strict=False)}
        return FixedMix.model_validate({"weights": weights, "rebalance": rebalance})
    return CoreSatellite.model_validate(
        {
            "core": {"AAA": "rest", "BBB": rng.choice(["5%", "25%"])},
            "satellites": dict.fromkeys(NAMES[2:5], rng.choice(["2%", "3%"])),
            "cap": "3%",
            "caps": rng.choice(["at_rebalance", "always"]),
            "rebalance": rebalance,
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_paths_have_the_bits_of_simulate_over_the_history_rebuilt(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of them in lanes: what ``simulate`` runs in their place is itself."""
    rng, alone = random.Random(f"paths {seed}"), []
    monkeypatch.setattr(run_paths, "reference_metrics", lambda *of: alone.append(of) or reference_metrics(*of))
    for _ in range(8):
        sessions = rng.choice([5, 60, 700])
        draws = np.random.default_rng(rng.randrange(2**32))
        dates = np.busday_offset(np.datetime64("2015-11-03"), np.arange(sessions), roll="forward")
        closes = rng.choice([1.0, 1e4]) * np.cumprod(1.0 + draws.normal(0.0, 0.01, (sessions, 5)), axis=0)
        market = Market.build(dates, NAMES[:5], closes, annual_cash_rate=0.03)
        returns = draws.normal(4e-4, rng.choice([0.002, 0.02]), (rng.choice([1, 50, 900]), 5))
        histories = ResampledHistories(returns, rng.randrange(2**64), rng.choice([1.0, 7.5, 40.0]))
        execution = rng.choice(["close", "close", "next_close"])
        account = Account.model_validate({"execution": execution, "cash": {"rate": 0.03}})
        variant = Variant(random_plan(rng), account, random_costs(rng), 0, sessions)
        rate = rng.choice([0.0, 1e-4, np.linspace(-1e-4, 3e-4, sessions)])
        numbers = np.array([0, 3, 1, 2**40, 11, 12, 13, 14, 15, 16])
        table = path_metric_table(market, variant, histories, numbers, rate)
        for number, row in zip(numbers.tolist(), table, strict=True):
            equal(row, reference_metrics(rebuilt(market, histories, number), variant, rate))
    assert len(alone) < 40


@pytest.mark.slow
def test_neither_threads_nor_order_nor_number_of_histories_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    market = steady_market(300, 3)
    histories = ResampledHistories(market.prices[1:] / market.prices[:-1] - 1.0, 5, 20.0)
    policy = FixedMix.model_validate({"weights": {"AAA": 0.5, "BBB": 0.3, "CCC": 0.2}})
    variant, numbers = Variant(policy, Account(), PercentCosts(rate=0.001), 0, 300), np.arange(90)
    table = path_metric_table(market, variant, histories, numbers)
    assert len({row.tobytes() for row in table}) == 90
    assert path_metric_table(market, variant, histories, numbers[::-1])[::-1].tobytes() == table.tobytes()
    assert path_metric_table(market, variant, histories, numbers[17:18]).tobytes() == table[17:18].tobytes()
    monkeypatch.setattr(run_paths, "CHUNK_HISTORIES", 16)
    assert path_metric_table(market, variant, histories, numbers, threads=3).tobytes() == table.tobytes()


def test_blocks_begin_anywhere_and_are_as_long_as_asked_on_average() -> None:
    """40,000 sessions a seed: blocks of 25 in the mean, 1,600 of them (4 standard errors: 10 %), rows equally often."""
    count, sessions = 50, 40_000
    market, returns = steady_market(3, 1), np.zeros((count, 1))
    for seed in range(5):
        histories = ResampledHistories(returns, seed, 25.0)
        rows = np.empty(sessions, dtype=np.int64)
        source = histories.source(market.prices[0], [0])
        with np.errstate(over="ignore"):
            fill_history(rows, 0, source.seed, source.restart, count)
        assert rows.tolist() == drawn_rows(histories, 0, sessions + 1)
        begins = rows[np.flatnonzero(np.diff(rows, prepend=-2) % count != 1)]
        assert len(begins) == pytest.approx(sessions / 25.0 * (1 - 1 / count), rel=0.1)
        assert np.bincount(begins, minlength=count).std() < 2.0 * np.sqrt(len(begins) / count)
        assert np.bincount(rows, minlength=count) == pytest.approx(sessions / count, rel=0.6)


def test_no_two_histories_or_seeds_share_their_draws() -> None:
    market, returns = steady_market(3, 1), np.zeros((10_000, 1))
    drawn = set()
    for seed in (0, 1, 2**63, 2**64 - 1):
        source = ResampledHistories(returns, seed, 1.0).source(market.prices[0], [0])
        for number in (0, 1, 2, 2**32, 2**62):
            rows = np.empty(5, dtype=np.int64)
            with np.errstate(over="ignore"):
                fill_history(rows, number, source.seed, source.restart, 10_000)
            drawn.add(tuple(rows.tolist()))
    assert len(drawn) == 20


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.integers(1, 11), st.integers(3, 90), st.integers(0, 2**63), st.sampled_from([1.0, 3.0, 1e9]))
def test_without_trades_a_path_ends_where_its_closes_do(assets: int, sessions: int, seed: int, block: float) -> None:
    """Units bought at the first close are worth their last one: for any number of assets, and blocks without end."""
    market = steady_market(sessions, 7)
    names = [f"A{number:02d}" for number in range(assets)]
    draws = np.random.default_rng(seed)
    market = Market.build(market.dates, tuple(names), draws.uniform(1.0, 99.0, (sessions, assets)))
    histories = ResampledHistories(draws.normal(0.0, 0.03, (17, assets)), seed, block)
    weights = dict.fromkeys(names, 1.0 / assets)
    policy = FixedMix.model_validate({"weights": weights, "rebalance": {"kind": "never"}})
    variant = Variant(policy, Account(capital=1000.0), NoCosts(), 0, sessions)
    ends = path_metric_table(market, variant, histories, np.arange(3))[:, 0]
    for number, end in enumerate(ends.tolist()):
        closes = rebuilt(market, histories, number).prices
        assert end == pytest.approx(1000.0 * (closes[-1] / closes[0]).mean(), rel=1e-12)


@pytest.mark.slow
def test_two_plans_meet_the_same_histories() -> None:
    """A plan of one asset earns what the asset does, beside which other plan it stands or none."""
    market = steady_market(300, 3)
    histories = ResampledHistories(market.prices[1:] / market.prices[:-1] - 1.0, 5, 20.0)
    ends = []
    for weights in ({"BBB": 1.0}, {"AAA": 0.0, "BBB": 1.0, "CCC": 0.0}):
        policy = FixedMix.model_validate({"weights": weights, "rebalance": {"kind": "never"}})
        variant = Variant(policy, Account(), NoCosts(), 0, 300)
        ends.append(path_metric_table(market, variant, histories, np.arange(20))[:, 0])
    assert ends[0].tobytes() == ends[1].tobytes()


def test_what_has_no_returns_has_no_histories() -> None:
    market = steady_market(60, 3)
    policy = FixedMix.model_validate({"weights": {"AAA": 0.5, "CCC": 0.5}})
    for wrong in (np.nan, -1.0, np.inf):
        returns = np.zeros((9, 3))
        returns[4] = [0.0, wrong, wrong]
        histories = ResampledHistories(returns, 1, 5.0)
        with pytest.raises(DataError, match=r"^CCC: histories need .* a return above -100 % in every row"):
            path_metric_table(market, Variant(policy, Account(), NoCosts(), 0, 60), histories, np.arange(3))


@pytest.mark.slow
def test_histories_that_lanes_cannot_run_are_run_by_simulate() -> None:
    """A fee that a small account cannot pay, and a loss of everything."""
    market = steady_market(60, 2)
    returns = np.tile([[0.01, -0.02], [-0.9, 0.3]], (3, 1))
    histories = ResampledHistories(returns, 3, 4.0)
    policy = FixedMix.model_validate(
        {"weights": {"AAA": 0.9, "BBB": 0.1}, "rebalance": {"kind": "every", "period": "week"}}
    )
    whole = Account.model_validate({"shares": "whole"})
    for account, costs in ((Account(), PerOrderCosts(fixed=5.0)), (whole, NoCosts())):
        variant = Variant(policy, account, costs, 0, 60)
        table = path_metric_table(market, variant, histories, np.arange(9))
        assert table[:, SWEEP_METRICS.index("max_drawdown")].min() < -0.99
        for number, row in enumerate(table):
            history = rebuilt(market, histories, number)
            equal(row, reference_metrics(history, variant._replace(account=account)))


@pytest.mark.slow
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="there is no compiler here")
def test_all_paths_share_one_compilation() -> None:
    market = steady_market(90, 5)
    histories = ResampledHistories(np.zeros((20, 5)), 1, 5.0)
    plan = {"core": {"AAA": "rest", "BBB": 0.1}, "satellites": dict.fromkeys(NAMES[2:5], 0.03), "cap": 0.03}
    for more in ({}, {"caps": "always"}, {"rebalance": {"kind": "band", "absolute": "2%"}}):
        variant = Variant(CoreSatellite.model_validate({**plan, **more}), Account(), NoCosts(), 0, 90)
        path_metric_table(market, variant, histories, np.arange(20), 1e-4)
    assert len(run_path_lanes.signatures) == 1


WITHOUT_A_COMPILER = """
import numpy as np
from engine.sweep.batch import run_paths
from engine.sweep.batch.run_batch import reference_metrics
from engine.sweep.batch.run_paths import ResampledHistories, path_metric_table
from tests.support.batches import mixes, steady_market
from tests.sweep.batch.test_paths_equal_simulate import equal, rebuilt
market = steady_market(40)
histories = ResampledHistories(market.prices[1:] / market.prices[:-1] - 1.0, 2**63 + 1, 9.0)
run_paths.reference_metrics = None  # lanes only
table = path_metric_table(market, mixes(market, 1)[0], histories, np.arange(9))
for number, row in enumerate(table):
    equal(row, reference_metrics(rebuilt(market, histories, number), mixes(market, 1)[0]))
print(table.tobytes().hex())
"""


def without_a_compiler() -> str:
    """Run the lanes of nine histories as Python, hold each to ``simulate``, and return their metrics as text."""
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT_A_COMPILER],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    return printed.stdout.strip()


def test_paths_run_as_python_have_the_bits_of_simulate() -> None:
    """Compiling the lanes of histories takes half a minute; what they compute is the same without (below)."""
    assert len(bytes.fromhex(without_a_compiler())) == 9 * len(SWEEP_METRICS) * 8


@pytest.mark.slow
def test_paths_without_a_compiler_have_the_same_bits() -> None:
    market = steady_market(40)
    histories = ResampledHistories(market.prices[1:] / market.prices[:-1] - 1.0, 2**63 + 1, 9.0)
    table = path_metric_table(market, mixes(market, 1)[0], histories, np.arange(9))
    assert without_a_compiler() == table.tobytes().hex()
