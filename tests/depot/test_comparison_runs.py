"""What was done beside the plan, from files to parts: the plan's own trades leave nothing, and each change its part."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.config import RunConfig
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.core.errors import DataError
from engine.depot.comparison.asset_prices import AssetPrices
from engine.depot.comparison.compare_depot import compare_depot
from engine.depot.comparison.exact import Bookings
from engine.depot.comparison.flags import DepotFlags
from engine.depot.comparison.records import DepotComparison, DifferencePart
from strategies import AnyStrategy
from tests.support.depot_statements import Statement, compare, digits, isin, sessions, write_market, write_plan

CONFIG = Path(__file__).parents[2] / "configs" / "us_small_caps.yaml"
DAYS = sessions()
FLOWS = {DAYS[20]: "7000", DAYS[75]: "450.5", DAYS[190]: "-1200"}
PLANS = {
    "reinvested": {},
    "cash": {"dividends": "cash"},
    "towards targets": {"dividends": "towards_targets"},
    "whole shares": {"account": ", shares: whole"},
    "interest": {"dividends": "cash", "account": ", cash: {rate: 4%}"},
}


@pytest.fixture
def plan(tmp_path: Path) -> RunConfig[AnyStrategy]:
    return write_plan(tmp_path, write_market(tmp_path), dividends="cash")


def money(found: DepotComparison) -> dict[str, float]:
    return {part.kind: part.money for part in found.parts if part.money}


def part(found: DepotComparison, kind: str) -> DifferencePart:
    return next(one for one in found.parts if one.kind == kind)


def own_statement(
    config: RunConfig[AnyStrategy], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Statement, Bookings, AssetPrices]:
    """Return the plan's own trades under these flows, as a broker prints them."""
    flows = Statement.of_flows(FLOWS)
    _, bookings, prices = compare(config, flows.write(folder / "flows.csv"), monkeypatch)
    return flows.add(bookings, prices), bookings, prices


@pytest.mark.parametrize("kind", PLANS)
def test_the_plan_s_own_trades_leave_exactly_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_plan(tmp_path, write_market(tmp_path), **PLANS[kind])
    own, bookings, _ = own_statement(config, tmp_path, monkeypatch)
    found, _, _ = compare(config, own.write(tmp_path / "own.csv"), monkeypatch)
    assert len(bookings.trades) > 20
    assert [(part.kind, part.money, part.deviations) for part in found.parts if part.deviations or part.money] == []
    assert found.mine == pytest.approx(found.plan, rel=1e-12)
    assert abs(found.difference) < 1e-9 * found.plan[-1]
    assert found.flows[found.flows != 0.0].tolist() == [450.5, -1200.0]
    for figure in found.figures:
        assert figure.mine == pytest.approx(figure.plan, rel=1e-12)


