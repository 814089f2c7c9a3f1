"""What adds up does: gains to what was earned, effects to the difference of final values, shares to 1, years to all."""

from __future__ import annotations

import dataclasses
from math import fsum
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.breakdown.contribution import contribution, contribution_by_year
from engine.analysis.breakdown.rebalances import rebalance_effects
from engine.analysis.breakdown.risk import risk_shares
from engine.analysis.breakdown.session_gains import SessionGains
from engine.analysis.difference_parts import Plan
from engine.analysis.performance import Performance
from engine.analysis.portfolio_market import PortfolioMarket
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from tests.support.breakdowns import CONFIGS, Breakdown, shared_config
from tests.support.configs import SHIPPED
from tests.support.markets import account, percent

NEAR = 1e-9
"""Of the value: how far from each other two sums may be."""
ON_SHARED_PRICES = sorted(
    path
    for path in SHIPPED
    if path.stem not in {"quality_gate", "cash_rate", "quickstart"} and "sweeps" not in path.parts
)


def require_sums(ledger: Ledger, market: Market) -> None:
    """Hold every identity of one portfolio."""
    gains, worth = SessionGains.of(ledger, market), float(max(ledger.value.max(), ledger.capital))
    performance = Performance.from_ledger(ledger)
    mine, years = contribution(gains), contribution_by_year(gains)
    assert mine.gain + mine.flows == pytest.approx(ledger.value[-1] - ledger.capital, abs=NEAR * worth)
    parts = [*(one.gain for one in mine.assets.values()), mine.interest, mine.fees]
    assert fsum(parts) == pytest.approx(mine.gain, abs=NEAR * worth)
    assert gains.returns.sum(axis=1) == pytest.approx(performance.returns, abs=1e-12)
    for one in years:
        assert fsum([*one.assets.values(), one.costs, one.interest, one.fees]) == pytest.approx(one.total, abs=NEAR)
    paid = _flows_by_year(ledger)
    ends = [one.begun_with for one in years[1:]] + [float(ledger.value[-1])]
    for one, end in zip(years, ends, strict=True):
        earned = one.total * one.begun_with + paid.get(one.year, 0.0)
        assert one.begun_with + earned == pytest.approx(end, abs=NEAR * worth)
    shares = [*(one.share for one in risk_shares(gains).assets.values()), *risk_shares(gains).others.values()]
    assert None in shares or fsum(shares) == pytest.approx(1.0, abs=1e-12)
    linked = [*(one.linked for one in mine.assets.values()), *mine.linked_others.values()]
    level = performance.level
    assert fsum(linked) == pytest.approx(level[-1] / level[1] - 1.0, abs=NEAR * level[-1] / level[1])


def require_effects(ledger: Ledger, held: Ledger, market: Market) -> None:
    """Hold that rebalances and the rest are the difference of final values, each row as its trades say."""
    found, worth = rebalance_effects(ledger, market, held), float(max(ledger.value.max(), held.value.max()))
    sums = fsum(one.gain_at_end for one in found.rebalances) + found.rest.total
    assert sums == pytest.approx(float(ledger.value[-1] - held.value[-1]), abs=NEAR * worth)
    rebalanced = (ledger.rebalances | ledger.partial_rebalances) & ~ledger.opening
    assert [one.date for one in found.rebalances] == [
        str(day) for day in np.unique(ledger.dates[ledger.rows[rebalanced]])
    ]


def _flows_by_year(ledger: Ledger) -> dict[int, float]:
    years = ledger.dates.astype("datetime64[Y]").astype(int) + 1970
    return {year: float(ledger.flows[years == year].sum()) for year in set(years.tolist())}


@pytest.mark.parametrize("name", [pytest.param("us_small_caps_savings", marks=pytest.mark.slow), "rules/sleeves"])
def test_parts_of_shipped_plans_add_up(name: str, shared_data: Path) -> None:
    """One with money paid in, and one with part trades whose buy-and-hold buys late."""
    require_all(Breakdown(shared_config(name, shared_data)))


@pytest.mark.slow
@pytest.mark.parametrize("path", ON_SHARED_PRICES, ids=lambda path: path.stem)
def test_parts_of_every_shipped_plan_add_up(path: Path, shared_data: Path) -> None:
    """Every portfolio of every config that the shared prices have the names of."""
    require_all(Breakdown(shared_config(str(path.relative_to(CONFIGS).with_suffix("")), shared_data)))


def require_all(run: Breakdown) -> None:
    assert "strategy" in run.comparison.portfolios
    for one in run.comparison.portfolios.values():
        require_sums(one.ledger, one.market)
    if "buy_and_hold" in run.comparison.portfolios and run.rebalances.rest is not None:
        require_effects(run.strategy.ledger, run.held.ledger, run.strategy.market)


@st.composite
def accounts(draw: st.DrawFn) -> dict[str, object]:
    """What an account can have that moves money: flows, interest, whole shares, dividends in cash."""
    amount = draw(st.sampled_from([0.0, 300.0, -200.0]))
    return {
        "contributions": {"amount": amount, "every": draw(st.sampled_from(["month", "quarter"]))},
        "cash": {"rate": draw(st.sampled_from(["0%", "4%"]))},
        "shares": draw(st.sampled_from(["fractional", "whole"])),
    }


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10_000),
    terms=accounts(),
    caps=st.sampled_from(["at_rebalance", "always"]),
    haircut=st.sampled_from(["0%", "30%"]),
    yearly=st.sampled_from([0.0, 0.01]),
    invests=st.booleans(),
)
def test_parts_of_any_run_add_up(
    seed: int, terms: dict[str, object], caps: str, haircut: str, yearly: float, *, invests: bool
) -> None:
    """With flows, interest, dividends, a currency, a listing, a delisting, whole shares, fees and trims."""
    rng = np.random.default_rng(seed)
    closes = 20.0 * np.cumprod(1.0 + rng.normal(0.0004, 0.02, (320, 6)), axis=0)
    closes[200:, 3] = closes[:90, 4] = np.nan
    days = np.busday_offset("2019-10-01", np.arange(320), roll="forward").astype("datetime64[D]")
    rates = np.cumprod(1.0 + rng.normal(0.0, 0.004, 320))
    closes[:, 1] *= rates
    market = Market.build(days, ("A", "B", "C", "GONE", "LATE", "Z"), closes, annual_cash_rate=0.03)
    market = dataclasses.replace(
        market,
        dividends=rng.choice([0.0, 0.2], (320, 6), p=[0.98, 0.02]),
        currencies=("USD", "EUR", *["USD"] * 4),
        fx={"EUR": rates},
        invests_dividends=invests,
    )
    plan = CoreSatellite.model_validate(
        {
            "core": {"A": "rest", "B": "20%"},
            "satellites": dict.fromkeys(("C", "GONE", "LATE"), "3%"),
            "cap": "3.2%",
            "caps": caps,
            "rebalance": {"kind": "every", "period": "quarter"},
            "after_delisting": {"to": "redistribute", "haircut": haircut},
        }
    )
    own, costs = account(capital=20_000.0, **terms), percent(0.002, 6)._replace(yearly=yearly)
    ledger = simulate(market, plan, own, costs, start=5)
    held = Plan(PortfolioMarket(market, 5), plan, own, costs, ledger).bought_and_held(late=True)
    other = simulate(market, plan, own, costs, start=5, version=held)
    require_sums(ledger, market)
    require_sums(other, market)
    require_effects(ledger, other, market)
