"""The parts of the difference to buy-and-hold: each is the difference of two runs that anyone can make (S18)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.analysis.caveats import caveats
from engine.analysis.comparison import Comparison, ComparisonTerms, PortfolioMarket, RelativePerformance, compare
from engine.analysis.performance import Performance
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.data.market import Market
from engine.optimisation.convex import ConvexSolver
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import PerOrderCosts
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import BOUGHT_AND_HELD
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support import optimised
from tests.support.configs import ROOT
from tests.support.markets import account, free, market_of, percent

MONTHLY = {"kind": "every", "period": "month"}
SESSIONS, LISTED = 400, 130
NAMES = ("AA", "BB", "S1", "S2", "S3", "S4")


def closes(seed: int = 3, late: int = LISTED) -> np.ndarray:
    """Six assets that drift apart, the last of which lists ``late``."""
    steps = np.random.default_rng(seed).normal(0.0006, 0.02, (SESSIONS, len(NAMES)))
    table = 20.0 * np.cumprod(1.0 + steps, axis=0)
    table[:late, -1] = np.nan
    return table


def plan(**changes: object) -> CoreSatellite:
    """A core of two and four named satellites, reviewed, their caps watched."""
    keys: dict[str, object] = {
        "core": {"AA": "rest", "BB": "20%"},
        "satellites": dict.fromkeys(NAMES[2:], "2.5%"),
        "cap": "3%",
        "caps": "always",
        "rebalance": MONTHLY,
        "loss_review": {"trigger": "15%", "from": "cost", "thesis": {"kind": "never"}},
    }
    return CoreSatellite.model_validate({key: value for key, value in {**keys, **changes}.items() if value is not None})


def chosen(count: int = 3, **changes: object) -> CoreSatellite:
    """The plan with the best of its satellites by momentum."""
    listed = [{"ticker": t, "name": t, "sector": "x", "brokers": ["shop"]} for t in NAMES[2:]]
    choose = {"kind": "top", "count": count, "by": "momentum", "lookback": 20}
    return plan(satellites={"universe": {"names": listed}, "choose": choose, "weight": "2.5%"}, **changes)


def compared(
    market: Market, policy: Policy, terms: Account, costs: CostTable, start: int = 30, **how: bool
) -> Comparison:
    sessions = PortfolioMarket(market, start)
    return compare(market, lambda _: sessions, policy, terms, costs, ComparisonTerms(**how))


def growth(ledger: Ledger) -> float:
    return Performance.from_ledger(ledger).cagr or 0.0


def parts_of(comparison: Comparison) -> dict[str, float]:
    parts = comparison.versus["buy_and_hold"].parts
    assert parts is not None
    return dataclasses.asdict(parts)


def test_buy_and_hold_buys_a_late_name_once_and_with_it_a_plan_of_two_differs_by_rebalancing_it_alone() -> None:
    """60 % of A and 40 % of L, which lists later: by hand, buy-and-hold sells 40 % of A when the plan first buys L."""
    table = closes()[:, [0, 5]]
    market, policy = (
        market_of(table),
        FixedMix.model_validate({"weights": {"A": "60%", "B": "40%"}, "rebalance": MONTHLY}),
    )
    found = compared(market, policy, account(capital=1000), free(2))
    plan_ledger, held = (found.portfolios[name].ledger for name in ("strategy", "buy_and_hold"))
    joined = int(plan_ledger.rows[np.flatnonzero(plan_ledger.trades[:, 1] > 0.0)[0]])
    assert held.rows.tolist() == [0, joined]
    own = table[30:]
    worth = 1000.0 * own[joined, 0] / own[0, 0]
    last = 0.6 * worth * own[-1, 0] / own[joined, 0] + 0.4 * worth * own[-1, 1] / own[joined, 1]
    assert held.value[-1] == pytest.approx(last, rel=1e-14)
    parts = parts_of(found)
    assert parts["rebalancing"] == pytest.approx(0.0, abs=1e-14)  # without L there is nothing to rebalance
    assert parts["late_listings"] == pytest.approx(found.versus["buy_and_hold"].cagr_difference, abs=1e-14)


def test_every_part_is_the_difference_of_two_runs_made_by_hand() -> None:
    """A plan that reviews, watches caps, pays fees and has a late name, beside plans whose configs leave each out."""
    market, terms, fees = market_of(closes(), NAMES), account(capital=50_000), percent(0.004, 6)
    found = compared(market, plan(), terms, fees)
    listed = market_of(np.where(np.arange(6) == 5, np.nan, closes()), NAMES)

    def of(policy: Policy, costs: CostTable, where: Market = market) -> float:
        return growth(simulate(where, policy, terms, costs, start=30))

    held = found.portfolios["buy_and_hold"].ledger
    joined = {30 + int(row): {5: 0.025} for row in held.rows[1:]}
    assert len(joined) == 1
    buys = BOUGHT_AND_HELD._replace(late_purchases=joined)
    held_free = growth(simulate(market, plan(), terms, free(6), start=30, version=buys))
    p2, p3 = of(plan(), free(6)), of(plan(caps="at_rebalance"), free(6))
    p4 = of(plan(caps="at_rebalance", loss_review=None), free(6))
    p6 = of(plan(caps="at_rebalance", loss_review=None), free(6), listed)
    b6 = of(plan(caps="at_rebalance", loss_review=None, rebalance={"kind": "never"}), free(6), listed)
    paid = of(plan(), fees)
    expected = {
        "late_listings": (p4 - p6) - (held_free - b6),
        "choice": 0.0,
        "reviews": p3 - p4,
        "caps": p2 - p3,
        "costs": (paid - p2) - (growth(held) - held_free),
        "taxes": 0.0,
        "rebalancing": p6 - b6,
    }
    assert parts_of(found) == expected
    assert all(expected[key] for key in ("late_listings", "reviews", "caps", "costs", "rebalancing"))


def test_without_a_choice_the_names_of_the_opening_stay() -> None:
    """What choosing anew gained is the run less one with the opening's names written into the config."""
    market, terms = market_of(closes(late=0), NAMES), account(capital=50_000)
    policy = chosen(caps="at_rebalance", loss_review=None)
    found = compared(market, policy, terms, free(6))
    opened = found.strategy.ledger
    names = [NAMES[j] for j in np.flatnonzero(opened.targets[0][2:] > 0.0) + 2]
    assert len(names) == 3
    fixed = plan(satellites=dict.fromkeys(names, "2.5%"), caps="at_rebalance", loss_review=None)
    kept = growth(simulate(market, fixed, terms, free(6), start=30))
    parts = parts_of(found)
    assert parts["choice"] == pytest.approx(growth(opened) - kept, abs=1e-13)
    assert parts["choice"] != 0.0
    assert parts["late_listings"] == 0.0
    assert parts["rebalancing"] == pytest.approx(kept - growth(found.portfolios["buy_and_hold"].ledger), abs=1e-13)