def test_parts_of_own_trades_at_random_add_up_to_the_difference(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(5)
    own = Statement.of_flows(FLOWS)
    for row in sorted(draw.integers(20, 299, 40).tolist()):
        ticker, shares = str(draw.choice(["AAA", "BBB", "CCC"])), int(draw.integers(1, 9))
        own.trade(DAYS[row], ticker, str(shares), f"-{shares * int(draw.integers(20, 120))}", "1.5", "0.25")
        own.book(DAYS[row], "DIVIDEND", f"{draw.integers(1, 99)}.07", ticker)
    found, _, _ = compare(plan, own.write(tmp_path / "own.csv"), monkeypatch)
    assert sum(found_part.money for found_part in found.parts) == pytest.approx(found.difference, rel=1e-9)
    assert found.difference == pytest.approx(found.mine[-1] - found.plan[-1], rel=1e-12)
    assert len(money(found)) >= 5
    assert any("below zero" in one for one in found.warnings)


def test_each_change_of_the_plan_s_trades_is_a_part_of_its_own(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, bookings, prices = own_statement(plan, tmp_path, monkeypatch)
    at = next(k for k, one in enumerate(own.rows) if one["type"] == "BUY" and one["date"] > DAYS[60])
    row = own.rows[at]
    planned = next(one for one in bookings.trades if DAYS[one.row] == row["date"] and one.quantity > 0)
    last, count = prices.last(planned.ticker), planned.quantity

    def changed(**cells: str) -> dict[str, float]:
        rows = [*own.rows[:at], {**row, **cells}, *own.rows[at + 1 :]]
        return money(compare(plan, Statement(rows).write(tmp_path / "own.csv"), monkeypatch)[0])

    fee = Fraction(row["fee"].lstrip("-"))
    half = {"shares": digits(Fraction(row["shares"]) / 2), "amount": digits(Fraction(row["amount"]) / 2)}
    assert changed(**half) == pytest.approx({"size": float(-count / 2 * (last - planned.price))})
    assert changed(fee=digits(-fee - 3)) == pytest.approx({"fees": -3.0})
    assert changed(tax="-2.5") == pytest.approx({"taxes": -2.5})
    dearer = Fraction(row["amount"]) - count
    assert changed(amount=digits(dearer)) == pytest.approx({"price": float(-count)})
    later = planned.row + 4
    close = prices.close(planned.ticker, later)
    assert changed(date=DAYS[later], amount=digits(-count * close)) == pytest.approx(
        {"late": float(count * (planned.price - close))}
    )
    gone = {"type": "INTEREST", "shares": "", "amount": "0.5", "fee": "", "symbol": "", "asset_class": ""}
    assert changed(**gone) == pytest.approx(
        {"not_done": float(-count * (last - planned.price)), "fees": float(fee), "income": 0.5}
    )


def test_what_the_plan_does_not_hold_is_priced_by_its_source_by_a_file_or_by_its_own_trades(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _, _ = own_statement(plan, tmp_path, monkeypatch)
    known = Statement([*own.rows]).trade(DAYS[100], "CCC", "2", "-200", "1")
    found, _, _ = compare(plan, known.write(tmp_path / "own.csv"), monkeypatch)
    assert part(found, "not_planned").deviations[0].ticker == "CCC"
    closes = [line.split(",") for line in (tmp_path / "prices.csv").read_text().splitlines() if ",CCC," in line]
    assert money(found) == pytest.approx({"not_planned": 2 * float(closes[-1][2]) - 200, "fees": -1.0})
    unknown = Statement([*own.rows]).trade(DAYS[100], "DDD", "2", "-200")
    with pytest.raises(DataError, match=rf"{isin('DDD')}: held at the end, .*--prices FILE"):
        compare(plan, unknown.write(tmp_path / "own.csv"), monkeypatch)
    old = Statement([*own.rows]).trade("2023-06-01", "DDD", "2", "-200")
    with pytest.raises(DataError, match=f"{isin('DDD')}: held at the end, and found its last price on 2023-06-01"):
        compare(plan, old.write(tmp_path / "own.csv"), monkeypatch, end=DAYS[22])
    unknown.write(tmp_path / "own.csv")
    listed = tmp_path / "end.csv"
    listed.write_text(f"isin,price\n{isin('DDD')},130\n")
    found, _, _ = compare(plan, tmp_path / "own.csv", monkeypatch, prices=listed)
    assert money(found) == pytest.approx({"not_planned": 60.0})
    sold = Statement([*unknown.rows]).trade(DAYS[150], "DDD", "-2", "230")
    found, _, _ = compare(plan, sold.write(tmp_path / "own.csv"), monkeypatch)
    assert money(found) == pytest.approx({"not_planned": 30.0})
    assert found.mine[125 - 20] == pytest.approx(found.plan[125 - 20], rel=1e-12)
    assert any(isin("DDD") in note for note in found.notes)


def test_a_split_counts_once_whether_the_broker_books_it_or_not(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, bookings, prices = own_statement(plan, tmp_path, monkeypatch)
    before = sum(one.quantity for one in bookings.trades if one.ticker == "BBB" and one.row < 120)
    shares = before * prices.shares("BBB", 119)
    booked = Statement([*own.rows]).book(DAYS[122], "SPLIT_ADDED", ticker="BBB", shares=digits(2 * shares))
    found, _, _ = compare(plan, booked.write(tmp_path / "own.csv"), monkeypatch)
    assert money(found) == {}
    assert any("count once" in note for note in found.notes)
    wrong = Statement([*own.rows]).book(DAYS[200], "SPLIT_ADDED", ticker="BBB", shares="5")
    with pytest.raises(DataError, match=r"found a split of BBB on .* that the prices do not have"):
        compare(plan, wrong.write(tmp_path / "own.csv"), monkeypatch)


def test_what_is_moved_in_is_money_paid_in_at_that_close(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Statement.of_flows(FLOWS).book(DAYS[101], "TRANSFER_IN", ticker="CCC", shares="3")
    found, _, prices = compare(plan, own.write(tmp_path / "own.csv"), monkeypatch)
    line = next(one for one in (tmp_path / "prices.csv").read_text().splitlines() if one.startswith(f"{DAYS[101]},CCC"))
    assert found.flows[101 - 20] == pytest.approx(3 * float(line.split(",")[2]))
    assert found.mine[101 - 20] - found.mine[100 - 20] == pytest.approx(found.flows[101 - 20])
    assert part(found, "not_planned").deviations[0].words.startswith("moved in 3 at ")
    assert prices.rows == 300


def test_with_what_was_held_at_the_start_both_go_on(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both hold the same, so what neither trades is no difference, and the plan waits for its next date."""
    held = tmp_path / "held.csv"
    held.write_text("ticker,quantity\nAAA,80\nBBB,20\nCCC,4\nCASH,500\n")
    own = Statement([]).book(DAYS[150], "INTEREST", "0.01")
    flags = {"holdings_at_start": held, "start": DAYS[100]}
    found, bookings, _ = compare(plan, own.write(tmp_path / "own.csv"), monkeypatch, **flags)
    assert found.start == DAYS[100]
    assert found.mine[0] == pytest.approx(found.plan[0], rel=1e-12)
    assert min(one.row for one in bookings.trades) > 100
    words = {one.words for one in part(found, "not_planned").deviations}
    assert len(words) == 1
    assert words.pop().startswith("held at the start 4 at ")
    assert not part(found, "size").deviations


def test_a_start_takes_what_was_booked_before_as_held_and_opens_the_plan_with_its_value(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _, _ = own_statement(plan, tmp_path, monkeypatch)
    found, _, _ = compare(plan, own.write(tmp_path / "own.csv"), monkeypatch, start=DAYS[140])
    assert found.start == DAYS[140]
    assert found.mine[0] == pytest.approx(found.plan[0], rel=0.003)  # the plan pays for its purchases
    assert found.figures[1].mine == found.figures[1].plan
    assert sum(one.money for one in found.parts) == pytest.approx(found.difference, rel=1e-9)


def test_a_booking_on_a_day_without_a_session_belongs_to_the_next(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saturday = str(np.datetime64("2024-03-09"))
    own = Statement.of_flows(FLOWS).book(saturday, "CUSTOMER_INPAYMENT", "100")
    found, _, _ = compare(plan, own.write(tmp_path / "own.csv"), monkeypatch)
    assert found.flows[found.dates == np.datetime64("2024-03-11")].tolist() == [100.0]


def test_trades_without_any_deposit_are_paid_for_when_they_need_it(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Statement([]).trade(DAYS[30], "AAA", "10", "-500", "1").trade(DAYS[40], "AAA", "2", "-110", "1")
    found, _, _ = compare(plan, own.write(tmp_path / "own.csv"), monkeypatch)
    assert found.start == DAYS[30]
    assert found.flows[found.flows != 0.0].tolist() == [111.0]
    assert found.figures[1].mine == pytest.approx(612.0)
    assert any("no deposits" in one for one in found.warnings)


FAULTS = {
    "more sold than there was": (
        Statement.of_flows(FLOWS).trade(DAYS[30], "AAA", "-1", "50"),
        {},
        "found 1 shares of AAA going on .*, 0 were there; export all transactions",
    ),
    "an empty file of flows": (Statement.of_flows({DAYS[20]: "-5"}), {}, "found no money paid in"),
    "a start without money": (Statement.of_flows(FLOWS), {"start": DAYS[5]}, "found 0.00 in the account"),
    "a start after the prices": (Statement.of_flows(FLOWS), {"start": "2026-01-01"}, "found prices up to 2025-02-21"),
    "an end before the start": (Statement.of_flows(FLOWS), {"end": DAYS[5]}, "--end: found .*, expected a day after"),
    "no day": (Statement.of_flows(FLOWS), {"end": "soon"}, "--end: found 'soon', expected a date"),
    "more paid out than the plan has": (
        Statement.of_flows({**FLOWS, DAYS[200]: "-9000"}).book(DAYS[199], "INTEREST", "9000"),
        {},
        "the plan could not have paid out what you did",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_compared_is_told_in_a_line(fault: str, plan: RunConfig[AnyStrategy], tmp_path: Path) -> None:
    from engine.core.errors import EngineError

    statement, flags, message = FAULTS[fault]
    with pytest.raises(EngineError, match=message):
        compare_depot(plan, statement.write(tmp_path / "own.csv"), DepotFlags(**flags))  # type: ignore[arg-type]


def test_holdings_that_the_bookings_do_not_add_up_to_are_listed(plan: RunConfig[AnyStrategy], tmp_path: Path) -> None:
    own = Statement.of_flows(FLOWS).trade(DAYS[30], "AAA", "10", "-500").trade(DAYS[30], "BBB", "3", "-240")
    path, held = own.write(tmp_path / "own.csv"), tmp_path / "held.csv"
    held.write_text("ticker,quantity\nAAA,10\nBBB,9\nCASH,0\n")  # BBB became three of one
    compare_depot(plan, path, DepotFlags(holdings=held))
    held.write_text("ticker,quantity\nAAA,11\nCCC,1\nCASH,0\n")
    with pytest.raises(DataError) as raised:
        compare_depot(plan, path, DepotFlags(holdings=held))
    assert [re.search(r"found \S+ shares of (\w+)", line)[1] for line in raised.value.args] == ["AAA", "BBB", "CCC"]


def test_a_correction_says_what_no_booking_does(plan: RunConfig[AnyStrategy], tmp_path: Path) -> None:
    own = Statement.of_flows(FLOWS).trade(DAYS[30], "CCC", "10", "-1000")
    path, said = own.write(tmp_path / "own.csv"), tmp_path / "corrections.csv"
    said.write_text(f"date,code,ratio,cash\n{DAYS[50]},{isin('CCC')},0,1234\n")
    found = compare_depot(plan, path, DepotFlags(corrections=said))
    words = [one.words for one in part(found, "not_planned").deviations]
    assert any("1 share became 0" in one for one in words)
    assert part(found, "not_planned").money == pytest.approx(234.0)


def test_adjusted_closes_are_refused(tmp_path: Path) -> None:
    prices = write_market(tmp_path)
    lines = prices.read_text().splitlines()
    prices.write_text("\n".join(",".join(line.split(",")[:3]) for line in lines) + "\n")
    config = write_plan(tmp_path, prices)
    with pytest.raises(DataError, match="found adjusted closes of AAA, BBB, expected closes as traded"):
        compare_depot(config, Statement.of_flows(FLOWS).write(tmp_path / "own.csv"), DepotFlags())


def test_a_taxed_plan_is_compared_before_tax_with_its_figures_after_tax_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_plan(tmp_path, write_market(tmp_path), dividends="cash")
    law = {"kind": "flat", "gains": "30%", "income": "30%"}
    taxed = type(config).model_validate({**config.canonical(), "tax": law})
    own, _, _ = own_statement(config, tmp_path, monkeypatch)
    path = own.write(tmp_path / "own.csv")
    plain, after = compare_depot(config, path, DepotFlags()), compare_depot(taxed, path, DepotFlags())
    assert money(after) == money(plain) == {}
    assert [one.plan for one in after.figures] == [one.plan for one in plain.figures]
    assert {one.plan_after_tax for one in plain.figures} == {None}
    by_label = {one.label: one for one in after.figures}
    assert by_label["gain"].plan_after_tax < by_label["gain"].plan
    assert by_label["time-weighted return"].plan_after_tax < by_label["time-weighted return"].plan


def test_bookings_in_another_currency_are_taken_at_the_rate_of_their_day(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The European Central Bank fixed 1.0919 dollars on 3 January 2024 and 1.0953 on the day after."""
    own = Statement.of_flows({"2024-01-03": "1000", "2024-01-04": "100"})
    path = own.write(tmp_path / "own.csv")
    path.write_text(path.read_text().replace(",USD,", ",EUR,"))
    found, _, _ = compare(plan, path, monkeypatch)
    assert found.mine[0] == pytest.approx(1091.9)
    assert found.flows[1] == pytest.approx(109.53)
    assert any("in EUR" in note for note in found.notes)


@pytest.mark.parametrize("kind", PLANS)
def test_the_plan_s_line_is_the_run_of_the_same_config_with_the_same_flows(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = write_plan(tmp_path, write_market(tmp_path), **PLANS[kind])
    found, _, _ = compare(config, Statement.of_flows(FLOWS).write(tmp_path / "own.csv"), monkeypatch)
    first, *later = FLOWS.items()
    plain = config.canonical()
    flows = [{"amount": float(amount), "on": day} for day, amount in later]
    plain["account"] = {**plain["account"], "capital": float(first[1]), "contributions": flows}
    result = run_backtest(type(config).model_validate({**plain, "window": {"start": first[0]}}), parts=False)
    assert found.plan.tolist() == result.comparison.strategy.ledger.value.tolist()


def test_what_is_paid_on_the_first_day_counts(
    plan: RunConfig[AnyStrategy], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, _, _ = own_statement(plan, tmp_path, monkeypatch)
    found, _, _ = compare(plan, own.book(DAYS[20], "INTEREST", "0.5").write(tmp_path / "own.csv"), monkeypatch)
    assert money(found) == pytest.approx({"income": 0.5})
    assert found.mine[0] - found.plan[0] == pytest.approx(0.5)


def test_what_was_delisted_is_paid_out_to_the_plan_and_priced_by_a_file_where_it_is_still_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = write_market(tmp_path)
    lines = [line for line in prices.read_text().splitlines() if ",BBB," not in line or line[:10] <= DAYS[230]]
    prices.write_text("\n".join(lines) + "\n")
    config = write_plan(tmp_path, prices, dividends="cash")
    own, bookings, _ = own_statement(config, tmp_path, monkeypatch)
    payout = next(one for one in bookings.trades if one.ticker == "BBB" and one.row == 231)
    assert abs(sum(one.quantity for one in bookings.trades if one.ticker == "BBB")) < 1e-12
    assert money(compare(config, own.write(tmp_path / "own.csv"), monkeypatch)[0]) == {}
    kept = Statement([one for one in own.rows if (one["date"], one.get("symbol")) != (DAYS[231], isin("BBB"))])
    with pytest.raises(DataError, match=f"BBB: held at the end, and found its last price on {DAYS[230]}"):
        compare(config, kept.write(tmp_path / "own.csv"), monkeypatch)
    (tmp_path / "end.csv").write_text("ticker,price\nBBB,0\n")
    found, _, _ = compare(config, tmp_path / "own.csv", monkeypatch, prices=tmp_path / "end.csv")
    assert money(found)["not_done"] == pytest.approx(float(payout.quantity * payout.price), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("dividends", ["reinvest", "cash", "towards_targets"])
def test_nineteen_years_of_the_small_cap_plan_leave_exactly_nothing(
    dividends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Path
) -> None:
    """Real closes as traded with 3 splits of what is held; a trade skipped and another's half are their parts."""
    source = ("data.source.kind=files", f"data.source.path={shared_data / 'raw.parquet'}")
    names = [f"identifiers.{isin(ticker)}={ticker}" for ticker in ("SPY", "VB", "CRS", "UNF", "MMSI", "ITRI")]
    config = load_run(CONFIG, (*source, f"data.dividends={dividends}", *names))
    flows = Statement.of_flows({"2005-02-01": "100000", "2012-05-05": "5000", "2016-05-05": "-2500"})
    _, bookings, prices = compare(config, flows.write(tmp_path / "flows.csv"), monkeypatch, end="2023-12-29")
    own = flows.add(bookings, prices)
    found, _, _ = compare(config, own.write(tmp_path / "own.csv"), monkeypatch, end="2023-12-29")
    assert money(found) == {}
    assert abs(found.difference) <= 1e-9 * found.plan[-1]
    at = next(k for k, one in enumerate(own.rows) if one["date"] == "2010-01-04" and one.get("symbol") == isin("SPY"))
    row = own.rows.pop(at)
    found, _, _ = compare(config, own.write(tmp_path / "own.csv"), monkeypatch, end="2023-12-29")
    assert set(money(found)) == {"not_done", "fees"}
    growth = float(prices.last("SPY")) / (-float(row["amount"]) / float(row["shares"])) - 1.0
    assert money(found)["not_done"] == pytest.approx(float(row["amount"]) * growth)


def test_money_that_only_lies_there_has_earned_nothing_whatever_is_paid_in(
    plan: RunConfig[AnyStrategy], tmp_path: Path
) -> None:
    found = compare_depot(plan, Statement.of_flows(FLOWS).write(tmp_path / "own.csv"), DepotFlags())
    earned = {one.label: one.mine for one in found.figures if one.kind == "percent"}
    assert earned == pytest.approx(dict.fromkeys(earned, 0.0), abs=1e-12)
    assert len(earned) == 3


def test_what_was_booked_before_the_first_price_is_held_at_the_start(
    plan: RunConfig[AnyStrategy], tmp_path: Path
) -> None:
    own = Statement.of_flows({"2023-05-02": "7000"}).trade("2023-06-01", "AAA", "2", "-60")
    found = compare_depot(plan, own.write(tmp_path / "own.csv"), DepotFlags())
    assert found.start == DAYS[0]
    assert part(found, "price").money == 0.0
    assert part(found, "size").deviations[0].words.startswith("held at the start 2 instead of")
