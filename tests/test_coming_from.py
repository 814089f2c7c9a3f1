"""Pages for people who come from another tool: its code and our config, run on the same prices, to the same numbers.

Where the two differ, the difference is computed here by a few lines that know neither of them.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

import engine

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "coming_from"
COSTS = ("costs.kind=percent", "costs.rate=0.1%")
RATE = 0.001
Floats = NDArray[np.float64]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "docs").symlink_to(ROOT / "docs")


def write_files(page: str) -> None:
    """Write the files that a page shows."""
    text = (PAGES / page).read_text(encoding="utf-8")
    for name, content in re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL):
        Path(name).write_text(content, encoding="utf-8")


def run_script(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> dict[str, Any]:
    """Run a page's script and return the names it defines."""
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    return runpy.run_path(name)


def run_engine(*arguments: str) -> str:
    command, environment = [sys.executable, "-m", "engine", *arguments], {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def four_factors() -> tuple[Floats, Floats, Floats]:
    """The pages' weights (4,), closes (T, 4), and sessions (R,) that rebalance."""
    datasets = pytest.importorskip("skfolio.datasets", reason="the sample's prices come with skfolio")
    closes = datasets.load_factors_dataset().loc["2014-01-02":"2022-12-28", ["QUAL", "USMV", "SIZE", "VLUE"]]
    rows = np.flatnonzero(~closes.index.year.to_series().duplicated().to_numpy())
    return np.array([0.4, 0.3, 0.2, 0.1]), closes.to_numpy(), rows


def value_when_costs_leave_first() -> float:
    weights, closes, rows = four_factors()
    held, capital = np.zeros(4), 100_000.0
    for row in rows:
        before = capital if row == 0 else float(held @ closes[row])
        after = before
        for _ in range(40):
            after = before - RATE * float(np.abs(weights * after - held * closes[row]).sum())
        held = weights * after / closes[row]
    return float(held @ closes[-1])


def value_when_each_order_pays_for_itself() -> float:
    """Like bt: an order and its costs are the amount that was asked for."""
    weights, closes, rows = four_factors()
    held, cash = np.zeros(4), 100_000.0
    for row in rows:
        asked = weights * (cash + held @ closes[row]) - held * closes[row]
        order = np.where(asked > 0.0, asked / (1.0 + RATE), asked / (1.0 - RATE))
        cash -= float(order.sum() + RATE * np.abs(order).sum())
        held = held + order / closes[row]
    return cash + float(held @ closes[-1])


def value_when_the_last_purchase_gets_what_is_left() -> float:
    """Like vectorbt: shares of the value before costs, from the largest sale to the largest purchase."""
    weights, closes, rows = four_factors()
    held, cash = np.zeros(4), 100_000.0
    for row in rows:
        asked = weights * (cash + held @ closes[row]) - held * closes[row]
        for one in np.argsort(asked):
            order = min(float(asked[one]), cash / (1.0 + RATE))
            cash -= order + RATE * abs(order)
            held[one] += order / closes[row, one]
    return cash + float(held @ closes[-1])


@pytest.mark.slow
def test_bt_and_the_plan_have_the_same_values_every_day_and_the_same_trades(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bt", reason="bt is a development requirement")
    four_factors()
    write_files("bt.md")
    run = engine.run("four-factors.yaml")
    there = run_script(monkeypatch, "with_bt.py", 0)
    values = there["backtest"].strategy.values
    assert len(run.equity) == 2264
    np.testing.assert_allclose(values.to_numpy()[1:], run.equity["strategy"].to_numpy(), rtol=1e-12)
    orders = there["result"].get_transactions()["quantity"]
    ours = run.trades.set_index(["date", "asset"])["quantity"]
    assert len(orders) == len(ours) == 36
    for (day, asset), quantity in orders.items():
        assert ours[day, asset] == pytest.approx(quantity, abs=1e-9)

    stats, figures = there["stats"], run.summary["strategy"]
    assert stats["max_drawdown"] == pytest.approx(figures["max_drawdown"], rel=1e-12)
    growth = values.iloc[-1] / 100_000
    assert stats["cagr"] == pytest.approx(growth ** (365.25 / 3283) - 1, rel=1e-9)
    assert figures["cagr"] == pytest.approx(growth ** (365.25 / 3282) - 1, rel=1e-9)
    returns = values.pct_change().to_numpy()[2:]
    with_bt_s_row = np.append(0.0, returns)
    assert figures["volatility"] == pytest.approx(returns.std(ddof=1) * 252**0.5, rel=1e-9)
    assert stats["daily_vol"] == pytest.approx(with_bt_s_row.std(ddof=1) * 252**0.5, rel=1e-9)
    assert stats["daily_sharpe"] == pytest.approx(with_bt_s_row.mean() / with_bt_s_row.std(ddof=1) * 252**0.5, rel=1e-9)
    for shown in ("9.7208 % | 9.7239 %", "16.8852 % | 16.8889 %", "0.6346 | 0.6347", "17.00 | 19.95"):
        assert shown in (PAGES / "bt.md").read_text()
    assert f"{stats['cagr']:.4%} {figures['cagr']:.4%}" == "9.7208% 9.7239%"
    assert f"{stats['daily_vol']:.4%} {figures['volatility']:.4%}" == "16.8852% 16.8889%"
    assert f"{stats['daily_sharpe']:.4f} {figures['sharpe']:.4f}" == "0.6346 0.6347"
    assert f"{stats['daily_kurt']:.2f} {figures['kurtosis']:.2f}" == "17.00 19.95"


@pytest.mark.slow
def test_what_costs_make_different_in_bt_is_who_pays_them(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("bt", reason="bt is a development requirement")
    four_factors()
    write_files("bt.md")
    there = run_script(monkeypatch, "with_bt.py", RATE)["backtest"].strategy.values.iloc[-1]
    here = engine.run("four-factors.yaml", *COSTS).summary["strategy"]["final_value"]
    assert there == pytest.approx(value_when_each_order_pays_for_itself(), rel=1e-12)
    assert here == pytest.approx(value_when_costs_leave_first(), rel=1e-12)
    assert f"{here - there:.2f}" == "0.15"


@pytest.mark.slow
def test_vectorbt_s_twelve_columns_are_the_sweep_s_twelve_variants(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("vectorbt", reason="the extra audit is not installed")
    four_factors()
    write_files("vectorbt.md")
    there = run_script(monkeypatch, "with_vectorbt.py", 0, 0)["portfolio"]
    run_engine("sweep", "months.yaml")
    here = pd.read_parquet("runs/months.sweep/results.parquet")
    np.testing.assert_allclose(here["final_value"].to_numpy(), there.final_value().to_numpy(), rtol=1e-12)
    np.testing.assert_allclose(here["max_drawdown"].to_numpy(), there.max_drawdown().to_numpy(), rtol=1e-12)
    assert here["trades"].to_list() == there.orders.count().to_list()
    assert f"{here['final_value'][3] - here['final_value'][0]:,.0f}" == "1,365"

    january, figures = there[1], here.iloc[0]
    returns = january.returns().to_numpy()
    assert january.annualized_return() == pytest.approx((1 + returns).prod() ** (365 / 2264) - 1, rel=1e-9)
    assert january.sharpe_ratio() == pytest.approx(returns.mean() / returns.std(ddof=1) * 365**0.5, rel=1e-9)
    assert figures["sharpe"] == pytest.approx(returns[1:].mean() / returns[1:].std(ddof=1) * 252**0.5, rel=1e-9)
    by_252 = january.returns().vbt.returns(freq="1D", year_freq="252 days").sharpe_ratio()
    assert f"{january.sharpe_ratio():.4f} {by_252:.4f} {figures['sharpe']:.4f}" == "0.7637 0.6346 0.6347"
    assert f"{january.annualized_return():.4%} {figures['cagr']:.4%}" == "14.3886% 9.7239%"
    assert (january.trades.count(), january.orders.count()) == (19, 36)


@pytest.mark.slow
def test_what_vectorbt_does_otherwise_is_said_by_two_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("vectorbt", reason="the extra audit is not installed")
    four_factors()
    write_files("vectorbt.md")
    plan = Path("months.yaml").read_text().split("\nsweep:\n")[0]
    Path("january.yaml").write_text(plan)
    later = run_script(monkeypatch, "with_vectorbt.py", 0, 1)["portfolio"].final_value()[1]
    waits = engine.run("january.yaml", "account.execution=next_close").summary["strategy"]["final_value"]
    assert waits == pytest.approx(later, rel=1e-12)
    there = run_script(monkeypatch, "with_vectorbt.py", RATE, 0)["portfolio"].final_value()[1]
    here = engine.run("january.yaml", *COSTS).summary["strategy"]["final_value"]
    assert there == pytest.approx(value_when_the_last_purchase_gets_what_is_left(), rel=1e-12)
    assert here == pytest.approx(value_when_costs_leave_first(), rel=1e-12)
    assert f"{there - here:.2f}" == "4.66"


def test_monthly_conventions_in_a_dozen_lines_give_the_monthly_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """These are Portfolio Visualizer's documented conventions written anew, and no figures from its pages."""
    pytest.importorskip("skfolio", reason="the sample's prices come with skfolio")
    write_files("portfolio_visualizer.md")
    there = run_script(monkeypatch, "as_pv.py")
    run = engine.run("sixty-forty.yaml")
    figures, balance, returns = run.summary["strategy"], there["balance"], there["returns"]
    np.testing.assert_allclose(run.equity["strategy"].to_numpy(), balance.to_numpy(), rtol=1e-12)
    days = (run.equity.index[-1] - run.equity.index[0]).days
    growth = balance.iloc[-1] / balance.iloc[0]
    assert days == 2891
    for name, figure in (
        ("volatility", returns.std() * 12**0.5),
        ("sharpe", returns.mean() / returns.std() * 12**0.5),
        ("sortino", returns.mean() / (returns.clip(upper=0) ** 2).mean() ** 0.5 * 12**0.5),
        ("max_drawdown", (balance / balance.cummax() - 1).min()),
        ("annual_return_by_count", growth ** (12 / len(returns)) - 1),
        ("cagr", growth ** (365.25 / days) - 1),
    ):
        assert figures[name] == pytest.approx(figure, rel=1e-12), name
    assert f"{figures['annual_return_by_count']:.4%} {figures['cagr']:.4%}" == "14.5677% 14.5708%"
    daily = [
        engine.run("sixty-forty.yaml", "data.frequency=daily", f"strategy.rebalance.session={one}").summary["strategy"]
        for one in ("first", "last")
    ]
    assert [round(one["final_value"]) for one in daily] == [28_494, 28_495]


def day_of_pp(value: float, before: float, flow: float) -> float:
    """A day's growth where deposits are there in the morning and withdrawals until the evening."""
    return (value - min(flow, 0.0)) / (before + max(flow, 0.0))


def test_the_rule_for_ttwror_gives_the_figures_of_portfolio_performance_s_own_tests() -> None:
    """ClientIndexTest: nine days from 10,000, with deposits, withdrawals and gains; the growth after each."""
    gains = (230, 200, -234.41, 293.99, 293.99, 195.99, -882.52, -1003.85)
    flows = (0, 200, -400, 0, 0, 5400, -3697.04, 0)
    published = (0.023, 0.042616491, 0.019624983, 0.049614163, 0.079603343, 0.092841403, 0.033231970, -0.056182678)
    value, growth = 10_000.0, 1.0
    for gain, flow, expected in zip(gains, flows, published, strict=True):
        before, value = value, value + gain + flow
        growth *= day_of_pp(value, before, flow)
        assert growth - 1 == pytest.approx(expected, abs=1e-9)


def test_portfolio_performance_s_irr_is_ours_and_its_ttwror_differs_on_the_day_of_the_deposit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_files("portfolio_performance.md")
    there = run_script(monkeypatch, "as_pp.py")
    plan, bookings = "docs/examples/depot/plan.yaml", "Alle_Buchungen.csv"
    printed = run_engine("depot", plan, "--transactions", bookings, "--json")
    here = {one["label"]: one["mine"] for one in json.loads(printed)["figures"]}
    value, flow = there["value"].to_numpy(), there["flow"].to_numpy()
    assert here["value at the end"] == pytest.approx(value[-1], rel=1e-12)
    assert here["money-weighted, a year"] == pytest.approx(there["irr"], rel=1e-10)
    assert there["ttwror"] == pytest.approx(
        np.prod([day_of_pp(*day) for day in zip(value, np.append(0.0, value[:-1]), flow, strict=True)]) - 1, rel=1e-12
    )

    prices = there["prices"][["WORLD", "EMERGING"]].to_numpy()
    shares = there["shares"][["WORLD1", "EMERG1"]].to_numpy()
    cash, split = there["cash"].to_numpy(), 1.0
    for day in range(1, len(value)):
        untouched = float(cash[day - 1] + shares[day - 1] @ prices[day])
        split *= untouched / value[day - 1] * day_of_pp(value[day], untouched, flow[day])
    assert here["time-weighted return"] == pytest.approx(split - 1, rel=1e-12)
    days = (there["prices"].index[-1] - there["prices"].index[0]).days
    assert here["time-weighted, a year"] == pytest.approx(split ** (365.25 / days) - 1, rel=1e-10)
    assert f"{there['ttwror']:.4%} {split - 1:.4%}" == "8.4017% 8.3338%"
    assert f"{(1 + there['ttwror']) ** (365 / days) - 1:.4%} {here['time-weighted, a year']:.4%}" == "7.7599% 7.7029%"

    deposit = there["prices"].index.get_loc(pd.Timestamp("2026-06-01"))
    untouched = float(cash[deposit - 1] + shares[deposit - 1] @ prices[deposit])
    ours = untouched / value[deposit - 1] * value[deposit] / (untouched + flow[deposit])
    assert f"{there['days'].iloc[deposit] - 1:.4%} {ours - 1:.4%}" == "-0.2765% -0.3389%"
    assert (1 + there["ttwror"]) / there["days"].iloc[deposit] == pytest.approx(split / ours, rel=1e-12)


def test_the_page_s_missing_money_is_what_weights_alone_say() -> None:
    total, held = 18_661.93, (15_243.20, 1_302.00)
    assert [f"{weight * total - one:,.2f}" for weight, one in zip((0.8, 0.2), held, strict=True)] == [
        "-313.66",
        "2,430.39",
    ]
