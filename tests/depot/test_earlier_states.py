"""Orders go on from what was decided on an earlier day, and from nothing that a run pays in or is charged meanwhile."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.data.market import Market
from engine.depot.orders.decision import PlanTerms, plan_trades
from engine.depot.orders.own_lots import AccountHoldings
from engine.portfolio.costs import PercentCosts
from engine.simulation.account_state import AccountState, state_before
from engine.simulation.spine import Spine
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.markets import account

DATES = np.busday_offset(np.datetime64("2026-03-02"), np.arange(60), roll="forward")
NAMES = ("C", "S", "T", "U")
FLAT = Market.build(DATES, NAMES, np.full((60, 4), 50.0))
BAND = {"kind": "band", "absolute": "5%"}


def mix(rule: dict[str, object] = BAND, costs: PercentCosts | None = None, **fields: object) -> PlanTerms:
    weights = dict.fromkeys(NAMES, "25%")
    policy = FixedMix.model_validate({"kind": "fixed_mix", "weights": weights, "rebalance": rule})
    return PlanTerms(policy, account(**fields), (costs or PercentCosts(rate=0.001)).cost_table(4), 0)


def state_at(plan: PlanTerms, row: int) -> AccountState:
    return state_before(Spine.open(plan.setup(FLAT)), row)


def own(*units: float, cash: float = 0.0) -> AccountHoldings:
    return AccountHoldings(np.array(units), cash)


def test_drift_is_measured_from_where_the_earlier_state_measures_it() -> None:
    """40 % in one asset is far from the plan's 25 %, and where the state has it."""
    plan, held = mix(), own(40.0, 20.0, 20.0, 20.0)
    saved = dataclasses.replace(state_at(plan, 50), drift_base=np.array([0.4, 0.2, 0.2, 0.2]))
    assert not plan_trades(FLAT, plan, held, saved).trades.any()
    assert plan_trades(FLAT, plan, held, dataclasses.replace(saved, drift_base=np.full(4, 0.25))).trades[0] < 0.0
    assert plan_trades(FLAT, plan, held, None).trades[0] < 0.0


def test_what_a_review_has_sold_stays_barred_for_as_long_as_it_is() -> None:
    fields = {"core": {"C": "rest"}, "satellites": dict.fromkeys("STU", "10%"), "cap": "20%"}
    review = {"trigger": "20%", "from": "cost", "thesis": {"kind": "never"}, "reenter": "never"}
    policy = CoreSatellite.model_validate(
        {"kind": "core_satellite", **fields, "rebalance": BAND, "loss_review": review}
    )
    plan = dataclasses.replace(mix(), policy=policy)
    saved = dataclasses.replace(state_at(plan, 50), barred=np.array([-1, 3, -1, -1]))
    found = plan_trades(FLAT, plan, own(100.0, 0.0, 5.0, 5.0), saved, now=True)
    assert found.trades[1] == 0.0
    assert found.trades[2] > 0.0
    assert found.after.barred.tolist() == [-1, 12, -1, -1]
    free = dataclasses.replace(saved, barred=np.full(4, -1))
    assert plan_trades(FLAT, plan, own(100.0, 0.0, 5.0, 5.0), free, now=True).trades[1] > 0.0


@pytest.mark.parametrize("saves", [True, False])
def test_what_a_plan_pays_in_is_in_the_account_or_is_not(saves: bool) -> None:
    """On every session of its months: a contribution counts where it is told, and not by itself."""
    plan = mix(contributions={"amount": 300, "every": "month"})
    for row in range(40, 60):
        market = FLAT.truncate(DATES[row])
        found = plan_trades(market, plan, own(20.0, 20.0, 20.0, 20.0), None, flow=300.0 if saves else 0.0)
        assert found.trades.any() == saves
        assert found.saved_up == (frozenset(NAMES) if saves else frozenset())


def test_what_is_bought_beside_a_contribution_is_no_savings_plan() -> None:
    plan, held = mix(contributions={"amount": 300, "every": "month"}), own(40.0, 20.0, 20.0, 20.0)
    found = plan_trades(FLAT, plan, held, state_at(plan, 59), flow=300.0)
    assert found.trades.any()
    banded = plan_trades(FLAT, plan, held, None, flow=300.0)
    assert banded.trades[0] < 0.0
    assert "C" not in banded.saved_up


def test_the_fee_of_a_year_that_is_not_over_is_not_due() -> None:
    plan = mix(costs=PercentCosts(rate=0.001, yearly=0.01))
    found = plan_trades(FLAT, plan, own(20.0, 20.0, 20.0, 20.0), None)
    assert (found.due, found.yearly_fee) == ((), 0.0)
    assert not found.trades.any()


def test_a_state_of_a_later_day_is_refused() -> None:
    from engine.core.errors import DataError

    plan = mix()
    with pytest.raises(DataError, match=r"--state: found what was decided on .*, expected a day up to"):
        plan_trades(FLAT.truncate(DATES[40]), plan, own(20.0, 20.0, 20.0, 20.0), state_at(plan, 50))
