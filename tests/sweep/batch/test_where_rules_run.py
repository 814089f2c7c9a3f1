"""docs/semantics.md says which rules run in one call and in lanes: a tiny plan of each does what its line says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from engine.data.market import Market
from engine.simulation import simulate as simulate_module
from engine.simulation.simulate import simulate
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from tests.support.batches import steady_market
from tests.support.configs import ROOT, config

PLAN: Final = """
name: tiny
data: {source: {kind: files, path: prices.csv}}
account: {currency: USD}
strategy:
  kind: core_satellite
  core: {AAA: 60%, BBB: rest}
  satellites: {CCC: 4%, DDD: 4%, EEE: 4%}
  cap: 5%
  rebalance: {kind: annual, month: january}
costs: {kind: percent, rate: 0.1%}
"""
CHOSEN: Final = (
    "strategy.satellites={universe: {names: [{ticker: CCC, name: c, sector: s, brokers: [b]%s},"
    " {ticker: DDD, name: d, sector: s, brokers: [b]}]}, choose: {kind: named, names: [CCC, DDD]},"
    " count: {min: 1, max: 5}, weight: 4%%%s}"
)
SAVING: Final = "account.contributions={amount: 100, every: month}"
SPENDING: Final = "account.contributions={amount: -100, every: month}"
SLEEVES: Final = "strategy.core={US: {weight: 60%%, of: {AAA: 80%%, BBB: rest}%s}, FFF: rest}"
RULES: Final = {
    "none of these": (),
    "`strategy.caps: always`": ("strategy.caps=always",),
    "a band that rebalances everything": ("strategy.rebalance={kind: band, absolute: 5%}",),
    "a band that trades a part": ("strategy.rebalance={kind: band, absolute: 5%}", "strategy.trade_only=drifted"),
    "`strategy.loss_review`": ("strategy.loss_review={trigger: 20%, thesis: {kind: never}}",),
    "`account.shares: whole`": ("account.shares=whole",),
    "`strategy.satellites.where`": (CHOSEN % ("", ", where: [figure > 0], table: {path: figures.csv}"),),
    "a universe with `from` or `to`": (CHOSEN % (", from: 2018-01-01", ""),),
    "`costs.yearly`": ("costs.yearly=0.1%",),
    "`account.execution: {kind: limit}`": ("account.execution={kind: limit, margin: 0.5%}",),
    "`costs: {kind: broker}`": ("costs={kind: broker, tariff: interactive_brokers_tiered}",),
    "`costs.savings_plan`": ("costs={kind: broker, tariff: comdirect, savings_plan: true}", SAVING),
    "`costs.spread` by name": ("costs.spread={CCC: 0.1%, rest: 0.02%}",),
    "`account.contributions`, withdrawals too": (SAVING,),
    "`account.when_spent: stop`": ("account.when_spent=stop", SPENDING),
    "`strategy.caps_by_name`, all the same": ("strategy.caps_by_name={CCC: 5%}",),
    "`strategy.caps_by_name`, different ones": ("strategy.caps_by_name={CCC: 4.5%}",),
    "`strategy.over_cap: to_core`": ("strategy.over_cap=to_core", "strategy.cap=3%"),
    "sleeves without a rebalance of their own": (SLEEVES % "",),
    "sleeves with `rebalance`": (SLEEVES % ", rebalance: {kind: every, period: quarter}",),
    "`strategy.never_sell`": ("strategy.never_sell=[AAA]",),
    "`rebalance: {kind: annual, every: 2}`": ("strategy.rebalance={kind: annual, month: january, every: 2}",),
    "`account.cash.rate` of a file": ("account.cash={rate: {path: rates.csv, unit: percent}}",),
}


@pytest.fixture(scope="module")
def documented() -> dict[str, tuple[str, str]]:
    """What the table says of each rule: whether it runs in one call, and in lanes."""
    text = (ROOT / "docs" / "semantics.md").read_text()
    table = re.search(r"\| Rule \| in one call \| in lanes \|\n\|[-|]+\|\n((?:\|.*\n)+)", text)
    assert table
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1].splitlines()]
    return {rule: (one, lanes) for rule, one, lanes in rows}


def test_the_table_has_every_rule(documented: dict[str, tuple[str, str]]) -> None:
    """No rule stands in the table without a plan here."""
    assert set(documented) == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_runs_where_the_table_says(
    rule: str, documented: dict[str, tuple[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan of it is made in one call or decision by decision, in lanes or not; in lanes to the bit as by itself."""
    market, variant = tiny_variant(rule, tmp_path, monkeypatch)
    lanes = VariantColumns.from_variants(planner_for(market), [variant]) is not None
    decided: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr(simulate_module, "_run_with_decisions", decided.append)
        costs = variant.costs.cost_table(market.assets)
        simulate(market, variant.policy, variant.account, costs)
    assert (not decided, lanes) == tuple(said == "yes" for said in documented[rule])
    if lanes:
        side_by_side = variant_metric_table(market, [variant, variant])
        alone = reference_metrics(market, variant, 0.0)
        assert np.array_equal(side_by_side, [alone, alone], equal_nan=True), SWEEP_METRICS


def tiny_variant(rule: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Market, Variant]:
    """Return a plan with a rule over four years of six assets."""
    monkeypatch.chdir(folder)
    Path("figures.csv").write_text(
        "ticker,period_end,available_date,figure\nCCC,2017-12-31,2018-02-01,1\nDDD,2017-12-31,2018-02-01,-1\n"
    )
    Path("rates.csv").write_text("date,rate\n2017-01-01,1.5\n2019-06-03,0.25\n2030-01-01,2\n")
    plan, market = config(PLAN, *RULES[rule]), steady_market(1000, 6)
    account, sessions = plan.account, len(market.dates)
    rate = account.cash.annual_rates(market.dates, 0, sessions)
    market = Market.build(market.dates, market.assets, market.prices, annual_cash_rate=rate)
    return market, Variant(plan.strategy, account, plan.costs, 0, sessions)
