"""A variant run in a batch has the metrics that ``simulate`` gives it by itself, to the last bit."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import config

from engine.data.market import Market
from engine.data.sessions import MONTH_NAMES
from engine.portfolio.account import Account
from engine.portfolio.costs import BrokerCosts, NoCosts, PercentCosts, PerOrderCosts
from engine.simulation.kernel.batch.run_lanes import run_lanes
from engine.simulation.simulate import simulate
from engine.sweep.batch import run_batch
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.planner import MarketPlanner, VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.batches import NAMES, mixes, steady_market


def first_difference(market: Market, variant: Variant, risk_free: float | np.ndarray) -> str:
    """Return the first session after which a batch and ``simulate`` differ, what is traded there, and both values."""
    for end in range(variant.start + 1, variant.end + 1):
        shorter = variant._replace(end=end)
        batch, alone = (
            variant_metric_table(market, [shorter], risk_free)[0],
            reference_metrics(market, shorter, risk_free),
        )
        for name, one, other in zip(SWEEP_METRICS, batch, alone, strict=True):
            if one != other and not (np.isnan(one) and np.isnan(other)):
                cut, costs = market.truncate(market.dates[end - 1]), variant.costs.cost_table(len(market.assets))
                ledger = simulate(cut, variant.policy, variant.account, costs, start=variant.start)
                rules = [ledger.reasons[k] for k in np.flatnonzero(ledger.rows == len(ledger.dates) - 1)] or [
                    "no trade"
                ]
                return f"from {market.dates[end - 1]} on, {' and '.join(rules)}: {name} {float(one)!r} in a batch, {float(other)!r} alone"
    return "only among others"


def key_of(market: Market, variant: Variant) -> object:
    """Return what variants must share with this one to run beside it; None when only ``simulate`` can run it."""
    columns = VariantColumns.from_variants(planner_for(market), [variant])
    return columns.key if columns else None


def equal(left: np.ndarray, right: np.ndarray) -> None:
    for name, one, other in zip(SWEEP_METRICS, left, right, strict=True):
        assert (one == other) or (np.isnan(one) and np.isnan(other)), f"{name}: {one!r} in a batch, {other!r} by itself"


def compare(market: Market, variants: list[Variant], risk_free: float | np.ndarray = 0.0, threads: int = 1) -> int:
    """Run all variants both ways, batch by batch; return how many ran in one."""
    batches: dict[object, list[Variant]] = {}
    for variant in variants:
        batches.setdefault(key_of(market, variant), []).append(variant)
    batches.pop(None, None)
    for members in batches.values():
        table = variant_metric_table(market, members, risk_free, threads)
        for row, variant in zip(table, members, strict=True):
            if not np.array_equal(row, reference_metrics(market, variant, risk_free), equal_nan=True):
                pytest.fail(first_difference(market, variant, risk_free))
    return sum(map(len, batches.values()))


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
        {"kind": "annual", "month": rng.choice(MONTH_NAMES), "session": rng.choice(["first", "last", 2])},
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
            BrokerCosts(tariff="interactive_brokers_fixed"),
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
def test_variants_of_wild_markets_have_the_bits_of_simulate(seed: int) -> None:
    rng = random.Random(f"lanes {seed}")
    ran = 0
    for _ in range(8):
        market = random_market(rng)
        rate = rng.choice([0.0, 1e-4, np.linspace(-1e-4, 3e-4, len(market.dates))])
        ran += compare(market, [random_variant(rng, market) for _ in range(25)], rate)
    assert ran > 100


@pytest.mark.parametrize("rate", [0.0, 1e-4])
def test_the_article_s_plans_over_real_prices_have_the_bits_of_simulate(shared_data, rate: float) -> None:
    """Baskets with names that list late (ASTS, RKLB, IONQ, RXRX, VKTX) and two that end early, each with its own terms."""
    market, rng = real_market(shared_data), random.Random(f"article {rate}")
    names = ("CRS", "UNF", "SRCE", "MMSI", "ITRI", "IONQ", "RKLB", "ASTS", "VKTX", "RXRX")
    variants = []
    for _ in range(100):
        basket, start = (
            rng.sample(names, rng.choice([3, 4, 5])),
            int(np.searchsorted(market.dates, np.datetime64("2004-02-02"))),
        )
        policy = CoreSatellite.model_validate(
            {
                "core": {"SPY": "rest", "VB": rng.randint(5, 25) / 100},
                "satellites": dict.fromkeys(basket, rng.choice([0.02, 0.025, 0.03])),
                "cap": 0.03,
                "caps": rng.choice(["at_rebalance", "always"]),
                "rebalance": random_rebalance(rng),
            }
        )
        variants.append(Variant(policy, Account(capital=1e5), random_costs(rng), start, len(market.dates)))
    assert compare(market, variants, rate, threads=2) == 100


def real_market(shared_data, extra: tuple[str, ...] = ()) -> Market:
    import pyarrow.parquet as pq

    table = pq.read_table(shared_data / "prices.parquet")
    names = ("SPY", "VB", "CRS", "UNF", "SRCE", "MMSI", "ITRI", "IONQ", "RKLB", "ASTS", "VKTX", "RXRX", *extra)
    dates = table["date"].to_numpy().astype("datetime64[D]")
    return Market.build(dates, names, np.column_stack([table[name].to_numpy() for name in names]))


def test_neither_threads_nor_neighbours_nor_order_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    market = steady_market()
    variants = mixes(market, 90)
    table = variant_metric_table(market, variants)
    assert not np.isnan(table[:, :16]).any()
    assert variant_metric_table(market, variants, threads=3).tobytes() == table.tobytes()
    assert variant_metric_table(market, variants[::-1])[::-1].tobytes() == table.tobytes()
    assert variant_metric_table(market, variants[17:18]).tobytes() == table[17:18].tobytes()
    monkeypatch.setattr(run_batch, "CHUNK_VARIANTS", 16)
    assert variant_metric_table(market, variants, threads=2).tobytes() == table.tobytes()


def test_other_columns_of_the_market_change_nothing(shared_data) -> None:
    """A run has its benchmarks beside it, a sweep the names of other baskets."""
    plan = {
        "core": {"SPY": "rest", "VB": 0.15},
        "satellites": dict.fromkeys(("CRS", "UNF", "IONQ"), 0.025),
        "cap": 0.03,
    }
    variant = Variant(CoreSatellite.model_validate(plan), Account(), PercentCosts(rate=0.001), 7500, 9500)
    narrow, wide = real_market(shared_data), real_market(shared_data, ("IWM", "AGG", "QQQ", "KO", "JPM", "XOM", "MCD"))
    assert key_of(wide, variant) is not None
    equal(variant_metric_table(wide, [variant])[0], reference_metrics(narrow, variant))


def test_a_total_loss_in_a_batch_has_the_metrics_of_simulate() -> None:
    """Nothing is divided by a value of zero: what is left of the run is a flat line at a total loss."""
    closes = 20.0 * np.cumprod(1.0 + np.random.default_rng(5).normal(3e-4, 0.01, (300, 2)), axis=0)
    closes[200:, 0] = np.nan
    dates = np.busday_offset(np.datetime64("2018-01-01"), np.arange(300), roll="forward")
    market = Market.build(dates, NAMES[:2], closes)
    lost = {"weights": {"AAA": 1.0}, "after_delisting": {"to": "cash", "haircut": "100%"}}
    variants = [
        Variant(FixedMix.model_validate({**lost, "rebalance": {"kind": kind}}), Account(), NoCosts(), 0, 300)
        for kind in ("annual", "never")
    ]
    table = variant_metric_table(market, variants)
    for row, variant in zip(table, variants, strict=True):
        assert key_of(market, variant) is not None
        equal(row, reference_metrics(market, variant))
        assert (row[SWEEP_METRICS.index("final_value")], row[SWEEP_METRICS.index("max_drawdown")]) == (0.0, -1.0)
        assert np.isfinite(row[SWEEP_METRICS.index("volatility")])


def test_what_a_batch_cannot_do_is_left_to_simulate() -> None:
    market = steady_market()
    mix = FixedMix.model_validate({"weights": {"AAA": 0.5, "BBB": 0.4}})
    end = len(market.dates)
    usual = Variant(mix, Account(), NoCosts(), 0, end)
    assert key_of(market, usual) is not None
    part = FixedMix.model_validate(
        {"weights": {"AAA": 0.5, "BBB": 0.4}, "rebalance": {"kind": "band", "absolute": "5%"}, "trade_to": "edge"}
    )
    flows = Account.model_validate({"contributions": {"amount": 100}})
    whole = Account.model_validate({"shares": "whole"})
    for variant in (
        Variant(part, Account(), NoCosts(), 0, end),
        Variant(mix, flows, NoCosts(), 0, end),
        Variant(mix, whole, NoCosts(), 0, end),
        Variant(mix, Account(), NoCosts(), 0, 2),
    ):
        assert key_of(market, variant) is None
        equal(variant_metric_table(market, [variant])[0], reference_metrics(market, variant))


def test_an_order_that_waits_is_run_by_simulate_while_the_batch_runs_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """B has no close at the January rebalance; only who holds it has an order that waits."""
    closes = np.full((300, 3), 10.0) * np.cumprod(1.0 + np.random.default_rng(1).normal(0, 0.01, (300, 3)), axis=0)
    dates = np.busday_offset(np.datetime64("2019-06-03"), np.arange(300), roll="forward")
    row = int(np.searchsorted(dates, np.datetime64("2020-01-01")))
    closes[row, 1] = np.nan
    market = Market.build(dates, NAMES[:3], closes)
    kinds = ({"AAA": 0.6, "CCC": 0.4, "BBB": 0.0}, {"AAA": 0.6, "BBB": 0.4, "CCC": 0.0})
    variants = [Variant(FixedMix.model_validate({"weights": one}), Account(), NoCosts(), 0, 300) for one in kinds]
    asked = []
    monkeypatch.setattr(run_batch, "reference_metrics", lambda *of: asked.append(of[1]) or reference_metrics(*of))
    table = variant_metric_table(market, variants)
    assert asked == variants[1:]
    for found, variant in zip(table, variants, strict=True):
        equal(found, reference_metrics(market, variant))


def test_metrics_are_those_that_a_run_prints() -> None:
    from engine.analysis.comparison import capped_peak_weights
    from engine.analysis.metrics_table import compute_metrics
    from engine.analysis.performance import Performance

    market = steady_market(500, 6)
    plan = {"core": {"AAA": "rest", "BBB": 0.1}, "satellites": dict.fromkeys(NAMES[2:6], 0.03), "cap": 0.03}
    variant = Variant(CoreSatellite.model_validate(plan), Account(), PercentCosts(rate=0.001), 0, 500)
    found = dict(zip(SWEEP_METRICS, variant_metric_table(market, [variant])[0].tolist(), strict=True))
    ledger = simulate(market, variant.policy, variant.account, variant.costs.cost_table(6))
    performance = Performance.from_ledger(ledger)
    printed = compute_metrics(performance)
    assert {name: found[name] for name in SWEEP_METRICS if name in printed} == {
        n: printed[n] for n in SWEEP_METRICS if n in printed
    }
    tops = capped_peak_weights(ledger, market, variant.policy).values()
    assert found["max_weight"] == pytest.approx(max(peak.weight for peak in tops), rel=1e-15)
    weights = ledger.weights(market)[:, [market.column_index(name) for name in NAMES[2:6]]]
    assert found["sessions_over_cap"] == (weights > 0.03 * (1 + 1e-9)).any(axis=1).sum() > 0
    returns = performance.returns
    assert sum(found[f"return_sum_{b:02d}"] for b in range(16)) == pytest.approx(returns.sum(), rel=1e-12)
    assert found["square_sum_03"] == pytest.approx((returns[499 * 3 // 16 : 499 * 4 // 16] ** 2).sum(), rel=1e-12)


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="there is no compiler here")
def test_all_batches_share_one_compilation() -> None:
    """A layout or a type that differs would cost every sweep the compiler's seconds again, or a copy a group."""
    market = steady_market(300, 5)
    plan = {"core": {"AAA": "rest", "BBB": 0.1}, "satellites": dict.fromkeys(NAMES[2:5], 0.03), "cap": 0.03}
    band = {"kind": "band", "absolute": "2%"}
    for more in ({}, {"caps": "always"}, {"rebalance": band}):
        variant = Variant(CoreSatellite.model_validate({**plan, **more}), Account(), NoCosts(), 0, 300)
        variant_metric_table(market, [variant])
        variant_metric_table(market, [variant] * 20, 1e-4, threads=2)
    variant_metric_table(market, mixes(market, 30))
    assert len(run_lanes.signatures) == 1


