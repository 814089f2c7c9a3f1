"""Money that ends, in files: what a run and a sweep write of it, what verify finds in them, what is printed."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from engine import composition
from engine.backtest.finished_run import read_run
from engine.backtest.outputs import RunResult
from engine.backtest.session_flows import session_flows
from engine.backtest.vectorbt_audit import largest_difference
from engine.backtest.workflow import run_backtest
from engine.core.errors import ConfigError
from engine.diagnostics.verify.folder import read_finished, verify_finished
from engine.report.config_terminal import print_config
from engine.report.phrases import money_end_texts
from engine.report.run.page import build_run_report
from engine.report.run.terminal import print_run
from engine.sweep.batch.run_batch import SWEEP_METRICS
from engine.sweep.variant_lookup import variant_config
from engine.sweep.worker import ChunkEvaluator
from tests.support.runs import sign
from tests.support.sweeps import sweeping, swept

PLAN = """
name: spent
data: {source: {kind: sample}}
window: {start: 2014-01-02, end: 2019-12-30}
account:
  capital: 20000
  when_spent: stop
  contributions:
    - {amount: -1000, every: quarter, indexed: 2%}
    - {percent: -8%, every: year, from: 2016-01-01}
strategy: {kind: fixed_mix, weights: {QUAL: 60%, SIZE: 40%}, rebalance: {kind: annual, month: january}}
costs: {kind: percent, rate: 0.1%, yearly: 0.3%}
compare: {buy_and_hold: true, benchmarks: [UNH, GE]}
"""
AXES = """
sweep:
  axes:
    account.contributions.0.amount: [-300, -1000, -1500]
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunResult, Path]:
    folder = tmp_path_factory.mktemp("spent")
    (folder / "plan.yaml").write_text(PLAN)
    found = run_backtest(composition.load_run(folder / "plan.yaml"))
    found.write(folder / "run")
    build_run_report(folder / "run")
    return found, folder


def test_verify_counts_the_last_withdrawal_of_each_portfolio_and_names_what_it_cannot(
    done: tuple[RunResult, Path],
) -> None:
    """All figures agree; paid_in and XIRR of the others are said to be skipped, as a percentage is among the flows."""
    found, folder = done
    ends = {name: one.end for name, one in found.summary.portfolios.items() if one.last_withdrawal is not None}
    assert {"strategy", "buy_and_hold", "GE"} <= set(ends)
    assert ends["GE"] < ends["strategy"] == found.summary.window.end
    figures, unchecked = verify_finished(read_finished(folder / "run"), composition.prepare_sweep)
    assert [one for one in figures if not one.agrees] == []
    assert "paid_in and xirr of buy_and_hold, UNH, GE: percentages are of values before costs, not in the files" in (
        unchecked
    )
    assert "strategy: worth of all flows at xirr" in {one.name for one in figures}
    for one in found.comparison.portfolios.values():
        assert largest_difference(one.ledger, one.market) < 1e-9


@pytest.mark.parametrize("end", ["2015-10-01", "2019-12-30"])
def test_the_fee_of_a_window_that_ends_on_the_day_is_found(end: str, tmp_path: Path) -> None:
    """The money ends on 1 October 2015: a fee is due there where the window ends there, too, and none where it goes on."""
    plan = PLAN.replace("2019-12-30", end).replace("-1000", "-3500")
    (tmp_path / "plan.yaml").write_text(plan)
    found = run_backtest(composition.load_run(tmp_path / "plan.yaml"), intervals=False, parts=False)
    found.write(tmp_path / "run")
    build_run_report(tmp_path / "run")
    assert found.summary.window.end == "2015-10-01"
    assert (found.comparison.strategy.ledger.fees[-1] > 0.0) == (end == "2015-10-01")
    figures, _ = verify_finished(read_finished(tmp_path / "run"), composition.prepare_sweep)
    assert [one for one in figures if not one.agrees] == []


def test_a_percentage_of_the_last_day_is_no_part_of_what_was_paid_on_it(tmp_path: Path) -> None:
    """99 % and 1,000 of what is less than 100,000 are due on the first session of 2016: the flow is what was paid."""
    (tmp_path / "plan.yaml").write_text(PLAN.replace("-8%", "-99%"))
    found = run_backtest(composition.load_run(tmp_path / "plan.yaml"), intervals=False, parts=False)
    found.write(tmp_path / "run")
    assert found.summary.window.end == "2016-01-04"
    ledger, read = found.comparison.strategy.ledger, session_flows(read_run(tmp_path / "run"))
    assert read.flows == pytest.approx(ledger.flows, rel=1e-9, abs=1e-9)
    assert read.fees == pytest.approx(ledger.fees, rel=1e-9, abs=1e-9)
    assert {one.end for one in found.summary.portfolios.values()} == {"2016-01-04"}
    assert not any("Its own figures are of the sessions until then" in line for line in found.warnings)


def test_a_last_withdrawal_that_is_changed_does_not_come_out(done: tuple[RunResult, Path], tmp_path: Path) -> None:
    """A ten-thousandth more than was paid is money that the cash does not know."""
    folder = Path(shutil.copytree(done[1] / "run", tmp_path / "run"))
    summary = json.loads((folder / "summary.json").read_bytes())
    summary["portfolios"]["strategy"]["last_withdrawal"]["paid"] *= 1.0001
    (folder / "summary.json").write_text(json.dumps(summary))
    sign(folder)
    wrong = {
        one.group for one in verify_finished(read_finished(folder), composition.prepare_sweep)[0] if not one.agrees
    }
    assert {"cash", "figures"} <= wrong