@pytest.mark.parametrize("seed", range(12))
def test_parts_add_up_to_the_difference(seed: int) -> None:
    """Whatever the plan has: flows, fees a share or an order, whole shares, choices, late names, proxies."""
    rng = np.random.default_rng([seed, 5])

    def one_of(*values: Any) -> Any:
        return values[int(rng.integers(len(values)))]

    before = one_of("redistribute", "cash", {"proxy": "BB"})
    make = one_of(plan, plan, chosen)
    policy = make(caps=one_of("always", "at_rebalance"), before_listing=before)
    flows = {"amount": one_of(0, 200, -50), "every": "month", "invest": one_of("towards_targets", "pro_rata", "wait")}
    terms = account(capital=20_000, contributions=flows, shares=one_of("whole", "fractional"))
    costs = one_of(free(6), percent(0.002, 6), PerOrderCosts.model_validate({"fixed": 1.5}).cost_table(6))
    found = compared(market_of(closes(seed), NAMES), policy, terms, costs, late_purchases=one_of(True, True, False))
    difference = found.versus["buy_and_hold"].cagr_difference
    assert difference is not None
    assert math.fsum(parts_of(found).values()) == pytest.approx(difference, abs=1e-12)


@pytest.mark.parametrize("before", ["redistribute", "cash", {"proxy": "BB"}])
def test_a_late_name_is_paid_for_by_what_held_its_weight(before: str | Mapping[str, str]) -> None:
    """The core pro rata to its weights, cash, or the proxy; its weight is the plan's, and it is the only purchase."""
    market = market_of(closes(), NAMES)
    policy = plan(before_listing=before, caps="at_rebalance", loss_review=None)
    held = compared(market, policy, account(capital=50_000), percent(0.001, 6)).portfolios["buy_and_hold"].ledger
    assert len(held.rows) == 2
    moved = held.order_values[1]
    sold = {NAMES[j]: -float(moved[j]) for j in np.flatnonzero(moved < 0.0)}
    bought = float(moved[5])
    if before == "redistribute":
        core = policy.core()
        assert sold["AA"] / sold["BB"] == pytest.approx(core["AA"] / core["BB"], rel=1e-12)
    else:
        assert list(sold) == ([] if before == "cash" else ["BB"])
    row = int(held.rows[1])
    weight = bought / held.value[row]
    if before == "cash":  # what lies there: it has not grown as the rest has
        assert held.cash[row] == pytest.approx(0.0, abs=1e-9)
        assert weight < 0.025
    else:
        assert weight == pytest.approx(0.025, rel=1e-12)
        assert held.cash[row] == pytest.approx(0.0, abs=1e-9)
    assert held.reason(1, 0) == "listed late: bought once"


