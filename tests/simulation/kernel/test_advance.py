"""``advance`` by itself: marking to market, triggers, and what it trades without a decision."""

from __future__ import annotations

import numpy as np
import pytest

from engine.simulation.kernel.advance import advance
from engine.simulation.kernel.records import (
    MarketArrays,
    OrderTerms,
    ReviewWatch,
    RunContext,
    StandingOrders,
    StateHistory,
    Thresholds,
    TradeBuffer,
)
from engine.simulation.kernel.trade import trade
from engine.simulation.kernel.triggers import BAND_TRIGGER, CAP_TRIGGER, NO_TRIGGER, REVIEW_TRIGGER
from tests.support.kernels import fills, order, quotes, terms
from tests.support.markets import free


def watching(target, look, absolute, relative, caps, *, whole=False) -> Thresholds:
    return Thresholds(target, look, absolute, relative, caps, target, whole, np.zeros(len(look), bool))


def advance_once(
    prices, units, cash: float, *, growth=None, thresholds=None, reviews=None, armed=True, start=0, stop=None
):
    prices = np.array(prices, float)
    sessions, n = prices.shape
    history = StateHistory(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, n)))
    rest = watching(np.zeros(n), np.zeros(sessions, bool), np.inf, np.inf, np.full(n, np.inf))
    every = np.ones((sessions, n), bool)
    market = MarketArrays(
        prices,
        np.ones(sessions) if growth is None else np.array(growth, float),
        every,
        every,
        np.ones((1, prices.shape[1])),
        np.ones(1),
        prices[:0],
        np.zeros((1, n), np.uint8),
    )
    nobody = ReviewWatch(
        False, np.zeros(n, bool), np.zeros(n), np.ones(n, bool), np.zeros(n, bool), 1.0, False, False, False
    )
    core = np.zeros(n)
    terms = OrderTerms(free(n), np.full(n, np.inf), False, False)
    orders = StandingOrders(terms, core, np.zeros(n, bool), core, False)
    run = RunContext(market, orders, reviews or nobody, history, TradeBuffer.allocate(0, n))
    units = np.array(units, float)
    return advance(start, stop or sessions, units, cash, run, thresholds or rest, armed, False), history


def test_holding_marks_every_session_and_accrues_interest_between_them() -> None:
    (row, cash, trigger), history = advance_once([[10.0], [11.0], [12.0]], [2.0], 100.0, growth=[9.9, 1.01, 1.02])
    assert (row, trigger) == (3, NO_TRIGGER)
    assert history.cash.tolist() == [100.0, 101.0, pytest.approx(103.02)]
    assert history.value.tolist() == [120.0, 123.0, pytest.approx(127.02)]
    assert cash == pytest.approx(103.02)
    (row, cash, _), _ = advance_once([[10.0], [11.0], [12.0]], [2.0], 100.0, growth=[9.9, 1.01, 1.02], stop=1)
    assert (row, cash) == (1, 101.0)


def test_a_trigger_stops_the_session_after_the_close_that_caused_it() -> None:
    quiet = np.full(2, np.inf)
    cap = watching(np.array([0.5, 0.5]), np.zeros(4, bool), np.inf, np.inf, np.array([np.inf, 0.6]))
    prices = [[10, 10], [10, 15], [10, 15.1], [10, 10]]
    (row, _, trigger), _ = advance_once(prices, [1.0, 1.0], 0.0, thresholds=cap)
    assert (row, trigger) == (3, CAP_TRIGGER)
    (row, _, trigger), _ = advance_once(prices, [1.0, 1.0], 0.0, thresholds=cap, armed=False)
    assert (row, trigger) == (4, NO_TRIGGER)
    band = watching(np.array([0.5, 0.5]), np.array([True, False, True, True]), 0.05, np.inf, quiet)
    (row, _, trigger), _ = advance_once(prices, [1.0, 1.0], 0.0, thresholds=band)
    assert (row, trigger) == (3, BAND_TRIGGER)
    relative = watching(np.array([0.5, 0.5]), np.ones(4, bool), np.inf, 0.15, quiet)
    (row, _, trigger), _ = advance_once(prices, [1.0, 1.0], 0.0, thresholds=relative)
    assert (row, trigger) == (2, BAND_TRIGGER)


