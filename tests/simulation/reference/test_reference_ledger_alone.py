"""The reference ledger against closed forms, three engines' numbers and cases worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest

from engine.diagnostics.verify.accounting import FEE_CASES, synthetic_market_figures
from engine.diagnostics.verify.rates import CUMULATIVE_RETURNS
from strategies.fixed_mix import FixedMix
from tests.reference.exact_inputs import market, mix, q, rates
from tests.reference.ledger import Case, Cost, Event, ExactLedger, LedgerError, Run, WaitedTooLong, levels, run
from tests.support.published import ExpectedFigures

F = Fraction
SYNTHETIC = ExpectedFigures(synthetic_market_figures(lambda weights: FixedMix(weights=dict(weights))))


def traded(result: Run, row: int) -> list[tuple[str, list[Fraction]]]:
    """List kind and quantities of the events of one row."""
    return [(event.kind, list(event.quantities)) for event in result.events if event.row == row]


# -- the fee fixpoint (S3)


@pytest.mark.parametrize(("held", "cash", "weights", "rate", "after", "fee", "trades"), FEE_CASES)
def test_fee_fixpoint(
    held: list[float], cash: float, weights: list[float], rate: float, after: float, fee: float, trades: list[float]
) -> None:
    """A rebalance ends at the known value with the known trades, and its cash is what the weights leave over."""
    tickers = "ABC"[: len(trades)]
    targets = {ticker: F(w).limit_denominator(100) for ticker, w in zip(tickers, weights, strict=True)}
    ledger = ExactLedger(Case(tickers, [[F(1)] * len(trades)], targets, costs=rates(tickers, str(rate))))
    ledger.units, ledger.cash, ledger.price = q(*held), F(cash), [F(1)] * len(trades)
    before = ledger.value()
    ledger.rebalance(0, "rebalance", "")
    event = ledger.run.events[0]
    value = ledger.value()
    assert float(value) == pytest.approx(after, rel=1e-14)
    assert [float(x) for x in event.quantities] == pytest.approx(trades, abs=1e-9)
    assert float(sum(event.costs)) == pytest.approx(fee, rel=1e-11)
    assert abs(value + sum(event.costs) - before) < F(1, 10**24)
    assert abs(ledger.cash - value * (1 - sum(targets.values()))) < F(1, 10**24)


def test_fee_fixpoint_is_exact_where_it_is_rational() -> None:
    """99.8 is 99.8 and nothing near it."""
    ledger = ExactLedger(Case("AB", [q(1, 1)], mix(A="1/2", B="1/2"), costs=rates("AB", "1/100")))
    ledger.units, ledger.cash, ledger.price = q(60, 40), F(0), q(1, 1)
    ledger.rebalance(0, "rebalance", "")
    assert ledger.value() == F("99.8")


@pytest.mark.parametrize(
    ("cost", "value"),
    [
        (Cost(minimum=F(1)), "999"),
        (Cost(rate=F("0.1"), maximum=F(5)), "995"),
        (Cost(minimum=F(50), maximum_rate=F("0.01")), "1000/1.01"),
        (Cost(fixed=F(1), per_share=F("0.5"), spread=F("0.002")), "999/1.052"),
        (Cost(minimum=F(7), maximum=F(5), spread=F("0.01")), "995/1.01"),
    ],
)
def test_a_broker_schedule(cost: Cost, value: str) -> None:
    """One purchase of a whole account at a price of ten, by each branch of the schedule."""
    above, _, below = value.partition("/")
    result = run(Case("A", market([10]), mix(A="1"), capital=F(1000), costs={"A": cost}))
    assert abs(result.value[0] - F(above) / F(below or 1)) < F(1, 10**22)


def test_a_rebalance_at_target_trades_nothing() -> None:
    """A fixed fee is not charged when the targets are held already."""
    costs = {ticker: Cost(fixed=F(1)) for ticker in "AB"}
    result = run(Case("AB", market([10, 10], [5, 5]), mix(A="1/2", B="1/2"), decisions={1: ""}, costs=costs))
    assert [event.kind for event in result.events] == ["opening"]
    assert result.value == q(98, 98)


# -- markets of many sessions


def synthetic() -> tuple[list[date], list[list[Fraction]]]:
    """Build the market of the linear congruential generator, seed 7, four assets."""
    days = [date(2014, 12, 31) + timedelta(k) for k in range((date(2024, 12, 31) - date(2014, 12, 31)).days + 1)]
    dates = [day for day in days if day.weekday() < 5]
    state, prices, rows = 7, [100.0] * 4, []
    for t in range(len(dates)):
        for j in range(4):
            total = 0.0
            for _ in range(12):
                state = (1664525 * state + 1013904223) % 2**32
                total += (state + 0.5) / 2**32
            if t:
                prices[j] *= 1 + 0.01 * (total - 6) + 0.0001 * j
        rows.append([F(price) for price in prices])
    return dates, rows


@pytest.fixture(scope="module")
def januaries() -> Case:
    """Rebalance the synthetic market at the first weekday of each January."""
    dates, rows = synthetic()
    assert float(sum(sum(row) for row in rows)) == pytest.approx(SYNTHETIC["sum of all prices"], rel=1e-12)
    first = {t: "annual" for t in range(1, len(dates)) if dates[t].year > dates[t - 1].year}
    weights = mix(A="0.4", B="0.3", C="0.2", D="0.1")
    return Case("ABCD", rows, weights, capital=F(100_000), decisions=first)


def drawdown(level: Sequence[Fraction]) -> float:
    """Return the deepest fall below the highest level before."""
    top, worst = level[0], 0.0
    for x in level:
        top = max(top, x)
        worst = min(worst, float(x / top) - 1)
    return worst


@pytest.mark.parametrize(("rate", "name"), [("0", "no costs"), ("1/1000", "10 bp")])
def test_synthetic_market(januaries: Case, rate: str, name: str) -> None:
    """Ten years agree with the reference engines."""
    case = replace(januaries, costs=rates("ABCD", rate))
    result = run(case)
    assert float(result.value[-1]) == pytest.approx(SYNTHETIC[f"{name}, final value"], rel=1e-12)
    assert [float(x) for x in result.units[-1]] == pytest.approx(SYNTHETIC.vector(f"{name}, shares"), rel=1e-11)
    costs = float(sum(sum(event.costs) for event in result.events))
    assert costs == pytest.approx(SYNTHETIC[f"{name}, costs"], abs=1e-8)
    assert drawdown(levels(case, result)) == pytest.approx(SYNTHETIC[f"{name}, max drawdown"], abs=1e-11)


def test_synthetic_market_in_whole_shares(januaries: Case) -> None:
    """Rounding down alone gives the known shares, cash and fees."""
    case = replace(januaries, costs=rates("ABCD", "1/1000"), whole=True, spend_rest=False)
    result = run(case)
    assert float(result.value[-1]) == pytest.approx(134594.078775889, rel=1e-12)
    assert list(result.units[-1]) == q(459, 194, 295, 158)
    assert float(result.cash[-1]) == pytest.approx(210.2026, abs=1e-4)
    assert float(sum(sum(event.costs) for event in result.events)) == pytest.approx(184.425552051, abs=1e-8)


def test_volatility_pumping() -> None:
    """Half in an asset that doubles and halves, rebalanced at each step, grows by 1.125 in two steps."""
    prices = market([2 if t % 2 else 1 for t in range(21)])
    result = run(Case("A", prices, mix(A="1/2"), capital=F(1), decisions=dict.fromkeys(range(1, 21), "")))
    assert abs(result.value[-1] - F("1.125") ** 10) < F(1, 10**24)


def test_time_weighted_return() -> None:
    """Flows leave the level alone; a flow at the start of a day is one at the close of the day before."""
    gains = q("230", "200", "-234.41", "293.99", "293.99", "195.99", "-882.52", "-1003.85")
    inbound, outbound = {1: F(200), 5: F(5400)}, {2: F(-400), 6: F("-3697.04")}
    value, price, prices = F(10000), F(1), [[F(1)]]
    for day, gain in enumerate(gains):
        start = value + inbound.get(day, F(0))
        price *= 1 + gain / start
        prices.append([price])
        value = start + gain + outbound.get(day, F(0))
    flows = {**inbound, **{day + 1: amount for day, amount in outbound.items()}}
    case = Case("A", prices, mix(A="1"), capital=F(10000), flows=flows)
    result = run(case)
    assert abs(result.value[-1] - F("10596.15")) < F(1, 10**20)
    assert [float(level / 10000 - 1) for level in levels(case, result)[2:]] == pytest.approx(
        CUMULATIVE_RETURNS, abs=1e-9
    )


# -- by hand

TWO = mix(A="1/2", B="1/2")


def test_an_asset_joins_at_the_first_rebalance_after_its_listing() -> None:
    """The core holds the target until the session before a fill lies in the asset's life."""
    case = Case(
        "AB",
        market([10, 10, 10, 10], [None, None, 20, 20]),
        mix(A="0.6", B="0.4"),
        core=mix(A="0.6"),
        decisions={2: "", 3: ""},
    )
    assert [(e.row, list(e.quantities)) for e in run(case).events] == [(0, q(10, 0)), (3, q(-4, 2))]
    cash = run(replace(case, before_listing="cash"))
    assert [*cash.cash, *cash.units[-1]] == q(40, 40, 40, 0, 6, 2)


