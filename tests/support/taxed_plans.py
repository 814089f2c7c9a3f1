"""Random plans over several calendar years, and the laws that tax them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from pydantic import TypeAdapter

from engine.core.arrays import FloatArray, read_only
from engine.data.market import Market
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import AS_WRITTEN, PolicyVersion
from engine.simulation.simulate import simulate
from engine.tax.law import TaxLaw
from engine.tax.laws import AnyTax
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, percent

ASSETS = ("A", "B", "C")
_LAWS: TypeAdapter[AnyTax] = TypeAdapter(AnyTax)
_GERMAN = {
    "A": {"fund": "equity", "income": "distributing"},
    "B": {"fund": "mixed", "income": "distributing"},
    "C": {"stock": "US"},
}
_AMERICAN = {"A": {"fund": "us"}, "B": {"fund": "us", "qualified": "50%"}, "C": {"stock": "US"}}

GERMANY = {"kind": "germany", "allowance": "300", "assets": _GERMAN}
UNITED_STATES = {"kind": "united_states", "rates": {"ordinary": "24%", "long_term": "15%"}, "assets": _AMERICAN}
FLAT = {"kind": "flat", "gains": "25%", "income": "30%"}
AT_ONCE = (
    FLAT,
    {**FLAT, "losses": "carry", "lots": "average"},
    GERMANY,
    {**GERMANY, "church": "9%", "allowance": "0", "short_of_cash": "outside"},
    {**GERMANY, "pots": "one", "opening_pots": {"stocks": "500", "other": "200"}},
)
ASSESSED = (
    {**FLAT, "collect": "assessment"},
    {**GERMANY, "collect": "assessment"},
    UNITED_STATES,
    {**UNITED_STATES, "lots": "hifo"},
    {**UNITED_STATES, "wash_sales": "false"},
)
LAWS = AT_ONCE + ASSESSED


def law_of(keys: dict[str, object]) -> TaxLaw:
    """Return the law that ``keys`` of a config state."""
    law: TaxLaw = _LAWS.validate_python(keys)
    return law


@dataclass(frozen=True, repr=False)
class TaxedPlan:
    """A plan on a market that pays dividends; ``taxed`` runs it under a law."""

    market: Market
    policy: Policy
    keys: dict[str, object]

    def taxed(
        self, law: dict[str, object] | None, *, reinvests: bool = True, version: PolicyVersion = AS_WRITTEN
    ) -> Ledger:
        """Return the run under ``law``, None for none."""
        taxation = None if law is None else law_of(law).taxation(reinvests=reinvests)
        costs = percent(0.001, 3)
        own = account(**self.keys)
        return simulate(self.market, self.policy, own, costs, version=version, taxation=taxation)

    def with_prices(self, prices: FloatArray) -> TaxedPlan:
        """Return the same plan at other prices (T, 3)."""
        return dataclasses.replace(self, market=dataclasses.replace(self.market, prices=read_only(prices)))

    def __repr__(self) -> str:
        """Say which plan it is; its closes would fill pages."""
        return f"TaxedPlan({self.policy.kind}, {self.keys}, {self.market.prices[0]})"

    def without_dividends(self) -> TaxedPlan:
        """Return the same plan where nothing is paid."""
        return dataclasses.replace(self, market=dataclasses.replace(self.market, dividends=None))


POLICIES = (
    {"kind": "fixed_mix", "weights": {"A": "50%", "B": "30%", "C": "20%"}, "rebalance": {"kind": "annual"}},
    {
        "kind": "fixed_mix",
        "weights": {"A": "40%", "B": "20%", "C": "30%"},
        "rebalance": {"kind": "band", "absolute": "4%"},
    },
    {"kind": "fixed_mix", "weights": {"A": "60%", "C": "40%"}, "rebalance": {"kind": "every", "period": "quarter"}},
)


def market_of_years(prices: FloatArray, dividends: FloatArray | None = None) -> Market:
    """Return a market with a session every third day from 2022-11-02 on, over more than two years."""
    dates = np.datetime64("2022-11-02") + 3 * np.arange(len(prices))
    market = Market.build(dates, ASSETS, prices, currency="EUR")
    return market if dividends is None else dataclasses.replace(market, dividends=read_only(dividends))


@st.composite
def taxed_plans(draw: st.DrawFn, sessions: int = 320) -> TaxedPlan:
    """Random walks with quarterly dividends under one of three policies."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    drift, scale = draw(st.sampled_from([(0.001, 0.02), (-0.001, 0.02), (0.002, 0.05), (0.0005, 0.004)]))
    steps = np.clip(rng.normal(drift, scale, (sessions, 3)), -0.4, 0.6)
    prices = np.round(rng.uniform(5.0, 200.0, 3) * np.cumprod(1.0 + steps, axis=0), 4) + 0.01
    dividends = np.zeros_like(prices)
    for j in range(3):
        dividends[10 + 5 * j :: 30, j] = np.round(prices[10 + 5 * j :: 30, j] * rng.uniform(0.0, 0.02), 4)
    policy = FixedMix.model_validate(draw(st.sampled_from(POLICIES)))
    keys = draw(st.sampled_from([{}, {"cash": {"rate": "3%"}}, {"contributions": {"amount": 500, "every": "quarter"}}]))
    return TaxedPlan(market_of_years(prices, dividends), policy, {"currency": "EUR", **keys})
