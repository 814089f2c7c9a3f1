"""Satellites that must pass criteria on filed figures: who is held, when, and the reason that is given."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from engine.analysis.difference_parts import Plan, split_difference
from engine.analysis.gate_findings import empty_cell_caveats, list_gate_findings
from engine.analysis.performance import Performance
from engine.analysis.portfolio_market import PortfolioMarket
from engine.analysis.timeline import list_asset_events
from engine.report.run.gate_table import count_rows
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, market_of

FIGURES = """ticker,period_end,available_date,fcf,debt
GOOD,2019-09-30,2019-11-01,5,1
GOOD,2019-12-31,2020-02-20,-1,1
LATER,2019-09-30,2019-11-01,-3,1
LATER,2019-12-31,2020-02-20,4,1
HOLE,2019-09-30,2019-11-01,6,
BAD,2019-09-30,2019-11-01,2,9
"""
NAMES = ("GOOD", "LATER", "HOLE", "BAD", "NONE")
SESSIONS = 80  # from 2020-01-01 on, so that the second filings come in the middle
START = 10


def plan(folder: Path, *, choose: object = None, **satellites: object) -> CoreSatellite:
    (folder / "figures.csv").write_text(FIGURES)
    names = [{"ticker": one, "name": one, "sector": one, "brokers": ["b"]} for one in NAMES]
    part = {
        "universe": {"names": names},
        "choose": choose or {"kind": "named", "names": list(NAMES)},
        "weight": "2%",
        "where": ["fcf > 0", "debt < 2 * fcf"],
        "table": {"path": str(folder / "figures.csv")},
        **satellites,
    }
    part = {key: value for key, value in part.items() if value is not None}
    rest = {"core": {"CORE": "rest", "BOND": "30%"}, "cap": "3%", "rebalance": {"kind": "every", "period": "month"}}
    return CoreSatellite.model_validate({**rest, "satellites": part})


def closes() -> np.ndarray:
    """Return closes that move, each asset's in its own way."""
    steps = np.arange(SESSIONS)[:, None] * (1.0 + np.arange(len(NAMES) + 2))
    return 50.0 * (1.0 + 0.1 * np.sin(steps / 17.0)) + 0.01 * steps


def run(policy: CoreSatellite) -> Ledger:
    return simulate(market_of(closes(), ("CORE", "BOND", *NAMES)), policy, account(), free(7), start=START)


def held(ledger: Ledger) -> dict[str, list[str]]:
    """Return by date of a rebalance the satellites with a target."""
    found = {}
    for event in np.flatnonzero(ledger.rebalances):
        names = [one for one in NAMES if ledger.targets[event, ledger.assets.index(one)] > 0.0]
        found[str(ledger.dates[ledger.rows[event]])] = names
    return found


def filed_before(ledger: Ledger, day: str) -> dict[str, list[str]]:
    return {date: names for date, names in held(ledger).items() if (date > "2020-02-20") == (day > "2020-02-20")}


def test_a_name_is_held_while_its_last_filing_passes(tmp_path: Path) -> None:
    """GOOD falls through and LATER passes once their filings of 20 February are public, never before."""
    ledger = run(plan(tmp_path))
    assert len(held(ledger)) >= 3
    assert set(map(tuple, filed_before(ledger, "2020-01-15").values())) == {("GOOD",)}
    assert set(map(tuple, filed_before(ledger, "2020-03-15").values())) == {("LATER",)}


@pytest.mark.parametrize(("filed", "counts"), [("2020-02-28", True), ("2020-03-02", False)])
def test_a_filing_of_the_last_close_seen_counts_and_one_of_the_rebalance_s_own_day_does_not(
    filed: str, counts: bool, tmp_path: Path
) -> None:
    """LATER's good year is held from 2 March on where it was public by the close of Friday, 28 February."""
    table = tmp_path / "other.csv"
    table.write_text(FIGURES.replace("2020-02-20", filed))
    on_march_2 = held(run(plan(tmp_path, table={"path": str(table)})))["2020-03-02"]
    assert on_march_2 == (["LATER"] if counts else ["GOOD"])


def test_who_is_not_in_the_table_is_said_among_the_rules(tmp_path: Path) -> None:
    """A ticker that is written otherwise in the table would be unknown for ever."""
    rules = " ".join(plan(tmp_path).rules()["Satellites"])
    assert "figures.csv has no figures of NONE: they are unknown at every choice" in rules


def test_a_number_above_one_beside_figures_that_are_far_below_none_is_no_other_unit(tmp_path: Path) -> None:
    """All are below 1, and one is -9."""
    assert plan(tmp_path, where=["0 - debt > 2"]).satellites.gate is not None