def test_a_proxy_stands_in_and_the_core_for_a_proxy_that_is_not_listed() -> None:
    """The target goes to the proxy while that has a life, else to the core."""
    case = Case(
        "ABC",
        market([10, 10, 10], [None, None, None], [None, 5, 5]),
        mix(A="0.6", B="0.4"),
        core=mix(A="1"),
        before_listing="C",
        decisions={2: ""},
    )
    result = run(case)
    assert [list(units) for units in result.units] == [q(10, 0, 0), q(10, 0, 0), q(6, 0, 8)]


def test_a_delisting_pays_out_and_reinvests() -> None:
    """99 after the fee of A; B rises to 59.4, pays 75 % of it, and A takes that after its fee of 1."""
    case = Case(
        "AB",
        market([10, 10, 10, 10], [10, 12, None, None]),
        TWO,
        core=mix(A="1/2"),
        haircut=F("0.25"),
        costs={"A": Cost(fixed=F(1))},
    )
    result = run(case)
    assert traded(result, 2) == [("delisting", q(0, "-4.95")), ("reinvest", q("4.355", 0))]
    assert result.value == q(99, "108.9", "93.05", "93.05")
    kept = run(replace(case, after_delisting="cash"))
    assert (kept.cash[2], kept.value[2]) == (F("44.55"), F("94.05"))
    with_rebalance = run(replace(case, decisions={2: ""}))
    assert traded(with_rebalance, 2) == [("delisting", q(0, "-4.95")), ("rebalance", q("4.355", 0))]


