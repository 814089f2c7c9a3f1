"""A core in sleeves: what is inside one shares its weight, may trade among itself, and every fault has its place."""

from __future__ import annotations

import html
from pathlib import Path

import numpy as np
import pytest

from engine import composition
from engine.backtest.finished_run import read_run
from engine.backtest.workflow import run_backtest
from engine.core.errors import ConfigError
from engine.core.yaml_document import parse_document
from engine.report.run.page import render_run
from engine.report.run.sleeves import sleeve_lines
from engine.simulation.sleeves_due import sleeves_by_row
from engine.sweep.batch.policy_groups import is_batchable
from strategies.core_satellite import CoreSatellite
from tests.support.markets import market_of
from tests.support.sweeps import evaluate_as_own_runs

PLAN = """
name: sleeves
data: {{source: {{kind: files, path: {path}}}}}
strategy:
  kind: core_satellite
  core: {core}
  satellites: {{GGG: 2%, HHH: 2%, III: 2%}}
  cap: 3%
  rebalance: {{kind: annual, month: january}}
costs: {{kind: percent, rate: 0.1%}}
compare: {{buy_and_hold: false}}
{sweep}
"""
NESTED = (
    "{World: {weight: 60%, of: {US: {weight: 70%, of: {AAA: rest, BBB: 20%}, rebalance: {kind: every, period: month}},"
    " CCC: rest}, rebalance: {kind: annual, month: july, every: 2}}, EEE: rest}"
)


def parse(core: str, path: str = "p.csv", sweep: str = ""):
    """Return the document of the plan."""
    return parse_document(PLAN.format(path=path, core=core, sweep=sweep), "plan.yaml")


def strategy(core: str) -> CoreSatellite:
    """Return the plan's strategy."""
    policy = composition.validate_run(parse(core)).strategy
    assert isinstance(policy, CoreSatellite)
    return policy


def test_shares_inside_sleeves_are_multiplied_out() -> None:
    """60 % of which 70 % of which 80 %: the account's weights, rest and all, as if they were written flat."""
    policy = strategy(NESTED)
    expected = {"AAA": 0.336, "BBB": 0.084, "CCC": 0.18, "EEE": 0.34}
    assert policy.core() == pytest.approx(expected, abs=1e-15)
    assert policy.nominal_weights() == pytest.approx(expected | dict.fromkeys(("GGG", "HHH", "III"), 0.02), abs=1e-15)
    assert policy.rules()["Sleeves"] == (
        "World, 60 %: US 70 %, CCC 30 %; rebalanced inside itself every 2 years in July",
        "US, 70 % of World: AAA 80 %, BBB 20 %; rebalanced inside itself every month",
    )
    assert [(rule.name, rule.tickers) for rule in policy.sleeves()] == [
        ("World", ("AAA", "BBB", "CCC")),
        ("US", ("AAA", "BBB")),
    ]
    assert not is_batchable(policy)
    assert is_batchable(strategy("{US: {weight: 60%, of: {AAA: 80%, BBB: 20%}}, EEE: rest}"))