def test_what_a_gate_leaves_goes_to_the_core_pro_rata(tmp_path: Path) -> None:
    """One of five at 2 %: 8 % to a core of 60 and 30."""
    ledger = run(plan(tmp_path))
    wanted = {"CORE": 0.6 * 98 / 90, "BOND": 0.3 * 98 / 90, "GOOD": 0.02}
    found = dict(zip(ledger.assets, ledger.targets[0].tolist(), strict=True))
    assert found == pytest.approx({**dict.fromkeys(NAMES, 0.0), **wanted}, abs=1e-15)


def test_unknown_figures_pass_where_the_plan_says_so(tmp_path: Path) -> None:
    """HOLE lacks one figure, NONE all; what fails one criterion fails, whatever else is unknown."""
    assert next(iter(held(run(plan(tmp_path, unknown="in"))).values())) == ["GOOD", "HOLE", "NONE"]


def test_a_held_name_that_fails_may_be_kept(tmp_path: Path) -> None:
    """GOOD stays though it fails since; one that fails is not bought for that."""
    ledger = run(plan(tmp_path, on_fail="keep"))
    assert set(map(tuple, filed_before(ledger, "2020-03-15").values())) == {("GOOD", "LATER")}


def test_a_choice_ranks_those_that_pass(tmp_path: Path) -> None:
    """By debt BAD is the highest and fails; the table is the gate's, named once."""
    choose = {"kind": "top", "count": 1, "by": "quality", "measure": "debt"}
    policy = plan(tmp_path, choose=choose, count={"min": 1, "max": 5})
    assert set(map(tuple, held(run(policy)).values())) == {("GOOD",), ("LATER",)}


def test_every_finding_is_remembered_with_its_filing(tmp_path: Path) -> None:
    """All five at every rebalance, each criterion by itself."""
    ledger = run(plan(tmp_path))
    assert sorted(ledger.findings) == ledger.rows[ledger.rebalances].tolist()
    first = {one.ticker: one for one in ledger.findings[0]}
    assert [first[name].outcome for name in NAMES] == ["passed", "failed", "unknown", "failed", "unknown"]
    assert first["HOLE"].holds == (True, None)
    assert first["BAD"].holds == (True, False)
    assert first["GOOD"].filed == dt.date(2019, 11, 1)
    assert first["NONE"].filed is None


def test_findings_are_counted_by_criterion_and_listed_by_date(tmp_path: Path) -> None:
    """Five names at every rebalance; before the second filings each criterion is met twice or once."""
    findings = list_gate_findings(run(plan(tmp_path)))
    assert findings is not None
    first = [one for one in findings if one.date == findings[0].date]
    assert count_rows(first) == [
        ["fcf > 0", "3", "1", "1"],
        ["debt < 2 * fcf", "1", "2", "2"],
        ["all criteria", "1", "2", "2"],
    ]
    assert len(findings) == 5 * len({one.date for one in findings})
    bad = next(one for one in first if one.asset == "BAD")
    assert (bad.filed, bad.outcome, bad.admitted) == ("2019-11-01", "failed", False)
    assert bad.criteria == {"fcf > 0": True, "debt < 2 * fcf": False}
    assert list_gate_findings(run(plan(tmp_path, where=[], table=None))) is None


def test_figures_that_are_missing_are_no_caveat_where_what_is_unknown_passes(tmp_path: Path) -> None:
    """HOLE and NONE lack a debt, and all others have little: out, they are counted at each rebalance; in, nobody is."""
    (said,) = empty_cell_caveats(out := run(plan(tmp_path, where=["debt < 100"])))
    assert f"that it was unknown kept names out {2 * len(out.findings)} times" in said
    assert list(empty_cell_caveats(run(plan(tmp_path, where=["debt < 100"], unknown="in")))) == []


def test_the_reason_that_is_given_is_the_true_one(tmp_path: Path) -> None:
    """The criterion that is not met and its filing, or what was unknown."""
    policy, market = plan(tmp_path), market_of(closes(), ("CORE", "BOND", *NAMES))
    ledger = run(policy)
    assert set(ledger.shortfalls[0].split("; ")) == {
        "LATER: not fcf > 0 (was -3) and not debt < 2 * fcf (debt was 1 and 2 * fcf was -6), filed 2019-11-01",
        "HOLE: no debt in the filing of 2019-11-01",
        "BAD: not debt < 2 * fcf (debt was 9 and 2 * fcf was 4), filed 2019-11-01",
        f"NONE: nothing filed by {market.dates[START - 1]}",
    }
    chosen = [one.text for one in list_asset_events(ledger, market, policy) if one.kind == "choice"]
    assert len(chosen) == 2
    assert ledger.shortfalls[0] in chosen[0]


