"""An optimised strategy as a user meets it: runs, pages, frames, and the weights for one date."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from engine.core.errors import DataError
from tests.support.cli import engine
from tests.support.optimised import GOOD

ROOT = Path(__file__).parents[2]


# ---- as a user meets it -------------------------------------------------------------------------------------------

SHORT = ("--set", "evidence.draws=100", "--set", "window.start=2016-01-02", "--set", "window.end=2020-12-31")


def test_a_run_tells_how_stable_the_weights_were_and_a_failing_one_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(GOOD)
    done = engine("run", "plan.yaml", *SHORT, cwd=tmp_path)
    for words in ("How stable the weights were", "5 decisions, 5 solved", "a point more is worth", "satellites.cap"):
        assert words in done.stdout
    folder = tmp_path / "runs" / "plan"
    summary = json.loads((folder / "summary.json").read_text())["optimiser"]
    assert (summary["decisions"], summary["solved"], summary["fallbacks"]) == (5, 5, {})
    assert all(step["train_last"] < step["decided"] <= step["date"] for step in summary["steps"])
    assert summary["weights"]["QUAL"]["highest"] <= 1.0
    page = (folder / "report.html").read_text()
    for words in (
        "How stable were the optimised weights?",
        "How often each limit bound",
        summary["steps"][0]["train_first"],
    ):
        assert words in page
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    failed = ("--set", "strategy.fallback=fail", "--set", "strategy.estimates.lookback=9000")
    done = engine("run", "plan.yaml", *SHORT, *failed, cwd=tmp_path, check=1)
    assert done.stderr.startswith(
        "error: plan.yaml: strategy.fallback: fail, and there are no weights after the close of 2015-12-31"
    )
    assert "estimates.lookback: 9000 returns are asked for" in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["plan"]


def test_a_run_says_what_its_fallbacks_break_on_the_terminal_the_page_and_in_the_summary(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(GOOD)
    done = engine("run", "plan.yaml", *SHORT, "--set", "strategy.turnover.max=0.01%", cwd=tmp_path)
    folder = tmp_path / "runs" / "plan"
    summary = json.loads((folder / "summary.json").read_text())["optimiser"]
    instead = [step for step in summary["steps"] if step["fallback"] == "previous"]
    worst = max(instead, key=lambda step: step["residual"])
    assert worst["broken"].startswith("satellites.floor")
    assert summary["worst_fallback_residual"] == worst["residual"] > 1e-8
    assert summary["worst_residual"] <= 1e-8
    printed = " ".join(done.stdout.split())
    page = (folder / "report.html").read_text(encoding="utf-8").replace("\xa0", " ")
    most = f"{100 * worst['residual']:.6g} %"
    for words in (f"limits broken by up to {most} at", f"at worst, {worst['broken']} is broken by {most} on"):
        assert words in printed
        assert words in page


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("optimised*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_optimiser_runs_on_real_prices_and_every_answer_is_proved(
    path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.backtest.workflow import run_backtest
    from engine.composition import load_run

    monkeypatch.chdir(ROOT)  # a universe's path starts at the working directory
    source = ["data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}", "window.end=2012-12-31"]
    config = load_run(path, source)
    result = run_backtest(config, intervals=False)
    found = result.summary.optimiser
    assert found.solved == found.decisions >= 9
    assert found.worst_residual <= 1e-8
    assert all(step.gap <= 1e-6 for step in found.steps)
    assert {"strategy", "buy_and_hold", "by hand", "equal weight"} <= set(result.comparison.portfolios)
    assert found.turnover_highest <= config.strategy.turnover.max + 0.02  # a session's drift comes on top


def test_a_notebook_gets_every_decision_as_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import engine as package

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "plan.yaml").write_text(GOOD)
    changes = [*SHORT[1::2], "window.end=2018-12-31"]
    found = package.run(tmp_path / "plan.yaml", *changes).decisions
    assert len(found) == 3
    assert (found.train_last < found.decided).all()
    assert (found.decided <= found.date).all()
    plain = package.run(ROOT / "configs" / "quickstart.yaml", "evidence.draws=100", "window.end=2015-12-31")
    assert len(plain.decisions) == 0


def test_weights_for_one_date_are_those_that_a_run_trades_to(tmp_path: Path) -> None:
    text = GOOD.replace("penalty: costs, max: 40%", "")
    (tmp_path / "plan.yaml").write_text(text.replace("{}", "{penalty: none}"))
    run = json.loads(engine("run", "plan.yaml", *SHORT, "--json", cwd=tmp_path).stdout)["optimiser"]["steps"][2]
    done = engine("optimise", "plan.yaml", "--as-of", run["date"], cwd=tmp_path)
    for words in ("What the limits cost", "bp of volatility", "Efficient frontier", "marginal risk"):
        assert words in done.stdout
    found = json.loads((tmp_path / "runs" / "plan" / "optimal.json").read_text())
    assert found["decided"] == run["date"]
    assert found["train"] == {"first": run["train_first"], "last": run["train_last"]}
    assert found["objective"]["value"] == run["value"]
    assert sum(one["weight"] for one in found["weights"].values()) == pytest.approx(1.0, abs=1e-12)
    assert sum(one["risk_share"] for one in found["weights"].values()) == pytest.approx(1.0)
    volatilities = [point["volatility"] for point in found["frontier"]]
    assert len(volatilities) == 15
    assert volatilities[0] == min(volatilities) == pytest.approx(found["expected"]["volatility"])
    page = (tmp_path / "runs" / "plan" / "optimal.html").read_text()
    assert "<script" not in page
    assert 'id="frontier"' in page
    assert "http" not in page.replace("http-equiv", "")
    printed = engine("optimise", "plan.yaml", "--as-of", run["date"], "--json", cwd=tmp_path).stdout
    assert json.loads(printed) == found


def test_weights_for_one_date_refuse_what_they_cannot_answer(tmp_path: Path) -> None:
    from engine.backtest.allocation import parse_as_of, propose_weights
    from engine.composition import load_run

    (tmp_path / "plan.yaml").write_text(GOOD.replace("turnover: {penalty: costs, max: 40%}", "turnover: {max: 40%}"))
    mixed = "strategy={kind: fixed_mix, weights: {QUAL: 100%}}"
    hopeless = "strategy.objective={kind: max_sharpe, risk_free: 90%}"
    asked = {
        (None, "1980-01-01"): "--as-of 1980-01-01: the prices begin on",
        (None, "2013-06-03"): "(MTUM, QUAL, SIZE left out: not listed, or too little history)",
        (mixed, None): "strategy.kind: only `optimised` finds weights",
        (hopeless, None): "objective max_sharpe: no expected return",
    }
    for (change, day), words in asked.items():
        with pytest.raises(DataError) as caught:
            propose_weights(load_run(tmp_path / "plan.yaml", [change] if change else []), parse_as_of(day))
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    for day in ("2018", "20190102", "2019-W01-1", "2019-02-30"):
        done = engine("optimise", "plan.yaml", "--as-of", day, cwd=tmp_path, check=1)
        assert done.stderr == f"error: plan.yaml: --as-of {day}: is not a date; write year-month-day, as 2004-02-01\n"
    assert not (tmp_path / "runs").exists()


def test_a_day_beyond_the_prices_is_the_next_decision_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(GOOD.replace("turnover: {penalty: costs, max: 40%}", "turnover: {max: 40%}"))
    done = engine("optimise", "plan.yaml", "--as-of", "9999-12-31", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert re.search(r"prices end on 20\d\d-\d\d-\d\d: there is no decision on 9999-12-31 yet", found["remark"])
    again = json.loads(engine("optimise", "plan.yaml", "--as-of", found["decided"], "--json", cwd=tmp_path).stdout)
    assert again["remark"] == found["remark"].rpartition("prices end")[0].removesuffix("; ")
    assert {**again, "remark": ""} == {**found, "remark": ""}


def test_a_plan_that_names_its_weights_loads_no_solver(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from engine.composition import load_run; from engine.backtest.workflow import run_backtest; from pathlib import Path\n"
        f"run_backtest(load_run(Path({str(ROOT / 'configs' / 'quickstart.yaml')!r})), intervals=False)\n"
        "print([name for name in ('cvxpy', 'clarabel', 'osqp', 'sklearn', 'threadpoolctl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
