"""Loss reviews of a depot are made anew from its lots, as a run that had bought them would have them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from engine.data.market import Market
from engine.depot.orders.decision import PlannedTrades, PlanTerms, plan_trades
from engine.depot.orders.own_lots import AccountHoldings, OwnLot
from engine.simulation.account_state import snapshot
from engine.simulation.spine import Spine
from strategies.core_satellite import CoreSatellite
from tests.support.markets import account, percent

DATES = np.busday_offset(np.datetime64("2026-01-05"), np.arange(60), roll="forward")
PLAN = {
    "kind": "core_satellite",
    "core": {"C": "rest"},
    "satellites": {"S": "10%", "T": "10%", "U": "10%"},
    "cap": "100%",
    "rebalance": {"kind": "never"},
}


def terms(reference: str, **review: object) -> PlanTerms:
    rule = {"trigger": "20%", "from": reference, "thesis": {"kind": "never"}, **review}
    policy = CoreSatellite.model_validate({**PLAN, "loss_review": rule})
    return PlanTerms(policy, account(), percent(0.001, 4), 0)


def market(*closes: float, shares: Sequence[float] | None = None) -> Market:
    """Return a market whose satellite has the last closes as told, 100 before; `shares` of the day are one unit."""
    series = np.concatenate([np.full(60 - len(closes), 100.0), closes])
    others = [np.full(60, 50.0)] * 2
    built = Market.build(DATES, ("C", "S", "T", "U"), np.stack([np.full(60, 50.0), series, *others], axis=1))
    if shares is None:
        return built
    own = np.concatenate([np.full(60 - len(shares), shares[0]), shares])
    return dataclasses.replace(built, shares=np.stack([np.ones(60), own, np.ones(60), np.ones(60)], axis=1))


def lot(at: int | None, quantity: float, cost: float | None) -> OwnLot:
    return OwnLot(None if at is None else DATES[at], quantity, cost)


def planned(plan: PlanTerms, prices: Market, *lots: OwnLot) -> PlannedTrades:
    held = float(sum(one.quantity for one in lots))
    return plan_trades(prices, plan, AccountHoldings(np.array([30.0, held, 0.0, 0.0]), 0.0, {1: lots}), None)


@pytest.mark.parametrize(("close", "sold"), [(52.0, 20.0), (52.01, 0.0)])
def test_a_loss_is_measured_from_what_was_paid_on_average(close: float, sold: float) -> None:
    """10 at 50 and 10 at 80 are 65 on average, of which 20 % less is 52.00: at or below."""
    trades = planned(terms("cost"), market(close, close), lot(3, 10, 50), lot(5, 10, 80)).trades
    assert -trades[1] == sold


def test_dividends_since_lower_what_a_loss_is_measured_from_and_the_difference_is_told() -> None:
    """A unit was 0.9 shares before a dividend: 100 paid then are 90 of today's, and 72.50 is no loss of a fifth."""
    prices = market(72.5, 72.5, shares=[0.9, *[1.0] * 40])
    found = planned(terms("cost"), prices, lot(3, 20, 100))
    assert not found.trades.any()
    assert any("loss from 90.00" in one and "100.00 was paid" in one for one in found.assumptions)
    assert planned(terms("cost"), prices, lot(40, 20, 100)).trades[1] == -20.0


def test_a_split_since_changes_no_cost_that_a_broker_states_in_shares_of_today() -> None:
    prices = market(81.0, 81.0, shares=[0.5, *[1.0] * 40])
    assert not planned(terms("cost"), prices, lot(3, 20, 100)).trades.any()
    assert planned(terms("cost"), prices, lot(3, 20, 102)).trades[1] == -20.0


def test_a_peak_is_the_highest_close_since_the_first_lot() -> None:
    closes = [*[150.0] * 5, *[110.0] * 20, 95.0, 95.0]
    assert not planned(terms("peak"), market(*closes), lot(45, 20, 100)).trades.any()
    assert planned(terms("peak"), market(*closes), lot(34, 20, 100)).trades[1] == 0.0  # asked about when it fell to 110
    assert planned(terms("peak"), market(*closes[:5], 115.0, 115.0), lot(3, 20, 100)).trades[1] == -20.0


def test_a_loss_that_was_asked_about_is_not_asked_about_again_until_it_was_above() -> None:
    plan, bought = terms("cost"), lot(3, 20, 100)
    assert not planned(plan, market(79.0, 79.0, 79.0), bought).trades.any()
    assert planned(plan, market(79.0, 81.0, 79.0, 79.0), bought).trades[1] == -20.0


def test_lots_without_days_cost_what_they_did_and_those_without_costs_are_what_the_plan_has() -> None:
    undated = planned(terms("cost"), market(79.0, 79.0), lot(None, 20, 100))
    assert undated.trades[1] == -20.0
    assert any("lots without days" in one for one in undated.assumptions)
    bare = planned(terms("cost"), market(99.0, 99.0), lot(None, 20, None))
    assert not bare.trades.any()
    assert any("no lots" in one for one in bare.assumptions)


@pytest.mark.parametrize("reference", ["cost", "peak", "rebalance"])
@pytest.mark.parametrize("execution", ["at_close", "next_close"])
def test_reviews_from_lots_are_those_of_the_run_that_bought_them(reference: str, execution: str) -> None:
    """Bought at the opening and topped up since: references to the bit of a division, and who waits for a loss."""
    rng = np.random.default_rng(11)
    closes = np.round(100.0 * np.cumprod(1.0 + rng.normal(0.0, 0.04, (60, 4)), axis=0), 4)
    prices = Market.build(DATES, ("C", "S", "T", "U"), closes)
    plan = terms(reference, intact="top_up", thesis={"kind": "always"}, trigger="10%")
    own = plan.account.model_copy(update={"execution": execution})
    plan = dataclasses.replace(plan, account=own)
    spine, at, compared = Spine.open(plan.setup(prices)), 0, 0
    at = spine.setup.opening
    while at < 59:
        spine.trade(at)
        at = spine.advance(at, min(at + 1, 59))
        if at < 10:
            continue
        lots: dict[int, list[OwnLot]] = {}
        for event in spine.state.events:
            for j in np.flatnonzero(event.trades[1:] > 0.0) + 1:
                lots.setdefault(int(j), []).append(lot(event.row, event.trades[j], prices.prices[event.row, j]))
            assert (event.trades[1:] >= 0.0).all()
        saved = snapshot(spine, at)
        anew = plan_trades(
            prices.truncate(DATES[at]),
            plan,
            AccountHoldings(saved.units, saved.cash, {j: tuple(found) for j, found in lots.items()}),
            None,
        ).after
        kept = plan_trades(prices.truncate(DATES[at]), plan, AccountHoldings(saved.units, saved.cash), saved).after
        assert anew.reference_price[1:] == pytest.approx(kept.reference_price[1:], rel=1e-12)
        assert anew.watching.tolist() == kept.watching.tolist()
        compared += 1
    assert compared > 40
