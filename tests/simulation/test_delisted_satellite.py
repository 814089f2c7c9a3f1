"""Listings and delistings on real prices: Avaya to its last day, Rocket Lab from its first."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from engine.backtest.outputs import RunResult
from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.core.json_files import to_json

HELD = ["SPY", "VB", "CRS", "UNF", "MMSI", "RKLB", "IJR"]
LAST = dt.date(2023, 3, 10)
PAID = dt.date(2023, 3, 13)


@pytest.fixture(scope="module")
def prices(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write one wide file: the shared history beside what was quoted of Avaya, newest first with a BOM."""
    quoted = shared_data / "delisted" / "investing.com_Avaya.csv"
    if not quoted.is_file():
        pytest.skip("the quotes of Avaya are not in shared/data")
    days = pyarrow.csv.ConvertOptions(timestamp_parsers=["%m/%d/%Y"], include_columns=["Date", "Price"])
    avaya = pyarrow.csv.read_csv(quoted, convert_options=days)
    closes = dict(zip(np.array(avaya["Date"]).astype("datetime64[D]"), np.array(avaya["Price"]), strict=True))
    table = pq.read_table(shared_data / "prices.parquet", columns=["date", *HELD])
    dates = np.array(table["date"]).astype("datetime64[D]")
    assert set(closes) <= set(dates)
    table = table.append_column("AVYA", pa.array([closes.get(day) for day in dates], pa.float64()))
    path = tmp_path_factory.mktemp("merged") / "prices.parquet"
    pq.write_table(table, path)
    return path


def ran(prices: Path, folder: Path, window: str, strategy: str, *overrides: str) -> RunResult:
    path = folder / "plan.yaml"
    path.write_text(
        f"name: plan\ndata:\n  source: {{kind: files, path: {prices}, closes: adjusted}}\n"
        f"window: {{{window}}}\nstrategy:\n  kind: core_satellite\n  core: {{SPY: rest, VB: 15%}}\n"
        f"{strategy}  cap: 3%\ncosts: {{kind: percent, rate: 0.1%}}\ncompare: {{buy_and_hold: false}}\n"
    )
    return run_backtest(load_run(path, overrides), intervals=False)


def with_avaya(prices: Path, folder: Path, haircut: int, to: str = "redistribute", *overrides: str) -> RunResult:
    strategy = (
        "  satellites: {AVYA: 2.5%, CRS: 2.5%, UNF: 2.5%, MMSI: 2.5%}\n"
        f"  after_delisting: {{to: {to}, haircut: {haircut}%}}\n"
    )
    return ran(prices, folder, "start: 2018-01-02, end: 2025-06-30", strategy, *overrides)


def row_of(result: RunResult, day: dt.date) -> int:
    return int(np.searchsorted(result.comparison.strategy.ledger.dates, np.datetime64(day)))


def events_of(result: RunResult, kind: str) -> list[dict[str, Any]]:
    summary = json.loads(to_json(result.summary.to_plain()))
    return [event for event in summary["events"] if event["kind"] == kind]


@pytest.mark.parametrize("haircut", [0, 100])
def test_the_last_price_less_the_haircut_is_paid_out_to_the_cent(prices: Path, tmp_path: Path, haircut: int) -> None:
    """To cash and without interest: cash grows by exactly units x last price x (1 - haircut), on the next session."""
    result = with_avaya(prices, tmp_path, haircut, "cash")
    ledger, market = result.comparison.strategy.ledger, result.comparison.market
    j, t = market.column_index("AVYA"), row_of(result, PAID)
    assert ledger.dates[t - 1] == np.datetime64(LAST)
    start = ledger.opening_row(market)
    units, last = ledger.units[t - 1, j], market.prices[start + t - 1, j]
    assert units > 0.0
    assert last == 0.01
    assert ledger.cash[t] == ledger.cash[t - 1] + units * (last * (1.0 - haircut / 100.0))
    assert (ledger.units[t:, j] == 0.0).all()
    (event,) = [k for k in range(len(ledger.rows)) if ledger.rows[k] == t]
    assert ledger.reasons[event].startswith("delisted: AVYA")
    assert ledger.costs[event].sum() == 0.0
    others = np.delete(np.arange(len(ledger.assets)), j)
    assert (ledger.trades[event, others] == 0.0).all()


