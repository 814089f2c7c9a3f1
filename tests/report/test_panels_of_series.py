"""What the page says of falls, months, windows, costs, flows and single days is what the summary has."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.analysis.bootstrap import Evidence
from engine.analysis.breakdown.breakdown import break_down
from engine.analysis.comparison import ComparisonTerms, compare
from engine.analysis.difference_parts import Plan
from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.finished_run import FinishedRun, read_run
from engine.backtest.outputs import RunResult
from engine.data.market import Market
from engine.report import number_format as fmt
from engine.report.html_page import render_fragment
from engine.report.run.panel import PanelMaker
from engine.report.run.panels.costs import costs_panel
from engine.report.run.panels.distribution import distribution_panel
from engine.report.run.panels.falls import falls_panel
from engine.report.run.panels.flows import flows_panel
from engine.report.run.panels.rolling import rolling_panel
from engine.report.run.panels.years import years_panel
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, percent
from tests.support.runs import make_run

PANELS = (falls_panel, years_panel, rolling_panel, costs_panel, flows_panel, distribution_panel)


def finished(folder: Path, closes: np.ndarray, *, rate: float = 0.001, **terms: object) -> FinishedRun:
    """Return the run of a mix of two assets, with all of its parts."""
    dates = np.busday_offset("2018-01-02", np.arange(len(closes)), roll="forward").astype("datetime64[D]")
    market = Market.build(dates, ("A", "B"), closes)
    plan = FixedMix.model_validate({"weights": {"A": "60%", "B": "40%"}})
    own, costs, sessions = account(**terms), percent(rate, 2), PortfolioMarket(market, 0)
    comparison = compare(market, lambda _: sessions, plan, own, costs, ComparisonTerms(evidence=Evidence(draws=100)))
    parts = break_down(comparison, Plan(sessions, plan, own, costs, comparison.strategy.ledger), None)
    plain = {"name": "parts", "account": terms}
    RunResult("parts", "", plain, "c" * 64, comparison, (), breakdown=parts).write(folder)
    return read_run(folder)


def walk(count: int) -> np.ndarray:
    steps = np.random.default_rng(8).normal(0.0003, 0.01, (count, 2))
    return 40.0 * np.cumprod(1.0 + steps, axis=0)


def shown(make: PanelMaker, run: FinishedRun) -> tuple[str, str]:
    """Return the answer of a panel and its markup."""
    panel = make(run)
    assert panel is not None
    return panel.answer, render_fragment(f"panels/{panel.template}", panel.content)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Return a run of five years with money paid in and out."""
    folder = tmp_path_factory.mktemp("series")
    return finished(folder, walk(1400), contributions=[{"amount": 100.0}, {"amount": -150.0, "every": "year"}])


def test_every_fall_has_its_row(run: FinishedRun) -> None:
    answer, html = shown(falls_panel, run)
    for one in run.summary.falls.deepest:
        assert one.peak in html
        assert one.trough in html
        assert fmt.typeset(fmt.percent(one.depth)) in html
    assert fmt.percent(-run.summary.falls.deepest[0].depth) in answer


def test_every_month_is_in_the_table_of_months_with_its_sign(run: FinishedRun) -> None:
    _, html = shown(years_panel, run)
    own = html.split('id="months-own"')[1].split("</table>")[0]
    cells = re.findall(r'<td class="n[^"]*">([^<]+)</td>', own.split("<tbody>")[1].split("</tbody>")[0])
    years = run.summary.by_year
    assert len(cells) == run.summary.months.count + len(years)
    assert all(text[0] in "+−" or float(text) == 0.0 for text in cells)  # noqa: RUF001  (the minus sign is meant)
    newest = fmt.typeset(fmt.percentage_points(run.months.columns["strategy"][-1], 1)).removesuffix(
        "\N{NO-BREAK SPACE}pp"
    )
    assert newest in cells


def test_every_length_of_window_has_its_worst_and_best(run: FinishedRun) -> None:
    answer, html = shown(rolling_panel, run)
    assert [one.years for one in run.summary.rolling] == [1, 3, 5]
    for one in run.summary.rolling:
        assert fmt.typeset(fmt.percent(one.worst)) in html
        assert fmt.typeset(fmt.percent(one.best)) in html
    assert "5 years" in answer


def test_the_last_row_of_costs_is_that_of_the_metrics(run: FinishedRun) -> None:
    _, html = shown(costs_panel, run)
    metrics = run.summary.portfolios["strategy"].metrics
    foot = html.split("<tfoot>")[1]
    for text in (fmt.count(metrics["trades"]), fmt.cents(metrics["costs"]), fmt.percent(metrics["turnover"])):
        assert f">{text}<" in foot


def test_flows_have_a_row_a_year_and_both_rates(run: FinishedRun) -> None:
    answer, html = shown(flows_panel, run)
    metrics = run.summary.portfolios["strategy"].metrics
    for key in ("xirr", "cagr"):
        assert fmt.percent(metrics[key]) in answer
    assert html.count("<tr>") == len(run.summary.account_by_year) + 2


def test_without_money_in_or_out_there_is_no_panel_of_flows(tmp_path: Path) -> None:
    assert flows_panel(finished(tmp_path, walk(300))) is None


def test_single_days_have_percentiles_and_both_histograms(run: FinishedRun) -> None:
    _, html = shown(distribution_panel, run)
    found = run.summary.distribution
    assert html.count("<figure") == 2
    for one in (found.sessions, found.months):
        assert fmt.typeset(fmt.percent(one.percentiles["5"])) in html
        assert fmt.ratio(one.kurtosis) in html


def test_what_never_fell_says_so(tmp_path: Path) -> None:
    rising = 40.0 * np.cumprod(np.full((30, 2), 1.01), axis=0)
    assert shown(falls_panel, finished(tmp_path, rising, rate=0.0))[0] == "The plan was never below its high."


@pytest.mark.parametrize("sessions", [1, 2, 40, 300])
def test_a_short_run_has_the_panels_that_it_has_figures_for(tmp_path: Path, sessions: int) -> None:
    run = finished(tmp_path, walk(sessions))
    there = {make.__name__ for make in PANELS if make(run) is not None and shown(make, run)}
    expected = {"falls_panel", "years_panel", "costs_panel"}
    expected |= {"distribution_panel"} if sessions > 1 else set()
    assert there == expected | ({"rolling_panel"} if sessions == 300 else set())


def test_a_folder_of_an_earlier_version_has_its_years_and_nothing_made_up(tmp_path: Path) -> None:
    make_run().write(tmp_path)
    run = read_run(tmp_path)
    assert [make.__name__ for make in PANELS if make(run) is not None] == ["years_panel"]
    assert "months-own" not in shown(years_panel, run)[1]
