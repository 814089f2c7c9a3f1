"""Parts of runs that are small enough to be added by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.analysis.breakdown.contribution import contribution, contribution_by_year
from engine.analysis.breakdown.drift import drift
from engine.analysis.breakdown.rebalances import rebalance_effects
from engine.analysis.breakdown.risk import risk_shares
from engine.analysis.breakdown.session_gains import SessionGains
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import BOUGHT_AND_HELD
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, percent


def doubled(**terms: object) -> tuple[Ledger, Ledger, Market]:
    """Return a half-and-half account of A, which doubles by each January, and of B, which stands still; and its rival."""
    days = np.array(["2020-06-01", "2020-12-31", "2021-01-04", "2021-12-31", "2022-01-03", "2022-06-01"], "M8[D]")
    market = Market.build(days, ("A", "B"), np.array([[1.0, 1.0], [2, 1], [2, 1], [4, 1], [4, 1], [2, 1]]))
    plan = FixedMix.model_validate(
        {"weights": {"A": "50%", "B": "50%"}, "rebalance": {"kind": "annual", "month": "january"}}
    )
    own = account(capital=100.0, **terms)
    both = [simulate(market, plan, own, free(2), **more) for more in ({}, {"version": BOUGHT_AND_HELD})]
    return both[0], both[1], market


def test_what_two_rebalances_did() -> None:
    """150 become 75 and 75: 25 less of A, which doubles, and halves again; then 225 become 112.5 and 112.5."""
    ledger, held, market = doubled()
    found = rebalance_effects(ledger, market, held)
    first, second = found.rebalances
    assert (first.date, first.value_before, first.traded_one_way, first.cost) == ("2021-01-04", 150.0, 25.0, 0.0)
    assert first.distance_before == pytest.approx(100.0 / 150.0 - 0.5)
    assert (first.gain_at_next, first.gain_at_end) == pytest.approx((25.0 - 12.5 * 4.0, 25.0 - 12.5 * 2.0))
    assert (second.gain_at_next, second.gain_at_end) == pytest.approx((37.5 / 4.0 * 2.0, 37.5 / 4.0 * 2.0))
    assert (first.so_far, second.so_far) == (False, True)
    assert found.full == (first,)
    assert found.difference == pytest.approx(168.75 - 150.0)
    assert found.rest.total == 0.0


def test_where_the_gain_of_two_assets_came_from() -> None:
    """A earned all: 50 in the first year of 100, 75 in the second of 150, and lost 56.25 of 225."""
    ledger, _, market = doubled()
    gains = SessionGains.of(ledger, market)
    mine, years = contribution(gains), contribution_by_year(gains)
    assert (mine.assets["A"].gain, mine.assets["B"].gain) == pytest.approx((68.75, 0.0))
    assert [one.assets["A"] for one in years] == pytest.approx([0.5, 0.5, -0.25])
    assert [one.begun_with for one in years] == [100.0, 150.0, 225.0]
    assert mine.assets["A"].linked == pytest.approx(0.6875)
    shares = risk_shares(gains)
    assert (shares.assets["A"].share, shares.assets["B"].share) == pytest.approx((1.0, 0.0))


def test_carino_gives_each_year_its_logarithm() -> None:
    """Returns of 50 %, 50 % and -25 %: each asset's part is scaled by ln(1 + r) / r over ln(1 + R) / R."""
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[D]")
    market = Market.build(days, ("A", "B"), np.array([[1.0, 1.0], [2.0, 1.0], [2.0, 2.0]]))
    plan = FixedMix.model_validate({"weights": {"A": "50%", "B": "50%"}, "rebalance": {"kind": "never"}})
    found = contribution(SessionGains.of(simulate(market, plan, account(), free(2)), market))
    first, second = math.log(1.5), math.log(4.0 / 3.0)
    assert found.assets["A"].linked == pytest.approx(first / (first + second))
    assert found.assets["B"].linked == pytest.approx(second / (first + second))


def test_money_paid_in_does_not_count_as_earned() -> None:
    """A contribution is in no asset's gain, and what it costs to invest is of what is there after it."""
    days = np.array(["2020-01-01", "2020-02-03", "2020-03-02"], "M8[D]")
    market = Market.build(days, ("A",), np.array([[1.0], [1.0], [1.0]]))
    plan = FixedMix.model_validate({"weights": {"A": "100%"}, "rebalance": {"kind": "never"}})
    own = account(capital=100.0, contributions={"amount": 100.0, "every": "month"})
    gains = SessionGains.of(simulate(market, plan, own, percent(0.01, 1)), market)
    fee = 1.0 - 1.0 / 1.01
    assert contribution(gains).flows == 200.0
    assert contribution(gains).assets["A"].gain == pytest.approx(-300.0 * fee)
    before = 100.0 / 1.01
    assert gains.returns[:, 1] == pytest.approx([-100.0 * fee / (before + 100.0), -100.0 * fee / (2 * before + 100.0)])


def test_an_account_that_never_moves_has_no_risk_to_share() -> None:
    """Constant returns have no variance: shares do not exist, and the parts of no return are nothing."""
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[D]")
    market = Market.build(days, ("A",), np.ones((3, 1)))
    plan = FixedMix.model_validate({"weights": {"A": "100%"}, "rebalance": {"kind": "never"}})
    gains = SessionGains.of(simulate(market, plan, account(), free(1)), market)
    shares = risk_shares(gains)
    assert shares.assets["A"].share is None
    assert set(shares.others.values()) == {None}
    assert contribution(gains).assets["A"].linked == 0.0


def test_how_far_weights_were_from_their_targets() -> None:
    """Half and half becomes two thirds, then four fifths; on the day of a rebalance the distance is gone."""
    ledger, _, market = doubled()
    found = drift(ledger, market, {"A": 0.7})
    away = [0.0, 2 / 3 - 0.5, 0.0, 2 / 3 - 0.5, 0.0, 0.5 - 1 / 3]
    assert found.mean == pytest.approx(sum(away) / 6)
    assert found.highest == pytest.approx(2 / 3 - 0.5)
    assert (found.sessions_over_caps, found.sessions) == (0, 6)
    assert drift(ledger, market, {"A": 0.6}).sessions_over_caps == 2
    assert found.highest_date in {"2020-12-31", "2021-12-31"}


def test_cash_counts_among_what_has_drifted() -> None:
    """Half in A, half in cash: A doubles to two thirds, a sixth from its target, and so does cash."""
    days = np.array(["2020-01-01", "2020-01-02"], "M8[D]")
    market = Market.build(days, ("A",), np.array([[1.0], [2.0]]))
    plan = FixedMix.model_validate({"weights": {"A": "50%"}, "rebalance": {"kind": "never"}})
    found = drift(simulate(market, plan, account(), free(1)), market, {})
    assert found.highest == pytest.approx(1 / 6)
