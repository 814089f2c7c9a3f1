"""What must hold for every run, in sentences; hypothesis looks for the run that breaks one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.data.market import Market
from engine.evidence.look_ahead import certify
from engine.portfolio.costs import NoCosts, PercentCosts, PerOrderCosts
from engine.simulation.ledger import Ledger, ledger_checks
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of, percent
from tests.support.random_markets import closes

RULES = [
    {"kind": "never"},
    {"kind": "annual"},
    {"kind": "annual", "month": "march", "session": "last"},
    {"kind": "every", "period": "month"},
    {"kind": "every", "period": "week"},
    {"kind": "band", "absolute": "5%", "relative": "25%"},
    {
        "kind": "any",
        "of": [{"kind": "every", "period": "quarter"}, {"kind": "band", "relative": "10%", "look": "week"}],
    },
]


@st.composite
def mixes(draw: st.DrawFn, assets: int = 4) -> dict[str, float]:
    parts = draw(
        st.lists(st.integers(0, 10), min_size=assets + 1, max_size=assets + 1).filter(lambda p: sum(p[:-1]) > 0)
    )
    return {name: part / sum(parts) for name, part in zip("ABCDEFGH", parts[:-1], strict=False)}


rules = st.sampled_from(RULES)
cost_models = st.sampled_from(
    [
        NoCosts(),
        PercentCosts(rate=0.001),
        PercentCosts(rate=0.01, spread=10),
        PerOrderCosts(fixed=1, rate=0.001, minimum=2, maximum=30),
    ]
)
accounts = st.sampled_from(
    [
        {},
        {"shares": "whole"},
        {"execution": "next_close"},
        {"cash": {"rate": "3%"}},
        {"contributions": {"amount": 300}},
        {"contributions": {"amount": -200, "invest": "pro_rata"}},
        {"contributions": {"amount": 250, "every": "week", "invest": "wait"}, "shares": "whole"},
    ]
)


def run(
    prices: np.ndarray, weights: dict[str, float], rule: dict, costs=NoCosts(), **fields: object
) -> tuple[Ledger, Market]:
    market = market_of(prices)
    return simulate(
        market, FixedMix(weights=weights, rebalance=rule), account(**fields), costs.cost_table(len(market.assets))
    ), market


@given(closes(), mixes(), rules, cost_models, accounts)
def test_value_is_cash_plus_units_times_prices_and_cash_is_never_negative(prices, weights, rule, costs, fields) -> None:
    ledger, market = run(prices, weights, rule, costs, **fields)
    assert np.allclose(ledger.value, ledger.cash + (ledger.units * market.prices).sum(axis=1), rtol=1e-14, atol=0)
    assert ledger.cash.min() >= 0.0
    assert ledger.units.min() >= -1e-12


@given(closes(), mixes(), rules, cost_models, accounts)
def test_every_change_of_cash_is_a_trade_a_cost_a_flow_or_interest(prices, weights, rule, costs, fields) -> None:
    ledger, market = run(prices, weights, rule, costs, **fields)
    assert ledger_checks(ledger, market).worst_cash_residual < 1e-12


@given(closes(), mixes(), rules, cost_models)
def test_after_a_fractional_rebalance_the_weights_are_the_targets(prices, weights, rule, costs) -> None:
    ledger, market = run(prices, weights, rule, costs)
    assert ledger_checks(ledger, market).worst_weight_residual < 1e-12


@given(closes(), mixes(), rules, cost_models, accounts)
def test_units_change_only_by_the_recorded_trades(prices, weights, rule, costs, fields) -> None:
    ledger, _ = run(prices, weights, rule, costs, **fields)
    moved = np.zeros_like(ledger.units)
    np.add.at(moved, ledger.rows, ledger.trades)
    assert np.allclose(np.cumsum(moved, axis=0), ledger.units, rtol=0, atol=1e-9 * max(1.0, ledger.units.max()))


@given(closes(), mixes(), rules, cost_models, accounts, st.permutations(range(4)))
def test_permuting_the_columns_of_the_market_changes_no_bit(prices, weights, rule, costs, fields, order) -> None:
    ledger, market = run(prices, weights, rule, costs, **fields)
    shuffled = Market.build(market.dates, tuple("ABCD"[j] for j in order), prices[:, order])
    plan = FixedMix(weights={"ABCD"[j]: weights["ABCD"[j]] for j in order}, rebalance=rule)
    other = simulate(shuffled, plan, account(**fields), costs.cost_table(4))
    assert np.array_equal(ledger.value, other.value)
    assert np.array_equal(ledger.units, other.units)


@given(closes(), mixes(), rules, st.sampled_from([0.0, 0.001, 0.01]), st.sampled_from([1.0, 1e3, 1e9]))
def test_scaling_the_capital_scales_the_value(prices, weights, rule, rate, scale) -> None:
    one, _ = run(prices, weights, rule, PercentCosts(rate=rate), capital=1000)
    many, _ = run(prices, weights, rule, PercentCosts(rate=rate), capital=1000 * scale)
    assert np.allclose(many.value, one.value * scale, rtol=1e-12)


@given(closes(), mixes(), rules, cost_models)
def test_quoting_an_asset_in_tenths_changes_nothing_but_its_units(prices, weights, rule, costs) -> None:
    """A 1:8 split of all history is exact in binary: the value must not move by a bit."""
    base, _ = run(prices, weights, rule, costs)
    split = prices.copy()
    split[:, 1] /= 8.0
    other, _ = run(split, weights, rule, costs)
    assert np.array_equal(base.value, other.value)
    assert np.array_equal(base.units[:, 1] * 8.0, other.units[:, 1])


@given(closes(assets=5), mixes(), rules, cost_models, accounts)
def test_an_asset_that_is_never_bought_changes_nothing(prices, weights, rule, costs, fields) -> None:
    alone, _ = run(prices[:, :4], weights, rule, costs, **fields)
    beside, _ = run(prices, weights, rule, costs, **fields)
    assert np.array_equal(alone.value, beside.value)


@given(closes(), mixes(), rules, st.sampled_from([0.0005, 0.002, 0.01]))
def test_dearer_costs_never_end_richer_at_calendar_targets(prices, weights, rule, rate) -> None:
    assume("band" not in str(rule))
    cheap, _ = run(prices, weights, rule, PercentCosts(rate=rate / 2))
    dear, _ = run(prices, weights, rule, PercentCosts(rate=rate))
    assert dear.value[-1] <= cheap.value[-1] * (1 + 1e-12)


@given(closes(), mixes(), rules)
def test_zero_cost_costs_nothing(prices, weights, rule) -> None:
    ledger, _ = run(prices, weights, rule)
    assert ledger.costs.sum() == 0.0


@given(closes(), mixes(), cost_models)
def test_a_mix_that_never_rebalances_is_buy_and_hold(prices, weights, costs) -> None:
    market = market_of(prices)
    mix = simulate(market, FixedMix(weights=weights, rebalance={"kind": "never"}), account(), costs.cost_table(4))
    held = simulate(market, BuyAndHold(weights=weights), account(), costs.cost_table(4))
    assert np.array_equal(mix.value, held.value)
    assert np.array_equal(np.diff(held.units, axis=0), np.zeros_like(held.units[1:]))


@given(closes(), rules, cost_models)
def test_one_asset_alone_earns_its_own_return(prices, rule, costs) -> None:
    ledger, market = run(prices, {"A": 1.0}, rule, costs)
    assert ledger.value[-1] / ledger.value[0] == pytest.approx(market.prices[-1, 0] / market.prices[0, 0], rel=1e-12)


@given(closes(), mixes(), rules, cost_models)
def test_a_band_wider_than_any_drift_is_the_calendar_alone(prices, weights, rule, costs) -> None:
    calendar = {"kind": "every", "period": "month"}
    wide = {"kind": "any", "of": [calendar, {"kind": "band", "absolute": "100%"}]}
    one, _ = run(prices, weights, calendar, costs)
    two, _ = run(prices, weights, wide, costs)
    assert np.array_equal(one.value, two.value)


@given(closes(), mixes(), cost_models, st.sampled_from([0.02, 0.05, 0.1]))
def test_a_watched_band_is_left_for_one_close_at_most(prices, weights, costs, width) -> None:
    ledger, market = run(prices, weights, {"kind": "band", "absolute": width}, costs)
    drift = np.abs(ledger.weights(market) - ledger.targets[0]).max(axis=1)
    rebalanced = np.zeros(len(drift), dtype=bool)
    rebalanced[ledger.rows[ledger.rebalances]] = True
    assert rebalanced[1:][drift[:-1] > width * (1 + 1e-9)].all()


@given(closes(), mixes(), rules, cost_models, accounts, st.integers(10, 200))
def test_cutting_off_later_sessions_changes_nothing_before(prices, weights, rule, costs, fields, cut) -> None:
    assume(cut < len(prices) - 1)
    whole, _ = run(prices, weights, rule, costs, **fields)
    part, _ = run(prices[:cut], weights, rule, costs, **fields)
    assert np.array_equal(whole.value[: cut - 1], part.value[: cut - 1])


@given(closes(), mixes(), cost_models, st.integers(1, 25))
def test_a_price_that_stands_still_adds_a_session_and_nothing_else(prices, weights, costs, at) -> None:
    """Repeating a session between rebalances is a day without news."""
    calm = {"kind": "never"}
    repeated = np.insert(prices, at, prices[at], axis=0)
    one, _ = run(prices, weights, calm, costs)
    two, _ = run(repeated, weights, calm, costs)
    assert np.array_equal(np.delete(two.value, at), one.value)


@given(closes(), mixes(), rules, st.sampled_from(["towards_targets", "pro_rata"]), st.sampled_from([500.0, -50.0]))
def test_flows_do_not_touch_the_time_weighted_return_of_a_single_asset(prices, weights, rule, invest, amount) -> None:
    assume(len(prices) > 50)
    plain, _ = run(prices, {"A": 1.0}, rule)
    fed, _ = run(prices, {"A": 1.0}, rule, contributions={"amount": amount, "invest": invest})
    assume(fed.value.min() > 1.0)
    assert Performance.from_ledger(fed).level[-1] == pytest.approx(Performance.from_ledger(plain).level[-1], rel=1e-9)


@given(closes(), mixes(), rules, cost_models, st.sampled_from(["towards_targets", "pro_rata", "wait"]))
def test_a_contribution_between_rebalances_only_buys_and_a_withdrawal_only_sells(
    prices, weights, rule, costs, invest
) -> None:
    for amount, reason, sign in ((400.0, "contribution", 1), (-150.0, "withdrawal", -1)):
        ledger, _ = run(prices, weights, rule, costs, contributions={"amount": amount, "invest": invest})
        own = np.array([why == reason for why in ledger.reasons])
        assert (sign * ledger.trades[own] >= 0).all()


@given(closes(), mixes(), rules, cost_models, accounts)
def test_whole_shares_are_whole(prices, weights, rule, costs, fields) -> None:
    ledger, _ = run(prices, weights, rule, costs, **{**fields, "shares": "whole"})
    assert np.array_equal(ledger.units, np.round(ledger.units))


@settings(max_examples=40)
@given(closes(assets=3, most=31), st.integers(500, 20_000), st.sampled_from([0.0, 0.002]))
def test_whole_shares_stay_within_one_share_of_the_fractional_ones(prices, capital, rate) -> None:
    weights = {"A": 0.5, "B": 0.3, "C": 0.2}
    whole, _ = run(prices, weights, {"kind": "never"}, PercentCosts(rate=rate), capital=capital, shares="whole")
    exact, _ = run(prices, weights, {"kind": "never"}, PercentCosts(rate=rate), capital=capital)
    assert (np.abs(whole.units[0] - exact.units[0]) < 1.0 + 1e-9).all()
    spare = [prices[0, j] * (1 + rate) for j in range(3) if whole.units[0, j] <= exact.units[0, j] - 1e-9]
    assert not spare or whole.cash[0] < min(spare) + 1e-9


PLAN = {
    "core": {"A": "rest", "B": "15%"},
    "satellites": {"C": "2.5%", "D": "2.5%", "E": "2.5%"},
    "cap": "3%",
}


@given(
    closes(assets=5), cost_models, st.sampled_from(["close", "next_close"]), st.sampled_from(["fractional", "whole"])
)
def test_a_watched_cap_is_exceeded_for_as_many_closes_as_the_fill_takes(prices, costs, execution, shares) -> None:
    market = market_of(prices)
    plan = CoreSatellite.model_validate({**PLAN, "caps": "always"})
    ledger = simulate(market, plan, account(execution=execution, shares=shares), costs.cost_table(5))
    over = ledger.weights(market)[:, 2:] > 0.03 * (1 + 1e-9)
    patience = 2 if execution == "next_close" else 1
    for k in range(over.shape[1]):
        longest = max((len(run) for run in "".join("x" if o else " " for o in over[:, k]).split()), default=0)
        assert longest <= patience + (execution == "next_close")


@given(closes(assets=5), cost_models, st.sampled_from(["fractional", "whole"]))
def test_no_satellite_is_above_its_cap_right_after_a_rebalance(prices, costs, shares) -> None:
    market = market_of(prices)
    ledger = simulate(market, CoreSatellite.model_validate(PLAN), account(shares=shares), costs.cost_table(5))
    after = ledger.weights(market)[ledger.rows[ledger.rebalances]]
    assert (after[:, 2:] <= 0.03 * (1 + 1e-9)).all()


@given(closes(assets=5), st.integers(5, 20), st.sampled_from(["redistribute", "cash", {"proxy": "B"}]))
def test_a_late_asset_is_not_traded_before_it_is_listed_nor_after_it_is_gone(prices, birth, place) -> None:
    prices = prices.copy()
    prices[:birth, 2] = np.nan
    prices[birth + 8 :, 2] = np.nan
    market = market_of(prices)
    plan = CoreSatellite.model_validate(
        {**PLAN, "before_listing": place, "rebalance": {"kind": "every", "period": "week"}}
    )
    ledger = simulate(market, plan, account(), percent(0.001, 5))
    traded = ledger.rows[ledger.trades[:, 2] != 0.0]
    assert traded.size == 0 or (traded.min() > birth and traded.max() <= birth + 8)
    assert (ledger.units[birth + 8 :, 2] == 0.0).all()
    assert ledger_checks(ledger, market).worst_cash_residual < 1e-12


@given(closes(), mixes(), rules, cost_models, accounts)
def test_every_figure_is_a_finite_number_or_none(prices, weights, rule, costs, fields) -> None:
    ledger, _ = run(prices, weights, rule, costs, **fields)
    assert all(
        value is None or np.isfinite(value) for value in compute_metrics(Performance.from_ledger(ledger)).values()
    )


@given(closes(), mixes(), rules, cost_models, accounts)
def test_the_same_run_twice_gives_the_same_bits(prices, weights, rule, costs, fields) -> None:
    one, _ = run(prices, weights, rule, costs, **fields)
    two, _ = run(prices, weights, rule, costs, **fields)
    assert one.value.tobytes() == two.value.tobytes()
    assert one.trades.tobytes() == two.trades.tobytes()


# No look-ahead ----------------------------------------------------------------------------------------------------

POLICIES = {
    "core_satellite": CoreSatellite.model_validate(PLAN),
    "core_satellite, watched caps": CoreSatellite.model_validate({**PLAN, "caps": "always"}),
    "core_satellite, monthly and bands": CoreSatellite.model_validate({**PLAN, "rebalance": RULES[-1]}),
    "fixed_mix": FixedMix(weights={"A": 0.5, "B": 0.3, "C": 0.1}, rebalance={"kind": "every", "period": "month"}),
    "buy_and_hold": BuyAndHold(weights={"A": 0.6, "E": 0.4}),
}


def _walk(sessions: int = 330) -> np.ndarray:
    rng = np.random.default_rng(11)
    walk = 50.0 * np.cumprod(1.0 + rng.normal(0.0004, 0.02, (sessions, 5)), axis=0)
    walk[:70, 3] = np.nan  # lists late
    walk[200:, 4] = np.nan  # is delisted
    return walk


@pytest.mark.parametrize("execution", ["close", "next_close"])
@pytest.mark.parametrize("name", POLICIES)
def test_no_decision_changes_when_future_prices_change(name: str, execution: str) -> None:
    """Every price after t goes missing, becomes a thousandfold, is reversed: all up to t stays as it was, to the bit."""
    terms = account(execution=execution, contributions={"amount": 500})
    found = certify(market_of(_walk()), POLICIES[name], terms, percent(0.001, 5))
    assert found.moved is None
    assert found.sessions == 50
