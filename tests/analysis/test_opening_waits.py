"""An opening purchase that waits for a price is still the opening: no turnover, and nobody says the asset is new."""

from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.caveats import caveats
from engine.analysis.comparison import ComparisonTerms, PortfolioMarket, compare
from engine.analysis.performance import Performance
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, market_of, percent

WEIGHTS = {"A": 0.6, "B": 0.4}


def closes(missing: slice) -> np.ndarray:
    """(80, 2) closes that drift apart; the second asset lacks some."""
    steps = np.random.default_rng(11).normal(0.0, 0.01, (80, 2))
    table = 20.0 * np.exp(steps.cumsum(axis=0))
    table[missing, 1] = np.nan
    return table


@pytest.mark.parametrize("waited", [1, 3, 5])
@pytest.mark.parametrize("cost", [0.0, 0.01])
def test_an_opening_order_that_waited_is_no_turnover(waited: int, cost: float) -> None:
    """Two orders, the second later; the money they move is the opening's."""
    market = market_of(closes(slice(10, 10 + waited)))
    ledger = simulate(market, BuyAndHold(weights=WEIGHTS), account(capital=1000), percent(cost, 2), start=10)
    assert ledger.rows.tolist()[-1] == waited
    assert ledger.opening.all()
    assert Performance.from_ledger(ledger).traded == 0.0


def test_what_waits_at_a_later_rebalance_is_turnover() -> None:
    """Of a monthly rebalance whose second order waits, both orders count."""
    policy = FixedMix.model_validate({"weights": WEIGHTS, "rebalance": {"kind": "every", "period": "month"}})
    whole = simulate(market_of(closes(slice(0, 0))), policy, account(capital=1000), free(2), start=10)
    row = int(whole.rows[1])
    ledger = simulate(market_of(closes(slice(10 + row, 12 + row))), policy, account(capital=1000), free(2), start=10)
    assert row in ledger.rows
    assert row + 2 in ledger.rows
    assert ledger.opening.tolist() == [at == 0 for at in ledger.rows.tolist()]
    assert Performance.from_ledger(ledger).traded == pytest.approx(float(np.abs(ledger.order_values[1:]).sum()))


def test_what_waits_since_the_opening_and_since_later_is_turnover() -> None:
    """Two orders filled together, one of them from a rebalance a session after the opening: they count."""
    table = np.random.default_rng(5).uniform(10.0, 12.0, (40, 3))
    table[12:15, 1] = table[13:15, 2] = np.nan
    mix = {"weights": {"A": 0.4, "B": 0.3, "C": 0.3}, "rebalance": {"kind": "every", "period": "week"}}
    ledger = simulate(market_of(table), FixedMix.model_validate(mix), account(capital=1000), free(3), start=12)
    assert ledger.rows.tolist()[:3] == [0, 1, 3]
    assert ledger.opening.tolist() == [at == 0 for at in ledger.rows.tolist()]


@pytest.mark.parametrize(("missing", "said"), [(slice(10, 12), False), (slice(0, 12), True)])
def test_only_an_asset_without_a_past_has_no_price_before(missing: slice, *, said: bool) -> None:
    """A close that lacks at the opening is a waiting order; one that was never there is a late listing."""
    market, policy = market_of(closes(missing)), BuyAndHold(weights=WEIGHTS)
    own = PortfolioMarket(market, 10)
    comparison = compare(
        market, lambda _: own, policy, account(capital=1000), free(2), ComparisonTerms(buy_and_hold=False)
    )
    text = "\n".join(caveats(comparison, policy, (None, None), 10))
    assert ("B has no price before" in text) is said
    assert ("B had no close on" in text) is not said