def test_a_late_core_asset_that_a_payout_has_bought_already_is_brought_to_its_target_and_not_above() -> None:
    """BB's first purchase is its share of a payout that buy-and-hold reinvests too: its target is not added twice."""
    table = closes(late=0)
    table[:50, 1], table[100:, 5] = np.nan, np.nan
    policy = plan(caps="at_rebalance", loss_review=None, rebalance={"kind": "annual", "month": "june"})
    held = compared(market_of(table, NAMES), policy, account(capital=50_000), free(6)).portfolios["buy_and_hold"].ledger
    joined = held.reasons.index("listed late: bought once")
    row = int(held.rows[joined])
    target = 0.025 * 0.2 / (1.0 - 4 * 0.025)
    assert held.units[row, 1] * table[30 + row, 1] / held.value[row] == pytest.approx(target, rel=1e-12)
    assert held.targets[joined].sum() == pytest.approx(1.0, rel=1e-12)


def test_a_proxy_that_cannot_pay_for_the_costs_of_a_late_purchase_is_sold_whole_for_it() -> None:
    """The proxy is worth the late name's weight to the cent: without its costs the purchase was left out for ever."""
    table = np.full((SESSIONS, len(NAMES)), 20.0)
    table[:LISTED, -1] = np.nan
    policy = plan(core={"AA": "rest"}, before_listing={"proxy": "BB"}, caps="at_rebalance", loss_review=None)
    held = compared(market_of(table, NAMES), policy, account(capital=50_000), percent(0.003, 6))
    ledger = held.portfolios["buy_and_hold"].ledger
    late = ledger.order_values[ledger.reasons.index("listed late: bought once")]
    assert late[1] == pytest.approx(-0.025 * ledger.value[0], rel=1e-12)
    assert late[5] == pytest.approx(-late[1] * (1.0 - 0.003) / (1.0 + 0.003), rel=1e-12)


def test_a_name_that_must_be_listed_for_a_while_is_late_and_one_that_waits_for_a_close_is_not() -> None:
    """S4 has a close at the opening but not 100 of them; S1 has a life, but no close that day: only S4 is bought later."""
    table = closes(late=10)
    table[30, 2] = np.nan
    listed = [{"ticker": t, "name": t, "sector": "x", "brokers": ["shop"]} for t in NAMES[2:]]
    named = {"kind": "named", "names": list(NAMES[2:])}
    satellites = {"universe": {"names": listed}, "choose": named, "weight": "2.5%", "min_history": 25}
    policy = plan(satellites=satellites, caps="at_rebalance", loss_review=None)
    market = market_of(table, NAMES)
    own, held = (
        compared(market, policy, account(capital=50_000), free(6)).portfolios[n].ledger
        for n in ("strategy", "buy_and_hold")
    )
    late = int(own.rows[np.flatnonzero(own.trades[:, 5] > 0.0)[0]])
    assert late > 1
    assert held.rows.tolist() == [0, 1, late]
    assert held.opening.tolist() == [True, True, False]
    assert np.flatnonzero(held.trades[2] > 0.0).tolist() == [5]


def test_flows_after_a_late_purchase_go_to_the_weights_that_buy_and_hold_has_then() -> None:
    """Before it a contribution buys the core for the late name, after it the late name at its own target."""
    flows = {"amount": 200, "every": "month", "invest": "pro_rata"}
    policy = plan(caps="at_rebalance", loss_review=None)
    found = compared(market_of(closes(), NAMES), policy, account(capital=50_000, contributions=flows), free(6))
    held, nominal = found.portfolios["buy_and_hold"].ledger, policy.nominal_weights()
    joined = held.reasons.index("listed late: bought once")
    stood_in = {t: 0.025 * w / math.fsum(policy.core().values()) for t, w in policy.core().items()}
    before = [nominal[t] + stood_in.get(t, 0.0) for t in NAMES[:5]] + [0.0]
    np.testing.assert_allclose(held.order_values[1] / 200.0, before, atol=1e-12)
    np.testing.assert_allclose(held.order_values[-1] / 200.0, [nominal[t] for t in NAMES], atol=1e-12)
    assert 1 < joined < len(held.rows) - 1


def test_a_plan_that_only_reviews_has_no_part_of_what_it_has_not() -> None:
    """Without late names, a choice and costs their parts are exactly 0; the reviews' is not."""
    parts = parts_of(compared(market_of(closes(late=0), NAMES), plan(caps="at_rebalance"), account(), free(6)))
    assert {name for name, part in parts.items() if part} == {"reviews", "rebalancing"}