def test_an_underweight_order_waits_for_its_price() -> None:
    """A is sold to half of 175; five sessions on, B is bought to half of 225, and cash keeps the rest."""
    case = Case("AB", market([10, *[25] * 7], [10, 10, *[None] * 5, 20]), TWO, decisions={2: ""})
    result = run(case)
    assert result.cash[2] == result.cash[6] == F("37.5")
    assert traded(result, 7) == [("waiting", q(0, "0.625"))]
    assert [result.cash[7], result.value[7]] == q(25, 225)


def test_an_overweight_order_scales_the_others_down() -> None:
    """B cannot be sold, so A cannot be bought; when B has a price both go to half."""
    case = Case("AB", market([10, 10, 10, 10], [10, 30, None, 30]), TWO, decisions={2: ""})
    result = run(case)
    assert traded(result, 2) == []
    (kind, quantities), *_ = traded(result, 3)
    assert (kind, quantities[0]) == ("waiting", F(5))
    assert abs(quantities[1] + F(5, 3)) < F(1, 10**29)
    assert abs(result.cash[3]) < F(1, 10**25)


def test_an_order_waits_five_sessions() -> None:
    """The fifth session without a price ends the run; a rebalance in between does not begin a new wait."""
    case = Case("AB", market([10] * 9, [10, 30, *[None] * 6, 30]), TWO, decisions={2: ""})
    with pytest.raises(WaitedTooLong, match="B: no price at row 7 for the order of row 2") as error:
        run(case)
    assert (error.value.ticker, error.value.row, error.value.since) == ("B", 7, 2)
    with pytest.raises(WaitedTooLong, match="B: no price at row 7 for the order of row 2"):
        run(replace(case, decisions={2: "", 6: ""}))


def test_a_trim_sells_to_target_and_the_core_buys() -> None:
    """B is a third of 120 at the close of row 1; its trim solves V' = 120 - 1 % x (0.6 V' - 40)."""
    case = Case(
        "AB",
        market([10, 10, 10], [10, 20, 20]),
        mix(A="0.8", B="0.2"),
        core=mix(A="0.8"),
        capital=F(101),
        caps=mix(B="0.3"),
        watch_caps=True,
        costs=rates("AB", "0.01"),
    )
    result = run(case)
    after = F("120.4") / F("1.006")
    (kind, (bought, sold)), *_ = traded(result, 2)
    assert kind == "trim"
    assert abs(sold * 20 + 40 - after / 5) < F(1, 10**25)
    assert abs(bought * 10 + 80 - after * 4 / 5) < F(1, 10**25)
    assert abs(result.value[2] - after) < F(1, 10**25)
    assert result.cash[2] == 0
    assert [event.kind for event in run(replace(case, delay=1)).events] == ["opening"]


@pytest.mark.parametrize(
    ("invest", "flow", "moved", "cash"),
    [
        ("towards_targets", "20", ["2.5", "16.5", "1"], "0"),
        ("towards_targets", "12", ["0", "12", "0"], "0"),
        ("towards_targets", "-15", ["-15", "0", "0"], "0"),
        ("towards_targets", "-17", ["-16", "0", "-1"], "0"),
        ("pro_rata", "20", ["10", "6", "4"], "0"),
        ("pro_rata", "-17", ["-10", "-3", "-4"], "0"),
        ("wait", "20", ["0", "0", "0"], "20"),
        ("wait", "-17", ["-16", "0", "-1"], "0"),
    ],
)
def test_flows(invest: str, flow: str, moved: list[str], cash: str) -> None:
    """Holdings of 50, 15 and 20 against targets of a half, 0.3 and 0.2."""
    prices, targets = market([10, 10], [10, 5], [10, 10]), mix(A="0.5", B="0.3", C="0.2")
    result = run(Case("ABC", prices, targets, flows={1: F(flow)}, invest=invest))
    units = [F(50 + F(moved[0]), 10), F(15 + F(moved[1]), 5), F(20 + F(moved[2]), 10)]
    assert (list(result.units[1]), result.cash[1]) == (units, F(cash))