def test_terminal_page_and_warnings_say_when_the_money_of_each_ended(
    done: tuple[RunResult, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day, what was due and what was paid, of those that ended; what is left of the one that lasted."""
    found, folder = done
    monkeypatch.setenv("COLUMNS", "100")
    print_run(found, folder, trades=False, tried=0)
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    page = (folder / "run" / "report.html").read_text()
    own = found.summary.portfolios["strategy"]
    assert own.last_withdrawal is not None
    said = f"spent on {own.end} after {own.years:.1f} years: the last withdrawal paid"
    assert f"Strategy: {said}" in out
    assert said in page
    assert "could not be sold" not in out
    stuck = own.model_copy(update={"metrics": {**own.metrics, "final_value": 5.0}})
    ((_, left),) = money_end_texts(found.summary.model_copy(update={"portfolios": {"strategy": stuck}}))
    assert left.endswith("; 5.00 USD could not be sold")
    assert f"to {own.end}" in out
    assert f"until {found.summary.portfolios['GE'].end}" in out
    assert any(line.startswith(f"The money of strategy was spent on {own.end}: ") for line in found.warnings)
    assert any("Its own figures are of the sessions until then" in line for line in found.warnings)
    assert not any("the prices end there" in line or "its own figures end there" in line for line in found.warnings)
    print_config(composition.load_run(folder / "plan.yaml"), "plan.yaml")
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "a portfolio ends with the withdrawal that takes all there is: it pays that" in out
    (tmp_path / "other.yaml").write_text(PLAN.replace("  when_spent: stop\n", ""))
    print_config(composition.load_run(tmp_path / "other.yaml"), "other.yaml")
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "a withdrawal of all there is, or more, is an error; account.when_spent: stop ends the run there" in out


def test_variants_of_a_list_are_their_own_runs_and_those_that_end_are_not_ranked(tmp_path: Path) -> None:
    """A plan of a list is an axis by its place; a variant ends on its own day, and is compared with none of another."""
    plan = PLAN.replace("-1000", "-300").replace("{percent: -8%,", "{percent: -1%,")
    prepared = sweeping(AXES, plan)
    points = prepared.space.points()
    chunk = ChunkEvaluator(prepared.job).evaluate(0, points.indices_between(0, points.count))
    lasting = 0
    for row, point in enumerate(chunk.point_numbers.tolist()):
        own = run_backtest(variant_config(prepared.base_config, prepared.space, points, point), intervals=False)
        figures, window = own.comparison.strategy.metrics, own.summary.window
        lasting += own.summary.portfolios["strategy"].last_withdrawal is None
        days = np.array([window.start, window.end], dtype="datetime64[D]").astype(np.int64)
        assert chunk.spans[row].tolist() == [*days.tolist(), window.sessions]
        for name, value in zip(SWEEP_METRICS, chunk.metrics[row].tolist(), strict=True):
            if name in figures:
                assert value == figures[name] or (np.isnan(value) and figures[name] is None), (name, row)
    assert 0 < lasting < len(chunk.point_numbers)
    summary = swept(AXES, tmp_path / "sweep", plan)[0]
    assert summary.sweep.compared == lasting
    assert any("One that ends early has spent its money" in line for line in summary.warnings)


def test_plans_outside_the_window_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the opening, after the end, or between two sessions of no period: none pays, and a run and validate say so."""
    monkeypatch.setenv("COLUMNS", "300")
    idle = [
        "{amount: 7, on: 2018-01-02}",
        "{amount: 7, on: 2019-01-01}",
        "{percent: 1%, every: year, to: 2017-12-31}",
        "{amount: 7, from: 2018-12-31}",
    ]
    paid = ["{amount: 7, on: 2018-12-28}", "{amount: 7, to: 2018-03-01}", "{amount: 0, on: 2030-01-01}"]
    plans = f"[{', '.join([*idle, *paid])}]"
    plan = f"name: idle\ndata: {{source: {{kind: sample}}}}\nwindow: {{start: 2018-01-02, end: 2018-12-28}}\naccount: {{contributions: {plans}}}\n"
    (tmp_path / "plan.yaml").write_text(
        plan + "strategy: {kind: fixed_mix, weights: {QUAL: 100%}, rebalance: {kind: never}}\n"
    )
    config = composition.load_run(tmp_path / "plan.yaml")
    found = run_backtest(config, intervals=False, parts=False)
    said = [line for line in found.warnings if "pays nothing" in line]
    assert said == [
        f"account.contributions.{at} pays nothing: it is due on no session after the opening on 2018-01-02, up to "
        "2018-12-28."
        for at in range(len(idle))
    ]
    assert found.comparison.strategy.performance.paid_in == 7.0 * 3
    print_config(config, "plan.yaml")
    lines = [line for line in capsys.readouterr().out.splitlines() if "paid in" in line]
    assert ["outside the window" in line for line in lines] == [True] * 4 + [False] * 2


@pytest.mark.parametrize(
    ("axis", "said"),
    [
        ("account.contributions.2.amount: [1]", "account.contributions has no key '2' in this config; known: 0, 1"),
        ("account.contributions.amount: [1]", "account.contributions has no key 'amount' in this config; known: 0, 1"),
        ("account.contributions.1.amount: [1]", "percent and an amount of 1.00 in one plan"),
    ],
)
def test_an_axis_that_no_plan_of_the_list_has_is_one_line(axis: str, said: str) -> None:
    """Which plans there are, and why a value cannot be."""
    with pytest.raises(ConfigError, match=re.escape(said)):
        sweeping(f"\nsweep:\n  axes:\n    {axis}\n", PLAN)