def test_a_weight_at_its_cap_or_on_its_band_is_no_trigger() -> None:
    at = watching(np.array([0.5, 0.5]), np.ones(1, bool), 0.25, np.inf, np.array([0.75, 0.25]))
    (_, _, trigger), _ = advance_once([[30.0, 10.0]], [1.0, 1.0], 0.0, thresholds=at)
    assert trigger == NO_TRIGGER


def test_an_asset_that_is_not_held_is_not_marked_whatever_its_price() -> None:
    (_, _, trigger), history = advance_once([[10.0, np.nan], [12.0, np.nan]], [1.0, 0.0], 5.0)
    assert trigger == NO_TRIGGER
    assert history.value.tolist() == [15.0, 17.0]
    assert history.units.tolist() == [[1.0, 0.0], [1.0, 0.0]]


def test_a_call_that_starts_later_marks_its_own_rows_and_earns_no_interest_twice() -> None:
    (row, cash, _), history = advance_once([[10.0]] * 4, [1.0], 100.0, growth=[9.0, 9.0, 1.02, 1.03], start=1, stop=3)
    assert (row, cash) == (3, pytest.approx(100.0 * 1.02 * 1.03))
    assert history.value.tolist() == [0.0, 110.0, 112.0, 0.0]
    assert history.cash.tolist() == [0.0, 100.0, 102.0, 0.0]


def test_interest_runs_into_the_session_after_a_trigger_unless_the_market_ends() -> None:
    cap = watching(np.array([0.05]), np.zeros(3, bool), np.inf, np.inf, np.array([0.1]))
    growth = [9.0, 1.01, 1.02]
    (row, cash, trigger), _ = advance_once([[1.0], [20.0], [1.0]], [1.0], 100.0, growth=growth, thresholds=cap)
    assert (row, cash, trigger) == (2, pytest.approx(103.02), CAP_TRIGGER)
    (row, cash, trigger), _ = advance_once([[1.0], [1.0], [20.0]], [1.0], 100.0, growth=growth, thresholds=cap)
    assert (row, cash, trigger) == (3, pytest.approx(103.02), CAP_TRIGGER)


def trigger_of(units, cash: float, target, *, caps=None, absolute=np.inf, relative=np.inf, whole=False) -> int:
    n, look = len(units), np.ones(1, bool)
    thresholds = watching(np.array(target), look, absolute, relative, np.array(caps or [np.inf] * n), whole=whole)
    return advance_once([[1.0] * n], units, cash, thresholds=thresholds)[0][2]


def test_a_band_is_broken_by_what_is_missing_as_by_what_is_too_much_and_a_whole_answer_serves_a_cap() -> None:
    """Of 100: 40 where 50 are wanted is 10 points and a fifth below."""
    assert trigger_of([40.0], 60.0, [0.5], absolute=0.09) == BAND_TRIGGER
    assert trigger_of([60.0], 40.0, [0.5], absolute=0.09) == BAND_TRIGGER
    assert trigger_of([40.0], 60.0, [0.5], absolute=0.11) == NO_TRIGGER
    assert trigger_of([40.0], 60.0, [0.5], relative=0.19) == BAND_TRIGGER
    assert trigger_of([40.0], 60.0, [0.5], relative=0.21) == NO_TRIGGER
    assert trigger_of([0.0], 100.0, [0.5], absolute=0.4) == BAND_TRIGGER
    assert trigger_of([1.0], 99.0, [0.0], absolute=0.005) == BAND_TRIGGER
    both = {"units": [60.0, 20.0], "cash": 20.0, "target": [0.6, 0.3], "caps": [0.5, 1.0], "absolute": 0.09}
    assert trigger_of(**both, whole=True) == BAND_TRIGGER
    assert trigger_of(**both) == BAND_TRIGGER | CAP_TRIGGER
    assert trigger_of([60.0, 30.0], 10.0, [0.6, 0.3], caps=[0.5, 1.0], absolute=0.09) == CAP_TRIGGER


def test_a_cap_is_exceeded_by_more_than_a_billionth_of_it() -> None:
    assert trigger_of([50.0 + 4e-8], 50.0 - 4e-8, [0.1], caps=[0.5]) == NO_TRIGGER
    assert trigger_of([50.0 + 6e-8], 50.0 - 6e-8, [0.1], caps=[0.5]) == CAP_TRIGGER


