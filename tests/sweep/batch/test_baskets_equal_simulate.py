"""Baskets of other names have, side by side, the metrics that ``simulate`` gives each, to the last bit.

Names are drawn in the order of their tickers behind the core's, so that all sums run over the same assets in order.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from engine.core.arrays import IntArray
from engine.data.market import Market
from engine.evidence.luck.pick import draw_baskets
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts, PerOrderCosts
from engine.portfolio.policy import Policy
from engine.sweep.batch import run_baskets
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_baskets import BasketPlan
from engine.sweep.batch.run_batch import reference_metrics
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from strategies.other_names import hold_names, name_weights

SESSIONS, NAMES = 900, 14
ENDS = {4: 200, 5: 200, 6: 477, 9: 700, 10: 899}
"""The row after the last close of each name that is delisted, by column; two on one day, one on the last."""
LEFT = {"haircut": "10%"}
SATELLITES: Mapping[str, object] = {
    "core": {"COREA": "rest", "COREB": "20%"},
    "satellites": {"N00": "4%", "N01": "3%", "N02": "2.5%"},
    "cap": "4%",
    "rebalance": {"kind": "annual", "month": "march"},
}


def market(*, gaps: bool = False) -> Market:
    rng = np.random.default_rng(3)
    dates = np.busday_offset("2012-01-02", np.arange(SESSIONS), roll="forward").astype("datetime64[D]")
    names = ("COREA", "COREB", *(f"N{number:02d}" for number in range(NAMES)))
    closes = 50.0 * np.multiply.accumulate(1.0 + rng.normal(0.0003, 0.012, (SESSIONS, len(names))), axis=0)
    closes[:300, 1] = np.nan  # a part of the core lists late
    for column, end in ENDS.items():
        closes[end:, column] = np.nan
    if gaps:
        closes[303:306, 7] = np.nan  # over the first session of March 2013
    return Market.build(dates, names, closes)


def satellites(**changes: object) -> CoreSatellite:
    return CoreSatellite.model_validate({**SATELLITES, **changes})


def mix() -> FixedMix:
    return FixedMix.model_validate(
        {
            "weights": {"N00": "40%", "N01": "30%", "N02": "20%"},
            "rebalance": {"kind": "annual"},
            "after_delisting": LEFT,
        }
    )


def basket_plan(market: Market, policy: Policy, costs: PercentCosts | PerOrderCosts) -> BasketPlan[Policy]:
    variant = Variant(policy, Account(), costs, 5, SESSIONS)
    return BasketPlan(market, variant, tuple(name_weights(policy)), lambda names: hold_names(policy, names))


def sorted_baskets(count: int) -> IntArray:
    return np.sort(2 + draw_baskets(NAMES, 3, count, 7), axis=1)


RATE = PercentCosts.model_validate({"rate": "0.1%"})
FEES = PerOrderCosts.model_validate({"fixed": "1.5", "rate": "0.1%"})


@pytest.mark.parametrize(
    ("policy", "costs"),
    [
        (satellites(caps="always", after_delisting=LEFT), RATE),
        (satellites(after_delisting={"to": "cash"}), FEES),
        (satellites(rebalance={"kind": "band", "absolute": "1%", "look": "month"}), RATE),
        (mix(), RATE),
    ],
    ids=["caps, haircut", "cash, fees", "band", "mix"],
)
def test_a_basket_is_what_simulate_makes_of_it(policy: Policy, costs: PercentCosts | PerOrderCosts) -> None:
    own, baskets = market(), sorted_baskets(64)
    plan = basket_plan(own, policy, costs)
    assert plan.runs_in_lanes
    table = plan.metric_table(baskets)
    died = [at for at, basket in enumerate(baskets.tolist()) if set(basket) & set(ENDS)]
    assert len(died) > 20
    for at in (*died[:12], *range(4)):
        held = hold_names(policy, [own.assets[column] for column in baskets[at].tolist()])
        alone = reference_metrics(own, Variant(held, Account(), costs, 5, SESSIONS))
        assert table[at].tobytes() == alone.tobytes(), baskets[at]


def test_only_baskets_that_would_trade_a_name_without_a_close_are_run_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    own, baskets, alone = market(gaps=True), sorted_baskets(64), []

    def count(market: Market, variant: Variant, risk_free: float) -> object:
        alone.append(variant.policy.tickers)
        return reference_metrics(market, variant, risk_free)

    monkeypatch.setattr(run_baskets, "reference_metrics", count)
    table = basket_plan(own, satellites(), RATE).metric_table(baskets)
    with_gap = [at for at, basket in enumerate(baskets.tolist()) if 7 in basket]
    assert 0 < len(with_gap) < 64
    assert len(alone) == len(with_gap)
    assert all("N05" in tickers for tickers in alone)
    assert np.isfinite(table[:, 0]).all()


def test_threads_and_neighbours_change_no_bit() -> None:
    plan, baskets = basket_plan(market(), satellites(caps="always"), RATE), sorted_baskets(1500)
    whole = plan.metric_table(baskets, threads=1)
    assert whole.tobytes() == plan.metric_table(baskets, threads=7).tobytes()
    assert whole[::-1][:11].tobytes() == plan.metric_table(baskets[::-1][:11]).tobytes()


def test_a_plan_whose_core_is_delisted_is_run_one_by_one() -> None:
    own = market()
    policy = CoreSatellite.model_validate(
        {
            "core": {"COREA": "rest", "N04": "20%"},
            "satellites": {"N00": "2%", "N01": "2%", "N05": "2%"},
            "cap": "3%",
            "rebalance": {"kind": "annual"},
        }
    )
    plan = basket_plan(own, policy, RATE)
    assert not plan.runs_in_lanes
    names = np.array([[own.column_index(one) for one in ("N06", "N08", "N09")]])
    held = hold_names(policy, ["N06", "N08", "N09"])
    alone = reference_metrics(own, Variant(held, Account(), RATE, 5, SESSIONS))
    assert plan.metric_table(names)[0].tobytes() == alone.tobytes()