@pytest.mark.parametrize("to", ["redistribute", "cash", "{proxy: IJR}"])
def test_the_haircut_changes_nothing_before_the_payout_and_nothing_else_until_the_next_rebalance(
    prices: Path, tmp_path: Path, to: str
) -> None:
    """Up to the last close every bit is the same; to cash, nobody's units differ before the rebalance after it."""
    whole, none = (with_avaya(prices, tmp_path, haircut, to).comparison.strategy.ledger for haircut in (0, 100))
    t = int(np.searchsorted(whole.dates, np.datetime64(PAID)))
    for name in ("value", "cash", "units"):
        assert getattr(whole, name)[:t].tobytes() == getattr(none, name)[:t].tobytes()
    after = int(whole.rows[whole.rebalances & (whole.rows > t)][0])
    receivers = {"redistribute": {"SPY", "VB"}, "cash": set(), "{proxy: IJR}": {"IJR"}}[to]
    for j, name in enumerate(whole.assets):
        same = np.array_equal(whole.units[t:after, j], none.units[t:after, j])
        assert same == (name not in receivers), name
        if name not in {*receivers, "AVYA"}:
            assert (whole.units[t:after, j] == whole.units[t - 1, j]).all()
    paid = whole.value[t] - none.value[t]
    assert 0.0 < paid <= whole.units[t - 1, whole.assets.index("AVYA")] * 0.01


def test_the_payout_buys_the_core_pro_rata_at_its_costs(prices: Path, tmp_path: Path) -> None:
    """Reinvested the session it arrives, in SPY 75 and VB 15 parts of 90; costs come out of it; cash stays as it was."""
    result = with_avaya(prices, tmp_path, 0)
    ledger = result.comparison.strategy.ledger
    t = row_of(result, PAID)
    payout = ledger.units[t - 1, ledger.assets.index("AVYA")] * 0.01
    bought = {
        ledger.assets[a]: ledger.order_values[k, a]
        for k in np.flatnonzero(ledger.rows == t)
        for a in range(len(ledger.assets))
        if ledger.order_values[k, a] > 0.0
    }
    assert set(bought) == {"SPY", "VB"}
    assert bought["SPY"] == pytest.approx(payout / 1.001 * 75 / 90, rel=1e-9)
    assert bought["VB"] == pytest.approx(payout / 1.001 * 15 / 90, rel=1e-9)
    assert ledger.cash[t] == pytest.approx(ledger.cash[t - 1], abs=1e-9)


@pytest.mark.parametrize(
    ("haircut", "words"), [(0, ("", "; proceeds to the core")), (100, (" after a haircut of 100 %", ""))]
)
def test_a_delisting_is_an_event_with_its_date_and_effect(
    prices: Path, tmp_path: Path, haircut: int, words: tuple[str, str]
) -> None:
    result = with_avaya(prices, tmp_path, haircut)
    ledger = result.comparison.strategy.ledger
    t = row_of(result, PAID)
    paid = ledger.units[t - 1, ledger.assets.index("AVYA")] * 0.01 * (1 - haircut / 100)
    assert events_of(result, "delisted") == [
        {
            "date": "2023-03-13",
            "kind": "delisted",
            "asset": "AVYA",
            "text": f"paid out {paid:,.2f} USD{words[0]}, last close 2023-03-10 at 0.01{words[1]}",
        }
    ]
    assert any(warning.startswith("AVYA has no price after 2023-03-10") for warning in result.warnings)
    assert any(warning.startswith("Ended before the data do: AVYA") for warning in result.warnings)


def test_two_sessions_without_a_quote_are_no_delisting(prices: Path, tmp_path: Path) -> None:
    """Avaya was halted on 14 and 15 February 2023; it was valued at its last price and held on."""
    result = with_avaya(prices, tmp_path, 0)
    ledger, market = result.comparison.strategy.ledger, result.comparison.market
    j, start = market.column_index("AVYA"), ledger.opening_row(market)
    a, b = row_of(result, dt.date(2023, 2, 13)), row_of(result, dt.date(2023, 2, 16))
    assert (ledger.units[a : b + 1, j] == ledger.units[a, j]).all()
    assert list(market.age[start + a : start + b + 1, j]) == [0, 1, 2, 0]