def test_an_asset_neither_held_nor_wanted_is_no_trigger_and_the_next_one_is_still_watched() -> None:
    thresholds = watching(np.array([0.0, 0.2]), np.ones(1, bool), 0.05, np.inf, np.full(2, np.inf))
    assert advance_once([[np.nan, 1.0]], [0.0, 30.0], 70.0, thresholds=thresholds)[0][2] == BAND_TRIGGER


def test_an_asset_that_is_wanted_and_not_held_is_missing_by_its_whole_target() -> None:
    assert trigger_of([0.0], 100.0, [0.5], absolute=0.505) == NO_TRIGGER
    assert trigger_of([0.0], 100.0, [0.5], absolute=0.495) == BAND_TRIGGER


def on_its_own(prices, units, *, fixed, stale=(), absent=(), barred=(), calendar=(), caps=None, band=None, **more):
    """Advance over ``prices`` with a buffer of ``size`` trades; ``stale`` and ``absent`` are (row, asset)."""
    prices, units = np.array(prices, float), np.array(units, float)
    sessions, n = prices.shape
    fresh, eligible, out = np.ones((sessions, n), bool), np.ones((sessions, n), bool), np.zeros(n, bool)
    for row, asset in stale:
        fresh[row, asset] = False
    for row, asset in absent:
        eligible[row, asset] = False
    out[list(barred)] = True
    due = np.zeros(sessions, bool)
    due[list(calendar)] = True
    target, limits = np.array(fixed, float), np.full(n, np.inf) if caps is None else np.array(caps, float)
    look = np.full(sessions, band is not None)
    width = np.inf if band is None else band
    thresholds = Thresholds(target, look, width, np.inf, limits, target, more.get("whole", True), due)
    watched = more.get("reviewed", False)
    every, none = np.ones(n, bool), np.zeros(n, bool)
    reviews = ReviewWatch(watched, every, prices[0].copy(), every.copy(), none, 0.8, False, True, False)
    orders = StandingOrders(
        OrderTerms(free(n), limits, False, False), np.eye(n)[0], out, target, more.get("static", True)
    )
    buffer = TradeBuffer.allocate(more.get("size", 8), n)
    history = StateHistory(np.zeros(sessions), np.zeros(sessions), np.zeros((sessions, n)))
    run = RunContext(
        MarketArrays(
            prices,
            np.ones(sessions),
            fresh,
            eligible,
            np.ones((1, n)),
            np.ones(1),
            prices[:0],
            np.zeros((1, n), np.uint8),
        ),
        orders,
        reviews,
        history,
        buffer,
    )
    armed, at_once = more.get("armed", True), more.get("at_once", True)
    answer = advance(0, sessions, units, 0.0, run, thresholds, armed, at_once)
    made = int(buffer.filled[0])
    return answer, list(zip(buffer.rows[:made].tolist(), buffer.kinds[:made].tolist(), strict=True)), units, buffer


RISING = [[10.0, 10.0, 10.0], [20.0, 10.0, 10.0], [20.0, 10.0, 10.0]]
"""A doubles: 5 shares of it and of B are 2/3 and 1/3."""


def test_a_rebalance_of_the_calendar_is_made_on_the_way() -> None:
    (row, cash, trigger), made, units, buffer = on_its_own(RISING, [5, 5, 0], fixed=[0.5, 0.5, 0], calendar=[2])
    assert (row, trigger, cash) == (3, NO_TRIGGER, 0.0)
    assert made == [(2, NO_TRIGGER)]
    assert units.tolist() == [3.75, 7.5, 0.0]
    assert buffer.weights_before[0] == pytest.approx([2 / 3, 1 / 3, 0.0], rel=1e-15)
    assert buffer.drift_base[0].tolist() == [0.5, 0.5, 0.0]
    assert buffer.dq[0].tolist() == [-1.25, 2.5, 0.0]
    assert not buffer.left_out.any()


@pytest.mark.parametrize(
    "obstacle",
    [
        {"stale": [(2, 0)]},  # A is wanted and has no close
        {"absent": [(2, 1)]},  # B is wanted and may not be bought
        {"barred": [2]},
        {"armed": False},
        {"units": [4, 5, 2], "stale": [(2, 2)]},  # C is to be sold and has no close
    ],
    ids=["no close", "not eligible", "barred", "an answer is awaited", "held without a close"],
)
def test_a_rebalance_that_needs_a_decision_is_given_back(obstacle) -> None:
    given = {"fixed": [0.5, 0.5, 0], "calendar": [2], **obstacle}
    (row, _, trigger), made, _, _ = on_its_own(RISING, given.pop("units", [5, 5, 0]), **given)
    assert (row, trigger, made) == (2, NO_TRIGGER, [])


