"""Bands with the rule book on: where they bring weights back to, and what they never do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.core.errors import AccountError
from engine.data.market import Market
from engine.portfolio.costs import PercentCosts
from engine.portfolio.policy import Band, Policy
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, market_of
from tests.support.rule_book import (
    BANDS,
    MONTHLY,
    TOP,
    accounts,
    bands,
    cost_models,
    executions,
    geometries,
    lives,
    plan_of,
    plans,
    run,
    same,
    wild,
)


@given(lives(), plans(), cost_models, accounts, geometries, st.sampled_from(["100%", "200%"]))
def test_a_band_wider_than_any_drift_is_the_calendar_alone_to_the_bit(
    prices, plan, costs, fields, shape, width
) -> None:
    """A relative band around a target of zero has no width: there, what waits to be sold is out of it."""
    wide = {"kind": "band", "absolute": "100%"} if width == "100%" else {"kind": "band", "relative": "100000%"}
    keys = plan.model_dump(by_alias=True) | {"trade_to": "target", "trade_only": "all"}
    alone = CoreSatellite.model_validate({**keys, "rebalance": MONTHLY})
    beside = CoreSatellite.model_validate({**keys, **shape, "rebalance": {"kind": "any", "of": [MONTHLY, wide]}})
    try:
        one, _ = run(prices, alone, costs, **fields)
    except AccountError:
        assume(False)
    assume(width == "100%" or (fields.get("shares") != "whole" and not held_without_target(one)))
    two, _ = run(prices, beside, costs, **fields)
    assert same(one, two)


def held_without_target(ledger: Ledger) -> bool:
    """Return whether anything stands at a close whose target is zero: sold, but for want of a price not yet gone."""
    last = np.searchsorted(ledger.rows, np.arange(len(ledger.dates)), side="right") - 1
    return bool(((ledger.units > 0.0) & (ledger.targets[last] == 0.0)).any())


def first_part(prices: np.ndarray, costs: Any, trade_to: Any, trade_only: str, band: dict, kind: str) -> Any:
    """Return the first answer to a band: its row, the money traded in each asset, and the weights of the close seen."""
    shape = {"trade_to": trade_to, "trade_only": trade_only, "rebalance": band}
    plan: Policy = plan_of(**shape)
    if kind == "mix":
        plan = FixedMix(weights={"A": 0.4, "B": 0.3, "C": 0.2}, **shape)
    ledger, market = run(prices, plan, costs)
    event = next((k for k, why in enumerate(ledger.reasons) if why.startswith("band: ")), None)
    if event is None:
        return None
    row = int(ledger.rows[event])
    return row, ledger.order_values[event], ledger.weights(market)[row - 1], ledger.weights(market)[row], ledger, event


@given(
    wild(),
    bands,
    st.sampled_from(["edge", {"inside": "0.5%"}, {"inside": "1.2%"}]),
    st.sampled_from(["all", "drifted"]),
    st.sampled_from([0.0, 0.002]),
    st.sampled_from(["mix", "core_satellite"]),
)
def test_a_destination_short_of_the_target_trades_no_more_than_the_target_at_the_close_that_broke_the_band(
    prices, band, place, scope, rate, kind
) -> None:
    """At prices that stand still between the breach and its fill; asset by asset where all are traded."""
    still = np.repeat(prices, 2, axis=0)
    costs = PercentCosts(rate=rate)
    short = first_part(still, costs, place, scope, {**band, "look": "day"}, kind)
    assume(short is not None)
    full = first_part(still, costs, "target", scope, {**band, "look": "day"}, kind)
    assume(short[0] % 2 == 1)
    assert short[0] == full[0]
    value = short[4].value[short[0]]
    assert np.abs(short[1]).sum() <= np.abs(full[1]).sum() + 1e-9 * value
    if scope == "all":
        assert (np.abs(short[1]) <= np.abs(full[1]) + 1e-9 * value + 3 * rate * value * rate).all()


@pytest.mark.parametrize("scope", ["all", "drifted"])
@pytest.mark.parametrize("back", [100.0, 120.0])
def test_a_destination_short_of_the_target_never_trades_away_from_the_target(scope, back) -> None:
    """60 of A, 40 of B; A rises from 100 to 130, so 66.1 % breaks a band of 5 points, and falls before the fill.

    At 100 A is back at its 60 % and nothing is left to trade; at 120 it is at 64.3 %, inside its band. In both the edge
    buys A, which was too much, up to 65 %.
    """
    prices = np.array([[100.0, 100.0], [130.0, 100.0], [back, 100.0], [back, 100.0]])
    plan = FixedMix(weights={"A": 0.6, "B": 0.4}, rebalance=BANDS[4], trade_to="edge", trade_only=scope)
    ledger, _ = run(prices, plan)
    assert ledger.order_values[1:, 0].max(initial=0.0) <= 1e-6


def test_a_watched_cap_does_not_wait_for_bands_that_break_at_every_close() -> None:
    """A wants money and B gives it, so that B wants it the next day, and so on; C is above its cap all the while."""
    rng = np.random.default_rng(29)
    steps = np.clip(rng.normal(0, 1, (100, 6)) * np.array([0.01, 0.012, *[0.03] * 4]), -0.4, 0.6)
    prices = np.round(rng.uniform(5, 200, 6) * np.cumprod(1 + steps, axis=0), 4) + 0.01
    band = {"kind": "band", "absolute": "2%", "relative": "50%"}
    plan = plan_of(caps="always", rebalance={"kind": "any", "of": [MONTHLY, band]}, trade_only="drifted")
    ledger, market = run(prices, plan)
    above = ledger.weights(market)[:, 2:5] > 0.06 * (1.0 + 1e-9)
    assert not (above[1:] & above[:-1]).any()


def test_money_that_waits_does_not_know_where_the_data_end() -> None:
    """From February a contribution waits for January; with ten months of data, it is invested at once instead."""
    prices = 50.0 * np.cumprod(1.0 + np.random.default_rng(1).normal(0, 0.01, (300, 2)), axis=0)
    plan = FixedMix(weights={"A": 0.6, "B": 0.4}, rebalance={"kind": "annual"})
    terms = account(contributions={"amount": 500, "invest": "wait"})
    long, short = (simulate(market_of(prices[:size], start="2020-02-03"), plan, terms, free(2)) for size in (300, 150))
    assert np.array_equal(long.cash[:149], short.cash[:149])


def test_no_limit_is_broken_by_what_fewer_names_leave() -> None:
    """B may have 20 % and has 20 %; before there are names to choose it has 25 %."""
    prices = np.repeat([[100.0] * 6], 60, axis=0)
    prices[:40, 4:] = np.nan
    choose = {"kind": "top", "count": 4, "by": "momentum", "lookback": 5}
    plan = plan_of({**TOP, "choose": choose}, rebalance=MONTHLY, limits=[{"group": "B", "max": "20%"}])
    ledger, _ = run(prices, plan)
    assert ledger.targets[:, 1].max() <= 0.2 + 1e-9


def destinations(w: np.ndarray, band: Band, place: Any, target: np.ndarray, caps: np.ndarray) -> Any:
    """Return which weights are out of their bands, and between what bounds a partial rebalance brings them."""
    width = np.minimum(band.absolute, np.where(target > 0.0, band.relative, 1.0) * target)
    inside = {"target": np.inf, "edge": 0.0}[place] if isinstance(place, str) else 0.005
    reach = np.maximum(width - inside, 0.0)
    out = np.abs(w - target) > width * (1.0 + 1e-9)
    return out, np.maximum(target - reach, 0.0), np.minimum(target + reach, caps)


@given(wild(), bands, st.sampled_from(["edge", {"inside": "0.5%"}, "target"]), executions)
def test_after_a_partial_rebalance_of_the_drifted_each_of_them_stands_at_its_destination(
    prices, band, place, execution
) -> None:
    """Without costs, to 1e-12, wherever the partners have room for it; else it stands between there and its target."""
    plan = plan_of(rebalance=band, trade_to=place, trade_only="drifted")
    ledger, market = run(prices, plan, execution=execution)
    weights = ledger.weights(market)
    shape, caps = plan.schedule.band(market.dates), np.array([np.inf, np.inf, 0.06, 0.06, 0.06, np.inf])
    for event in np.flatnonzero(ledger.partial_rebalances):
        row, target = int(ledger.rows[event]), ledger.targets[event]
        w = before(ledger, market, row)
        out, low, high = destinations(w, shape, place, target, caps)
        nearest = np.clip(w, low, high)
        freed = float((w - nearest)[out].sum())
        free = ~out & (caps == np.inf) & (target > 0.0)
        room = np.maximum(np.sign(freed) * (target - w), 0.0)[free].sum()
        after, ends = weights[row], np.where(w > target, np.maximum(nearest, target), np.minimum(nearest, target))
        if free.any() and room >= abs(freed) + 1e-11 and ledger.cash[row] > 1e-9:
            assert np.abs(after - nearest)[out].max() <= 1e-12
        low_end, high_end = np.minimum(ends, target), np.maximum(ends, target)
        if ledger.cash[row] > 1e-9:
            assert (after[out] >= low_end[out] - 1e-12).all()
            assert (after[out] <= high_end[out] + 1e-12).all()
        capped = ~out & (caps < np.inf)
        assert (ledger.trades[event][capped] == 0.0).all()


def before(ledger: Ledger, market: Market, row: int) -> np.ndarray:
    """Return the weights at the close of ``row`` before anything is traded there."""
    money = np.where(ledger.units[row - 1] == 0.0, 0.0, ledger.units[row - 1] * market.prices[row])
    return money / (money.sum() + ledger.cash[row - 1])


@given(wild(), bands, st.sampled_from(["edge", {"inside": "0.5%"}]), executions)
def test_after_a_partial_rebalance_of_all_the_furthest_stands_at_its_destination_and_none_beyond(
    prices, band, place, execution
) -> None:
    plan = plan_of(rebalance=band, trade_to=place, trade_only="all")
    ledger, market = run(prices, plan, execution=execution)
    weights = ledger.weights(market)
    shape, caps = plan.schedule.band(market.dates), np.array([np.inf, np.inf, 0.06, 0.06, 0.06, np.inf])
    for event in np.flatnonzero(ledger.partial_rebalances):
        row, target = int(ledger.rows[event]), ledger.targets[event]
        w, after = before(ledger, market, row), weights[row]
        _, low, high = destinations(w, shape, place, target, caps)
        assert (after >= low - 1e-12).all()
        assert (after <= high + 1e-12).all()
        at_bound = np.minimum(np.abs(after - low), np.abs(after - high)) <= 1e-12
        assert at_bound[(w < low) | (w > high)].any()
        part = np.divide(after - w, target - w, out=np.full(6, np.nan), where=np.abs(target - w) > 1e-6)
        assert np.nanmax(part) - np.nanmin(part) <= 1e-5
