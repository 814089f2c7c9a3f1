"""Terms, orders and situations for tests of the kernel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import strategies as st

from engine.portfolio.costs import PerOrderCosts
from engine.simulation.kernel.records import Order, OrderFills, OrderTerms, Quotes
from engine.simulation.kernel.trade import trade
from tests.support.markets import free, percent

compiled_only = pytest.mark.skipif(not hasattr(trade, "py_func"), reason="numba is switched off: nothing is compiled")


def quotes(prices, *, shares=None, tariff_rate: float = 1.0) -> Quotes:
    prices = np.atleast_1d(np.asarray(prices, float))
    count, n = np.ones(len(prices)) if shares is None else np.array(shares, float), len(prices)
    return Quotes(prices, count, tariff_rate, np.zeros(n, np.uint8))


def terms(costs, n: int, *, caps=None, whole: bool = False) -> OrderTerms:
    return OrderTerms(costs, np.full(n, np.inf) if caps is None else np.array(caps, float), whole, True)


def fills(dq, fees) -> OrderFills:
    return OrderFills(dq, fees, np.zeros(len(dq), np.int64))


def order(weights, *, active=None, recipients=None, release: float = 0.0) -> Order:
    n = len(weights)
    return Order(
        np.array(weights, float),
        np.ones(n, bool) if active is None else np.array(active),
        np.zeros(n) if recipients is None else np.array(recipients, float),
        release,
    )


@st.composite
def situations(draw: st.DrawFn):
    n = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    price = rng.uniform(0.5, 300.0, n)
    units = np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0.0, 500.0, n))
    weights = rng.random(n) * (rng.random(n) < 0.8)
    weights = weights / max(weights.sum(), 1e-9) * rng.choice([1.0, 0.9, 0.5])
    costs = draw(
        st.sampled_from(
            [
                free(n),
                percent(0.001, n),
                PerOrderCosts(fixed=1, rate=0.002, minimum=3, maximum=40, spread=2).cost_table(n),
            ]
        )
    )
    whole = draw(st.booleans())
    if whole:
        units = np.floor(units)
    return units, float(rng.uniform(0.0, 50_000.0)), price, weights, costs, whole
