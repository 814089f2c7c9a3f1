"""What accounts are worth: a price that is not known belongs to no holding, and nothing is divided by nothing."""

from __future__ import annotations

import numpy as np

from engine.simulation.kernel.jit import njit_cached
from engine.simulation.kernel.valuation import account_value, fill_holdings, paid_dividends, portfolio_weights

UNITS, PRICES = np.array([0.0, 2.0, 0.5]), np.array([np.nan, 10.0, 40.0])


@njit_cached
def _paid(units, dividends):
    return paid_dividends(units, dividends)


def test_an_asset_that_is_not_held_is_worth_and_pays_nothing_whatever_its_price_is() -> None:
    held = np.full(3, 9.0)
    assert account_value(UNITS, PRICES, 7.0) == 47.0
    assert _paid(UNITS, PRICES) == 40.0
    assert fill_holdings(UNITS, PRICES, held) == 40.0
    assert held.tolist() == [0.0, 20.0, 20.0]


def test_weights_are_shares_of_the_value_and_none_where_it_is_nothing() -> None:
    assert portfolio_weights(UNITS, PRICES, 80.0).tolist() == [0.0, 0.25, 0.25]
    assert portfolio_weights(np.zeros(3), PRICES, 0.0).tolist() == [0.0, 0.0, 0.0]
    assert portfolio_weights(np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0]), 0.0).tolist() == [0.0, 0.0, 0.0]
    assert portfolio_weights(np.array([0.0, 1.0, 0.0]), np.array([1.0, 0.5, 1.0]), 0.5).tolist() == [0.0, 1.0, 0.0]
