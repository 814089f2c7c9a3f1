"""Sentences of a run's page say what their figures bear: yearly fees, short runs, other flows, open bars."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from engine.backtest.finished_run import FinishedRun
from engine.backtest.outputs import Trade
from engine.backtest.run_summary import PortfolioSummary
from engine.report.charts.histogram import Histogram, histogram
from engine.report.run.first_screen import cards
from engine.report.run.panels.certainty import certainty_panel
from engine.report.run.panels.comparison import comparison_panel
from engine.report.run.panels.costs import costs_panel
from engine.report.run.panels.parts import parts_panel
from engine.report.run.panels.rebalances import rebalances_panel
from engine.report.run.panels.risk import risk_panel
from engine.report.run.panels.trades import trades_panel
from tests.report.test_panels_of_series import finished, walk

Change = Callable[[PortfolioSummary], dict[str, object]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Return a run of three years."""
    return finished(tmp_path_factory.mktemp("three"), walk(800))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """Return a run of seven months."""
    return finished(tmp_path_factory.mktemp("short"), walk(150))


def changed(run: FinishedRun, change: Change, name: str = "strategy") -> FinishedRun:
    """Return a run whose summary has other figures of one portfolio."""
    own = run.summary.portfolios[name]
    portfolios = {**run.summary.portfolios, name: own.model_copy(update=change(own))}
    return dataclasses.replace(run, summary=run.summary.model_copy(update={"portfolios": portfolios}))


def test_yearly_fees_are_no_costs_of_orders(run: FinishedRun) -> None:
    """What trading cost is without them on the first screen and in the sentence about orders; both say them."""
    fees = changed(run, lambda own: {"yearly_fees": 800.0, "metrics": {**own.metrics, "costs": 1000.0}})
    card = cards(fees)[3]
    assert (card.title, card.figure.split()[0]) == ("What trading cost", "200")
    assert card.note.endswith("; and 800 yearly fees")
    panel = costs_panel(fees)
    assert panel is not None
    assert "cost 200.00 USD, yearly fees were 800.00 USD" in panel.answer
    assert "yearly fees" not in costs_panel(run).answer + cards(run)[3].note


def test_a_final_value_after_other_flows_is_no_better_one(run: FinishedRun) -> None:
    """Of accounts into which not the same was paid none is marked as the one that ended best."""

    def marked(one: FinishedRun) -> bool:
        return any(cell.is_best for cell in comparison_panel(one).content["first"][2].cells)

    assert comparison_panel(run).content["first"][2].title == "Final value"
    assert marked(run)
    assert not marked(changed(run, lambda own: {"metrics": {**own.metrics, "paid_in": -50.0}}))


def test_nothing_of_less_than_a_year_is_told_as_a_rate_a_year(short: FinishedRun, run: FinishedRun) -> None:
    """Differences are too short to judge, have no parts a year, and what was traded is that of the window."""
    assert certainty_panel(short).answer == "Under a year is too short to judge."
    assert parts_panel(short) is None
    assert parts_panel(run) is not None
    turnover, years = short.summary.portfolios["strategy"].metrics["turnover"], short.summary.window.years
    assert costs_panel(short).answer.endswith(f" {100 * turnover * years:.2f} % of the account was traded.")
    assert costs_panel(run).answer.endswith(" of the account was traded a year.")


def test_all_rebalances_that_are_added_up_are_counted(run: FinishedRun) -> None:
    """The last has no next one: it is not among those that had gained, and is in the sum."""
    count = len(run.summary.rebalances_done.rebalances)
    answer = rebalances_panel(run).answer
    assert f"Of {count - 1} rebalance" in answer
    assert f"all {count} together have changed the final value" in answer


def test_an_outermost_bar_says_that_it_is_open() -> None:
    """What it holds may lie far beyond its edge, so neither bar nor picture ends there in words."""
    edges, counts = np.array([-0.02, -0.01, 0.0, 0.01]), np.array([2.0, 5.0, 1.0])
    opened = histogram(Histogram("a", "A", edges, counts, "percent", noun="days", open_below=True, open_above=True))
    closed = histogram(Histogram("a", "A", edges, counts, "percent", noun="days"))
    for text in ("below −1.00", "from 0.00", "8 days from below −1.00"):  # noqa: RUF001  (the minus sign is meant)
        assert text in opened
        assert text not in closed
    assert "8 days from −2.00" in closed  # noqa: RUF001


def test_an_asset_of_as_much_risk_as_money_is_not_named_for_its_risk(run: FinishedRun) -> None:
    """What prints alike is no more: the sentence names who has visibly more of the risk than of the money."""

    def named(more: float) -> str:
        shares = {"A": (0.599 + more, 0.599), "B": (0.401 - more, 0.401)}
        assets = {
            name: dataclasses.replace(run.summary.risk.assets[name], share=risk, mean_weight=money)
            for name, (risk, money) in shares.items()
        }
        risk = dataclasses.replace(run.summary.risk, assets=assets)
        return risk_panel(dataclasses.replace(run, summary=run.summary.model_copy(update={"risk": risk}))).answer

    assert named(0.0001) == ""
    assert named(0.002).startswith("A is 59.9 % of the money and 60.1 %")


def test_payouts_are_listed_and_are_no_orders(run: FinishedRun) -> None:
    """As among the figures: what a delisting or a split paid is neither an order nor traded."""
    payouts = (
        Trade("2019-03-04", "A", -5.0, 9.0, -45.0, 0.0, "delisted: A less 10%"),
        Trade("2019-03-04", "B", 1.0, 44.0, 44.0, 0.5, "delisted: proceeds reinvested"),
        Trade("2019-03-05", "B", -0.5, 40.0, -20.0, 0.0, "split: fraction paid in cash"),
    )
    opening = Trade("2018-01-02", "A", 5.0, 10.0, 50.0, 0.1, "opening")
    panel = trades_panel(dataclasses.replace(run, trades=(opening, *payouts)))
    assert (
        panel.answer == "2 orders on 2 sessions; it traded on 1 session after the opening; 2 payouts without an order."
    )
    found = {one.when: (one.count, one.traded, len(one.orders)) for one in panel.content["groups"]}
    assert found == {"2018-01-02": (1, 25.0, 1), "2019-03-04": (1, 22.0, 2), "2019-03-05": (0, 0.0, 1)}
