"""No decision uses a filing that is younger than the last close it has seen: on real filings, poisoned from there on."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from tests.support.markets import account, percent

NAMES = ("ADP", "CAT", "DUK", "HD", "JNJ", "JPM", "KO", "MCD", "MRK", "MSFT", "PEP", "UNH", "WFC", "WMT", "XOM")
ASSETS = ("SPY", "VB", *NAMES)
FIGURES = ("net_income", "total_assets", "equity", "operating_cf", "capex", "free_cash_flow")
OPENING = "2010-01-04"
BEYOND_THE_ROWS = ("steps", "notes")
"""Of these, one is the optimiser's, and the other speaks of the whole run."""


@pytest.fixture(scope="module")
def prices(shared_data: Path) -> Market:
    closes = pd.read_parquet(shared_data / "prices.parquet", columns=list(ASSETS)).loc["2008-01-01":"2025-10-31"]
    closes = closes.dropna(how="all")
    return Market.build(closes.index.to_numpy().astype("datetime64[D]"), ASSETS, closes.to_numpy())


@pytest.fixture(scope="module")
def filings(shared_data: Path) -> pd.DataFrame:
    path = shared_data / "fundamentals" / "sec_edgar_point_in_time.parquet"
    if not path.is_file():
        pytest.skip("the table of SEC filings is not in shared/data/fundamentals")
    table = pd.read_parquet(path)
    return table[table.ticker.isin(NAMES)].reset_index(drop=True)


GATE = {
    "where": ["net_income > 0", "net_income / equity > 3%", "total_assets - equity < 3 * equity"],
    "choose": {"kind": "top", "count": 4, "by": "momentum"},
}
PLANS = {
    "rank": {"choose": {"kind": "top", "count": 4, "by": "quality", "measure": "net_income / equity"}},
    "gate": GATE,
    "keeping gate": {**GATE, "on_fail": "keep", "unknown": "in"},
}
"""The four best by return on equity; the four best by momentum of those that pass three criteria."""


def plan(table: Path, chosen_by: str) -> CoreSatellite:
    """Satellites chosen anew every quarter."""
    names = [{"ticker": name, "name": name, "sector": name, "brokers": ["any"]} for name in NAMES]
    satellites = {"universe": {"names": names}, "weight": "2.5%", "table": {"path": str(table)}, **PLANS[chosen_by]}
    rebalance = {"kind": "every", "period": "quarter"}
    core = {"SPY": "rest", "VB": "15%"}
    return CoreSatellite.model_validate({"core": core, "satellites": satellites, "cap": "3%", "rebalance": rebalance})


def run(prices: Market, table: pd.DataFrame, file: Path, chosen_by: str) -> Ledger:
    table.to_parquet(file)
    start = int(np.searchsorted(prices.dates, np.datetime64(OPENING)))
    return simulate(prices, plan(file, chosen_by), account(), percent(0.001, len(ASSETS)), start=start)


def poisoned(filings: pd.DataFrame, day: np.datetime64, seed: int) -> pd.DataFrame:
    """Return the table with absurd figures in every filing after ``day``; none of them is what it was."""
    later = filings.available_date.to_numpy() > day
    absurd = np.random.default_rng(seed).choice([-1e18, -1.0, 1.0, 1e18], (int(later.sum()), len(FIGURES)))
    table = filings.copy()
    table.loc[later, list(FIGURES)] = absurd
    return table


def record_until(ledger: Ledger, row: int) -> dict[str, object]:
    """Return all a ledger says of its sessions up to ``row``, arrays as bytes."""
    events = int(np.searchsorted(ledger.rows, row, side="right"))
    found: dict[str, object] = {"reasons": [str(reason) for reason in ledger.lazy_reasons[:events]]}
    for one in fields(ledger):
        value = getattr(ledger, one.name)
        if isinstance(value, np.ndarray):
            length = row + 1 if len(value) == len(ledger.dates) else events
            found[one.name] = value[:length].tobytes()
        elif one.name == "asset_reasons":
            found[one.name] = value[:events]
        elif isinstance(value, dict):
            found[one.name] = {at: text for at, text in value.items() if at <= row}
        elif one.name in ("left_out", "reviews"):
            found[one.name] = [item for item in value if item.row <= row]
        elif one.name not in (*BEYOND_THE_ROWS, "lazy_reasons"):
            found[one.name] = value
    return found


def chosen(ledger: Ledger, event: int) -> set[str]:
    return {name for name, weight in zip(ledger.assets, ledger.targets[event], strict=True) if weight > 0.0}


@pytest.mark.parametrize(
    ("chosen_by", "step"),
    [("gate", 8), *(pytest.param(one, 1, marks=pytest.mark.slow) for one in ("gate", "rank", "keeping gate"))],
)
def test_no_decision_on_real_filings_changes_with_what_is_filed_after_the_last_close_it_saw(
    prices: Market, filings: pd.DataFrame, tmp_path: Path, chosen_by: str, step: int
) -> None:
    """Of every quarter's decision, or each ``step``-th: all later filings absurd, its choice and the ledger until then the same bits."""
    true = run(prices, filings, tmp_path / "true.parquet", chosen_by)
    decisions = np.flatnonzero(true.rebalances)
    assert len(decisions) == 64
    changed, asked = 0, range(0, len(decisions), step)
    for at in asked:
        event = decisions[at]
        row = int(true.rows[event])
        seen = prices.dates[np.searchsorted(prices.dates, true.dates[row]) - 1]
        false = run(prices, poisoned(filings, seen, at), tmp_path / f"{at}.parquet", chosen_by)
        assert record_until(false, row) == record_until(true, row), str(seen)
        if at + 1 < len(decisions):
            changed += chosen(false, decisions[at + 1]) != chosen(true, decisions[at + 1])
    assert changed > len(asked) // 2, "the poison has to show at the next decision, or it proves nothing"


def test_a_filing_of_the_last_close_seen_counts_and_one_of_the_decision_s_own_day_does_not(
    prices: Market, filings: pd.DataFrame, tmp_path: Path
) -> None:
    """The boundary itself: ADP made the best by far, by a filing of either day."""
    row = int(np.searchsorted(prices.dates, np.datetime64("2015-04-01")))
    assert prices.dates[row] == np.datetime64("2015-04-01")
    for day, counts in ((prices.dates[row - 1], True), (prices.dates[row], False)):
        last = (
            filings[filings.ticker == "ADP"]
            .iloc[[0]]
            .assign(
                available_date=pd.Timestamp(day), period_end=pd.Timestamp("2015-03-01"), net_income=1e18, equity=1.0
            )
        )
        ledger = run(prices, pd.concat([filings, last], ignore_index=True), tmp_path / "boundary.parquet", "rank")
        event = int(np.flatnonzero(ledger.dates[ledger.rows] == prices.dates[row])[0])
        assert ("ADP" in chosen(ledger, event)) == counts