def test_an_asset_that_is_neither_held_nor_wanted_is_no_obstacle() -> None:
    given = {"fixed": [0.5, 0.5, 0], "calendar": [2], "stale": [(2, 2)], "absent": [(2, 2)]}
    assert on_its_own(RISING, [5, 5, 0], **given)[1] == [(2, NO_TRIGGER)]


def test_a_band_is_answered_on_the_way_only_at_once_with_fixed_targets_and_wholly() -> None:
    given = {"fixed": [0.5, 0.5, 0], "band": 0.1}
    (row, _, trigger), made, units, _ = on_its_own(RISING, [5, 5, 0], **given)
    assert (row, trigger, made) == (3, NO_TRIGGER, [(2, BAND_TRIGGER)])
    assert units.tolist() == [3.75, 7.5, 0.0]
    for other in ({"at_once": False}, {"static": False}, {"whole": False}, {"barred": [2]}):
        (row, _, trigger), made, _, _ = on_its_own(RISING, [5, 5, 0], **given, **other)
        assert (row, trigger, made) == (2, BAND_TRIGGER, [])


def test_a_cap_is_trimmed_on_the_way_and_only_what_was_above_it() -> None:
    """B doubles to 2/3 of the value, above its cap of 60 %, and goes back to its half; A, the core, takes what it brings."""
    prices = [[10.0, 10.0, 10.0], [10.0, 20.0, 10.0], [10.0, 20.0, 10.0]]
    given = {"fixed": [0.5, 0.5, 0], "caps": [np.inf, 0.6, np.inf]}
    (row, _, trigger), made, units, buffer = on_its_own(prices, [5, 5, 0], **given)
    assert (row, trigger, made) == (3, NO_TRIGGER, [(2, CAP_TRIGGER)])
    assert units.tolist() == [7.5, 3.75, 0.0]
    assert buffer.drift_base[0].tolist() == [0.5, 0.5, 0.0]
    (row, _, trigger), made, _, _ = on_its_own(prices, [5, 5, 0], **given, at_once=False)
    assert (row, trigger, made) == (2, CAP_TRIGGER, [])


def test_a_rebalance_of_the_calendar_settles_a_cap() -> None:
    prices = [[10.0, 10.0, 10.0], [10.0, 20.0, 10.0], [10.0, 20.0, 10.0]]
    given = {"fixed": [0.5, 0.5, 0], "caps": [np.inf, 0.6, np.inf], "calendar": [2]}
    assert on_its_own(prices, [5, 5, 0], **given)[1] == [(2, NO_TRIGGER)]


def test_a_review_is_never_its_own_business() -> None:
    falling = [[10.0, 10.0, 10.0], [10.0, 8.0, 10.0], [10.0, 8.0, 10.0]]
    (row, _, trigger), made, _, _ = on_its_own(falling, [5, 5, 0], fixed=[0.5, 0.5, 0], calendar=[2], reviewed=True)
    assert (row, trigger, made) == (2, REVIEW_TRIGGER, [])


def test_a_full_buffer_is_given_back_to_be_written_down() -> None:
    given = {"fixed": [0.5, 0.5, 0], "calendar": [1, 2]}
    (row, _, _), made, _, _ = on_its_own(RISING, [5, 5, 0], **given, size=1)
    assert (row, made) == (2, [(1, NO_TRIGGER)])
    assert len(on_its_own(RISING, [5, 5, 0], **given)[1]) == 2


def test_cash_that_rounding_leaves_below_zero_on_the_way_is_zero() -> None:
    rng, below = np.random.default_rng(3), 0
    for _ in range(60):
        prices, third = rng.uniform(5.0, 900.0, (3, 3)), [1 / 3, 1 / 3, 1 / 3]
        units = rng.uniform(1.0, 90.0, 3)
        held, dq, fees = units.copy(), np.zeros(3), np.zeros(3)
        _, _, raw = trade(held, 0.0, quotes(prices[2]), order(third), terms(free(3), 3), fills(dq, fees))
        below += raw < 0.0
        (_, cash, _), made, _, _ = on_its_own(prices, units, fixed=third, calendar=[2])
        assert made == [(2, NO_TRIGGER)]
        assert cash == max(raw, 0.0)
    assert below > 5
