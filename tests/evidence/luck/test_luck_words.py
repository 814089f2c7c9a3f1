"""Sentences of luck that depend on figures: what the last starts have in common, and why two intervals differ."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

import numpy as np
import pytest

from engine.analysis.verdict import PlanVerdict, PlanVerdictFigures, state_verdict
from engine.backtest.run_summary import AccountSummary
from engine.evidence.luck.path import FanPoint, PathLuck
from engine.evidence.luck.start import StartDifference, StartLuck
from engine.evidence.luck.summary import LuckSummary
from engine.report import number_format as fmt
from engine.report.card import Card
from engine.report.evidence.luck_charts import path_chart, start_chart
from engine.report.evidence.luck_page import _cards
from engine.report.evidence.luck_words import (
    path_note,
    path_text,
    reconciling_text,
    start_note,
    start_rows,
    start_text,
)


def begun(differences: Sequence[float]) -> StartLuck:
    """Starts a month apart with these differences of growth."""
    months = [str(one) for one in np.arange(len(differences)) + np.datetime64("2010-01")]
    every = tuple(
        StartDifference(start=f"{month}-04", cagr=0.1 + one, held=0.1)
        for month, one in zip(months, differences, strict=True)
    )
    ordered = sorted(every, key=lambda one: one.difference)
    ahead = sum(one.difference > 1e-9 for one in every)
    return StartLuck(
        starts=len(every),
        ahead=ahead,
        share_ahead=ahead / len(every),
        best=ordered[-1],
        worst=ordered[0],
        median=0.001,
        lower_quartile=0.0,
        upper_quartile=0.002,
        left_out=0,
        independent=2,
        every=every,
    )


def test_the_last_starts_are_named_where_they_all_go_one_way() -> None:
    trailing = start_text(begun([0.01] * 12 + [-0.001, -0.02, -0.003, -0.01, 0.0, -0.004]))
    assert trailing.endswith(
        "In each of the last 6 starts, from 2011-01-04 on, it was not ahead: as far as -2.00 pp a year, from 2011-02-04."
    )
    leading = start_text(begun([-0.01] * 3 + [0.001] * 6 + [0.03]))
    assert leading.endswith(
        "In each of the last 7 starts, from 2010-04-04 on, it was ahead: as far as +3.00 pp a year, from 2010-10-04."
    )


@pytest.mark.parametrize("differences", [[0.01] * 12, [-0.01] * 12, [0.01] * 12 + [-0.01] * 5, [0.01, -0.01] * 8])
def test_nothing_is_said_of_few_last_starts_or_of_all(differences: list[float]) -> None:
    assert "In each of the last" not in start_text(begun(differences))


def test_the_note_says_where_starts_end_and_no_cell_of_the_median_is_empty() -> None:
    start = begun([0.01] * 12)
    assert "so that 2010-12-04 is the last" in start_note(start)
    assert "is the last" not in start_note(start.model_copy(update={"every": ()}))
    assert start_rows(start)[1] == ("median", *[fmt.DASH] * 3, "+0.10 pp")


def path() -> PathLuck:
    """Histories whose difference is -0.05 pp a year in the middle."""
    found = {"5": -0.0369, "25": -0.0071, "50": -0.0005, "75": 0.0023, "95": 0.0045}
    return PathLuck(
        histories=1000,
        one_by_one=False,
        start="2010-01-04",
        end="2020-01-03",
        sessions=2500,
        of_sessions=2500,
        seed=1,
        mean_block=10.0,
        plan={"cagr": found},
        held={"cagr": found},
        difference={"cagr": found},
        below_capital=0.004,
        below_held=0.54,
    )


def verdict(**changes: object) -> PlanVerdict:
    figures = PlanVerdictFigures("buy and hold", 10.0, 2500, 0.95, 1.1, 1.0, 0.0032, (-0.0027, 0.0089))
    stated = state_verdict(figures)
    return dataclasses.replace(stated, figures=dataclasses.replace(figures, **changes))


def test_two_intervals_of_one_difference_are_told_apart_with_both() -> None:
    told = reconciling_text(verdict(), path())
    assert "+0.32 pp a year, 95 % of draws from -0.27 to +0.89 pp, resamples" in told
    assert told.endswith("median -0.05 pp, 90 % of histories from -3.69 to +0.45 pp.")
    assert reconciling_text(None, path()) == ""
    for changes in ({"interval": None}, {"difference": None}, {"rival": "SPY"}):
        assert reconciling_text(verdict(**changes), path()) == ""
    assert reconciling_text(verdict(), path().model_copy(update={"difference": {"cagr": None}})) == ""


def test_the_tile_has_both_chances_of_histories() -> None:
    account = AccountSummary.model_construct(capital=1.0, currency="USD")
    summary = LuckSummary.model_construct(timing=None, start=None, pick=None, path=path(), account=account)
    assert _cards(summary) == [
        Card("Histories that end below the capital", "0.4 %", "of 1,000; 54.0 % end below buy and hold")
    ]


def test_a_plan_with_flows_is_not_said_to_end_below_its_capital_where_growth_is_counted() -> None:
    flows = path().model_copy(update={"has_flows": True, "inflation": 0.02, "below_inflation": 0.05})
    told = path_text(flows)
    assert "54.0 % end with less money than buy-and-hold" in told
    assert "growth from the first session to the last is below 0 in 0.4 %, below inflation in 5.0 % (2.00 %" in told
    assert told.endswith("that is not the share that ends with less money than was paid in")
    assert "Final values are money with what was paid in and out" in path_note(flows)
    summary = LuckSummary.model_construct(timing=None, start=None, pick=None, path=flows)
    assert _cards(summary) == [
        Card("Histories with growth below 0", "0.4 %", "of 1,000, flows taken out; 54.0 % end below buy and hold")
    ]
    level = {"5": 0.9, "25": 1.0, "50": 1.1, "75": 1.2, "95": 1.3}
    fan = flows.model_copy(update={"fan": (FanPoint(date="2020-01-03", plan=level, held=1.1),)})
    assert "Growth of 1,000 over 1,000 histories, flows taken out" in path_chart(fan, 1000.0)


def test_without_flows_the_share_is_of_money_below_the_capital() -> None:
    assert path_text(path()) == "Share of 1,000 histories that end below the capital 0.4 %, below buy-and-hold 54.0 %"
    assert "Final values" not in path_note(path())
    assert "a row of them is not the plan's less buy-and-hold's. Below the figure in the column 5 % lie" in path_note(
        path()
    )
    level = {"5": 0.9, "25": 1.0, "50": 1.1, "75": 1.2, "95": 1.3}
    fan = path().model_copy(update={"fan": (FanPoint(date="2020-01-03", plan=level, held=1.1),)})
    assert "flows taken out" not in path_chart(fan, 1000.0)


def test_the_axis_of_starts_has_januaries() -> None:
    start = begun([0.01] * 40)
    later = start.model_copy(update={"every": start.every[3:]})
    drawn = str(start_chart(later))
    axis = drawn[drawn.index('<div class="x"') :]
    assert re.findall(r">(20[0-9]{2}-[0-9]{2})<", axis[: axis.index("</div>")]) == ["2011-01", "2012-01", "2013-01"]
