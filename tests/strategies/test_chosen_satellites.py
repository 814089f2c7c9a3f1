"""What a run says when fewer satellites are chosen than asked for: the true reason, of every name."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.analysis.timeline import list_asset_events
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from tests.support.markets import account, free, market_of

START = 30
FIGURES = """ticker,period_end,available_date,net_income,equity
GOOD,2019-09-30,2019-11-01,9,100
ALSO,2019-09-30,2019-11-01,8,100
LATE,2019-09-30,2019-11-01,7,100
GONE,2019-09-30,2019-11-01,7,100
HOLE,2019-06-30,2019-08-01,6,100
HOLE,2019-09-30,2019-11-01,,100
HOLE,2019-03-31,2019-12-01,5,100
ZERO,2019-09-30,2019-11-01,5,0
SOON,2019-09-30,2021-11-01,5,100
"""
NAMES = ("GOOD", "ALSO", "LATE", "GONE", "HOLE", "ZERO", "SOON")
SECTORS = {"GOOD": "Both", "ALSO": "Both"}


def plan(folder: Path, **changes: object) -> CoreSatellite:
    (folder / "figures.csv").write_text(FIGURES)
    names = [{"ticker": one, "name": one, "sector": SECTORS.get(one, one), "brokers": ["b"]} for one in NAMES]
    table = {"path": str(folder / "figures.csv")}
    choose = {"kind": "top", "count": 5, "by": "quality", "measure": "net_income / equity", "table": table}
    satellites = {"universe": {"names": names}, "choose": choose, "weight": "2.5%", "min_history": 10}
    return CoreSatellite.model_validate(
        {"core": {"CORE": "rest"}, "satellites": satellites, "cap": "3%", "rebalance": {"kind": "never"}, **changes}
    )


def run(policy: CoreSatellite, start: int = START) -> tuple[Ledger, str]:
    """Return the ledger and what its choice says; LATE has five closes before the opening, GONE none after it."""
    closes = np.full((60, 8), 10.0)
    closes[: START - 5, 3] = np.nan
    closes[START:, 4] = np.nan
    market = market_of(closes, ("CORE", *NAMES))
    ledger = simulate(market, policy, account(), free(8), start=start)
    (choice,) = [one.text for one in list_asset_events(ledger, market, policy) if one.kind == "choice"]
    return ledger, choice


def test_every_name_left_out_has_its_reason(tmp_path: Path) -> None:
    """Five wanted, two are chosen; a correction of an older period is not the filing that counts."""
    ledger, choice = run(plan(tmp_path))
    reasons = ledger.shortfalls[0]
    assert set(reasons.split("; ")) == {
        "LATE: fewer than 10 closes before",
        "GONE: no close to buy at",
        "HOLE: no net_income in the filing of 2019-11-01",
        "ZERO: net_income / equity is no number in the filing of 2019-11-01",
        "SOON: nothing filed by 2020-02-11",
    }
    assert choice == f"ALSO, GOOD (fewer than 3: {reasons}); start"


def test_limits_are_the_reason_only_where_they_are(tmp_path: Path) -> None:
    """A sector that has room for one name: the other lacks nothing but that."""
    ledger, _ = run(plan(tmp_path, limits=[{"group": "sector", "max": "2.5%"}]))
    assert "ALSO: no room within the limits" in ledger.shortfalls[0]
    assert "GOOD" not in ledger.shortfalls[0]


def test_names_of_one_reason_are_counted_beyond_six(tmp_path: Path) -> None:
    """At the very first session nothing can be looked back at; of seven names six are written out."""
    policy = plan(tmp_path)
    satellites = policy.satellites.model_copy(update={"min_history": 0})
    ledger, _ = run(policy.model_copy(update={"satellites": satellites}), start=0)
    assert ledger.shortfalls[0].endswith("LATE: no close to buy at")
    assert "ALSO, GONE, GOOD, HOLE, SOON, ZERO: no close before" in ledger.shortfalls[0]


def test_nothing_is_said_of_a_choice_that_is_as_wanted(tmp_path: Path) -> None:
    """Two wanted, two chosen."""
    satellites = plan(tmp_path).satellites
    choose = satellites.choose.model_copy(update={"count": 2})
    wanted = satellites.model_copy(update={"choose": choose, "count": satellites.count.model_copy(update={"min": 2})})
    ledger, choice = run(plan(tmp_path).model_copy(update={"satellites": wanted}))
    assert not ledger.shortfalls
    assert choice == "ALSO, GOOD; start"
