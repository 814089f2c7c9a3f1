"""Taxed variants in lanes have the metrics that ``simulate`` gives them by themselves, those after tax too."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
import pytest

from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import AnyCosts, NoCosts, PercentCosts, PerOrderCosts
from engine.sweep.batch.batch_metrics import sweep_metrics
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import TradingTerms, Variant, group_policies
from engine.sweep.batch.run_batch import batch_metric_table, reference_metrics
from engine.tax.book import Taxation
from engine.tax.germany.law import GermanTax
from strategies.fixed_mix import FixedMix
from tests.support.taxed_plans_at_random import american_law, dividend_market, german_law

NAMES = sweep_metrics(taxed=True)
Law = Callable[[random.Random, tuple[str, ...]], Taxation]


def random_family(rng: random.Random, market: Market, law: Taxation) -> list[Variant]:
    """Return variants of one policy that differ in their weights."""
    rebalance: dict[str, object] = rng.choice(
        [
            {"kind": "annual", "month": "january"},
            {"kind": "every", "period": "quarter"},
            {"kind": "band", "absolute": "5%", "look": "month"},
        ]
    )
    costs: AnyCosts = rng.choice([NoCosts(), PercentCosts(rate=0.001), PerOrderCosts(fixed=1.0)])
    account, variants = Account(capital=1e5), []
    for _ in range(11):
        shares = [rng.randint(1, 20) for _ in market.assets]
        weights = {name: share / sum(shares) for name, share in zip(market.assets, shares, strict=True)}
        policy = FixedMix.model_validate({"weights": weights, "rebalance": rebalance})
        variants.append(Variant(policy, account, costs, 0, len(market.dates), law))
    return variants


def in_lanes(market: Market, variants: list[Variant]) -> FloatArray | None:
    """Return the metrics of variants in lanes, None where lanes do not know the law."""
    planner, first = planner_for(market), variants[0]
    group = group_policies(market.assets, [variant.policy for variant in variants])
    assert group is not None
    terms = TradingTerms(first.account, first.costs, first.taxation)
    key = planner.taxed_batch_key(group, 0, terms, first.policy.schedule, first.start, first.end)
    if key is None:
        return None
    rows, nothing = np.arange(len(variants)), np.zeros(len(variants), dtype=np.int64)
    columns = VariantColumns(key, group, [terms], [first.policy.schedule], rows, nothing, nothing)
    return batch_metric_table(planner, columns, 0.0001)


@pytest.mark.slow  # the taxed lanes are compiled
@pytest.mark.parametrize("law", [german_law, american_law])
def test_taxed_variants_in_lanes_are_their_own_runs(law: Law) -> None:
    rng, ran = random.Random(19), 0
    for _ in range(30):
        market = dividend_market(rng)
        variants = random_family(rng, market, law(rng, market.assets))
        table = in_lanes(market, variants)
        if table is None:
            continue
        for row, variant in zip(table, variants, strict=True):
            if np.isnan(row[0]):
                continue
            ran += 1
            alone = reference_metrics(market, variant, 0.0001)
            for name, one, other in zip(NAMES, row.tolist(), alone.tolist(), strict=True):
                assert one == other or (np.isnan(one) and np.isnan(other)), name
    assert ran >= 200


@pytest.mark.parametrize(
    "change", [{"collect": "assessment"}, {"use_allowance": True}, {"harvest": "year_end"}], ids=str
)
def test_what_lanes_do_not_know_is_left_to_the_book(change: dict[str, object]) -> None:
    rng = random.Random(3)
    market = dividend_market(rng)
    assets = {name: {"stock": "US"} for name in market.assets}
    law = GermanTax.model_validate({"kind": "germany", "assets": assets, **change}).taxation(reinvests=True)
    assert in_lanes(market, random_family(rng, market, law)) is None