def test_without_a_compiler_the_bits_are_the_same() -> None:
    program = (
        "from engine.sweep.batch import run_batch\n"
        "from engine.sweep.batch.run_batch import variant_metric_table\n"
        "from tests.support.batches import mixes, steady_market\n"
        "run_batch.reference_metrics = None  # lanes only\n"
        "market = steady_market(40)\n"
        "print(variant_metric_table(market, mixes(market, 9)).tobytes().hex())\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    market = steady_market(40)
    assert printed.stdout.strip() == variant_metric_table(market, mixes(market, 9)).tobytes().hex()


def test_a_key_for_one_calendar_is_not_taken_for_another_s() -> None:
    market = steady_market(300, 3)
    kinds = ({"kind": "annual"}, {"kind": "every", "period": "month"}, {"kind": "every", "period": "week"})
    mix = {"AAA": 0.5, "BBB": 0.3, "CCC": 0.2}
    policies = [FixedMix.model_validate({"weights": mix, "rebalance": kind}) for kind in kinds]
    variants = [Variant(policy, Account(), NoCosts(), 0, 300) for policy in policies]
    assert {key_of(market, variant) for variant in variants} == {key_of(market, variants[0])} != {None}
    for row, variant in zip(variant_metric_table(market, variants), variants, strict=True):
        equal(row, reference_metrics(market, variant))


def test_what_is_remembered_of_millions_of_policies_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    market = steady_market(200)
    variants = mixes(market, 60)
    table = variant_metric_table(market, variants)
    cache = MarketPlanner(market, capacity=8)
    monkeypatch.setattr(run_batch, "planner_for", lambda _: cache)
    assert variant_metric_table(market, variants).tobytes() == table.tobytes()
    assert max(len(memo.answers) for memo in (cache.calendar_specs, cache.decisions, cache.costs)) <= 8
