"""How long a twenty-year run takes before and after tax, and how many taxed variants lanes make.

Six seeded assets, two of them funds; with quarterly dividends, reinvested after tax, or without. The set-up, and the
compilation of the lanes, stay outside the timed part. ``pytest benchmarks/time_taxes.py``; where others use the same
processors, with ``--benchmark-timer=time.process_time``.
"""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import pytest

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts
from engine.simulation.run_setup import AS_WRITTEN, RunSetup
from engine.simulation.simulate import _run_with_decisions
from engine.simulation.taxed_targets import run_taxed_in_one_call
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import TradingTerms, group_policies
from engine.sweep.batch.run_batch import batch_metric_table
from engine.tax.book import Taxation
from engine.tax.germany.law import GermanTax
from engine.tax.united_states.law import UnitedStatesTax
from strategies.fixed_mix import FixedMix

SESSIONS, VARIANTS = 5000, 16_384  # as many as two threads get in equal parts: fewer than a chunk are one thread's
FUNDS, STOCKS = ("A", "B"), ("C", "D", "E", "F")
NAMES = FUNDS + STOCKS
JANUARY = {"kind": "annual", "month": "january"}
COSTS = PercentCosts(rate=0.001)
EQUITY = {"fund": "equity", "income": "distributing"}
LAWS: dict[str, Taxation | None] = {
    "untaxed": None,
    "germany": GermanTax.model_validate(
        {
            "kind": "germany",
            "base_rate": {"before_2007": "4%"},
            "assets": dict.fromkeys(FUNDS, EQUITY) | {name: {"stock": "US"} for name in STOCKS},
        }
    ).taxation(reinvests=True),
    "united_states": UnitedStatesTax.model_validate(
        {
            "kind": "united_states",
            "rates": {"ordinary": "24%", "long_term": "15%"},
            "wash_sales": False,
            "assets": {name: {"fund": "us"} for name in NAMES},
        }
    ).taxation(reinvests=True),
}


@cache
def market(*, pays: bool) -> Market:
    """Return twenty years of weekdays of seeded closes, with about four dividends a year of each asset or none."""
    rng = np.random.default_rng(2004)
    closes = 50.0 * np.cumprod(1.0 + rng.normal(0.0004, 0.012, (SESSIONS, len(NAMES))), axis=0)
    dates = np.busday_offset("2004-02-02", np.arange(SESSIONS), roll="forward")
    found = Market.build(dates, NAMES, closes)
    if not pays:
        return found
    paid = np.zeros_like(closes)
    for column in range(len(NAMES)):
        paid[40 + 7 * column :: 63, column] = 0.004 * closes[40 + 7 * column :: 63, column]
    return dataclasses.replace(found, dividends=paid)


def plan(first: float = 0.75) -> FixedMix:
    """Return a plan that holds ``first`` in the first asset, and the rest in equal parts."""
    rest = (1.0 - first) / (len(NAMES) - 1)
    weights = dict.fromkeys(NAMES, rest) | {NAMES[0]: first}
    return FixedMix.model_validate({"weights": weights, "rebalance": JANUARY})


@pytest.mark.parametrize("pays", [False, True], ids=["no-dividends", "dividends"])
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.benchmark(group="one run, 20y-6-assets")
def test_run(benchmark, law: str, *, pays: bool) -> None:
    """Time a taxed run in one call, and decision by decision the untaxed one, which invests its dividends at once."""
    taxed = LAWS[law] is not None
    own, table = dataclasses.replace(market(pays=pays), invests_dividends=not taxed), COSTS.cost_table(len(NAMES))
    policy, account, run = plan(), Account(capital=100_000.0), run_taxed_in_one_call if taxed else _run_with_decisions

    def once() -> object:
        return run(RunSetup.build(own, policy, account, table, 0, AS_WRITTEN, LAWS[law]))

    assert benchmark.pedantic(once, rounds=60, warmup_rounds=3) is not None


@pytest.mark.parametrize("pays", [False, True], ids=["no-dividends", "dividends"])
@pytest.mark.parametrize("law", [law for law in LAWS if LAWS[law] is not None])
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.benchmark(group="16,384 taxed variants, 20y-6-assets")
def test_variants(benchmark, law: str, threads: int, *, pays: bool) -> None:
    """Time variants in lanes with all their metrics."""
    own, policies = market(pays=pays), [plan(0.5 + 0.4 * at / VARIANTS) for at in range(VARIANTS)]
    planner, group = planner_for(own), group_policies(own.assets, policies)
    assert group is not None
    terms = TradingTerms(Account(capital=100_000.0), COSTS, LAWS[law])
    key = planner.taxed_batch_key(group, 0, terms, policies[0].schedule, 0, SESSIONS)
    assert key is not None
    nothing = np.zeros(VARIANTS, dtype=np.int64)
    columns = VariantColumns(key, group, [terms], [policies[0].schedule], np.arange(VARIANTS), nothing, nothing)
    table = benchmark.pedantic(batch_metric_table, (planner, columns, 0.0, threads), rounds=5, warmup_rounds=1)
    benchmark.extra_info["variants a second"] = round(VARIANTS / benchmark.stats.stats.median)
    assert not np.isnan(table[:, 0]).any()