def test_a_name_that_passes_and_has_no_close_is_said_to_be_left_out(tmp_path: Path) -> None:
    """GOOD passes at the opening and is listed later."""
    prices = closes()
    prices[: START + 5, 2] = np.nan
    ledger = simulate(market_of(prices, ("CORE", "BOND", *NAMES)), plan(tmp_path), account(), free(7), start=START)
    assert "GOOD: no close to buy at" in ledger.shortfalls[0].split("; ")


def test_only_members_of_the_day_are_asked(tmp_path: Path) -> None:
    """BAD belongs to the universe until 15 January, the day of the opening, and is not asked after it."""
    policy = plan(tmp_path)
    names = [one.model_dump(exclude={"since", "until"}) for one in policy.satellites.universe.names]
    names[NAMES.index("BAD")]["to"] = "2020-01-15"
    ledger = run(plan(tmp_path, universe={"names": names}))
    asked = [{one.ticker for one in found} for _, found in sorted(ledger.findings.items())]
    assert asked == [set(NAMES), *[set(NAMES) - {"BAD"}] * (len(asked) - 1)]
    assert len(asked) > 1


def test_no_decision_sees_a_later_filing(tmp_path: Path) -> None:
    """A table whose filings after a day are poisoned gives the same run up to the first decision after it."""
    clean = run(plan(tmp_path))
    policy = plan(tmp_path)
    path = tmp_path / "figures.csv"
    path.write_text(FIGURES.replace("2020-02-20,-1", "2020-02-20,99").replace("2020-02-20,4", "2020-02-20,-99"))
    poisoned = run(CoreSatellite.model_validate(_with_table(policy, path)))
    same = ledger_rows_before(clean, "2020-02-20")
    assert same > 0
    assert clean.targets[:same].tobytes() == poisoned.targets[:same].tobytes()
    assert held(clean) != held(poisoned)


def _with_table(policy: CoreSatellite, path: Path) -> dict[str, object]:
    plain = policy.model_dump(mode="json", by_alias=True)
    return {**plain, "satellites": {**plain["satellites"], "table": {"path": str(path)}}}


def ledger_rows_before(ledger: Ledger, day: str) -> int:
    return int((ledger.dates[ledger.rows] <= np.datetime64(day)).sum())


def test_the_opening_s_names_are_the_rest_of_a_difference(tmp_path: Path) -> None:
    """S18: without costs the difference is choice and rebalancing; the second is that of the opening's names for ever."""
    policy, market = plan(tmp_path), market_of(closes(), ("CORE", "BOND", *NAMES))
    ledger = run(policy)
    whole = Plan(PortfolioMarket(market, START), policy, account(), free(7), ledger)
    assert whole.names_not_chosen == ("BAD", "HOLE", "LATER", "NONE")
    assert whole.late_names == ()
    version = whole.bought_and_held(late=True)
    gone = growth(simulate(market, policy, account(), free(7), start=START, version=version))
    parts = split_difference(whole, growth(ledger), gone, version)
    mix = {"CORE": 0.6 * 98 / 90, "BOND": 0.3 * 98 / 90, "GOOD": 0.02}
    fixed = FixedMix.model_validate({"weights": mix, "rebalance": {"kind": "every", "period": "month"}})
    for_ever = growth(simulate(market, fixed, account(), free(7), start=START))
    assert parts.rebalancing == pytest.approx(for_ever - gone, abs=1e-12)
    assert parts.choice == pytest.approx(growth(ledger) - for_ever, abs=1e-12)
    assert abs(parts.choice) > 1e-6


def growth(ledger: Ledger) -> float:
    found = Performance.from_ledger(ledger, 0.0, 252.0).cagr
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("changes", "place", "text"),
    [
        ({"where": ["fcf_ > 0"]}, ("where", 0), "has no column 'fcf_'; did you mean 'fcf'?"),
        (
            {"where": ["fcf > 0", "debt / (debt + 9) > 40"]},
            ("where", 1),
            "debt / (debt + 9) of the candidates lies between 0.1 and 0.5, beside which 40 is in another unit; 40% is 0.4",
        ),
        ({"table": None}, ("where",), "criteria need a table of figures"),
        (
            {"where": None, "table": None, "on_fail": "keep"},
            ("on_fail",),
            "on_fail belongs to criteria, there are none",
        ),
        ({"where": None}, ("table",), "table belongs to criteria, there are none"),
    ],
)
def test_a_gate_that_cannot_be_asked_is_refused(
    tmp_path: Path, changes: dict[str, object], place: tuple[object, ...], text: str
) -> None:
    """Each fault has its place and a remedy."""
    with pytest.raises(ValidationError) as caught:
        plan(tmp_path, **changes)
    (error,) = caught.value.errors()
    assert error["ctx"]["places"] == [place]
    assert text in error["ctx"]["lines"][0]