def test_late_never_leaves_the_name_out_of_buy_and_hold_and_its_gain_to_late_listings() -> None:
    """With `late: never` the opening portfolio is never traded again, and the parts still add up."""
    market, terms, fees = market_of(closes(), NAMES), account(capital=50_000), percent(0.001, 6)
    once, never = (compared(market, plan(), terms, fees, late_purchases=how) for how in (True, False))
    held = never.portfolios["buy_and_hold"].ledger
    assert held.rows.tolist() == [0]
    assert (
        held.value.tobytes() == simulate(market, plan(), terms, fees, start=30, version=BOUGHT_AND_HELD).value.tobytes()
    )
    mine, theirs = parts_of(never), parts_of(once)
    assert mine["rebalancing"] == theirs["rebalancing"]
    assert mine["late_listings"] != theirs["late_listings"]
    said = [caveats(one, plan(), (None, None), 30) for one in (once, never)]
    assert [any("bought once" in line for line in lines) for lines in said] == [True, False]


def test_an_optimised_plan_is_asked_again_only_what_differs_and_keeps_the_names_of_its_opening(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without costs each decision asks what it asked with them: no solver runs; P5 is a config with the names held."""
    posed: list[int] = []
    solve = ConvexSolver.solve_convex

    def counted(self: ConvexSolver, form: Any, constraints: Any, costs: Any = None) -> Any:
        posed.append(1)
        return solve(self, form, constraints, costs)

    monkeypatch.setattr(ConvexSolver, "solve_convex", counted)
    market, terms = market_of(optimised.closes()[:150]), account(capital=50_000)
    policy = optimised.plan(limits=[], objective={"kind": "max_sharpe", "risk_free": "-50%"})
    own = simulate(market, policy, terms, percent(0.001, 7), start=optimised.OPENING)
    decided = len(posed)
    found = compared(market, policy, terms, percent(0.001, 7), optimised.OPENING)
    opened = own.targets[0] > 1e-6
    names = [market.assets[j] for j in np.flatnonzero(opened)]
    assert set(optimised.CORE) - set(names)
    kept = {"core": [t for t in names if t in optimised.CORE], "limits": [], "objective": policy.objective}
    held = {"universe": [t for t in names if t in optimised.SATELLITES], "cap": "8%", "floor": "3%"}
    fixed = optimised.plan(**kept, satellites={**held, "count": {"min": "2", "max": "3"}})
    assert len(posed) < 2 * decided  # those of P5 alone, of fewer names
    p4, p5 = (growth(simulate(market, one, terms, free(7), start=optimised.OPENING)) for one in (policy, fixed))
    parts = parts_of(found)
    assert parts["choice"] == pytest.approx(p4 - p5, abs=1e-8)
    assert parts["choice"] != 0.0


def test_rebalancing_is_what_the_plan_gains_without_its_late_name_and_without_costs(shared_data: Path) -> None:
    """Four satellites and RKLB, which lists in 2020: the part is the difference of the same config without RKLB."""
    source = ("data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}", "compare.benchmarks=[]")
    others = "CRS: 2.5%, MMSI: 2.5%, UNF: 2.5%"
    config = ROOT / "configs" / "us_small_caps_three.yaml"

    def against_held(satellites: str, *more: str) -> RelativePerformance:
        loaded = load_run(config, (*source, f"strategy.satellites={{{satellites}}}", *more))
        return run_backtest(loaded, intervals=False).comparison.versus["buy_and_hold"]

    found, alone = against_held(f"{others}, RKLB: 2.5%"), against_held(others, "costs={kind: none}")
    assert found.parts is not None
    assert found.parts.rebalancing == pytest.approx(alone.cagr_difference, abs=1e-6)
    assert math.fsum(dataclasses.astuple(found.parts)) == pytest.approx(found.cagr_difference, abs=1e-12)
    assert found.parts.late_listings > 1e-3


def test_a_version_that_withdrawals_ruin_leaves_no_parts_and_says_why() -> None:
    """The plan lives off its late name; without it the money runs out: no parts, and the reason among the warnings."""
    table = np.column_stack([np.linspace(100.0, 60.0, SESSIONS), np.linspace(100.0, 5000.0, SESSIONS)])
    table[:40, 1] = np.nan
    policy = FixedMix.model_validate({"weights": {"A": "50%", "B": "50%"}, "rebalance": MONTHLY})
    terms = account(capital=1000, contributions={"amount": -60, "every": "month"})
    found = compared(market_of(table), policy, terms, free(2))
    assert found.versus["buy_and_hold"].parts is None
    assert found.versus["buy_and_hold"].cagr_difference is not None
    assert any(
        "not split into its parts" in line and "withdrawal" in line for line in caveats(found, policy, (None, None), 30)
    )
