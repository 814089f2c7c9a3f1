"""What a gain is made of: local prices, currencies, payouts, interest, costs (S17)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.currency_parts import split_gain
from engine.data.market import Market
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, percent


def abroad(closes: np.ndarray, rates: np.ndarray, own: np.ndarray) -> Market:
    """Return a market in euros of A in dollars at ``closes``, converted at ``rates``, and of B in euros."""
    days = np.busday_offset("2024-01-02", np.arange(len(closes)), roll="forward").astype("datetime64[D]")
    market = Market.build(days, ("A", "B"), np.column_stack([closes * rates, own]), currency="EUR")
    return dataclasses.replace(market, currencies=("USD", "EUR"), fx={"USD": rates})


def parts_of(market: Market, **terms: object):
    plan = FixedMix.model_validate(
        {"weights": {"A": "50%", "B": "30%"}, "rebalance": {"kind": "every", "period": "month"}}
    )
    ledger = simulate(market, plan, account(**terms), percent(0.001, 2)._replace(yearly=0.02))
    return ledger, split_gain(ledger, market)


def test_a_falling_dollar_is_a_loss_of_the_currency_alone() -> None:
    """Closes stand still at home: all that is lost is the rate's, and the price part is nothing."""
    steady = np.full(40, 100.0)
    ledger, parts = parts_of(abroad(steady, np.linspace(1.0, 0.8, 40), steady))
    assert parts.local == pytest.approx(0.0, abs=1e-9)
    assert parts.currency < -9_000.0
    assert parts.currency + parts.costs == pytest.approx(ledger.value[-1] - ledger.capital, rel=1e-12)


@given(st.integers(0, 10_000), st.booleans())
def test_the_parts_add_up(seed: int, gaps: bool) -> None:
    """For any closes and rates, with gaps, flows and interest, they are the final value less the capital."""
    rng = np.random.default_rng(seed)
    closes, rates, own = np.exp(np.cumsum(rng.normal(0.0, 0.02, (3, 60)), axis=1))
    if gaps:
        closes[rng.integers(1, 59, 4)] = np.nan
    market = dataclasses.replace(abroad(closes, rates, own), dividends=rng.choice([0.0, 0.3], (60, 2)))
    ledger, parts = parts_of(market, cash={"rate": "3%"}, contributions={"amount": 100.0})
    assert parts.taxes is None
    assert sum(part or 0.0 for part in dataclasses.astuple(parts)) == pytest.approx(
        ledger.value[-1] - ledger.capital, rel=1e-9, abs=1e-6
    )
    assert parts.dividends > 0.0
    assert (market.rates[:, 1] == 1.0).all()


def test_an_account_whose_prices_are_at_home_has_no_such_parts() -> None:
    """Without a foreign asset there is nothing to split."""
    days = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
    market = Market.build(days, ("A", "B"), np.ones((2, 2)))
    assert parts_of(market)[1] is None