@pytest.mark.parametrize(
    ("core", "said"),
    [
        ("{US: {weight: 60%, of: {US: {weight: 1, of: {AAA: 100%}}}}, EEE: rest}", "US.of.US: sleeve US stands inside"),
        ("{US: {weight: 60%, of: {US: 50%, AAA: rest}}, EEE: rest}", "US.of.US: sleeve US stands inside itself"),
        ("{US: {weight: 60%, of: {AAA: rest}}, AAA: rest}", "AAA: AAA stands in core.US and in core; an asset has one"),
        ("{US: {weight: 60%, of: {AAA: 70%, BBB: 20%}}, EEE: rest}", "US.of: the shares inside it add up to 90%; make"),
        (
            "{US: {weight: 60%, of: {AAA: 70%, BBB: 40%}}, EEE: rest}",
            "US.of: the shares inside it add up to 110%; make",
        ),
        ("{US: {weight: 60%, of: {AAA: rest, BBB: rest}}, EEE: rest}", "US.of: AAA and BBB are both rest; one asset"),
        ("{US: {weight: rest, of: {AAA: rest, BBB: 1%}}, EEE: rest}", "core: US and EEE are both rest; one asset"),
        (
            "{US: {weight: 60%, of: {AAA: 100%}, rebalance: monthly}, EEE: rest}",
            r"US.rebalance: found 'monthly'; expec",
        ),
        (
            "{US: {weight: 60%, of: {AAA: 100%}, rebalance: {kind: band}}, EEE: rest}",
            "US.rebalance: unknown kind 'band'",
        ),
        ("{US: {weight: 60%, of: {GGG: 100%}}, EEE: rest}", "GGG: GGG is core and satellite at once"),
        ("{US: {weight: 96%, of: {AAA: 70%, BBB: 30%}}, EEE: 10%}", "core and satellites add up to 112%; 100% is all"),
        ("{US: {weight: 60%}, EEE: rest}", "US.of: key 'of' is missing"),
        (
            "{US: {weight: 9%, of: {AAA: 100%}}, W: {weight: 9%, of: {US: {weight: 1, of: {BBB: 100%}}}}, EEE: rest}",
            "W.of.US: two sleeves are called US; rename one",
        ),
    ],
)
def test_a_fault_of_a_sleeve_is_one_line_with_its_place(core: str, said: str) -> None:
    """With what was found and what to do."""
    with pytest.raises(ConfigError, match=said) as found:
        strategy(core)
    assert len(found.value.faults) == 1


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Write two and a half years of closes."""
    names = ["AAA", "BBB", "CCC", "EEE", "GGG", "HHH", "III"]
    days = np.busday_offset("2019-02-04", np.arange(640), roll="forward").astype("datetime64[D]")
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(5).normal(3e-4, 0.02, (640, 7)), axis=0)
    rows = [",".join([str(day), *map(repr, row)]) for day, row in zip(days, closes.tolist(), strict=True)]
    (tmp_path / "p.csv").write_text("\n".join([",".join(["date", *names]), *rows]) + "\n")
    return tmp_path / "p.csv"


def test_a_rest_of_nothing_is_exactly_nothing() -> None:
    """Two halves of a sleeve leave none of it."""
    assert strategy("{US: {weight: 60%, of: {AAA: 50%, BBB: 50%, CCC: rest}}, EEE: rest}").core()["CCC"] == 0.0


def test_a_sleeve_is_due_between_rebalances_of_what_it_stands_in() -> None:
    """In January all is rebalanced; in July, two years after that of the opening, World, and US inside it is not by itself."""
    market = market_of(np.full((900, 7), 10.0), ("AAA", "BBB", "CCC", "EEE", "GGG", "HHH", "III"), "2017-06-01")
    opening = int(np.searchsorted(market.dates, np.datetime64("2018-11-15")))
    whole = np.searchsorted(market.dates, np.array(["2018-11-15", "2019-01-01", "2020-01-01"], "datetime64[D]"))
    due = sleeves_by_row(strategy(NESTED), market, opening, 0, whole)
    months = {str(market.dates[row])[:7]: [one.reason for one in found] for row, found in due.items()}
    monthly = [f"{day}" for day in np.arange("2018-12", "2020-12", dtype="datetime64[M]") if str(day)[5:] != "01"]
    expected = {month: ["sleeve US: every month"] for month in monthly}
    expected["2020-07"] = ["sleeve World: july, every 2 years"]
    assert months == {month: why for month, why in expected.items() if month <= str(market.dates[-1])[:7]}


def test_a_sleeve_trades_inside_itself_on_its_dates_and_pays_its_own_costs(prices: Path) -> None:
    """The inner monthly, the outer in July 2021 in its stead, nothing of others; afterwards the shares are as written."""
    run = run_backtest(composition.validate_run(parse(NESTED, str(prices))), intervals=False).comparison.strategy
    ledger, column = run.ledger, list(run.ledger.assets).index
    inner, outer = [column("AAA"), column("BBB")], [column("AAA"), column("BBB"), column("CCC")]
    dates = [str(day)[:7] for day in ledger.dates[ledger.rows]]
    assert [(day, why) for day, why in zip(dates, ledger.reasons, strict=True) if "World" in why] == [
        ("2021-07", "sleeve World: july, every 2 years")
    ]
    months = [day for day, why in zip(dates, ledger.reasons, strict=True) if why == "sleeve US: every month"]
    assert len(months) == len(set(months)) == 26
    assert not {"2020-01", "2021-01", "2021-07"} & set(months)
    for k, reason in enumerate(ledger.reasons):
        if not reason.startswith("sleeve"):
            continue
        own = outer if "World" in reason else inner
        shares = np.array([0.56, 0.14, 0.3] if "World" in reason else [0.8, 0.2])
        row, others = ledger.rows[k], [j for j in range(7) if j not in own]
        money = (ledger.units[row] * ledger.prices[k])[own]
        assert money / money.sum() == pytest.approx(shares, abs=1e-14)
        assert not ledger.trades[k][others].any()
        assert (ledger.trades[k] * ledger.prices[k]).sum() == pytest.approx(-ledger.costs[k].sum(), abs=1e-8)
    assert ledger.cash.max() < 1e-9


def test_sleeves_that_trade_on_one_session_are_one_rebalance_in_the_figures(prices: Path) -> None:
    """The figure counts sessions, not orders: two sleeves that are due together count once, beside the opening and two Januaries."""
    quarterly = "of: {%s}, rebalance: {kind: every, period: quarter}"
    core = f"{{US: {{weight: 60%, {quarterly % 'AAA: rest, BBB: 20%'}}}, Other: {{weight: rest, {quarterly % 'CCC: 50%, EEE: 50%'}}}}}"
    run = run_backtest(composition.validate_run(parse(core, str(prices))), intervals=False).comparison.strategy
    sessions = run.ledger.rows[run.ledger.partial_rebalances]
    assert len(sessions) == 2 * len(set(sessions.tolist()))
    assert run.performance.rebalances == len(set(sessions.tolist())) + 3


def test_the_page_says_what_each_sleeve_was_to_weigh_weighs_and_how_often_it_traded(
    prices: Path, tmp_path: Path
) -> None:
    """The weights at the last close are those of the ledger, inner sleeves included; a core without any says nothing."""
    result = run_backtest(composition.validate_run(parse(NESTED, str(prices))), intervals=False)
    result.write(tmp_path / "out")
    ledger = result.comparison.strategy.ledger
    held = dict(
        zip(ledger.assets, (ledger.weights(result.comparison.strategy.market)[-1] * 100.0).tolist(), strict=True)
    )
    inner = held["AAA"] + held["BBB"]
    lines = dict(sleeve_lines(run := read_run(tmp_path / "out")))
    assert lines == {
        "World": f"60 % (US 70 %, CCC rest); {inner + held['CCC']:.2f} % at the end; 1 rebalance inside itself",
        "US": f"70 % (AAA rest, BBB 20 %); {inner:.2f} % at the end; 26 rebalances inside itself",
    }
    assert lines["World"] in html.unescape(render_run(run)).replace("\N{NO-BREAK SPACE}", " ")
    result = run_backtest(composition.validate_run(parse("{AAA: 60%, EEE: rest}", str(prices))), intervals=False)
    result.write(tmp_path / "flat")
    assert not list(sleeve_lines(read_run(tmp_path / "flat")))


def test_a_sweep_reaches_inside_sleeves_and_gives_each_variant_its_own_run(prices: Path) -> None:
    """Weights, shares and dates inside are axes; figures are those of single runs to the bit."""
    axes = (
        "{strategy.core.US.weight: [50%, 60%], strategy.core.US.of.BBB: [20%, 30%], strategy.core.US.rebalance: "
        "[{kind: every, period: month}, {kind: every, period: quarter}]}"
    )
    for core, listed in (
        ("{US: {weight: 60%, of: {AAA: rest, BBB: 20%}}, EEE: rest}", axes.rsplit(", strategy", 1)[0] + "}"),
        ("{US: {weight: 60%, of: {AAA: rest, BBB: 20%}, rebalance: {kind: annual}}, EEE: rest}", axes),
    ):
        _, chunk = evaluate_as_own_runs(parse(core, str(prices), f"sweep: {{axes: {listed}}}"))
        assert len(chunk.point_numbers) == (8 if "kind" in listed else 4)
        assert len({row.tobytes() for row in chunk.metrics}) == len(chunk.metrics)