@pytest.mark.parametrize("thesis", ["always", "never"])
def test_a_loss_review_of_a_falling_stock_ends_with_its_delisting(prices: Path, tmp_path: Path, thesis: str) -> None:
    """Bought more at every breach, or sold and bought again each January: after the last close nothing is reviewed or held."""
    review = f"strategy.loss_review={{trigger: 20%, thesis: {{kind: {thesis}}}}}"
    result = with_avaya(prices, tmp_path, 0, "redistribute", review)
    ledger = result.comparison.strategy.ledger
    t, j = row_of(result, PAID), ledger.assets.index("AVYA")
    about = [one for one in ledger.reviews if one.asset == "AVYA"]
    assert len(about) >= 3
    assert max(one.row for one in about) < t
    assert (ledger.units[t:, j] == 0.0).all()
    assert bool(events_of(result, "delisted")) == (thesis == "always")


LATE = "  satellites: {CRS: 2.5%, UNF: 2.5%, MMSI: 2.5%, RKLB: 2.5%}\n  before_listing: "


@pytest.mark.parametrize(
    ("place", "before"),
    [
        ("redistribute", {"SPY": 0.75 + 0.025 * 75 / 90, "VB": 0.15 + 0.025 * 15 / 90}),
        ("cash", {"cash": 0.025}),
        ("{proxy: IJR}", {"IJR": 0.025}),
    ],
)
def test_a_late_listing_waits_where_the_plan_says_and_joins_at_the_next_rebalance(
    prices: Path, tmp_path: Path, place: str, before: dict[str, float]
) -> None:
    """RKLB's first close is 24 November 2020; it is bought on 4 January 2021, and no sooner."""
    result = ran(prices, tmp_path, "start: 2019-01-02, end: 2022-06-30", f"{LATE}{place}\n")
    ledger, market = result.comparison.strategy.ledger, result.comparison.market
    weights = {name: ledger.targets[:, j] for j, name in enumerate(ledger.assets)}
    weights["cash"] = 1.0 - ledger.targets.sum(axis=1)
    wholes = np.flatnonzero(ledger.rebalances)
    assert [str(ledger.dates[ledger.rows[k]]) for k in wholes] == [
        "2019-01-02",
        "2020-01-02",
        "2021-01-04",
        "2022-01-03",
    ]
    for k in wholes[:2]:
        assert {name: weights[name][k] for name in before} == pytest.approx(before, rel=1e-12)
        assert weights["RKLB"][k] == 0.0
    for k in wholes[2:]:
        assert weights["RKLB"][k] == 0.025
        assert weights["SPY"][k] == pytest.approx(0.75, rel=1e-12)
        assert weights["cash"][k] == pytest.approx(0.0, abs=1e-12)
    joined = row_of(result, dt.date(2021, 1, 4))
    j = market.column_index("RKLB")
    assert (ledger.units[:joined, j] == 0.0).all()
    assert (ledger.units[joined:, j] > 0.0).all()
    first = next(k for k in range(len(ledger.rows)) if ledger.trades[k, j] != 0.0)
    assert ledger.reason(first, j) == "listed"
    assert ledger.reason(first, market.column_index("SPY")) == "january"
    assert ledger.reason(int(wholes[3]), j) == "january"
    if place.startswith("{"):
        assert ledger.units[joined:, market.column_index("IJR")].max() == 0.0
    held = {"redistribute": "the core", "cash": "cash", "{proxy: IJR}": "IJR"}[place]
    assert events_of(result, "listed") == [
        {
            "date": "2021-01-04",
            "kind": "listed",
            "asset": "RKLB",
            "text": f"bought at 2.50 % of the portfolio; first close 2020-11-24; until then its weight was in {held}",
        }
    ]


def test_a_listing_too_young_for_the_plan_waits_another_year(prices: Path, tmp_path: Path) -> None:
    """With a year of closes asked for, RKLB joins in January 2022; until then its weight is where the plan says."""
    universe = ", ".join(
        f"{{ticker: {name}, name: n, sector: s, brokers: [b]}}" for name in ("CRS", "UNF", "MMSI", "RKLB")
    )
    satellites = (
        f"  satellites:\n    universe: {{names: [{universe}]}}\n"
        "    choose: {kind: named, names: [CRS, UNF, MMSI, RKLB]}\n    weight: 2.5%\n    min_history: 252\n"
        "  before_listing: cash\n"
    )
    result = ran(prices, tmp_path, "start: 2019-01-02, end: 2022-06-30", satellites)
    ledger = result.comparison.strategy.ledger
    wholes, j = ledger.rows[ledger.rebalances], ledger.assets.index("RKLB")
    bought = ledger.rows[ledger.trades[:, j] > 0.0]
    assert str(ledger.dates[bought[0]]) == "2022-01-03"
    assert ledger.cash[wholes[2]] == pytest.approx(0.025 * ledger.value[wholes[2]], rel=1e-9)