def test_a_contribution_leaves_out_an_asset_at_its_cap() -> None:
    """C would stay above its cap of 22 %, so A and B share the money five to three."""
    prices, targets = market([10, 10], [10, 5], [10, 10]), mix(A="0.5", B="0.3", C="0.2")
    case = Case("ABC", prices, targets, flows={1: F(16)}, invest="pro_rata", caps=mix(C="0.22"))
    assert run(case).units[1] == (F(6), F("4.2"), F(2))


def test_costs_come_out_of_the_flow() -> None:
    """A contribution of 20.2 at 1 % buys 20; a withdrawal of 19.8 sells 20."""
    for flow, units in (("20.2", 12), ("-19.8", 8)):
        for invest in ("towards_targets", "pro_rata"):
            case = Case("A", market([10, 10]), mix(A="1"), capital=F(101), costs=rates("A", "0.01"))
            result = run(replace(case, flows={1: F(flow)}, invest=invest))
            assert [*result.units[1], result.cash[1]] == q(units, 0)


def test_whole_shares_spend_the_rest_by_largest_remainder() -> None:
    """1000 in halves at 30 and 70 is 16.67 and 7.14 shares: 16 and 7 leave 30, which buys one more of A."""
    case = Case("AB", market([30], [70]), TWO, capital=F(1000), whole=True)
    assert [*run(case).units[0], *run(case).cash] == q(17, 7, 0)
    assert list(run(replace(case, spend_rest=False)).units[0]) == q(16, 7)
    cheap = replace(case, prices=market([31], [7]))  # 16.13 and 71.43 shares leave 7
    assert [*run(cheap).units[0], *run(cheap).cash] == q(16, 72, 0)


def test_a_share_that_does_not_fit_is_passed_over() -> None:
    """1.39 shares at 90 and 3.125 at 40 leave 40: too little for one more of A, enough for one more of B."""
    case = Case("AB", market([90], [40]), TWO, capital=F(250), whole=True)
    assert [*run(case).units[0], *run(case).cash] == q(1, 4, 0)


def test_no_share_breaks_a_cap() -> None:
    """2.5 shares at 20 and 1.67 at 30 leave 30: one more of B would be 0.6, so one more of A is bought."""
    case = Case("AB", market([20], [30]), TWO, caps=mix(B="0.5"), whole=True)
    assert [*run(case).units[0], *run(case).cash] == q(3, 1, 10)
    assert [*run(replace(case, caps={})).units[0]] == q(2, 2)


def test_a_withdrawal_that_no_sale_can_raise_is_an_error() -> None:
    """B has no close on the day of a rebalance and holds more than the withdrawal leaves."""
    case = Case("AB", market([10, 10, 10], [10, None, 10]), TWO, flows={1: F(-60)}, decisions={1: ""})
    with pytest.raises(LedgerError, match="cannot be raised"):
        run(case)
    with pytest.raises(LedgerError, match="cannot be raised"):
        run(replace(case, decisions={}))


def test_a_band_rebalances_on_the_next_session() -> None:
    """B is 0.6 at row 1; with next_close an answer on its way blocks another."""
    case = Case("AB", market([10] * 5, [10, 15, 15, 20, 25]), TWO, absolute=F("0.05"), look=frozenset({1, 2, 3}))
    assert [(e.row, e.label) for e in run(case).events[1:]] == [(2, "band"), (4, "band")]
    late = replace(case, delay=1)
    assert [e.row for e in run(late).events[1:]] == [3]
    relative = replace(case, absolute=None, relative=F("0.25"))
    assert [e.row for e in run(relative).events[1:]] == [4]


def test_next_close_and_interest() -> None:
    """A decision of row 1 is filled at row 2, with cash that has grown twice by then."""
    case = Case("A", market([10, 20, 20]), mix(A="1/2"), decisions={1: "annual"}, delay=1)
    result = run(replace(case, growth=q(1, "1.1", "1.1")))
    assert result.events[1:] == [Event(2, "rebalance", "annual", (F("-0.9875"),), (F(0),), (F(20),), (F("0.5"),))]
    assert result.value == q(100, 155, "160.5")
    assert (result.cash[2], result.units[2]) == (F("80.25"), (F("4.0125"),))
